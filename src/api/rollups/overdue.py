"""Which rollups are not kept up. What they answer is exact all the same, only slower."""

from collections.abc import Sequence
from datetime import timedelta

from api.db.clock import database_time
from api.rollups.definitions import ROLLUPS
from api.rollups.statements import Connection, execute

OVERDUE = timedelta(hours=2)
"""How late a refresh may be. Whoever has jobs run by a cron has them run once an hour."""


async def refresh_is_behind(connection: Connection) -> Sequence[str]:
    """The rollups with a watermark that should have moved hours ago, or a bucket that should have
    been computed by then; by the clock of the database."""
    cursor = await execute(
        connection,
        "refresh_is_behind",
        {
            "names": [rollup.name for rollup in ROLLUPS],
            "lags": [rollup.settles_after for rollup in ROLLUPS],
            "then": await database_time(connection) - OVERDUE,
        },
    )
    return [name for (name,) in await cursor.fetchall()]
