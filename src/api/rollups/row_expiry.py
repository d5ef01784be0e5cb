"""Rollups by hour that only feed wider ones keep their rows for some days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg import sql

from api.db.engine import Engine
from api.rollups.available import as_stored
from api.rollups.locks import exclusive
from api.rollups.model import Rollup
from api.rollups.statements import Connection, execute, fetch_value
from api.rollups.stored import aggregate_table


async def expire_rows(
    connection: Connection, engine: Engine, rollups: Sequence[Rollup], now: datetime
) -> None:
    """Removes the rows of rollups that are kept for a while only; who asks about that time reads
    what they are made of."""
    current, _ = await as_stored(connection, rollups)
    for rollup in current:
        if rollup.retention is None:
            continue
        async with exclusive(connection, rollup) as is_exclusive:
            if is_exclusive and (line := await move_row_line(connection, rollup, now)):
                await remove_rows(connection, engine, rollup, line)


async def move_row_line(connection: Connection, rollup: Rollup, now: datetime) -> datetime | None:
    """Where the rows of a rollup begin by now, if that is later than before. Marks of buckets
    before it are of no use any more."""
    since = now - (rollup.retention or timedelta(0))
    async with connection.transaction():
        line = await fetch_value(connection, "move_row_line", {"name": rollup.name, "since": since})
        await execute(connection, "drop_marks_before", {"name": rollup.name})
        return line


async def remove_rows(
    connection: Connection, engine: Engine, rollup: Rollup, line: datetime
) -> None:
    """Removes the stored rows before a time: of a continuous aggregate whole chunks, which gives
    their room back; of a table the rows, whose room is used again."""
    name = f"{rollup.name}_stored"
    if engine.hypertables and await aggregate_table(connection, rollup):
        await connection.execute("select drop_chunks(%s::regclass, older_than => %s)", [name, line])
    else:
        rows = sql.SQL("delete from {} where bucket < %s").format(sql.Identifier(name))
        await connection.execute(rows, [line])
