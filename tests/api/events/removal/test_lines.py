"""The line before which raw data is gone: where it may be, what holds it, and how it moves back."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.db.database import Database
from api.events.removal import expiry
from api.events.removal.expiry import expire, put_lines_right, regain, stuck_lines
from api.events.write import late_changes
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.rollups.row_expiry import expire_rows
from api.sites import directory
from api.sites.models import utc_now
from conftest import TestSite, make_site, refresh

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NOW = utc_now()
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
MONDAY = TODAY - TODAY.weekday() * DAY


@pytest.fixture(autouse=True)
def time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process remembers a site as it was."""
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 0.0)


def view(time: datetime, **more: Any) -> dict[str, Any]:
    """A page view."""
    return {"time": time.isoformat(), "visitor_id": "ann", "page": "/", **more}


HISTORY = [view(MONDAY - weeks * WEEK + 30 * HOUR) for weeks in (9, 8, 7, 6, 3, 1)]


async def keep(site: TestSite, days: int) -> None:
    """Sets how long raw data of the site is kept."""
    await site.client.put(
        f"/api/sites/{site.key}/retention", json={"days": days}, headers=site.admin
    )


async def number_and_line(site: TestSite) -> tuple[int, datetime | None]:
    """The id of the site, and its line."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select id, raw_data_since from site where key = %s", [site.key]
        )
        ((number, line),) = await cursor.fetchall()
        return number, line


async def jump(site: TestSite, line: datetime) -> int:
    """Puts the line where a wrong clock would."""
    number, _ = await number_and_line(site)
    async with await site.database.connect() as connection:
        await connection.execute(
            "update site set raw_data_since = %s where id = %s", [line, number]
        )
    return number


async def lose(site: TestSite, number: int, before: datetime) -> None:
    """Removes raw data, as expiry would have."""
    async with await site.database.connect() as connection:
        await connection.execute(
            "delete from event where site_id = %s and time < %s", [number, before]
        )
        await connection.execute(
            "delete from visit where site_id = %s and started < %s", [number, before - WEEK]
        )


async def pageviews(site: TestSite, **more: Any) -> int:
    """What was ever counted."""
    span = {"from": f"{MONDAY - 9 * WEEK:%Y-%m-%d}", "timezone": "UTC", "interval": "day"}
    return (await site.ask("timeseries", **span, **more))["totals"]["pageviews"]


@pytest.mark.usefixtures("ahead")
async def test_line_never_passes_week_of_newest_event(site: TestSite) -> None:
    await site.send(*HISTORY, view(NOW - 2 * HOUR))
    await refresh(site.database)
    await keep(site, 22)
    await as_if(site.database, NOW + 400 * DAY)
    async with await site.database.connect() as connection:
        await expire(connection, site.database.engine, 0, NOW + 400 * DAY)
    _, line = await number_and_line(site)
    assert line is None or line <= MONDAY
    account = await site.send(view(max(NOW - HOUR, MONDAY)))
    assert account["accepted"] == 1


async def test_line_ahead_of_clock_is_corrected_and_logged(
    site: TestSite, caplog: pytest.LogCaptureFixture
) -> None:
    await site.send(*HISTORY)
    await refresh(site.database)
    await jump(site, MONDAY + 5 * WEEK)
    body = [{"site": site.key, **view(NOW)}]
    refused = await site.client.post("/api/events/", json=body, headers=site.admin)
    assert refused.json()["rejected"][0]["error"] == "EVENT_EXPIRED"
    async with await site.database.connect() as connection:
        with caplog.at_level(logging.WARNING, "analytics.retention"):
            await put_lines_right(connection)
    assert "lay ahead of the clock" in caplog.text
    assert (await number_and_line(site))[1] == MONDAY - 9 * WEEK
    assert (await site.send(view(NOW)))["accepted"] == 1
    await refresh(site.database)
    assert await pageviews(site) == await pageviews(site, engine="base") == len(HISTORY) + 1


async def test_line_moves_back_to_first_week_with_whole_raw_data(site: TestSite) -> None:
    await site.send(*HISTORY)
    await refresh(site.database)
    number = await jump(site, MONDAY - 2 * WEEK)
    # A day of the week that begins 7 weeks ago is missing.
    await lose(site, number, MONDAY - 7 * WEEK + 31 * HOUR)
    async with await site.database.connect() as connection:
        assert await regain(connection, number) == MONDAY - 6 * WEEK
        assert await regain(connection, number) is None
    await refresh(site.database)
    assert await pageviews(site) == len(HISTORY)


async def test_line_moves_to_current_week_when_that_is_incomplete_too(site: TestSite) -> None:
    await site.send(*HISTORY, view(min(NOW, MONDAY + timedelta(minutes=1))))
    await refresh(site.database)
    number = await jump(site, MONDAY + 5 * WEEK)
    await lose(site, number, NOW + DAY)
    async with await site.database.connect() as connection:
        line = await regain(connection, number)
    assert line is not None
    assert line <= MONDAY
    assert (await site.send(view(NOW)))["accepted"] == 1


async def test_line_stays_when_nothing_before_it_is_left(site: TestSite) -> None:
    await site.send(*HISTORY)
    await refresh(site.database)
    number = await jump(site, MONDAY - 5 * WEEK)
    await lose(site, number, MONDAY - 5 * WEEK)
    async with await site.database.connect() as connection:
        assert await regain(connection, number) is None
    assert (await number_and_line(site))[1] == MONDAY - 5 * WEEK


async def test_site_without_line_has_nothing_to_move_back(site: TestSite) -> None:
    number, _ = await number_and_line(site)
    async with await site.database.connect() as connection:
        assert await regain(connection, number) is None


async def test_line_stuck_for_a_day_says_why(
    site: TestSite, caplog: pytest.LogCaptureFixture
) -> None:
    await site.send(*HISTORY)
    await refresh(site.database)
    await keep(site, 22)
    number, _ = await number_and_line(site)
    async with await site.database.connect() as connection:
        await connection.execute(
            "insert into rollup_dirty (rollup, site_id, bucket, due_at)"
            " values ('pages', %s, %s, 'infinity')",
            [number, MONDAY - 8 * WEEK],
        )
        with caplog.at_level(logging.WARNING, "analytics.retention"):
            await expire(connection, site.database.engine, 0, NOW)
        assert (await number_and_line(site))[1] is None
        mine = [text for text in await stuck_lines(connection, 0, NOW) if f"site {number}," in text]
    assert len(mine) == 1
    assert "buckets wait for a refresh" in mine[0]
    assert mine[0] in caplog.text


async def test_first_stuck_sites_are_named_and_rest_is_counted(
    site: TestSite, client: Any, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (site, await make_site(f"{site.key}-b", client, admin, site.database)):
        await one.send(*HISTORY)
        await keep(one, 22)
    monkeypatch.setattr(expiry, "MOST_STUCK", 1)
    async with await site.database.connect() as connection:
        first, rest = await stuck_lines(connection, 0, NOW)
    assert first.startswith("site ")
    assert re.fullmatch(r"and [1-9]\d* more sites", rest)


@pytest.fixture
async def ahead(database: Database) -> AsyncIterator[None]:
    """Afterwards hourly rows are stored as if the clock had never been ahead."""
    yield
    async with await database.connect() as connection:
        names = [rollup.name for rollup in ROLLUPS if rollup.retention]
        await connection.execute(
            "update rollup_state set watermark = '-infinity', rows_since = '-infinity'"
            " where name = any(%s)",
            [names],
        )
    await refresh(database)


async def as_if(database: Database, now: datetime) -> None:
    """A round of the refresh and of the removal of short-lived rows at another time."""
    async with await database.connect() as connection:
        await expire_rows(connection, database.engine, ROLLUPS, now)
        await refresh_rollups(connection, database.engine, ROLLUPS, now, everything=False)


@pytest.mark.usefixtures("ahead")
async def test_late_log_is_emptied_after_expiry_of_hourly_rows(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On TimescaleDB Community two late events kept the log, and so raw data, for ever."""
    monkeypatch.setattr(late_changes, "LONGEST_LATE", 20 * DAY)
    database = site.database
    late = MONDAY - 3 * DAY
    logged = "select count(*) from late_event join site on site.id = site_id where key = %s"
    async with await database.connect() as connection:
        # No site of another test keeps the engine from refreshing.
        await connection.execute("update site set raw_data_since = null")
        await site.send(*HISTORY, view(late - DAY))
        await as_if(database, max(NOW, MONDAY + 20 * HOUR))
        ((before,),) = await (await connection.execute(logged, [site.key])).fetchall()
        await site.send(view(late, visitor_id="late"))
        await site.send(view(late + 4 * HOUR, visitor_id="late"))
        assert await (await connection.execute(logged, [site.key])).fetchall() == [(before + 2,)]
        # Hours know the changes after 5 days and are gone after 7, weeks know them after 8.
        for hours in (5 * 24 + 6, 7 * 24 + 6, 7 * 24 + 8, 8 * 24 + 2, 20 * 24):
            await as_if(database, max(NOW, MONDAY + hours * HOUR))
        assert await (await connection.execute(logged, [site.key])).fetchall() == [(0,)]
    await refresh(database)
    assert await pageviews(site) == await pageviews(site, engine="base") == len(HISTORY) + 3


