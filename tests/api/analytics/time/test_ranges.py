"""What a caller's words about time mean, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis.strategies import dates, integers

from api.analytics.query import RankedParams
from api.analytics.reports.retention import RetentionParams, first_cohort
from api.analytics.time.ranges import Clock, compared_range, range_of
from conftest import TestSite
from refusals import allowed_in

NOW = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
CLOCK = Clock(NOW, ZoneInfo("Europe/Berlin"), since=datetime(2024, 5, 6, 7, 8, tzinfo=UTC))


def asked(**params: Any) -> tuple[datetime, datetime]:
    """The range of these parameters at NOW in Berlin, on the day its clocks went forward."""
    return range_of(RankedParams.model_validate(params), CLOCK)


def berlin(text: str) -> datetime:
    """A local time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 1, "days": 1}, "give one of"),
        ({"to": "2026-03-01"}, "to needs a from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "ends before it starts"),
        ({"from": "yesterday"}, "none of these"),
        ({"from": "now+1d"}, "none of these"),
        ({"from": "now", "days": 1}, "give one of"),
        ({"from": "now-1y"}, "none of these"),
        ({"from": "now-999999999w"}, "none of these"),
        ({"from": "99999999999999999"}, "none of these"),
        ({"from": "2001-01-01", "interval": "hour"}, "too fine"),
        ({"from": "0001-01-01"}, "between 1970 and 2200"),
        ({"days": 3, "interval": "minute"}, "too fine"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"timezone": "../etc/passwd"}, "IANA"),
        ({"limit": 10}, "limit"),
        ({"offset": 0}, "offset"),
        ({"order": "visits"}, "order"),
        ({"interval": "fortnight"}, "interval"),
        ({"nonsense": 1}, "nonsense"),
        ({"period": "fortnight"}, "period"),
        ({"period": "7d", "days": 7}, "give one of"),
        ({"compare": "custom"}, "compare_from"),
        ({"compare": "previous", "compare_from": "2026-01-01"}, "compare_from"),
        ({"compare": "always"}, "compare"),
        ({"compare": "year", "compare_filters": "[]"}, "compare_filters needs"),
        ({"compare": "segment", "compare_filters": "["}, "not JSON"),
        ({"compare": "segment", "compare_filters": '[["is", "colour", ["red"]]]'}, "dimension"),
    ],
)
async def test_invalid_range_is_refused(
    site: TestSite, params: dict[str, Any], problem: str
) -> None:
    answer = await site.client.get("/api/analytics/timeseries", params={"site": site.key, **params})
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_all_problems_are_reported_at_once(site: TestSite) -> None:
    answer = await site.client.get("/api/analytics/pages?hours=x&limit=0&what=1")
    where = {problem["where"] for problem in answer.json()["problems"]}
    assert where == {"hours", "limit", "what"}
    assert "timezone" in allowed_in(answer)


def test_range_of_hours_ends_now() -> None:
    assert asked(hours=24) == (NOW - timedelta(hours=24), NOW)


def test_default_range_is_last_24_hours() -> None:
    assert asked() == asked(hours=24)


def test_range_of_days_is_local_and_includes_today() -> None:
    assert asked(days=1) == (berlin("2026-03-29T00:00"), NOW)
    assert asked(days=2) == (berlin("2026-03-28T00:00"), NOW)


def test_date_as_end_is_included() -> None:
    lower, upper = asked(**{"from": "2026-03-29", "to": "2026-03-29"})
    assert (lower, upper) == (berlin("2026-03-29T00:00"), berlin("2026-03-30T00:00"))
    assert upper - lower == timedelta(hours=23)


def test_instant_as_end_is_excluded() -> None:
    span = {"from": "2026-03-29T01:00:00Z", "to": "2026-03-29T02:00:00Z"}
    assert asked(**span) == (NOW.replace(hour=1, minute=0), NOW.replace(hour=2, minute=0))


def test_time_without_zone_is_local() -> None:
    lower, _ = asked(**{"from": "2026-03-28T06:00:00"})
    assert lower == berlin("2026-03-28T06:00")


