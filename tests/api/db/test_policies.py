"""On TimescaleDB Community the database refreshes by itself, too, as a safety net."""

from datetime import timedelta

import pytest

from api.analytics.rollups import DAY, ROLLUPS
from api.db.database import Database
from settings import LEAST_RETENTION_DAYS


async def windows(database: Database) -> list[timedelta]:
    """How far back each of the policies refreshes."""
    if not database.engine.continuous_aggregates:
        pytest.skip("this engine has no continuous aggregates")
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select (config ->> 'start_offset')::interval from timescaledb_information.jobs"
            " where proc_name = 'policy_refresh_continuous_aggregate'"
        )
        return [window for (window,) in await cursor.fetchall()]


async def test_continuous_aggregates_of_days_have_a_refresh_policy(database: Database) -> None:
    assert len(await windows(database)) == len([r for r in ROLLUPS if r.width <= DAY])


async def test_no_policy_reaches_back_to_where_raw_data_may_be_gone(database: Database) -> None:
    assert max(await windows(database)) < timedelta(days=LEAST_RETENTION_DAYS)
