"""Makes views, functions and stored rows what facts and rollups declare."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from api.db.engine import Engine
from api.db.rollup import (
    Fact,
    Rollup,
    drop_stored_sql,
    fact_function_sql,
    fact_view_sql,
    rollup_function_sql,
    rollup_view_sql,
    stored_sql,
)

Connection = AsyncConnection[Any]

SYNC_LOCK = 20261125

POLICY_WINDOW = timedelta(days=9)
"""Longer than an event can be late, plus a day bucket."""


async def sync_rollups(
    connection: Connection, engine: Engine, facts: Sequence[Fact], rollups: Sequence[Rollup]
) -> None:
    """Makes the database match the declarations. Does nothing where it does already; stored rows
    are rebuilt only where their own declaration differs."""
    fingerprint = fingerprint_of(engine, facts, rollups)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        if await synced_fingerprint(connection, facts[0]) == fingerprint:
            return
        for rollup in rollups:
            await drop_readers(connection, rollup.name)
            await sync_stored(connection, engine, rollup)
        for fact in facts:
            await drop_readers(connection, fact.name)
            await connection.execute(fact_view_sql(fact))
            await connection.execute(fact_function_sql(fact))
        for rollup in rollups:
            await connection.execute(rollup_function_sql(rollup))
            await connection.execute(rollup_view_sql(rollup))
        if engine.continuous_aggregates:
            await add_policies(connection, rollups)
        # Last, and in the same transaction: what it says is there must all be there.
        await connection.execute(
            sql.SQL("comment on view {} is {}").format(
                sql.Identifier(facts[0].name), sql.Literal(fingerprint)
            )
        )


def fingerprint_of(engine: Engine, facts: Sequence[Fact], rollups: Sequence[Rollup]) -> str:
    """Changes with any view, function or stored table that is declared."""
    texts = [fact_view_sql(fact) + fact_function_sql(fact) for fact in facts]
    texts += [
        stored_sql(rollup, engine) + rollup_function_sql(rollup) + rollup_view_sql(rollup)
        for rollup in rollups
    ]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


async def synced_fingerprint(connection: Connection, fact: Fact) -> str | None:
    """The fingerprint of what is there: a comment on the first of the views."""
    cursor = await connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [fact.name]
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def drop_readers(connection: Connection, name: LiteralString) -> None:
    """Drops the view and the function; they hold no data."""
    await connection.execute(
        f"drop function if exists {name}(integer, timestamptz, timestamptz) cascade"
    )
    await connection.execute(f"drop view if exists {name} cascade")


async def sync_stored(connection: Connection, engine: Engine, rollup: Rollup) -> None:
    """Creates the stored rows anew, empty, when the declaration changed."""
    fingerprint = rollup.fingerprint(engine)
    cursor = await connection.execute(
        "select fingerprint from rollup_state where name = %s", [rollup.name]
    )
    if await cursor.fetchone() == (fingerprint,):
        return
    await connection.execute(drop_stored_sql(rollup, engine))
    await connection.execute(stored_sql(rollup, engine))
    await connection.execute(f"create index on {rollup.name}_stored (site_id, bucket)")
    await connection.execute("delete from rollup_state where name = %s", [rollup.name])
    await connection.execute(
        "insert into rollup_state (name, source, width, watermark, fingerprint)"
        " values (%s, %s, %s, '-infinity', %s)",
        [rollup.name, rollup.fact.table, rollup.width, fingerprint],
    )


async def add_policies(connection: Connection, rollups: Sequence[Rollup]) -> None:
    """The database's own refresh, as a safety net that keeps stored rows near the truth even
    when the jobs loop is down; what is read is exact without it."""
    for rollup in rollups:
        await connection.execute(
            "select add_continuous_aggregate_policy(%s::regclass, start_offset => %s,"
            " end_offset => %s, schedule_interval => interval '1 hour', if_not_exists => true)",
            [f"{rollup.name}_stored", POLICY_WINDOW, rollup.width],
        )
