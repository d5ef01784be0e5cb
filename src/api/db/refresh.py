"""Keeps the stored rows of rollups in step with their base tables.

The life of a bucket: younger than the watermark (added up live) -> marked dirty when the watermark
passes it (still live) -> recomputed and its mark removed (stored) -> something comes late and is
logged (stored, with the log) -> marked when its age has doubled (live) -> recomputed (stored) ...
What the log cannot tell, the writer marks at once (see api.events.changes).

A mark has a version that the writer raises in its own transaction. The refresh removes only the
versions it read before it recomputed, so it can be killed anywhere and race with anybody: what
it did not provably cover stays marked, and a marked bucket is answered live. Of what is logged
meanwhile the stored rows themselves know whether it is in them.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql

from api.db.change_log import mark_changed, trim
from api.db.due import MARKS_AT_ONCE, Mark, read_marks, rollups_due
from api.db.engine import Engine
from api.db.rollup import Rollup, change_log, refresh_sql

log = logging.getLogger("analytics.rollups")

Connection = AsyncConnection[Any]

WRITERS_LOCK = 20261124
"""Every writing transaction holds it shared; moving a watermark takes it exclusively, so that no
writer that saw the old watermark can commit behind the new one without a mark."""

REFRESH_LOCK = 7302
"""First key of the locks of those who refresh; the second is the rollup's."""

STRIDE = timedelta(days=31)
"""How far a watermark moves at once. Writers wait while it does."""


async def refresh_rollups(
    connection: Connection,
    engine: Engine,
    rollups: Sequence[Rollup],
    now: datetime,
    everything: bool = True,
) -> int:
    """One round: moves every watermark up, then cleans dirty buckets. Returns how many.

    A rollup that somebody else is refreshing at this moment is left to them; its dirty buckets are
    answered live until its next turn, and so are those that rest unless everything is wanted.
    """
    cleaned = 0
    current, is_all = await as_stored(connection, rollups)
    if due := await rollups_due(connection, current, now, everything):
        # A crash may undo the last of it, in order: the marks come back with what they mark.
        await connection.execute("set synchronous_commit = off")
    # A wide bucket is computed from narrow ones where there are any: they come first.
    for rollup in sorted(due, key=lambda rollup: rollup.width):
        async with alone(connection, rollup) as is_alone:
            if is_alone:
                cleaned += await refresh_rollup(connection, engine, rollup, now, everything)
    if due:
        if is_all:  # else others need what these know
            await trim(connection, current)
        await connection.execute("reset synchronous_commit")
    return cleaned


async def as_stored(
    connection: Connection, rollups: Sequence[Rollup]
) -> tuple[Sequence[Rollup], bool]:
    """Those that are stored as this process declares them, and whether these are all that are
    stored. An old process that still runs beside a new release must not write its rows into what
    that has stored."""
    cursor = await connection.execute("select name, fingerprint from rollup_state")
    stored: dict[str, str] = dict(await cursor.fetchall())
    current = [rollup for rollup in rollups if stored.get(rollup.name) == rollup.fingerprint]
    return current, len(current) == len(stored)


@asynccontextmanager
async def alone(connection: Connection, rollup: Rollup) -> AsyncGenerator[bool]:
    """Whether nobody else refreshes this rollup for as long as the block lasts: two at once would
    both delete and both insert. A session lock, so that a killed refresh frees it."""
    key = [REFRESH_LOCK, rollup.name]
    cursor = await connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", key)
    got = await cursor.fetchone() == (True,)
    try:
        yield got
    except psycopg.errors.LockNotAvailable as error:
        log.info("rollup %s is busy: %s", rollup.name, error)
    finally:
        if got and not connection.broken:
            await connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", key)


async def refresh_rollup(
    connection: Connection, engine: Engine, rollup: Rollup, now: datetime, everything: bool = True
) -> int:
    """Moves the watermark up and cleans the dirty buckets. Returns how many."""
    cleaned = 0
    await pull_back(connection, rollup, now)
    await begin_watermark(connection, rollup, now)
    while await advance_watermark(connection, rollup, now):
        pass
    await mark_changed(connection, rollup, now, everything)
    while marks := await read_marks(connection, rollup, now, everything):
        await clean(connection, engine, rollup, marks)
        cleaned += len(marks)
        if len(marks) < MARKS_AT_ONCE:
            break
    await connection.execute(
        "update rollup_state set refreshed_at = %(now)s, ready_at = coalesce(ready_at, %(now)s)"
        " where name = %(name)s",
        {"name": rollup.name, "now": now},
    )
    return cleaned


async def pull_back(connection: Connection, rollup: Rollup, now: datetime) -> None:
    """Puts a watermark back that a wrong clock moved ahead of now. What was stored past it is
    marked: it is from before its buckets were over."""
    target = rollup.floor("%(target)s::timestamptz")
    values = {"name": rollup.name, "now": now, "target": now - rollup.lag}
    async with connection.transaction():
        cursor = await connection.execute(
            f"update rollup_state set watermark = {target},"
            f" kept_since = least(kept_since, {target})"
            " where name = %(name)s and watermark > %(now)s",
            values,
        )
        if not cursor.rowcount:
            return
        log.warning("rollup %s: its watermark lay ahead and was put back", rollup.name)
        await connection.execute(
            f"""
            insert into rollup_dirty (rollup, site_id, bucket)
            select distinct %(name)s, site_id, bucket from {rollup.name}_stored
            where bucket >= {target}
            order by 1, 2, 3
            on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
            """,
            values,
        )


