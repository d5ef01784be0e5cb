"""Where clocks jump, rollups answer what base tables answer: before a refresh, while it runs, and
after it; and local days are those of the calendar on the wall.

Each state of each jump is asked about a few of the ranges; with EVERY_RANGE=1 about all of them.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.sites.models import utc_now
from conftest import TestSite, all_rows

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)

INTERVALS = ("minute", "hour", "day", "week", "month")


def on(text: str) -> datetime:
    """An instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


JUMPS = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2025-10-26T01:00"),
    ("Asia/Kathmandu", "2026-01-15T18:15"),  # midnight
    ("Australia/Lord_Howe", "2026-04-04T15:00"),  # half an hour back
    ("Australia/Lord_Howe", "2025-10-04T15:30"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # after the 29th comes the 31st
    ("Pacific/Apia", "2012-03-31T14:00"),
    ("America/Sao_Paulo", "2017-10-15T03:00"),  # a day without midnight
    ("America/Sao_Paulo", "2018-02-18T02:00"),  # a day whose last hour comes twice
]


def happened(around: datetime, rng: Random) -> list[dict[str, Any]]:
    """Page views at and next to the jump, at full and half hours near it, and days away; as if it
    were now, nothing of it lies ahead."""
    at = [around + n * INSTANT for n in (-1, 0, 1)]
    at += [around + n * 15 * MINUTE for n in range(-8, 9)]
    at += [around + n * DAY + rng.randrange(24 * 3600) * timedelta(seconds=1)
           for n in range(-9, 9) for _ in range(2)]  # fmt: skip
    return [
        {
            "time": time.isoformat(),
            "visitor_id": f"v{rng.randrange(6)}",
            "page": f"/{rng.randrange(3)}",
            "utm_source": rng.choice(["", "alpha"]),
        }
        for time in sorted(at)
        if time < utc_now() - MINUTE
    ]


def spans(around: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Ranges that begin or end at the jump, next to it, in buckets and at local midnights."""
    local = around.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = local.astimezone(UTC)
    yield around - DAY, around
    yield around, around + DAY
    yield around - INSTANT, around + DAY + INSTANT
    yield around - 20 * HOUR - 7 * MINUTE, around + 20 * HOUR + 13 * MINUTE
    yield midnight - DAY, midnight + DAY
    yield midnight - 9 * DAY, midnight + 9 * DAY
    yield around.replace(minute=0) - 8 * DAY, around + 8 * DAY + 30 * MINUTE


async def ask_both(site: TestSite, report: str, **params: Any) -> dict[str, Any]:
    """The answer, when rollups and base tables give the same."""
    params |= all_rows(report)
    answer = await site.ask(report, **params)
    base = await site.ask(report, engine="base", **params)
    assert "rollup:" not in base["engine"]
    assert (answer["rows"], answer["totals"]) == (base["rows"], base["totals"]), (report, params)
    return answer


def some(ranges: Iterator[Any], rng: Random) -> list[Any]:
    """One of the ranges, or two; or all."""
    every = list(ranges)
    return every if os.environ.get("EVERY_RANGE") else rng.sample(every, rng.choice([1, 2]))


async def compare(
    site: TestSite, events: list[dict[str, Any]], around: datetime, zone: str
) -> None:
    """Everything that has buckets or edges, both ways; series against the calendar, too."""
    for lower, upper in some(spans(around, ZoneInfo(zone)), Random(f"{around} {len(events)}")):
        span = {"from": lower.isoformat(), "to": upper.isoformat(), "timezone": zone}
        inside = [time for time in times_of(events) if lower <= time < upper]
        for interval in INTERVALS[upper - lower > 2 * DAY :]:
            series = await ask_both(site, "timeseries", interval=interval, **span)
            assert sum(row["pageviews"] for row in series["rows"]) == len(inside)
            if interval == "day":
                assert by_day(series["rows"], zone) == Counter(
                    time.astimezone(ZoneInfo(zone)).date() for time in inside
                )
        await ask_both(site, "pages", **span)
        await ask_both(site, "traffic-sources", dimension="source", **span)
        await ask_both(site, "retention", interval="day", periods=4, **span)
        await ask_both(site, "retention", interval="week", periods=3, rolling=True, **span)
        await ask_both(site, "lifecycle", interval="day", **span)
        await ask_both(site, "stickiness", **span)


def times_of(events: list[dict[str, Any]]) -> list[datetime]:
    """When things happened."""
    return [datetime.fromisoformat(event["time"]) for event in events]


def by_day(rows: list[dict[str, Any]], zone: str) -> Counter[Any]:
    """Page views by the local date of their bucket."""
    found: Counter[Any] = Counter()
    for row in rows:
        day = datetime.fromisoformat(row["time"]).astimezone(ZoneInfo(zone)).date()
        found[day] += row["pageviews"]
    return +found


async def refresh_until(site: TestSite, over: asyncio.Event) -> None:
    """Refreshes again and again, each time as if nothing had ever been."""
    async with await site.database.connect() as connection:
        while not over.is_set():
            await connection.execute(
                "update rollup_dirty set version = version + 1 where site_id ="
                " (select id from site where key = %s)",
                [site.key],
            )
            await refresh_rollups(connection, site.database.engine, ROLLUPS, utc_now())
            await asyncio.sleep(0)


async def compare_in_all_states(site: TestSite, around: datetime, zone: str) -> None:
    """Before a refresh, while refreshes run, after them, and with late events on top."""
    rng = Random(f"{zone} {around}")
    events = happened(around, rng)
    await site.send(*events)
    await compare(site, events, around, zone)
    late = happened(around, rng)[::5]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(refresh_until(site, over))
        await compare(site, events, around, zone)
        await site.send(*late)
        await compare(site, [*events, *late], around, zone)
        over.set()
    await site.refresh()
    await compare(site, [*events, *late], around, zone)


@pytest.mark.parametrize(("zone", "jump"), JUMPS)
async def test_rollups_and_base_tables_agree_at_clock_changes(
    site: TestSite, zone: str, jump: str
) -> None:
    await compare_in_all_states(site, on(jump), zone)


@pytest.mark.parametrize("zone", sorted({zone for zone, _ in JUMPS}))
async def test_rollups_and_base_tables_agree_on_recent_days_in_every_zone(
    site: TestSite, zone: str
) -> None:
    await compare_in_all_states(site, utc_now() - 26 * HOUR, zone)
