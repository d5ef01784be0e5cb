"""Rollups answer exactly what the base tables answer, at every moment of a bucket's life."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.rollups import refresh as refresh_module
from api.rollups.definitions import ROLLUPS
from api.rollups.model import ORIGIN
from api.rollups.refresh import refresh_rollups
from api.sites.directory import Sites
from api.sites.models import Visibility, utc_now
from conftest import TestSite
from oracle.telling import MORE

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WHOLE_HOURS = ("UTC", "Europe/Berlin", "America/New_York")
"""Zones whose hours and days are made of hours of UTC."""

ODD_MINUTES = ("Asia/Kathmandu", "America/St_Johns")
"""Zones of which that is never true."""

ZONES = (*WHOLE_HOURS, *ODD_MINUTES, "Australia/Lord_Howe")
"""The last has whole hours in summer and half hours in winter."""

Body = dict[str, Any]

numbers = count()


async def fresh_site(client: Any, admin: Any, database: Any) -> TestSite:
    """A site on which nothing has happened."""
    key = f"parity-{utc_now():%H%M%S%f}-{next(numbers)}"
    await Sites(database).create(key, f"{key}.example", visibility=Visibility.PUBLIC)
    return TestSite(key, client, admin, database)


AGENTS = (
    "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
)


def happening(rng: Random, time: datetime) -> Body:
    """Something that one of few visitors did at a time."""
    name = rng.choice(["pageview", "pageview", "pageview", "signup", "engagement"])
    return {
        "time": time.isoformat(),
        "visitor_id": f"v{rng.randrange(12)}",
        "name": name,
        "page": f"/{rng.randrange(4)}",
        "utm_source": rng.choice(["", "alpha", "beta"]),
        "utm_campaign": rng.choice(["", "spring"]),
        "user_agent": rng.choice(AGENTS),
        "timezone": rng.choice(["", "Europe/Berlin", "Asia/Tokyo"]),
        "interactive": rng.random() < 0.7,
        "duration": rng.choice([0, 0.25, 7, 90, 1500]),
    }


def crowd(rng: Random, moments: list[datetime], most: int) -> list[Body]:
    """Things that happened within hours after certain moments, never after now."""
    times = [
        rng.choice(moments) + timedelta(seconds=rng.randrange(4 * 3600), microseconds=n)
        for n in range(rng.randint(1, most))
    ]
    return [happening(rng, time) for time in times if time < utc_now() - MINUTE]


def questions(rng: Random, moments: list[datetime]) -> Iterator[tuple[str, Body]]:
    """Reports with ranges whose edges are nobody's buckets, and with those that are."""
    for _ in range(3):
        zone = rng.choice(ZONES)
        edge = rng.choice(moments) + timedelta(
            seconds=rng.randrange(4 * 3600), microseconds=rng.randrange(1000)
        )
        length = rng.choice([20 * MINUTE, HOUR, 5 * HOUR, DAY, 30 * DAY])
        span = rng.choice(
            [
                {"from": edge.isoformat(), "to": (edge + length).isoformat()},
                {"from": (edge - length).isoformat(), "to": edge.isoformat()},
                {"from": on_the_hour(edge).isoformat(), "to": (edge + length).isoformat()},
                {"from": (edge - length - HOUR).isoformat(), "to": on_the_hour(edge).isoformat()},
                {"hours": rng.choice([1, 24, 24 * 30])},
                {"days": rng.choice([1, 3, 30])},
            ]
        )
        common = {"timezone": zone, **span}
        interval = rng.choice(["hour", "day", "week", "month"])
        yield "timeseries", {**common, "interval": interval}
        _, dimension = rng.choice((*ROLLED_UP, *BASE_ONLY))
        top = {"dimension": dimension, "limit": rng.choice([1, 2, 50])}
        yield "timeseries", {**common, "interval": interval, **top}
        order = rng.choice(["pageviews", "visitors", "visitors:asc", "entries", "visits"])
        yield "pages", {**common, "order": order, "limit": rng.choice([1, 2, 1000])}
        yield "pages", {**common, "detail": True, "limit": 1000}
        yield (
            "retention",
            {
                **common,
                "interval": rng.choice(["day", "week", "month"]),
                "periods": rng.choice([1, 3, 8]),
                "rolling": rng.random() < 0.5,
            },
        )
        yield "lifecycle", {**common, "interval": rng.choice(["day", "week", "month"])}
        yield "stickiness", common
        for _ in range(2):
            report, dimension = rng.choice((*ROLLED_UP, *BASE_ONLY))
            common |= {"limit": rng.choice([1, 2, 1000]), "offset": rng.choice([0, 0, 1])}
            common["order"] = rng.choice(["visits", "visitors", "visitors:asc", "bounce_rate"])
            yield report, {**common, "dimension": dimension}