async def expire_rows(
    connection: Connection, engine: Engine, rollups: Sequence[Rollup], now: datetime
) -> None:
    """Removes the rows of rollups that are kept for a while only; who asks about that time reads
    what they are made of."""
    current, _ = await as_stored(connection, rollups)
    for rollup in current:
        if rollup.keep is None:
            continue
        async with alone(connection, rollup) as is_alone:
            if is_alone and (line := await move_line_of_rows(connection, rollup, now)):
                await remove_rows(connection, engine, rollup, line)


async def move_line_of_rows(
    connection: Connection, rollup: Rollup, now: datetime
) -> datetime | None:
    """Where the rows of a rollup begin by now, if that is later than before. Marks of buckets
    before it are of no use any more."""
    since = rollup.floor("%(since)s::timestamptz")
    values = {"name": rollup.name, "since": now - (rollup.keep or timedelta(0))}
    async with connection.transaction():
        line = await one(
            connection,
            f"update rollup_state set kept_since = {since}"
            f" where name = %(name)s and kept_since < {since} returning kept_since",
            values,
        )
        await connection.execute(
            f"delete from rollup_dirty where rollup = %(name)s and bucket < {since}", values
        )
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


async def begin_watermark(connection: Connection, rollup: Rollup, now: datetime) -> None:
    """Puts the watermark of a new rollup where its base table begins, or its rows begin to be of
    use; before the first row it has none. The long search for that place makes nobody wait; whoever
    wrote something older since then is found under the lock."""
    fact = rollup.fact
    values = {"name": rollup.name, "before": "infinity"}
    state: LiteralString = (
        "select watermark from rollup_state where name = %(name)s and watermark = '-infinity'"
    )
    if (await (await connection.execute(f"select exists ({state})", values)).fetchone()) != (True,):
        return
    if rollup.keep:
        await move_line_of_rows(connection, rollup, now)
    earliest: LiteralString = (
        f"select greatest({rollup.floor(f'min({fact.time})')},"
        " (select kept_since from rollup_state where name = %(name)s))"
        f" from {fact.table} where {fact.time} < %(before)s"
        f" having min({fact.time}) is not null and exists ({state})"
    )
    found = await one(connection, earliest, values)
    if found is None:
        return
    async with connection.transaction():
        await hold_writers(connection)
        older = await one(connection, earliest, {**values, "before": found})
        await move_watermark(connection, rollup, older or found)


async def one(connection: Connection, question: LiteralString, values: dict[str, Any]) -> Any:
    """The single value that a question has for an answer; None without any."""
    row = await (await connection.execute(question, values)).fetchone()
    return row[0] if row else None


async def hold_writers(connection: Connection) -> None:
    """Makes writers wait for the end of this transaction, which must not be far."""
    await connection.execute("set local lock_timeout = '5s'")
    await connection.execute("select pg_advisory_xact_lock(%s)", [WRITERS_LOCK])


