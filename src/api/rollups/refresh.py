"""The refresh: keeps the stored rows of rollups in step with their base tables.

A mark names a dirty bucket. It has a version that a writer raises in its own transaction. The
refresh computes the bucket and then removes the mark if its version is still the one it read. So it
can be killed anywhere and race with anybody: what it did not provably compute stays marked, and a
marked bucket is answered live. README.md beside this file tells the life of a bucket.
"""

from collections.abc import Sequence
from datetime import datetime

from api.db.engine import Engine
from api.rollups.available import as_stored
from api.rollups.late_log import mark_late_buckets, prune_log
from api.rollups.locks import exclusive
from api.rollups.model import Rollup
from api.rollups.schedule import MARKS_AT_ONCE, Mark, read_marks, remove_marks, rollups_due
from api.rollups.statements import Connection
from api.rollups.stored import (
    complete_since,
    recompute_buckets,
    refresh_continuous_aggregate,
    stored_table,
)
from api.rollups.watermark import advance_watermark, begin_watermark, put_watermark_back


async def refresh_rollups(
    connection: Connection,
    engine: Engine,
    rollups: Sequence[Rollup],
    now: datetime,
    everything: bool = True,
) -> int:
    """One round: moves every watermark up, then cleans dirty buckets. Returns how many.

    A rollup that somebody else is refreshing at this moment is left to them. Buckets that are not
    due are left dirty unless `everything` is wanted; they are answered live so long.
    """
    cleaned = 0
    current, is_all = await as_stored(connection, rollups)
    if due := await rollups_due(connection, current, now, everything):
        # A crash may undo the last of it, in order: the marks come back with what they mark.
        await connection.execute("set synchronous_commit = off")
    # A wide bucket is computed from narrow ones where there are any: they come first.
    for rollup in sorted(due, key=lambda rollup: rollup.width):
        async with exclusive(connection, rollup) as is_exclusive:
            if is_exclusive:
                cleaned += await refresh_rollup(connection, engine, rollup, now, everything)
    if due:
        if is_all:  # else others need what these know
            await prune_log(connection, current)
        await connection.execute("reset synchronous_commit")
    return cleaned


async def refresh_rollup(
    connection: Connection, engine: Engine, rollup: Rollup, now: datetime, everything: bool = True
) -> int:
    """Moves the watermark up and cleans the dirty buckets. Returns how many."""
    cleaned = 0
    await put_watermark_back(connection, engine, rollup)
    await begin_watermark(connection, rollup, now)
    while await advance_watermark(connection, rollup, now):
        pass
    await mark_late_buckets(connection, rollup, now, everything)
    while marks := await read_marks(connection, rollup, now, everything):
        await refresh_buckets(connection, engine, rollup, marks)
        cleaned += len(marks)
        if len(marks) < MARKS_AT_ONCE:
            break
    await connection.execute(
        "update rollup_state set refreshed_at = %(now)s, ready_at = coalesce(ready_at, %(now)s)"
        " where name = %(name)s",
        {"name": rollup.name, "now": now},
    )
    return cleaned


async def refresh_buckets(
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
            await recompute_buckets(connection, rollup, table, single)
            await remove_marks(connection, rollup, single)
