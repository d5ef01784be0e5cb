"""Whether a PostgreSQL server runs in a data directory, and what a killed one left behind."""

import signal
import time
from pathlib import Path

import psutil

SURVIVOR_SECONDS = 5
"""How long the backends of a killed server have to notice."""

STOP_SECONDS = 60
"""How long a server may take to write what it has in memory."""


def forget_the_dead(pgdata: Path) -> None:
    """Removes what a killed server left behind; after a reboot the id in postmaster.pid may belong
    to any other program."""
    lines = postmaster_file(pgdata)
    if lines is None or is_running(pgdata):
        return
    await_survivors(pgdata)
    if len(lines) > 4:
        (Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock").unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink()


def postmaster_file(pgdata: Path) -> list[str] | None:
    """What a server that runs says of itself; None where none does, or none was killed."""
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None


def is_running(pgdata: Path) -> bool:
    """Whether there is a server, and not merely what is left of one."""
    return postmaster(pgdata) is not None


def postmaster(pgdata: Path) -> psutil.Process | None:
    """The first process of the server that runs here, if one does."""
    lines = postmaster_file(pgdata)
    if not lines or not lines[0].isdecimal():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    return process if works_in(process, pgdata) else None


def stop_server(pgdata: Path) -> bool:
    """Stops the server, if one runs, without waiting for who is connected. Returns whether it has
    stopped."""
    if process := postmaster(pgdata):
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(pgdata) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_running(pgdata)


def await_recovery(pgdata: Path) -> None:
    """Waits while a server starts or stops. After a crash it reads its WAL first, which takes as
    long as it takes: the package gives it ten seconds."""
    while is_running(pgdata) and (postmaster_file(pgdata) or [""])[-1].strip() != "ready":
        time.sleep(0.1)


def await_survivors(pgdata: Path) -> None:
    """The backends of a killed server end by themselves, and must have before the next begins."""
    survivors = [process for process in psutil.process_iter() if works_in(process, pgdata)]
    _, alive = psutil.wait_procs(survivors, timeout=SURVIVOR_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=SURVIVOR_SECONDS)


def works_in(process: psutil.Process, pgdata: Path) -> bool:
    """Whether this is a PostgreSQL process of this data directory that has not ended."""
    try:
        return process.name().startswith("postgres") and process.cwd() == str(pgdata)
    except psutil.Error:
        return False
