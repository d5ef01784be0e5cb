"""What became of background jobs: the state of each, and a log of its runs.

The rows are committed without waiting for the disk: they say what was done, and a crash of the
database may lose the last ones.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection

from api.db.sql_files import execute

log = logging.getLogger("analytics.jobs")

SQL = Path(__file__).parent / "sql"

KEPT_RUNS = 100
"""How many runs of a job the log keeps."""

LONGEST_TEXT = 500
"""How many characters of a result or an error are kept."""

Connection = AsyncConnection[Any]


async def note(connection: Connection, file: str, values: Mapping[str, Any]) -> None:
    """Runs a statement in a transaction whose commit does not wait for the disk. An error of the
    database is logged: no job fails because its run cannot be noted."""
    try:
        async with connection.transaction():
            await connection.execute("set local synchronous_commit = off")
            await execute(connection, SQL / file, values)
    except psycopg.Error as error:
        log.warning("jobs: a run was not noted: %s", type(error).__name__)


async def begin_run(connection: Connection, name: str, every: float) -> None:
    """Notes that a job begins."""
    await note(connection, "begin_run.sql", {"name": name, "every": every})


async def end_run(
    connection: Connection, name: str, every: float, result: object, error: Exception | None
) -> None:
    """Notes how a job ended, and when it runs next. A run that did nothing is in no log."""
    values = {
        "name": name,
        "every": every,
        "status": "done" if error is None else "failed",
        "result": None if result is None else str(result)[:LONGEST_TEXT],
        "error": error and error_text(error),
        "is_news": bool(result) or error is not None,
        "kept": KEPT_RUNS,
    }
    await note(connection, "end_run.sql", values)


def error_text(error: Exception) -> str:
    """The kind of an error, and the first line of what it says."""
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}"[:LONGEST_TEXT].replace("\0", " ")


async def note_interrupted(connection: Connection, names: Sequence[str]) -> None:
    """Notes that those of these jobs that are said to run do not: the process has ended."""
    await note(connection, "interrupted_runs.sql", {"names": [*names]})


async def asked_for(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of these jobs that somebody asks to run now."""
    cursor = await execute(connection, SQL / "asked_runs.sql", {"names": [*names]})
    return {name for (name,) in await cursor.fetchall()}