@pytest.mark.parametrize(
    ("period", "lower", "upper"),
    [
        ("today", "2026-03-29T00:00", None),
        ("yesterday", "2026-03-28T00:00", "2026-03-29T00:00"),
        ("7d", "2026-03-23T00:00", None),
        ("30d", "2026-02-28T00:00", None),
        ("6mo", "2025-10-01T00:00", None),
        ("12mo", "2025-04-01T00:00", None),
        ("lastmonth", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("mtd", "2026-03-01T00:00", None),
        ("ytd", "2026-01-01T00:00", None),
    ],
)
def test_periods_are_local_days(period: str, lower: str, upper: str | None) -> None:
    assert asked(period=period) == (berlin(lower), berlin(upper) if upper else NOW)


def test_period_all_starts_with_first_visit() -> None:
    assert asked(period="all") == (CLOCK.since, NOW)


@pytest.mark.parametrize(
    ("params", "lower", "upper"),
    [
        ({"hours": 24}, "2026-03-27T13:30", "2026-03-28T13:30"),
        ({"days": 1}, "2026-03-28T00:00", "2026-03-28T14:30"),
        ({"days": 2}, "2026-03-26T00:00", "2026-03-27T14:30"),
        ({"period": "yesterday"}, "2026-03-27T00:00", "2026-03-28T00:00"),
        ({"from": "2026-03-29", "to": "2026-03-29"}, "2026-03-28T00:00", "2026-03-29T00:00"),
        ({"from": "2026-03-30", "to": "2026-04-05"}, "2026-03-23T00:00", "2026-03-30T00:00"),
    ],
)
def test_previous_range_has_as_many_local_days(
    params: dict[str, Any], lower: str, upper: str
) -> None:
    given = RankedParams.model_validate({"compare": "previous", **params})
    assert compared_range(given, range_of(given, CLOCK), CLOCK) == (berlin(lower), berlin(upper))


@pytest.mark.parametrize(
    ("params", "lower", "upper"),
    [
        ({"hours": 24}, "2026-03-21T13:30", "2026-03-22T14:30"),
        ({"days": 1}, "2026-03-22T00:00", "2026-03-22T14:30"),
        ({"days": 7}, "2026-03-16T00:00", "2026-03-22T14:30"),
        ({"days": 8}, "2026-03-08T00:00", "2026-03-15T14:30"),
        ({"days": 30}, "2026-01-24T00:00", "2026-02-22T14:30"),
        ({"from": "2026-03-23", "to": "2026-03-29"}, "2026-03-16T00:00", "2026-03-23T00:00"),
        ({"period": "lastmonth"}, "2026-01-04T00:00", "2026-02-01T00:00"),
    ],
)
def test_previous_weekdays_are_the_last_equal_ones_before_the_range(
    params: dict[str, Any], lower: str, upper: str
) -> None:
    given = RankedParams.model_validate({"compare": "previous_weekdays", **params})
    assert compared_range(given, range_of(given, CLOCK), CLOCK) == (berlin(lower), berlin(upper))


@given(start=dates(date(2001, 1, 1), date(2199, 1, 1)), number=integers(1, 400))
def test_compared_weekdays_match_day_by_day(start: date, number: int) -> None:
    end = start + timedelta(days=number - 1)
    for compare in ("previous_weekdays", "year_weekdays"):
        params = {"from": start, "to": end, "compare": compare}
        given = RankedParams.model_validate(params)
        then = compared_range(given, range_of(given, CLOCK), CLOCK)
        assert then is not None
        first, last = (moment.astimezone(CLOCK.zone).date() for moment in then)
        assert (last - first).days == number
        assert first.weekday() == start.weekday()
        if compare == "year_weekdays":
            assert abs(first - year_before(start)) <= timedelta(days=3)
        else:
            assert start - timedelta(days=6) <= last <= start


def year_before(day: date) -> date:
    """The same date a year before; February 29 becomes February 28."""
    is_leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap else day.day)


def test_range_of_year_ago_has_same_dates_and_clock_times() -> None:
    given = RankedParams.model_validate(
        {"compare": "year", "from": "2024-02-29", "to": "2024-03-31"}
    )
    compared = compared_range(given, range_of(given, CLOCK), CLOCK)
    assert compared == (berlin("2023-02-28T00:00"), berlin("2023-04-01T00:00"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-28", berlin("2026-03-28T00:00")),
        ("1774656000", datetime(2026, 3, 28, tzinfo=UTC)),
        ("1774656000250", datetime(2026, 3, 28, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("20260328", berlin("2026-03-28T00:00")),
        ("now-90m", NOW - timedelta(minutes=90)),
        ("now-7d", NOW - timedelta(days=7)),
        ("now-2w", NOW - timedelta(days=14)),
    ],
)
def test_end_of_range_is_day_instant_number_or_time_before_now(
    text: str, expected: datetime
) -> None:
    assert asked(**{"from": text}) == (expected, NOW)


def test_range_up_to_now_ends_with_current_minute() -> None:
    clock = Clock(NOW + timedelta(seconds=7), CLOCK.zone, CLOCK.since)
    end = NOW + timedelta(minutes=1)
    for params in ({"hours": 1}, {"from": "now-1h"}, {"from": "now-1h", "to": "now"}):
        found = range_of(RankedParams.model_validate(params), clock)
        assert found == (end - timedelta(hours=1), end)


async def test_period_all_covers_everything_imported(site: TestSite) -> None:
    await site.send({"page": "/old", "visitor_id": 1, "time": "2012-01-02T03:04:05Z"})
    answer = await site.ask("pages", period="all")
    assert answer["totals"]["pageviews"] == 1
    assert answer["query"]["from"] == "2012-01-02T03:04:05.000000Z"


@pytest.mark.parametrize(
    ("params", "start"),
    [
        ({"interval": "day", "periods": 1}, date(2026, 3, 29)),
        ({"interval": "day", "periods": 3}, date(2026, 3, 27)),
        ({"interval": "week", "periods": 1}, date(2026, 3, 23)),
        ({"interval": "week", "periods": 2, "week_start": "sunday"}, date(2026, 3, 22)),
        ({"interval": "month", "periods": 1}, date(2026, 3, 1)),
        ({"interval": "month", "periods": 5}, date(2025, 11, 1)),
    ],
)
def test_retention_starts_with_whole_period(params: dict[str, Any], start: date) -> None:
    lower = first_cohort(RetentionParams.model_validate(params), CLOCK)
    assert lower == berlin(f"{start}T00:00")