@pytest.mark.usefixtures("ahead")
async def test_watermarks_ahead_of_clock_are_put_back(site: TestSite) -> None:
    await site.send(*HISTORY, view(NOW - 3 * HOUR))
    await as_if(site.database, NOW + 60 * DAY)
    await site.send(view(NOW - 2 * HOUR), view(NOW - timedelta(minutes=1)))
    await refresh(site.database)
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select count(*) from rollup_state where watermark > now() or rows_since > now()"
        )
        assert await cursor.fetchall() == [(0,)]
    assert await pageviews(site) == await pageviews(site, engine="base") == len(HISTORY) + 3
    await site.send(view(NOW - timedelta(minutes=90)))
    await refresh(site.database)
    assert await pageviews(site) == len(HISTORY) + 4


@pytest.mark.usefixtures("ahead")
async def test_hour_stored_by_clock_ahead_is_exact_after_its_visit_moved(
    site: TestSite,
) -> None:
    hour = (NOW - HOUR).replace(minute=0, second=0, microsecond=0)
    await site.send(view(hour + 10 * MINUTE))
    await as_if(site.database, NOW + 60 * DAY)
    await refresh(site.database)
    # The clock is right again: the hour is live, and nobody marks what changes in it.
    await site.send(view(hour - 10 * MINUTE))
    await as_if(site.database, NOW + 3 * HOUR)
    span = {"from": (hour - HOUR).isoformat(), "to": (hour + HOUR).isoformat(), "interval": "hour"}
    answer = await site.ask("timeseries", **span)
    assert [row["visitors"] for row in answer["rows"]] == [1, 0]
    assert answer["rows"] == (await site.ask("timeseries", engine="base", **span))["rows"]


