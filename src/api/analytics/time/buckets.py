"""The buckets of a series: local minutes, hours, days, weeks and months, also where clocks change.

A local hour begins where the local clock shows a full hour, or jumps into another one; a day begins
with its first instant, which need not be midnight and may come twice. So a day may have 23 or 25
hours and an hour 90 minutes, and no instant is in two buckets.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Interval(StrEnum):
    """The width of a bucket of a series."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def bucket_starts(
    lower: datetime, upper: datetime, interval: Interval, zone: ZoneInfo
) -> list[datetime]:
    """The starts of all buckets that have an instant in [lower, upper), in UTC and in order."""
    starts = starts_from(lower, interval, zone)
    found = [next(starts)]
    for start in starts:
        if start >= upper:
            break
        if start <= lower:
            found.clear()
        found.append(start)
    return found


def periods_over(
    starts: Sequence[datetime], interval: Interval, zone: ZoneInfo, now: datetime
) -> int:
    """How many of the buckets that begin at these starts are over."""
    return sum(end <= now for end in ends_of(starts, interval, zone))


def ends_of(starts: Sequence[datetime], interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """The ends of consecutive buckets that begin at these starts."""
    last = starts[-1]
    following = (start for start in starts_from(last, interval, zone) if start > last)
    return [*starts[1:], next(following)]


def starts_from(lower: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """Bucket starts without end; the first is that of the bucket of `lower`, or an earlier one."""
    if interval is Interval.MINUTE:
        return minutes_from(lower.astimezone(UTC).replace(second=0, microsecond=0))
    if interval is Interval.HOUR:
        return hours_from(lower.astimezone(UTC) - 3 * HOUR, zone)
    return days_from(first_day(lower.astimezone(zone).date(), interval), interval, zone)


def minutes_from(start: datetime) -> Iterator[datetime]:
    while True:
        yield start
        start += MINUTE


def hours_from(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    while True:
        moment = next_hour(moment, zone)
        yield moment


def next_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    full = (
        moment
        + HOUR
        - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    )
    if full.astimezone(zone).utcoffset() == local.utcoffset():
        return full
    change = clock_change(moment, full, zone)
    after = change.astimezone(zone)
    begins = after.minute == 0 or (after.date(), after.hour) != (local.date(), local.hour)
    return change if begins else next_hour(change, zone)


def clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between these two from which the clocks show another offset."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def days_from(day: date, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """The first instants of days, weeks or months, without end, except days that the zone
    skipped."""
    start = None
    while True:
        if (following := midnight(day, zone)) != start:
            yield following
        start, day = following, next_day(day, interval)


def first_day(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if interval is Interval.WEEK else day


def next_day(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + (DAY if interval is Interval.DAY else 7 * DAY)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
