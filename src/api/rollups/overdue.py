"""Which rollups are not kept up. What they answer is exact all the same, only slower."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection

from api.db.clock import database_time
from api.rollups.definitions import ROLLUPS
from api.rollups.model import ORIGIN
from api.rollups.schedule import DIRTY_RESTED, LONGEST_LATE

Connection = AsyncConnection[Any]

OVERDUE = timedelta(hours=2)
"""How late a refresh may be. Whoever has jobs run by a cron has them run once an hour."""

BEHIND: LiteralString = f"""
    select name from rollup_state r
    join unnest(%(names)s::text[], %(lags)s::interval[]) asked (name, lag) using (name)
    cross join lateral (
        select date_bin(width, %(now)s::timestamptz - lag, {ORIGIN})
    ) passed (time)
    where (
        watermark < passed.time
        -- A new installation fills its rollups at first.
        and exists (select from site where created_at < %(now)s::timestamptz and (
            watermark > '-infinity' or exists (
                select from event where site_id = site.id and event.time < passed.time
            )
        ))
    ) or (
        coalesce(refreshed_at, '-infinity') < %(now)s::timestamptz
        and exists (
            select from rollup_dirty d
            where d.rollup = r.name and since < %(now)s::timestamptz and {DIRTY_RESTED}
        )
    )
    order by name
"""


async def refresh_is_behind(connection: Connection) -> Sequence[str]:
    """The rollups with a watermark that should have moved hours ago, or a bucket that should have
    been computed by then; by the clock of the database."""
    then = await database_time(connection) - OVERDUE
    cursor = await connection.execute(
        BEHIND,
        {
            "names": [rollup.name for rollup in ROLLUPS],
            "lags": [rollup.settles_after for rollup in ROLLUPS],
            "now": then,
            "everything": False,
            "longest": LONGEST_LATE,
        },
    )
    return [name for (name,) in await cursor.fetchall()]
