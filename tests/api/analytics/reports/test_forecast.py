"""The forecast report: refusals, whole answers against the oracle, what is not learnt from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.sites.models import utc_now
from conftest import TestSite
from oracle.forecasts import Asked, forecast
from oracle.histories import DAY, HOUR
from oracle.periods import Range, bucket_of, buckets, next_bucket
from oracle.reports import timeseries
from oracle.site import Site
from oracle.telling import ask, check, event, fresh_site, tell

BERLIN = "Europe/Berlin"
ZONE = ZoneInfo(BERLIN)
BEGIN = datetime(2025, 3, 10, tzinfo=ZONE)
"""Twenty days before clocks go forward."""


def days_on(number: int) -> datetime:
    """Midnight so many local days later."""
    return (BEGIN + number * DAY).astimezone(UTC)


def crowd(starts: Sequence[datetime], counts: Sequence[int], **more: Any) -> list[Any]:
    """So many visits in the hour after each of these moments, each by somebody else."""
    return [
        event(start + n * timedelta(minutes=1), visitor=f"guest {place}-{n}", **more)
        for place, (start, count) in enumerate(zip(starts, counts, strict=True))
        for n in range(count)
    ]


async def berlin(client: Any, admin: Any, database: Any) -> TestSite:
    """A site in Berlin on which nothing has happened."""
    return await fresh_site(client, admin, database, BERLIN)


def weekly(rng: Random, number: int) -> int:
    """The visits of a day: fewer at weekends, and more as time goes by."""
    return rng.randrange(2, 6) + (0 if (BEGIN + number * DAY).weekday() > 4 else 5) + number // 14


async def refusal(site: TestSite, **asked: Any) -> list[dict[str, Any]]:
    """What is wrong with a question."""
    path = "/api/analytics/forecast"
    answer = await site.client.get(path, params={"site": site.key, **asked}, headers=site.admin)
    assert answer.status_code == 422, answer.text
    return answer.json()["problems"]


async def test_too_little_history_is_refused_with_what_is_needed(
    client: Any, admin: Any, database: Any
) -> None:
    site = await berlin(client, admin, database)
    (problem,) = await refusal(site)
    assert "a forecast of 7 days needs 28 whole days of visits" in problem["problem"]
    assert "has 0" in problem["problem"]
    starts = [days_on(n) + 12 * HOUR for n in range(27)]
    await tell(site, [crowd(starts, [1] * 27)])
    span = {"from": days_on(0).isoformat(), "to": days_on(27).isoformat()}
    refused = (await refusal(site, **span))[0]["problem"]
    assert refused.endswith("the range has 27; the day that is not over yet does not count")
    await site.ask("forecast", **span, horizon=6)
    hours = await refusal(site, interval="hour", horizon=48, hours=5)
    assert "needs 120 whole hours" in hours[0]["problem"]


async def test_unknown_values_are_refused_with_all_problems(site: TestSite) -> None:
    asked = {"metric": "luck", "interval": "week", "horizon": 169, "coverage": 1, "limit": 1}
    problems = {problem["where"]: problem for problem in await refusal(site, **asked)}
    assert problems.keys() == asked.keys()
    assert problems["metric"]["allowed"] == ["visits", "visitors", "pageviews", "custom_events"]
    assert problems["interval"]["allowed"] == ["hour", "day"]


async def check_forecast(
    site: TestSite, told: Site, span: Range, season: int, **how: Any
) -> dict[str, Any]:
    """The answer, after it was compared with the oracle's. The range has whole buckets."""
    interval, metric = how.get("interval", "day"), how.get("metric", "visits")
    answer = await ask(site, "forecast", span, **how)
    series = timeseries(told, span, interval, BERLIN)
    begins = next(place for place, row in enumerate(series) if row[metric])
    known = series[begins:]
    coming = next_starts(span.upper, interval, how["horizon"])
    places = [place_of(start, season) for start in [*(row["time"] for row in known), *coming]]
    values = [row[metric] for row in known]
    rows, summary = forecast(Asked(values, places, season, how.get("coverage", 0.8)))
    timed = [{"time": time, **row} for time, row in zip(coming, rows, strict=True)]
    check(answer["rows"], timed)
    edges = {"history_from": known[0]["time"], "history_to": span.upper}
    check(answer["totals"], summary | edges)
    return answer


def next_starts(start: datetime, interval: str, number: int) -> list[datetime]:
    """The starts of so many buckets from one on."""
    if interval == "hour":
        return [start + n * HOUR for n in range(number)]
    starts = [start]
    while len(starts) < number:
        starts.append(next_bucket(starts[-1], interval, ZONE))
    return starts


