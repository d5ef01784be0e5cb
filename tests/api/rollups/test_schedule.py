"""A bucket that late events keep touching is computed again at a few ages, and is answered exactly
in between: what came late is added from the log, and a dirty bucket is answered live."""

from datetime import datetime, timedelta
from typing import LiteralString

import pytest

from api.db.database import Database
from api.events.write.late_changes import MOST_LOGGED
from api.rollups.definitions import ROLLUPS
from api.rollups.overdue import refresh_is_behind
from api.rollups.refresh import refresh_rollups
from api.rollups.watermark import advance_watermark
from api.sites.models import utc_now
from conftest import TestSite

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bucket() -> datetime:
    """An hour that ended eight or nine hours ago."""
    return utc_now().replace(minute=0, second=0, microsecond=0) - 9 * HOUR


async def waits(
    site: TestSite,
    bucket: datetime,
    age: timedelta,
    rollup: LiteralString = "traffic",
    width: timedelta = HOUR,
    everything: bool = False,
) -> bool:
    """Whether the bucket still waits after a round of the job at this age of it: for something in
    the log, or because it is dirty."""
    now = bucket + width + age
    async with await site.database.connect() as connection:
        await refresh_rollups(connection, site.database.engine, ROLLUPS, now, everything)
        cursor = await connection.execute(
            f"""
            select from site where key = %(site)s and (exists (
                select from rollup_dirty d
                where d.site_id = site.id and d.rollup = %(rollup)s and d.bucket = %(bucket)s
            ) or exists (
                select from late_visit c
                where c.site_id = site.id and c.started - %(bucket)s < %(width)s
                  and change > coalesce((
                    select max(last_change) from {rollup}_stored t
                    where t.site_id = site.id and t.bucket = %(bucket)s
                ), 0)
            ))
            """,
            {"site": site.key, "bucket": bucket, "rollup": rollup, "width": width},
        )
        return await cursor.fetchone() is not None


async def visit(site: TestSite, bucket: datetime, visitor: int) -> None:
    """Somebody's visit in the bucket."""
    time = bucket + timedelta(minutes=visitor)
    await site.send({"page": "/", "visitor_id": visitor, "time": time.isoformat()})


async def visits_at_once(site: TestSite, bucket: datetime, visitors: int) -> None:
    """The same of so many visitors, in one batch."""
    times = [(n, bucket + timedelta(minutes=n)) for n in range(visitors)]
    await site.send(*({"page": "/", "visitor_id": n, "time": t.isoformat()} for n, t in times))


async def put_watermark_to(site: TestSite, bucket: datetime) -> None:
    """Has the rollup of traffic store nothing from this bucket on, as when the bucket began."""
    async with await site.database.connect() as connection:
        await connection.execute(
            "update rollup_state set watermark = %s where name = 'traffic'", [bucket]
        )


async def stored_visits(site: TestSite, bucket: datetime) -> list[int]:
    """How many visits the stored row of the bucket has, if there is one."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select visits from traffic_stored t join site on site.id = site_id"
            " where key = %s and bucket = %s",
            [site.key, bucket],
        )
        return [row[0] for row in await cursor.fetchall()]


async def visits(site: TestSite, bucket: datetime) -> int:
    """How many there were in the bucket."""
    span = {"from": bucket.isoformat(), "to": (bucket + HOUR).isoformat()}
    return (await site.ask("timeseries", interval="hour", **span))["totals"]["visits"]


@pytest.mark.parametrize(
    ("rollup", "width"), [("traffic", HOUR), ("locations", DAY), ("page_visitors", DAY)]
)
async def test_bucket_with_late_changes_is_recomputed_at_an_age_of_16_hours(
    site: TestSite, rollup: LiteralString, width: timedelta
) -> None:
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    bucket = midnight - 3 * DAY
    await visit(site, bucket, 1)
    assert not await waits(site, bucket, 2 * HOUR, rollup, width, everything=True)
    await visit(site, bucket, 2)
    assert await waits(site, bucket, 15.9 * HOUR, rollup, width)
    assert await visits(site, bucket) == 2
    assert not await waits(site, bucket, 16.3 * HOUR, rollup, width)
    assert await visits(site, bucket) == 2


async def test_bucket_is_stored_a_quarter_of_an_hour_after_it_is_over(
    site: TestSite, bucket: datetime
) -> None:
    await put_watermark_to(site, bucket)
    await visit(site, bucket, 1)
    await waits(site, bucket, 14.9 * MINUTE)
    assert await stored_visits(site, bucket) == []
    assert not await waits(site, bucket, 15.1 * MINUTE)
    assert await stored_visits(site, bucket) == [1]


async def test_hour_with_late_changes_is_recomputed_when_the_next_hour_is_stored(
    site: TestSite, bucket: datetime
) -> None:
    await put_watermark_to(site, bucket)
    await visit(site, bucket, 1)
    await visit(site, bucket + HOUR, 1)
    assert not await waits(site, bucket, 16 * MINUTE)
    await visit(site, bucket, 2)
    assert await waits(site, bucket, HOUR + 14.9 * MINUTE)
    assert await visits(site, bucket) == 2
    assert not await waits(site, bucket, HOUR + 15.1 * MINUTE)
    assert await stored_visits(site, bucket) == [2]
    assert await visits(site, bucket) == 2


async def test_bucket_just_passed_by_the_watermark_is_not_overdue(
    site: TestSite, bucket: datetime
) -> None:
    """The first refresh of a new rollup moves its watermark over weeks of buckets at once."""
    bucket -= 40 * DAY
    await visit(site, bucket, 1)
    traffic = next(rollup for rollup in ROLLUPS if rollup.name == "traffic")
    async with await site.database.connect() as connection:
        await connection.execute(
            "update rollup_state set watermark = %s, refreshed_at = null where name = 'traffic'",
            [bucket],
        )
        while await advance_watermark(connection, traffic, utc_now()):
            pass
        assert "traffic" not in await refresh_is_behind(connection)


async def test_dirty_bucket_is_recomputed_at_next_power_of_two_of_its_age(
    site: TestSite, bucket: datetime
) -> None:
    await visit(site, bucket, 1)
    assert not await waits(site, bucket, 9 * HOUR, everything=True)
    await visits_at_once(site, bucket, MOST_LOGGED + 1)
    assert await waits(site, bucket, 15.9 * HOUR)
    assert await visits(site, bucket) == MOST_LOGGED + 1
    assert not await waits(site, bucket, 16.1 * HOUR)
    assert await visits(site, bucket) == MOST_LOGGED + 1


async def test_bucket_marked_before_an_hour_has_passed_is_due_then(database: Database) -> None:
    over = utc_now().replace(minute=0, second=0, microsecond=0)
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select refresh_due(%(over)s, %(marked)s)", {"over": over, "marked": over + 16 * MINUTE}
        )
        assert await cursor.fetchone() == (over + HOUR,)


async def test_bucket_older_than_any_late_event_is_recomputed_in_the_next_round(
    site: TestSite,
) -> None:
    bucket = utc_now().replace(minute=0, second=0, microsecond=0) - 30 * DAY
    for visitor in (1, 2):
        await visit(site, bucket, visitor)
        assert not await waits(site, bucket, utc_now() - bucket - HOUR)
    assert await visits(site, bucket) == 2
