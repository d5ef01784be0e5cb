"""Which rollups and which of their dirty buckets a round of the refresh takes on.

Late events go on touching the buckets of the last days. Recomputed in every round, each of these
would be computed hundreds of times. So a bucket rests until its age has doubled since its rollup
was refreshed last, and is answered live so long; where all that came late is in the log, which
costs readers little, until it is sixteen times as old. It is computed some three to ten times.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection

from api.rollups.model import ORIGIN, Rollup

Connection = AsyncConnection[Any]

MARKS_AT_ONCE = 500

LONGEST_LATE = timedelta(days=8)
"""No event comes later than this, but for imports."""


def age(time: LiteralString) -> LiteralString:
    """How old a bucket was at a time, in lags of its rollup; one lag is the youngest that can be
    dirty."""
    since = f"extract(epoch from {time} - d.bucket - r.width)"
    return f"greatest(0.01, {since} / extract(epoch from asked.lag))::float8"


def rested(times: LiteralString) -> LiteralString:
    """Whether a bucket (d) of a rollup (r) is so many times as old as when that was refreshed last,
    on a scale that makes all buckets wait for the same ages."""
    then, now = age("r.refreshed_at"), age("%(now)s::timestamptz")
    return f"""(
        %(everything)s or r.refreshed_at is null
        or floor(ln({now}) / ln({times})) > floor(ln({then}) / ln({times}))
        -- Older than any event may be late: an import or an erasure touched it.
        or d.bucket < %(now)s::timestamptz - %(longest)s - r.width
    )"""


DIRTY_RESTED: LiteralString = rested("2")
LOGGED_RESTED: LiteralString = rested("16")


def values_of(rollup: Rollup, now: datetime, everything: bool) -> dict[str, Any]:
    """What a question about the rested buckets of one rollup binds."""
    return {
        "rollup": rollup.name,
        "lag": rollup.settles_after,
        "now": now,
        "everything": everything,
        "longest": LONGEST_LATE,
    }


LOGGED: LiteralString = f"""
    select 'visit' as source, date_bin('1 hour', started, {ORIGIN}) as hour
    from late_visit group by hour
    union all
    select 'event', date_bin('1 hour', time, {ORIGIN}) as hour from late_event group by hour
"""
"""The hours of which something is logged: the log is read once, whatever it is asked by how many
rollups."""


async def rollups_due(
    connection: Connection, rollups: Sequence[Rollup], now: datetime, everything: bool
) -> Sequence[Rollup]:
    """Those that have a watermark to move or buckets to clean: mostly none, so that a round between
    two hours is one question."""
    cursor = await connection.execute(
        f"""
        with logged as materialized ({LOGGED})
        select name from rollup_state r
        join unnest(%(names)s::text[], %(lags)s::interval[]) asked (name, lag) using (name)
        where watermark < date_bin(width, %(now)s::timestamptz - lag, {ORIGIN})
            or watermark > now()
            or ready_at is null
            or exists (select from rollup_dirty d where d.rollup = r.name and {DIRTY_RESTED})
            or exists (
                select from (
                    select date_bin(r.width, hour, {ORIGIN}) as bucket from logged
                    where source = r.source and hour >= r.kept_since and hour < r.watermark
                ) d
                where {LOGGED_RESTED}
            )
        """,
        {
            "names": [rollup.name for rollup in rollups],
            "lags": [rollup.settles_after for rollup in rollups],
            "now": now,
            "everything": everything,
            "longest": LONGEST_LATE,
        },
    )
    names = {name for (name,) in await cursor.fetchall()}
    return [rollup for rollup in rollups if rollup.name in names]


Mark = tuple[int, datetime, int]
"""Site, bucket, version."""


async def read_marks(
    connection: Connection, rollup: Rollup, now: datetime, everything: bool
) -> list[Mark]:
    """Some dirty buckets that have rested, oldest first, with the versions read."""
    cursor = await connection.execute(
        f"""
        select d.site_id, d.bucket, d.version from rollup_dirty d
        join rollup_state r on r.name = d.rollup
        cross join (values (%(lag)s::interval)) asked (lag)
        where d.rollup = %(rollup)s and {DIRTY_RESTED}
        order by d.bucket, d.site_id limit %(most)s
        """,
        {**values_of(rollup, now, everything), "most": MARKS_AT_ONCE},
    )
    return await cursor.fetchall()
