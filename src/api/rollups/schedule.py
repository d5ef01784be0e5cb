"""When a bucket is computed again.

Late events go on touching the buckets of the last days. Recomputed in every round, each of these
would be computed hundreds of times. So a dirty bucket waits until it passes one of DIRTY_AGES, and
is answered live so long; one with late changes in the log waits for one of LATE_AGES. Most of these
come within the hour after a bucket, from visits that go on, and each costs every reader: an hour is
computed again when the next one is stored. Ages are counted from the end of the bucket, so that the
marks of all sites fall due together: a continuous aggregate is refreshed for all sites at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from api.rollups.model import Rollup
from api.rollups.statements import Connection, execute

MARKS_AT_ONCE = 500

LONGEST_LATE = timedelta(days=8)
"""No event comes later than this, but for imports. A bucket that is older is due at once."""

DIRTY_AGES: LiteralString = (
    "array['1h', '2h', '4h', '8h', '16h', '32h', '64h', '128h', '8d']::interval[]"
)

LATE_AGES = (timedelta(hours=1), timedelta(hours=16))
"""The ages at which late changes are folded into a bucket; the next and last one is LONGEST_LATE. A
day or a week that is not computed for another reason waits for the second one."""

REFRESH_DUE: LiteralString = f"""
    create or replace function refresh_due(bucket_end timestamptz, marked_at timestamptz)
    returns timestamptz language sql stable parallel safe as $$
        select coalesce(min($1 + age), $2) from unnest({DIRTY_AGES}) age where $1 + age > $2
    $$"""
"""When a bucket is due that was marked dirty at a time. Whoever marks one stores it in `due_at`."""

Mark = tuple[int, datetime, int]
"""Site, bucket, version."""


async def rollups_due(
    connection: Connection, rollups: Sequence[Rollup], now: datetime, everything: bool
) -> Sequence[Rollup]:
    """Those that have a watermark to move or buckets to compute; with `everything` also buckets
    that are not due yet. Mostly none, so that a round between two hours is one question."""
    cursor = await execute(
        connection,
        "rollups_due",
        {
            "names": [rollup.name for rollup in rollups],
            "lags": [rollup.settles_after for rollup in rollups],
            "now": now,
            "late_age": max(LATE_AGES),
            "everything": everything,
        },
    )
    names = {name for (name,) in await cursor.fetchall()}
    return [rollup for rollup in rollups if rollup.name in names]


async def read_marks(
    connection: Connection, rollup: Rollup, now: datetime, everything: bool
) -> list[Mark]:
    """Some dirty buckets that are due, oldest first, with the versions read."""
    due = "infinity" if everything else now
    values = {"rollup": rollup.name, "due": due, "most": MARKS_AT_ONCE}
    return await (await execute(connection, "read_marks", values)).fetchall()


async def remove_marks(connection: Connection, rollup: Rollup, marks: Sequence[Mark]) -> None:
    """Removes marks whose version is still the one that was read."""
    values = {
        "rollup": rollup.name,
        "sites": [site for site, _, _ in marks],
        "buckets": [bucket for _, bucket, _ in marks],
        "versions": [version for _, _, version in marks],
    }
    await execute(connection, "remove_marks", values)
