"""The PostgreSQL server of a data directory: does it run, stop it, remove what a killed one
left."""

import signal
import time
from pathlib import Path

import psutil

SURVIVOR_SECONDS = 5
"""How long the backends of a killed server have to end."""

STOP_SECONDS = 60
"""How long a server may take to stop."""


def remove_stale_files(pgdata: Path) -> None:
    """Removes the files that a killed server left behind. After a reboot, the process id in
    postmaster.pid may be that of any other program."""
    lines = postmaster_file(pgdata)
    if lines is None or is_running(pgdata):
        return
    await_survivors(pgdata)
    if len(lines) > 4:
        (Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock").unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink()


def postmaster_file(pgdata: Path) -> list[str] | None:
    """The lines of postmaster.pid, which a killed server leaves behind; None without that file."""
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None


def is_running(pgdata: Path) -> bool:
    """Whether a server runs, not only its file exists."""
    return postmaster(pgdata) is not None


def postmaster(pgdata: Path) -> psutil.Process | None:
    """The first process of the server in this data directory, if it runs."""
    lines = postmaster_file(pgdata)
    if not lines or not lines[0].isdecimal():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    return process if works_in(process, pgdata) else None


def stop_server(pgdata: Path) -> bool:
    """Stops the server, if it runs, without waiting for clients. Returns whether it has stopped."""
    if process := postmaster(pgdata):
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(pgdata) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_running(pgdata)


def await_recovery(pgdata: Path) -> None:
    """Waits while a server starts or stops. After a crash it replays its WAL first, for as long as
    that takes; the package would wait for ten seconds only."""
    while is_running(pgdata) and (postmaster_file(pgdata) or [""])[-1].strip() != "ready":
        time.sleep(0.1)


def await_survivors(pgdata: Path) -> None:
    """Waits until the backends of a killed server have ended, and kills those that do not: a new
    server must not start beside them."""
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
