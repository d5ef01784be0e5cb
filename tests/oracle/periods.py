"""Local time: the days, weeks and months of a time zone, and the buckets of a range.

Everything is found by walking: the clocks of a zone do as they like.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

GREENWICH = ZoneInfo("UTC")

STRIDES = {"minute": timedelta(minutes=1), "hour": timedelta(minutes=15)}
"""Shorter than any bucket of that width; a day has more than six hours whatever the clocks do."""


@dataclass(frozen=True)
class Range:
    """The instants of [lower, upper)."""

    lower: datetime
    upper: datetime

    def has(self, time: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.lower <= time < self.upper


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def first_day(day: date, period: str, week_start: str = "monday") -> date:
    """The first day of the day, week or month in which a day lies."""
    if period == "month":
        return day.replace(day=1)
    first_weekday = {"monday": 0, "sunday": 6}[week_start]
    while period == "week" and day.weekday() != first_weekday:
        day -= timedelta(days=1)
    return day


def bucket_of(time: datetime, interval: str, zone: ZoneInfo) -> datetime:
    """The start of the local minute, hour, day, week or month in which an instant lies.

    An hour begins where the clock shows a full hour or jumps into another one: walk back to it.
    """
    local = time.astimezone(zone)
    if interval in ("day", "week", "month"):
        return midnight(first_day(local.date(), interval), zone)
    start = time - timedelta(seconds=local.second, microseconds=local.microsecond)
    while interval == "hour" and not begins_an_hour(start, zone):
        start -= timedelta(minutes=1)
    return start


def begins_an_hour(time: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock on the wall shows a full hour, or another hour than a minute ago."""
    now, before = time.astimezone(zone), (time - timedelta(minutes=1)).astimezone(zone)
    return now.minute == 0 or (now.date(), now.hour) != (before.date(), before.hour)


def buckets(span: Range, interval: str, zone: ZoneInfo) -> list[datetime]:
    """Every bucket that has an instant in the range, found by looking everywhere."""
    stride = STRIDES.get(interval, timedelta(hours=6))
    found = {bucket_of(span.upper - timedelta(microseconds=1), interval, zone)}
    time = span.lower
    while time < span.upper:
        found.add(bucket_of(time, interval, zone))
        time += stride
    return sorted(found)


def next_period(day: date, period: str) -> date:
    """The first day of the period after the one that starts on this day."""
    if period == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days={"day": 1, "week": 7}[period])


def next_bucket(start: datetime, interval: str, zone: ZoneInfo) -> datetime:
    """The start of the local day, week or month after the one that starts here."""
    return midnight(next_period(start.astimezone(zone).date(), interval), zone)