async def test_timescaledb_keeps_no_invalidation_log(site: TestSite) -> None:
    if not site.database.engine.continuous_aggregates:
        pytest.skip("only TimescaleDB Community has continuous aggregates")
    catalog = "_timescaledb_catalog.continuous_aggs"
    count = (
        f"select count(*) from {catalog}_hypertable_invalidation_log union all"
        f" select count(*) from {catalog}_materialization_invalidation_log"
    )
    late = [view(NOW - days * DAY) for days in (20, 5, 15, 4)]
    async with await site.database.connect() as connection:
        await site.send(*late)
        await refresh(site.database)
        before = await (await connection.execute(count)).fetchall()
        for event in late:
            await site.send(event)
            await refresh(site.database)
        await site.client.post(
            f"/api/sites/{site.key}/erasures", json={"visitor_id": "ann"}, headers=site.admin
        )
        assert await (await connection.execute(count)).fetchall() == before


async def test_timescaledb_schedules_no_refresh_or_compression(database: Database) -> None:
    if not database.engine.continuous_aggregates:
        pytest.skip("only TimescaleDB Community has policies")
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select proc_name, scheduled from timescaledb_information.jobs"
            " where proc_name in ('policy_refresh_continuous_aggregate', 'policy_compression')"
        )
        assert {*await cursor.fetchall()} == {("policy_compression", False)}
