"""The watermark of a rollup: up to when its buckets are stored.

It moves up when buckets settle, and marks those that it passes: they are stored by the refresh that
follows. It moves back only when a wrong clock had moved it ahead of now.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from api.db.engine import Engine
from api.rollups.locks import block_writers, fetch_value
from api.rollups.model import Rollup, late_log
from api.rollups.row_expiry import move_row_line
from api.rollups.stored import stored_table

log = logging.getLogger("analytics.rollups")

Connection = AsyncConnection[Any]

STRIDE = timedelta(days=31)
"""How far a watermark moves at once. Writers wait while it does."""


async def begin_watermark(connection: Connection, rollup: Rollup, now: datetime) -> None:
    """Puts the watermark of a new rollup where its base table begins, or its rows begin to be of
    use; before the first row it has none. The long search for that place makes nobody wait; whoever
    wrote something older since then is found under the lock."""
    fact = rollup.fact
    values = {"name": rollup.name, "before": "infinity"}
    state: LiteralString = (
        "select true from rollup_state where name = %(name)s and watermark = '-infinity'"
    )
    if await fetch_value(connection, state, values) is None:
        return
    if rollup.retention:
        await move_row_line(connection, rollup, now)
    earliest: LiteralString = (
        f"select greatest({rollup.floor(f'min({fact.time})')},"
        " (select rows_since from rollup_state where name = %(name)s))"
        f" from {fact.table} where {fact.time} < %(before)s"
        f" having min({fact.time}) is not null and exists ({state})"
    )
    found = await fetch_value(connection, earliest, values)
    if found is None:
        return
    async with connection.transaction():
        await block_writers(connection)
        older = await fetch_value(connection, earliest, {**values, "before": found})
        await move_watermark(connection, rollup, older or found)


async def advance_watermark(connection: Connection, rollup: Rollup, now: datetime) -> bool:
    """Moves the watermark towards the last bucket older than the lag, marking what it passes; a
    stride at most, because writers wait meanwhile. Returns whether there is more to pass."""
    stride = rollup.floor("watermark + %(stride)s")
    target = rollup.floor("%(target)s::timestamptz")
    async with connection.transaction():
        await block_writers(connection)
        cursor = await connection.execute(
            f"select least({stride}, {target}), {stride} < {target}"
            " from rollup_state where name = %(name)s and watermark > '-infinity'",
            {"name": rollup.name, "stride": STRIDE, "target": now - rollup.settles_after},
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        await move_watermark(connection, rollup, row[0])
        return bool(row[1])


async def move_watermark(connection: Connection, rollup: Rollup, target: datetime) -> None:
    """Moves the watermark here, never back, marking every bucket on the way that has rows, or had
    some: what is logged of it must not be added to nothing. They are due in this round."""
    fact = rollup.fact
    rows: LiteralString = " union all ".join(
        f"select site_id, {fact.time} from {table}"
        f" where {fact.time} < %(target)s and {fact.time} >="
        " (select greatest(watermark, rows_since) from rollup_state where name = %(name)s)"
        for table in (fact.table, late_log(fact.table))
    )
    values = {"name": rollup.name, "target": target}
    await connection.execute(
        f"""
        insert into rollup_dirty (rollup, site_id, bucket, due_at)
        select distinct %(name)s, site_id, {rollup.floor(fact.time)}, %(target)s
        from ({rows}) passed join site on site.id = site_id
        where {fact.time} >= coalesce(raw_data_since, '-infinity')
        on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
        """,
        values,
    )
    await connection.execute(
        "update rollup_state set watermark = greatest(watermark, %(target)s) where name = %(name)s",
        values,
    )


async def put_watermark_back(connection: Connection, engine: Engine, rollup: Rollup) -> None:
    """Puts a watermark back that a wrong clock moved ahead of the database's clock. What is stored
    past it goes: writers mark nothing there, so it could not be kept right."""
    ahead: LiteralString = "from rollup_state where name = %(name)s and watermark > now()"
    values = {"name": rollup.name, "lag": rollup.settles_after}
    if not await fetch_value(connection, f"select true {ahead}", values):
        return
    async with connection.transaction():
        await block_writers(connection)
        target = rollup.floor("now() - %(lag)s")
        values["target"] = await fetch_value(connection, f"select {target} {ahead}", values)
        if values["target"] is None:  # the clock has caught up meanwhile
            return
        await connection.execute(
            "update rollup_state set watermark = %(target)s,"
            " rows_since = least(rows_since, %(target)s) where name = %(name)s",
            values,
        )
        await connection.execute(
            "delete from rollup_dirty where rollup = %(name)s and bucket >= %(target)s", values
        )
        table = await stored_table(connection, engine, rollup)
        rows = sql.SQL("delete from {} where bucket >= %(target)s").format(table)
        await connection.execute(rows, values)
    log.warning("rollup %s: its watermark lay ahead and was put back", rollup.name)