ROLLED_UP = (
    ("traffic-sources", "source"),
    ("traffic-sources", "channel"),
    ("traffic-sources", "campaign"),
    ("devices", "device"),
    ("devices", "browser"),
    ("locations", "country"),
    ("locations", "city"),
    ("entries", "entry_page"),
    ("exits", "exit_page"),
)
"""Reports by a dimension that rollups have."""

BASE_ONLY = (("traffic-sources", "content"), ("devices", "screen"))
"""Those that no rollup has."""


def on_the_hour(time: datetime) -> datetime:
    """The start of the hour of UTC."""
    return time.replace(minute=0, second=0, microsecond=0)


def comes_from_rollups(report: str, params: Body) -> bool | None:
    """Whether rollups have a part in the rows; None when that depends on the season."""
    if report in ("retention", "lifecycle", "stickiness"):
        return None
    if report == "timeseries" and "dimension" in params:
        return None
    if report == "timeseries":
        zone = params["timezone"]
        return None if zone == "Australia/Lord_Howe" else zone in WHOLE_HOURS
    return report == "pages" or (report, params["dimension"]) in ROLLED_UP


async def compare(site: TestSite, report: str, params: Body) -> Body:
    """Asks both ways; the answer, when it is one."""
    answer, base = await asked_at_once(site, report, params, params | {"engine": "base"})
    rolled_up = "rollup:" in answer["engine"]
    assert comes_from_rollups(report, params) in (None, rolled_up), (report, params)
    assert "rollup:" not in base["engine"]
    assert answer["rows"] == base["rows"], (report, params)
    assert answer["totals"] == base["totals"], (report, params)
    return answer


async def asked_at_once(site: TestSite, report: str, one: Body, other: Body) -> tuple[Body, Body]:
    """Two answers about the same range: one that ends now moves from one minute to the next."""
    while True:
        answers = await site.ask(report, **one), await site.ask(report, **other)
        if all(answers[0]["query"][end] == answers[1]["query"][end] for end in ("from", "to")):
            return answers


async def compare_all(site: TestSite, rng: Random, moments: list[datetime]) -> None:
    """Asks many things both ways."""
    for report, params in questions(rng, moments):
        await compare(site, report, params)
        if report == "timeseries" and "dimension" not in params:
            await compare_filtered(site, params)


async def compare_filtered(site: TestSite, params: Body) -> None:
    """A filter on visits is answered from visits; with an event that never was, from events."""
    alpha, never = ["is", "source", ["alpha"]], ["is", "page", ["/nowhere"]]
    visits = params | {"filters": json.dumps([alpha])}
    events = params | {"filters": json.dumps([["or", [alpha, never]]])}
    one, other = await asked_at_once(site, "timeseries", visits, events)
    assert one["rows"] == other["rows"], params
    assert one["totals"] == other["totals"], params


@settings(
    max_examples=2 * MORE,
    # A seed cannot be made simpler.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_rollups_and_base_tables_agree_before_between_and_after_refreshes(
    client, admin, database, seed
):
    rng = Random(seed)
    site = await fresh_site(client, admin, database)
    now = utc_now()
    moments = [now - 3 * HOUR, now - 20 * HOUR, now - rng.randrange(2, 25) * DAY]
    await site.send(happening(rng, now - 5 * HOUR), *crowd(rng, moments, 60))
    await compare_all(site, rng, moments)
    await site.refresh()
    await compare_all(site, rng, moments)
    await site.send(happening(rng, now - 5 * HOUR), *crowd(rng, moments, 20))
    await compare_all(site, rng, moments)
    await settle(site)
    await compare_all(site, rng, moments)