async def advance_watermark(connection: Connection, rollup: Rollup, now: datetime) -> bool:
    """Moves the watermark towards the last bucket older than the lag, marking what it passes; a
    stride at most, because writers wait meanwhile. Returns whether there is more to pass."""
    stride = rollup.floor("watermark + %(stride)s")
    target = rollup.floor("%(target)s::timestamptz")
    async with connection.transaction():
        await hold_writers(connection)
        cursor = await connection.execute(
            f"select least({stride}, {target}), {stride} < {target}"
            " from rollup_state where name = %(name)s and watermark > '-infinity'",
            {"name": rollup.name, "stride": STRIDE, "target": now - rollup.lag},
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        await move_watermark(connection, rollup, row[0])
        return bool(row[1])


async def move_watermark(connection: Connection, rollup: Rollup, target: datetime) -> None:
    """Moves the watermark here, never back, marking every bucket on the way that has rows, or had
    some: what is logged of it must not be added to nothing."""
    fact = rollup.fact
    rows: LiteralString = " union all ".join(
        f"select site_id, {fact.time} from {table}"
        f" where {fact.time} < %(target)s and {fact.time} >="
        " (select greatest(watermark, kept_since) from rollup_state where name = %(name)s)"
        for table in (fact.table, change_log(fact.table))
    )
    values = {"name": rollup.name, "target": target}
    await connection.execute(
        f"""
        insert into rollup_dirty (rollup, site_id, bucket)
        select distinct %(name)s, site_id, {rollup.floor(fact.time)}
        from ({rows}) passed join site on site.id = site_id
        where {fact.time} >= coalesce(kept_since, '-infinity')
        on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
        """,
        values,
    )
    await connection.execute(
        "update rollup_state set watermark = greatest(watermark, %(target)s) where name = %(name)s",
        values,
    )


async def clean(
    connection: Connection, engine: Engine, rollup: Rollup, marks: Sequence[Mark]
) -> None:
    """Recomputes these buckets, then removes the marks that did not change meanwhile.

    TRAP: to refresh a continuous aggregate is to refresh it for all sites. In a bucket of which
    the raw data of any site is gone, its history would go with it; so from there back the rows
    of the marked sites alone are computed.
    """
    complete = await complete_since(connection, engine, rollup)
    if native := [mark for mark in marks if mark[1] >= complete]:
        await refresh_continuous_aggregate(connection, rollup, native)
        await remove_marks(connection, rollup, native)
    if single := [mark for mark in marks if mark[1] < complete]:
        table = await stored_table(connection, engine, rollup)
        async with connection.transaction():
            await recompute(connection, rollup, table, single)
            await remove_marks(connection, rollup, single)


async def complete_since(connection: Connection, engine: Engine, rollup: Rollup) -> datetime:
    """From when on every site has its raw data, so that the engine may refresh for all of them;
    never, where it stores nothing or its licence does not let it."""
    if not engine.continuous_aggregates or await aggregate_table(connection, rollup) is None:
        return datetime.max.replace(tzinfo=UTC)
    found = await one(connection, "select max(kept_since) from site", {})
    return found or datetime.min.replace(tzinfo=UTC)


async def stored_table(connection: Connection, engine: Engine, rollup: Rollup) -> sql.Identifier:
    """The table that has the stored rows: ours, or the one behind a continuous aggregate."""
    table = await aggregate_table(connection, rollup) if engine.hypertables else None
    return table or sql.Identifier(f"{rollup.name}_stored")


async def aggregate_table(connection: Connection, rollup: Rollup) -> sql.Identifier | None:
    """The table behind the continuous aggregate of a rollup; None where it is stored in ours, as it
    was if the server had another licence then."""
    cursor = await connection.execute(
        "select materialization_hypertable_schema, materialization_hypertable_name"
        " from timescaledb_information.continuous_aggregates where view_name = %s",
        [f"{rollup.name}_stored"],
    )
    row = await cursor.fetchone()
    return sql.Identifier(*row) if row else None


async def refresh_continuous_aggregate(
    connection: Connection, rollup: Rollup, marks: Sequence[Mark]
) -> None:
    """Refreshes the runs of adjoining buckets that are marked; by force, since TimescaleDB keeps no
    notes of what we change. Cannot run in a transaction."""
    for lower, upper in runs(sorted({bucket for _, bucket, _ in marks}), rollup):
        await connection.execute(
            sql.SQL(
                "call refresh_continuous_aggregate({}, {}::timestamptz, {}::timestamptz,"
                " force => true)"
            ).format(
                sql.Literal(f"{rollup.name}_stored"),
                sql.Literal(lower.isoformat()),
                sql.Literal(upper.isoformat()),
            )
        )


def runs(buckets: Sequence[datetime], rollup: Rollup) -> list[tuple[datetime, datetime]]:
    """Sorted bucket starts as half-open ranges, adjoining ones joined."""
    joined: list[tuple[datetime, datetime]] = []
    for bucket in buckets:
        if joined and joined[-1][1] == bucket:
            joined[-1] = (joined[-1][0], bucket + rollup.width)
        else:
            joined.append((bucket, bucket + rollup.width))
    return joined


async def recompute(
    connection: Connection, rollup: Rollup, table: sql.Identifier, marks: Sequence[Mark]
) -> None:
    """Replaces the stored rows of the marked buckets."""
    values = {"sites": [mark[0] for mark in marks], "buckets": [mark[1] for mark in marks]}
    await connection.execute(
        sql.SQL(
            "delete from {} s"
            " using unnest(%(sites)s::int[], %(buckets)s::timestamptz[]) mark (site, bucket)"
            " where s.site_id = mark.site and s.bucket = mark.bucket"
        ).format(table),
        values,
    )
    await connection.execute(sql.SQL(refresh_sql(rollup)).format(table), values)


async def remove_marks(connection: Connection, rollup: Rollup, marks: Sequence[Mark]) -> None:
    """Removes marks whose version is still the one that was read.

    The rows are locked in the order in which the writer takes them, so that the two never
    wait for each other in a circle.
    """
    await connection.execute(
        """
        with read (site_id, bucket, version) as (
            select * from unnest(
                %(sites)s::int[], %(buckets)s::timestamptz[], %(versions)s::bigint[]
            )
        ), locked as materialized (
            select d.site_id, d.bucket from rollup_dirty d
            join read using (site_id, bucket, version)
            where d.rollup = %(rollup)s order by d.site_id, d.bucket for update of d
        )
        delete from rollup_dirty d using locked
        where d.rollup = %(rollup)s and d.site_id = locked.site_id and d.bucket = locked.bucket
        """,
        {
            "rollup": rollup.name,
            "sites": [mark[0] for mark in marks],
            "buckets": [mark[1] for mark in marks],
            "versions": [mark[2] for mark in marks],
        },
    )