def place_of(start: datetime, season: int) -> int:
    """The weekday, or the hour of the day or week, of Berlin."""
    local = start.astimezone(ZONE)
    return {7: local.weekday(), 24: local.hour, 168: local.weekday() * 24 + local.hour}[season]


@pytest.mark.parametrize("refreshing", [False, True])
async def test_forecast_of_days_is_what_oracle_computes(
    client: Any, admin: Any, database: Any, refreshing: bool
) -> None:
    site, rng = await berlin(client, admin, database), Random(3)
    counts = [0, 0, *(weekly(rng, n) for n in range(2, 45))]
    crowds = crowd([days_on(n) + 9 * HOUR for n in range(45)], counts)
    told = await tell(site, [crowds])
    if refreshing:
        await site.refresh()
    span = Range(days_on(0), days_on(45))
    answer = await check_forecast(site, told, span, 7, horizon=7)
    assert answer["totals"]["history_buckets"] == 43
    assert ("rollup:" in answer["engine"]) is True
    await check_forecast(site, told, span, 7, horizon=10, coverage=0.95, metric="pageviews")


async def test_forecast_of_hours_has_a_season_of_days_until_three_weeks_are_known(
    client: Any, admin: Any, database: Any
) -> None:
    site, rng = await berlin(client, admin, database), Random(4)
    begin = days_on(17)
    starts = buckets(Range(begin, begin + 110 * HOUR), "hour", ZONE)
    counts = [1 + rng.randrange(3) + 3 * (8 < start.astimezone(ZONE).hour < 20) for start in starts]
    told = await tell(site, [crowd(starts, counts)])
    span = Range(begin, begin + 110 * HOUR)
    await check_forecast(site, told, span, 24, horizon=6, interval="hour")


async def test_running_day_is_not_learnt_from(client: Any, admin: Any, database: Any) -> None:
    site, now = await berlin(client, admin, database), utc_now()
    today = bucket_of(now, "day", ZONE)
    local = today.astimezone(ZONE)
    starts = [local - n * DAY + 12 * HOUR for n in range(1, 31)]
    await tell(site, [crowd(starts, [4] * 30), crowd([today], [1])])
    answer = await site.ask("forecast", horizon=3)
    rows, totals = answer["rows"], answer["totals"]
    assert datetime.fromisoformat(totals["history_to"]) == today
    assert datetime.fromisoformat(rows[0]["time"]) == today
    assert [row["expected"] for row in rows] == pytest.approx([4, 4, 4])
    assert totals["history_buckets"] == 30
    later = {"from": (local - 30 * DAY).isoformat(), "to": (now + 9 * DAY).isoformat()}
    assert (await site.ask("forecast", horizon=3, **later))["rows"] == rows


async def test_days_that_the_range_cuts_are_not_learnt_from(
    client: Any, admin: Any, database: Any
) -> None:
    site = await berlin(client, admin, database)
    await tell(site, [crowd([days_on(n) + 12 * HOUR for n in range(40)], [3] * 40)])
    span = Range(days_on(0) + 13 * HOUR, days_on(39) + 6 * HOUR)
    answer = await ask(site, "forecast", span, horizon=2)
    totals = answer["totals"]
    assert datetime.fromisoformat(totals["history_from"]) == days_on(1)
    assert datetime.fromisoformat(totals["history_to"]) == days_on(39)
    assert [row["expected"] for row in answer["rows"]] == pytest.approx([3, 3])


async def test_forecast_is_of_filtered_visits(client: Any, admin: Any, database: Any) -> None:
    site = await berlin(client, admin, database)
    starts = [days_on(n) + 12 * HOUR for n in range(30)]
    await tell(site, [crowd(starts, [2] * 30, source="alpha")])
    await tell(site, [crowd([s + HOUR for s in starts], [5] * 30, source="beta")])
    span = Range(days_on(0), days_on(30))
    filters = '[["is","source",["beta"]]]'
    rows = (await ask(site, "forecast", span, horizon=1, filters=filters))["rows"]
    assert [row["expected"] for row in rows] == pytest.approx([5])


async def test_forecast_as_csv_has_its_rows(client: Any, admin: Any, database: Any) -> None:
    site = await berlin(client, admin, database)
    await tell(site, [crowd([days_on(n) + 12 * HOUR for n in range(30)], [4] * 30)])
    asked = {"site": site.key, "from": "2025-03-10", "to": "2025-04-08", "format": "csv"}
    answer = await site.client.get("/api/analytics/forecast", params=asked, headers=site.admin)
    lines = answer.text.splitlines()
    assert lines[0] == '"time","expected","lower","upper"'
    assert lines[1] == "2025-04-08T22:00:00.000000Z,4.0,4.0,4.0"
    assert len(lines) == 8