@settings(
    max_examples=2 * MORE,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_late_events_are_exact_when_only_some_rollups_are_refreshed(
    client, admin, database, seed
):
    """A few events at a time reach the log; then some rollups are refreshed, and some are not."""
    rng = Random(seed)
    site = await fresh_site(client, admin, database)
    now = utc_now()
    moments = [now - 5 * HOUR, now - rng.randrange(1, 7) * DAY]
    await site.send(*crowd(rng, moments, 40))
    await settle(site)
    for _ in range(4):
        await site.send(happening(rng, moments[1]), *crowd(rng, moments, 12))
        some = rng.sample(ROLLUPS, rng.choice([0, 1, 9, len(ROLLUPS)]))
        async with await database.connect() as connection:
            await refresh_rollups(connection, database.engine, some, now)
        await compare_all(site, rng, moments)
    await settle(site)
    assert await changes_left(site) == 0
    await compare_all(site, rng, moments)


async def changes_left(site: TestSite) -> int:
    """How many late rows of a site some rollup has not heard of."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select count(*) from (select site_id from late_visit"
            " union all select site_id from late_event) c"
            " join site on site.id = site_id where key = %s",
            [site.key],
        )
        ((changes,),) = await cursor.fetchall()
        return changes


async def settle(site: TestSite) -> None:
    """Refreshes until no bucket waits. The database's own refresh may hold some up for a moment."""
    for _ in range(20):
        await site.refresh()
        if await marks_left(site) == 0:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("There are buckets that no refresh cleans.")


async def marks_left(site: TestSite) -> int:
    """How many buckets are waiting to be recomputed."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute("select count(*) from rollup_dirty")
        ((marks,),) = await cursor.fetchall()
        return marks


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
async def test_only_series_of_whole_hours_comes_from_rollups(site, interval):
    january = {"from": "2025-01-10T00:00Z", "to": "2025-01-11T00:00Z"}
    july = {"from": "2025-07-10T00:00Z", "to": "2025-07-11T00:00Z"}
    both = {"from": "2025-04-05T12:00Z", "to": "2025-04-07T00:00Z"}
    whole_month = interval == "month"  # which begins before the clocks change
    seasons = [("Australia/Lord_Howe", january, True), ("Australia/Lord_Howe", july, False)]
    zones = [(zone, july, zone in WHOLE_HOURS) for zone in (*WHOLE_HOURS, *ODD_MINUTES)]
    for zone, span, tiled in (*zones, *seasons, ("Australia/Lord_Howe", both, whole_month)):
        answer = await site.ask("timeseries", timezone=zone, interval=interval, **span)
        assert ("rollup:" in answer["engine"]) is (tiled and interval != "minute"), zone


async def test_bucket_with_late_event_is_exact_before_next_refresh(site):
    old = on_the_hour(utc_now()) - 30 * HOUR
    span = {"from": old.isoformat(), "to": (old + HOUR).isoformat(), "timezone": "UTC"}
    for number in range(1, 4):
        time = (old + number * MINUTE).isoformat()
        await site.send({"time": time, "page": "/", "visitor_id": f"v{number}"})
        for _ in range(2):
            answer = await compare(site, "timeseries", {**span, "interval": "hour"})
            (row,) = answer["rows"]
            assert (row["visits"], row["pageviews"], row["bounce_rate"]) == (number, number, 1)
            await site.refresh()


async def test_visit_that_moves_to_earlier_bucket_leaves_later_one(site):
    old = on_the_hour(utc_now()) - 30 * HOUR
    span = {"from": (old - HOUR).isoformat(), "to": (old + HOUR).isoformat(), "timezone": "UTC"}
    await site.send({"time": (old + MINUTE).isoformat(), "page": "/b", "visitor_id": "v"})
    await site.refresh()
    await site.send({"time": (old - MINUTE).isoformat(), "page": "/a", "visitor_id": "v"})
    for _ in range(2):
        answer = await compare(site, "timeseries", {**span, "interval": "hour"})
        assert [row["visits"] for row in answer["rows"]] == [1, 0]
        assert [row["pageviews"] for row in answer["rows"]] == [1, 1]
        await site.refresh()


async def test_merged_visits_leave_their_former_buckets(site):
    old = on_the_hour(utc_now()) - 30 * HOUR
    span = {"from": (old - HOUR).isoformat(), "to": (old + HOUR).isoformat(), "timezone": "UTC"}
    for minutes in (-20, 20):
        time = (old + minutes * MINUTE).isoformat()
        await site.send({"time": time, "page": "/", "visitor_id": "v", "utm_source": "alpha"})
    await site.refresh()
    await site.send({"time": old.isoformat(), "page": "/", "visitor_id": "v"})
    for _ in range(2):
        answer = await compare(site, "timeseries", {**span, "interval": "hour"})
        assert [row["visits"] for row in answer["rows"]] == [1, 0]
        await compare(site, "traffic-sources", {**span, "dimension": "source"})
        await site.refresh()


# ------------------------------------------------------------------------------- concurrency


class Race:
    """Writers at work where a refresher moves the watermark along."""

    def __init__(self, sites: list[TestSite], start: datetime, hours: int) -> None:
        self.sites = sites
        self.frontier = start
        self.end = start + hours * HOUR
        self.over = False

    async def write(self, seed: int) -> int:
        """Sends small batches to hours around the watermark; how many events."""
        rng = Random(seed)
        sent = 0
        while not self.over:
            times = [self.frontier + rng.randint(-100, 130) * MINUTE for _ in range(4)]
            report = await rng.choice(self.sites).send(*(happening(rng, t) for t in times))
            assert report["rejected"] == []
            sent += report["accepted"]
            await asyncio.sleep(rng.random() / 100)
        return sent

    async def refresh(self, database: Any) -> None:
        """Refreshes while the clock runs an hour in every round."""
        async with await database.connect() as connection:
            while self.frontier < self.end:
                now = self.frontier + HOUR
                await refresh_rollups(connection, database.engine, ROLLUPS, now)
                self.frontier += HOUR
        self.over = True

    async def refresh_besides(self, database: Any) -> None:
        """A second refresher, such as a cron that does not know of the service's own."""
        async with await database.connect() as connection:
            while not self.over:
                await refresh_rollups(connection, database.engine, ROLLUPS, self.frontier)
                await asyncio.sleep(0.01)


async def set_watermarks_back(database: Any, time: datetime) -> None:
    """As if no refresh had been made since then."""
    async with await database.connect() as connection, connection.transaction():
        await connection.execute(
            f"update rollup_state set watermark = date_bin(width, %s, {ORIGIN})", [time]
        )


@pytest.mark.slow
async def test_concurrent_writers_and_refreshers_lose_nothing(client, admin, database):
    sites = [await fresh_site(client, admin, database) for _ in range(2)]
    hours = 12
    midnight = on_the_hour(utc_now()).replace(hour=0) - DAY
    start = midnight - 6 * HOUR  # so that the watermarks of days move, too
    await sites[0].refresh()
    await set_watermarks_back(database, start)
    race = Race(sites, start, hours)
    async with asyncio.TaskGroup() as together:
        writers = [together.create_task(race.write(seed)) for seed in range(4)]
        together.create_task(race.refresh(database))
        together.create_task(race.refresh_besides(database))
    sent = [writer.result() for writer in writers]
    for refreshed in (False, True):
        if refreshed:
            await settle(sites[0])
        found = [await compare_buckets(site, start - 3 * HOUR, hours + 8) for site in sites]
        assert sum(found) == sum(sent)


SLOW_COMMIT = """
create function sleep_a_little() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.4); return null; end $$;
create constraint trigger slow_commit after insert on visitor
    deferrable initially deferred for each row execute function sleep_a_little();
"""


@asynccontextmanager
async def slow_commits(database: Any) -> AsyncIterator[None]:
    """While it lasts, whoever stores a new visitor takes a moment between writing and COMMIT."""
    async with await database.connect() as connection:
        await connection.execute(SLOW_COMMIT)
        try:
            yield
        finally:
            await connection.execute("drop function sleep_a_little cascade")


async def test_writer_that_commits_while_watermark_passes_is_counted(site):
    database = site.database
    old = on_the_hour(utc_now()) - 30 * HOUR
    body = happening(Random(1), old + MINUTE)
    await site.refresh()
    await set_watermarks_back(database, old - DAY)
    async with slow_commits(database), await database.connect() as connection:
        writing = asyncio.create_task(site.send(body))
        await asyncio.sleep(0.2)
        await refresh_rollups(connection, database.engine, ROLLUPS, utc_now())
        await writing
    await compare_buckets(site, old - HOUR, 3)
    await settle(site)
    await compare_buckets(site, old - HOUR, 3)


async def test_event_stored_while_its_bucket_is_recomputed_is_counted(site, monkeypatch):
    old = on_the_hour(utc_now()) - 30 * HOUR
    await site.refresh()
    await site.send(happening(Random(1), old + MINUTE))
    late = [happening(Random(2), old + 2 * MINUTE)]
    remove_marks = refresh_module.remove_marks

    async def written_in_between(*how: Any) -> None:
        if late:
            await site.send(late.pop())
        await remove_marks(*how)

    monkeypatch.setattr(refresh_module, "remove_marks", written_in_between)
    await settle(site)
    assert late == []
    assert await compare_buckets(site, old - HOUR, 3) == 2


async def compare_buckets(site: TestSite, start: datetime, hours: int) -> int:
    """Compares everything about some hours, bucket by bucket; how many events they hold."""
    span = {
        "from": start.isoformat(),
        "to": (start + hours * HOUR).isoformat(),
        "timezone": "UTC",
    }
    for interval in ("hour", "day"):
        await compare(site, "timeseries", {**span, "interval": interval})
    await compare(site, "pages", {**span, "limit": 1000})
    for dimension in ("source", "campaign"):
        await compare(site, "traffic-sources", {**span, "limit": 1000, "dimension": dimension})
    return await events_of(site)


async def events_of(site: TestSite) -> int:
    """How many events of a site are stored."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select count(*) from event join site on site.id = site_id where key = %s", [site.key]
        )
        ((events,),) = await cursor.fetchall()
        return events
