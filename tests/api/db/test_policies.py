"""On TimescaleDB Community the database refreshes by itself, too, as a safety net."""

import pytest

from api.analytics.rollups import ROLLUPS
from api.db.database import Database


async def test_every_continuous_aggregate_has_its_refresh_policy(database: Database) -> None:
    if not database.engine.continuous_aggregates:
        pytest.skip("this engine has no continuous aggregates")
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select count(*) from timescaledb_information.jobs"
            " where proc_name = 'policy_refresh_continuous_aggregate'"
        )
        assert await cursor.fetchone() == (len(ROLLUPS),)
