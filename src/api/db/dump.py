"""Backup and restore of a whole database, by PostgreSQL's own pg_dump and pg_restore."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.db.embedded import PROGRAMS, PROGRAMS_MAJOR
from api.db.migrate import LOCK, UNFINISHED
from api.errors import AnalyticsError, Conflict
from settings import private_file

NOT_KEPT = ("salt",)
"""Tables whose rows are in no backup: salts are deleted after two days, so that nobody can be
recognised for longer, and a backup would keep them."""

MAJOR = 10_000
"""What a major version is multiplied by in the version of a server."""


class ProgramFailed(AnalyticsError):
    """A program of PostgreSQL is missing, or failed."""

    status = 503
    code = "UNAVAILABLE"


def back_up(url: str, target: Path) -> None:
    """Writes the database, as it is at one moment, into a new file that only its owner may read.
    Raises FileExistsError and ProgramFailed."""
    if target.exists():
        raise FileExistsError(f"{target} exists; please give the name of a new file")
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    without = [f"--exclude-table-data=public.{table}" for table in NOT_KEPT]
    try:
        os.close(private_file(str(draft), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        with psycopg.connect(url) as connection:
            run(connection, url, "pg_dump", "--format=custom", *without, f"--file={draft}")
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


def restore(url: str, source: Path) -> None:
    """Fills an empty database with what back_up wrote. Raises FileNotFoundError, Conflict for a
    database that is not empty, and ProgramFailed: then the database is to be made anew, and no
    service starts on what is there of it."""
    source.open("rb").close()
    with psycopg.connect(url, autocommit=True) as connection:
        listed = run(connection, url, "pg_restore", "--list", str(source))
        has_timescaledb = " EXTENSION - timescaledb" in listed
        begin_restore(connection)
        if has_timescaledb:
            prepare_timescaledb(connection)
        run(connection, url, "pg_restore", "--no-owner", "--exit-on-error", str(source))
    with psycopg.connect(url, autocommit=True) as connection:
        if has_timescaledb:
            connection.execute("select timescaledb_post_restore()")
        connection.execute(f"drop table {UNFINISHED}")


def begin_restore(connection: Connection[Any]) -> None:
    """Marks a database as not restored to its end, by a table. It holds the lock of migrations
    meanwhile. Raises Conflict for a database that is not empty."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        empty = "select to_regclass('site') is null and to_regclass(%s) is null"
        if connection.execute(empty, [UNFINISHED]).fetchone() != (True,):
            raise Conflict(
                "The database is not empty. Restore into a new one: name it in DATABASE_URL, or"
                " give another DATA_DIR."
            )
        connection.execute(f"create table {UNFINISHED} ()")


def prepare_timescaledb(connection: Connection[Any]) -> None:
    """Lets the tables of TimescaleDB be restored as they were. Raises ProgramFailed where the
    server does not have it."""
    offered = "select 1 from pg_available_extensions where name = 'timescaledb'"
    if connection.execute(offered).fetchone() is None:
        raise ProgramFailed("The backup is of a server with TimescaleDB, which this one lacks.")
    connection.execute("create extension if not exists timescaledb")
    connection.execute("select timescaledb_pre_restore()")


def run(connection: Connection[Any], url: str, name: str, *arguments: str) -> str:
    """What a program of PostgreSQL prints that works on this database. Raises ProgramFailed with
    what it says went wrong."""
    program = program_called(name, connection.info.server_version // MAJOR)
    address = conninfo_to_dict(url)
    # Anybody on the machine can see the arguments of a program.
    password = address.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    reached = make_conninfo("", **{name: str(value) for name, value in address.items()})
    reaches = [] if "--list" in arguments else [f"--dbname={reached}"]
    done = subprocess.run(  # noqa: S603
        [program, *reaches, *arguments], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ProgramFailed(f"{name} failed: {lines[0]}")
    return done.stdout


def program_called(name: str, major: int) -> str:
    """A program that works with servers of this major version: the packaged one, or the machine's
    for newer servers. Raises ProgramFailed."""
    if major <= PROGRAMS_MAJOR:
        return str(PROGRAMS / name)
    if found := shutil.which(name):
        return found
    raise ProgramFailed(f"{name} of PostgreSQL {major} is needed, and is not installed.")
