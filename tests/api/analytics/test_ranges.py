"""What a caller's words about time mean, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.analytics.models import RetentionParams
from api.analytics.query import Params, range_of
from api.analytics.reports import first_cohort
from conftest import TestSite

NOW = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)


def asked(**params: Any) -> tuple[datetime, datetime]:
    """The range of these parameters at NOW in Berlin, on the day its clocks went forward."""
    return range_of(Params.model_validate(params), "Europe/Berlin", NOW)


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
        ({"from": "yesterday"}, "neither an ISO date"),
        ({"from": "0001-01-01", "interval": "hour"}, "too fine"),
        ({"days": 3, "interval": "minute"}, "too fine"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"timezone": "../etc/passwd"}, "IANA"),
        ({"limit": 0}, "limit"),
        ({"limit": 10**9}, "limit"),
        ({"offset": -1}, "offset"),
        ({"interval": "fortnight"}, "interval"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_shape(
    site: TestSite, params: dict[str, Any], problem: str
) -> None:
    answer = await site.client.get("/api/analytics/timeseries", params={"site": site.key, **params})
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_all_problems_are_told_at_once(site: TestSite) -> None:
    answer = await site.client.get("/api/analytics/pages?hours=x&limit=0&what=1")
    where = {problem["where"] for problem in answer.json()["problems"]}
    assert where == {"hours", "limit", "what"}
    assert "timezone" in answer.json()["allowed"]


def test_hours_end_now() -> None:
    assert asked(hours=24) == (NOW - timedelta(hours=24), NOW)


def test_nothing_said_is_the_last_24_hours() -> None:
    assert asked() == asked(hours=24)


def test_days_are_local_and_include_today() -> None:
    assert asked(days=1) == (berlin("2026-03-29T00:00"), NOW)
    assert asked(days=2) == (berlin("2026-03-28T00:00"), NOW)


def test_a_day_as_an_end_is_included() -> None:
    lower, upper = asked(**{"from": "2026-03-29", "to": "2026-03-29"})
    assert (lower, upper) == (berlin("2026-03-29T00:00"), berlin("2026-03-30T00:00"))
    assert upper - lower == timedelta(hours=23)


def test_an_instant_as_an_end_is_excluded() -> None:
    span = {"from": "2026-03-29T01:00:00Z", "to": "2026-03-29T02:00:00Z"}
    assert asked(**span) == (NOW.replace(hour=1, minute=0), NOW.replace(hour=2, minute=0))


def test_a_time_without_zone_is_local() -> None:
    lower, _ = asked(**{"from": "2026-03-28T06:00:00"})
    assert lower == berlin("2026-03-28T06:00")


@pytest.mark.parametrize(
    ("params", "start"),
    [
        ({"period": "day", "periods": 1}, date(2026, 3, 29)),
        ({"period": "day", "periods": 3}, date(2026, 3, 27)),
        ({"period": "week", "periods": 1}, date(2026, 3, 23)),
        ({"period": "week", "periods": 2, "week_start": "sunday"}, date(2026, 3, 22)),
        ({"period": "month", "periods": 1}, date(2026, 3, 1)),
        ({"period": "month", "periods": 5}, date(2025, 11, 1)),
    ],
)
def test_retention_starts_with_a_whole_period(params: dict[str, Any], start: date) -> None:
    lower = first_cohort(RetentionParams.model_validate(params), "Europe/Berlin", NOW)
    assert lower == berlin(f"{start}T00:00")
