"""The watermark of a rollup: up to when its buckets are stored.

It moves up when buckets settle, and marks those that it passes: they are stored by the refresh that
follows. It moves back only when a wrong clock had moved it ahead of now.
"""

import logging
from datetime import datetime, timedelta

from psycopg import sql

from api.db.engine import Engine
from api.rollups.locks import block_writers
from api.rollups.model import Rollup
from api.rollups.row_expiry import move_row_line
from api.rollups.statements import Connection, execute, fetch_value
from api.rollups.stored import stored_table

log = logging.getLogger("analytics.rollups")

STRIDE = timedelta(days=31)
"""How far a watermark moves at once. Writers wait while it does."""


async def begin_watermark(connection: Connection, rollup: Rollup, now: datetime) -> None:
    """Puts the watermark of a new rollup where its base table begins, or where its rows begin to be
    kept; while the table is empty it has none. The slow search runs without the lock; under it only
    rows older than its result are looked for."""
    values = {"name": rollup.name, "before": "infinity"}
    if not await fetch_value(connection, "has_no_watermark", values):
        return
    if rollup.retention:
        await move_row_line(connection, rollup, now)
    found = await fetch_value(connection, "first_bucket", values, rollup)
    if found is None:
        return
    async with connection.transaction():
        await block_writers(connection)
        older = await fetch_value(connection, "first_bucket", {**values, "before": found}, rollup)
        await move_watermark(connection, rollup, older or found, now)


async def advance_watermark(connection: Connection, rollup: Rollup, now: datetime) -> bool:
    """Moves the watermark towards the last bucket older than the lag, marking what it passes; a
    stride at most, because writers wait meanwhile. Returns whether there is more to pass."""
    target = now - rollup.settles_after
    values = {"name": rollup.name, "stride": STRIDE, "target": target}
    async with connection.transaction():
        await block_writers(connection)
        row = await (await execute(connection, "next_watermark", values)).fetchone()
        if row is None:
            return False
        await move_watermark(connection, rollup, row[0], now)
        return bool(row[1])


async def move_watermark(
    connection: Connection, rollup: Rollup, target: datetime, now: datetime
) -> None:
    """Moves the watermark here, never back. Marks the buckets on the way, which are due now."""
    values = {"name": rollup.name, "target": target}
    await execute(connection, "mark_passed", values | {"now": now}, rollup)
    await execute(connection, "move_watermark", values)


async def put_watermark_back(connection: Connection, engine: Engine, rollup: Rollup) -> None:
    """Puts a watermark back that a wrong clock moved ahead of the database's clock. What is stored
    past it goes: writers mark nothing there, so it could not be kept right."""
    values = {"name": rollup.name, "lag": rollup.settles_after}
    if not await fetch_value(connection, "watermark_is_ahead", values):
        return
    async with connection.transaction():
        await block_writers(connection)
        target = await fetch_value(connection, "put_watermark_back", values)
        if target is None:  # the clock has caught up meanwhile
            return
        await execute(connection, "drop_marks_past", {"name": rollup.name, "target": target})
        table = await stored_table(connection, engine, rollup)
        rows = sql.SQL("delete from {} where bucket >= %s").format(table)
        await connection.execute(rows, [target])
    log.warning("rollup %s: its watermark lay ahead and was put back", rollup.name)
