"""`date_range`: names and pairs, in the time zone of the site."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.analytics.plausible.ranges import asked_range, automatic_interval
from api.analytics.time.ranges import Clock
from api.errors import Invalid

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 12, 34, 56, 789, tzinfo=UTC)
"""A Sunday on which the clocks of Berlin go forward."""

CLOCK = Clock(NOW, BERLIN, since=datetime(2025, 1, 15, 8, tzinfo=UTC))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("date_range", "lower", "upper"),
    [
        ("day", "2026-03-29", CLOCK.end),
        ("7d", "2026-03-22", "2026-03-29"),
        ("28d", "2026-03-01", "2026-03-29"),
        ("30d", "2026-02-27", "2026-03-29"),
        ("91d", "2025-12-28", "2026-03-29"),
        ("1d", "2026-03-28", "2026-03-29"),
        ("month", "2026-03-01", CLOCK.end),
        ("6mo", "2025-09-01", "2026-03-01"),
        ("12mo", "2025-03-01", "2026-03-01"),
        ("1mo", "2026-02-01", "2026-03-01"),
        ("year", "2026-01-01", CLOCK.end),
        (("2026-03-28", "2026-03-29"), "2026-03-28", "2026-03-30"),
        (("2026-03-28T10:00", "2026-03-28T11:00:00"), "2026-03-28T10:00", "2026-03-28T11:00"),
        (("2026-03-28 10:00:00", "2026-03-28 10:59:59"), "2026-03-28T10:00", "2026-03-28T11:00"),
        (("2026-03-28", "2026-03-29T23:59:59"), "2026-03-28", "2026-03-30"),
    ],
)
def test_range_is_in_days_of_site(
    date_range: str | tuple[str, str], lower: str, upper: str | datetime
) -> None:
    end = local(upper) if isinstance(upper, str) else upper
    assert asked_range(date_range, CLOCK) == (local(lower), end)


def test_range_of_hours_and_of_everything_ends_now() -> None:
    assert asked_range("24h", CLOCK) == (CLOCK.end - timedelta(hours=24), CLOCK.end)
    assert asked_range("6h", CLOCK) == (CLOCK.end - timedelta(hours=6), CLOCK.end)
    assert asked_range("all", CLOCK) == (CLOCK.since, CLOCK.end)


def test_range_in_other_offset_is_same_instants() -> None:
    pair = ("2026-01-01T12:00:00+02:00", "2026-01-01T15:59:59+02:00")
    hours = datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 14, tzinfo=UTC)
    assert asked_range(pair, CLOCK) == hours


@pytest.mark.parametrize(
    "date_range",
    [
        *("", "0d", "07d", "7", "d", "7days", "9999mo", "99999d", "realtime", "30m", "yesterday"),
        ("2026-03-29", "2026-03-28"),
        ("2026-03-29", "today"),
        ("0001-01-01", "9999-12-31"),
    ],
)
def test_unclear_range_is_refused(date_range: str | tuple[str, str]) -> None:
    with pytest.raises(Invalid, match="date_range"):
        asked_range(date_range, CLOCK)


@pytest.mark.parametrize(
    ("hours", "interval"),
    [(1, "hour"), (48, "hour"), (49, "day"), (960, "day"), (961, "week"), (8737, "month")],
)
def test_time_alone_has_buckets_that_suit_the_range(hours: int, interval: str) -> None:
    assert automatic_interval((NOW, NOW + timedelta(hours=hours))) == interval
