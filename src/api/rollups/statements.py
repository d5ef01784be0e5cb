"""Runs the .sql files of this package. Their slots take the names that belong to one rollup."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, AsyncCursor

from api.db import sql_files
from api.db.sql_files import Fragment, slot_names
from api.rollups.model import Rollup, late_log

SQL = Path(__file__).parent / "sql"

Connection = AsyncConnection[Any]


async def execute(
    connection: Connection,
    name: str,
    values: Mapping[str, Any] | None = None,
    rollup: Rollup | None = None,
) -> AsyncCursor[Any]:
    """Runs the .sql file of this name. Its slots get the tables and columns of the rollup."""
    path = SQL / f"{name}.sql"
    slots = slots_of(rollup, slot_names(path)) if rollup else None
    return await sql_files.execute(connection, path, values, slots)


async def fetch_value(
    connection: Connection,
    name: str,
    values: Mapping[str, Any] | None = None,
    rollup: Rollup | None = None,
) -> Any:
    """The first value that one of the files answers; None for no row."""
    row = await (await execute(connection, name, values, rollup)).fetchone()
    return row[0] if row else None


def slots_of(rollup: Rollup, wanted: frozenset[str]) -> Mapping[str, Fragment]:
    """The base table of a rollup, its late log, the column of its time, which of its rows are
    summed up, and the stored rows."""
    fact = rollup.fact
    slots = {
        "table": Fragment(fact.table),
        "log": Fragment(late_log(fact.table)),
        "time": Fragment(fact.time),
        "only": Fragment(rollup.only),
        "stored": Fragment(f"{rollup.name}_stored"),
    }
    return {name: fragment for name, fragment in slots.items() if name in wanted}
