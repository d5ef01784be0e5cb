"""How tests let raw data expire: history first, rollups refreshed, then the job that removes it."""

from datetime import timedelta
from typing import Any

from api.db.database import Database
from api.events.removal.expiry import expire
from api.sites.models import utc_now
from conftest import TestSite, refresh

DAY = timedelta(days=1)

TODAY = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)


def day(back: int) -> str:
    """The date so many days ago, as a query parameter: 2026-11-28."""
    return f"{TODAY - back * DAY:%Y-%m-%d}"


async def settle(database: Database) -> None:
    """Refreshes until no bucket waits that can be refreshed."""
    async with await database.connect() as connection:
        for _ in range(20):
            await refresh(database)
            cursor = await connection.execute("select count(*) from rollup_dirty")
            if await cursor.fetchone() == (0,):
                return
    raise AssertionError("There are buckets that no refresh cleans.")


async def age(database: Database, days: int = 0) -> None:
    """The job, often enough: lines move first, rows go a round later. Sites without a retention of
    their own keep raw data for so many days, 0 is for ever."""
    async with await database.connect() as connection:
        for _ in range(2):
            await expire(connection, database.engine, days, utc_now(), settle=timedelta(0))


async def keep(site: TestSite, days: int | None) -> dict[str, Any]:
    """Sets how long raw data is kept, by the front door."""
    answer = await site.client.put(
        f"/api/sites/{site.key}/retention", json={"days": days}, headers=site.admin
    )
    assert answer.status_code == 200, answer.text
    return answer.json()
