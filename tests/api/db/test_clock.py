"""What is destroyed by age waits until the database's clock is confirmed."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from api.db.clock import confirmed_time, database_time, read_clock
from api.db.database import Database
from api.db.scheduler import run_once
from api.jobs import jobs_for
from settings import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection of jobs to a database whose clock nobody has read yet."""
    async with await database.connect() as connection:
        await connection.execute("delete from clock_reading")
        yield connection
        await connection.execute("delete from clock_reading")


async def readings(connection: AsyncConnection[Any], *ages: timedelta) -> None:
    """Readings from so long ago."""
    for age in ages:
        await connection.execute("insert into clock_reading values (now() - %s)", [age])


async def test_first_clock_reading_confirms_nothing(connection: AsyncConnection[Any]) -> None:
    assert await confirmed_time(connection) is None
    await read_clock(connection)
    assert await confirmed_time(connection) is None


@pytest.mark.parametrize("older", [HOUR, 3 * HOUR, DAY, 25 * HOUR])
async def test_clock_reading_one_hour_to_one_day_older_confirms_newest(
    connection: AsyncConnection[Any], older: timedelta
) -> None:
    await readings(connection, older + timedelta(seconds=-1))
    await read_clock(connection)
    is_confirmed = await confirmed_time(connection) is not None
    assert is_confirmed == (older > HOUR)


async def test_clock_reading_older_than_a_day_confirms_nothing(
    connection: AsyncConnection[Any],
) -> None:
    await readings(connection, 26 * HOUR)
    await read_clock(connection)
    assert await confirmed_time(connection) is None


async def test_clock_that_jumped_ahead_is_not_confirmed_and_is_logged_once_corrected(
    connection: AsyncConnection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    # As read before the jump, twice by the wrong clock, and then with the right one.
    await readings(connection, 2 * HOUR, HOUR / 2, -60 * DAY, -60 * DAY - HOUR / 2)
    now = await database_time(connection)
    confirmed = await confirmed_time(connection)
    assert confirmed is not None
    assert confirmed <= now - HOUR / 2
    with caplog.at_level(logging.WARNING, "analytics.clock"):
        await read_clock(connection)
    assert "was ahead" in caplog.text
    cursor = await connection.execute("select count(*) from clock_reading where at > now()")
    assert await cursor.fetchall() == [(0,)]


async def test_salts_survive_round_of_jobs_without_confirmed_time(
    connection: AsyncConnection[Any], database: Database, settings: Settings
) -> None:
    await connection.execute(
        "insert into salt values (current_date - 60, 'x') on conflict do nothing"
    )
    for confirmation, left in ((None, 1), (2 * HOUR, 0)):
        if confirmation:
            await readings(connection, confirmation)
        await run_once(database, jobs_for(database.engine, settings))
        cursor = await connection.execute("select count(*) from salt where day < current_date - 9")
        assert await cursor.fetchall() == [(left,)]
