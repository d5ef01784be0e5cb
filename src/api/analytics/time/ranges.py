"""Ranges, named periods, and the ranges that they are compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.analytics.query import Compare, Compared, RangeParams
from api.analytics.time.buckets import DAY, MINUTE, Interval, bucket_starts, midnight
from api.errors import invalid

DEFAULT_HOURS = 24

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The present time, the time zone of a query, and where `period=all` begins."""

    now: datetime
    zone: ZoneInfo
    since: datetime

    @property
    def end(self) -> datetime:
        """Where a range ends that goes up to now: with the current minute, so that equal questions
        within a minute are the same question."""
        return self.now + (EARLIEST - self.now) % MINUTE

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


Range = tuple[datetime, datetime]
"""[lower, upper), in UTC."""

Days = Callable[[date], tuple[date, date]]


def last_days(number: int) -> Days:
    return lambda today: (today - (number - 1) * DAY, today)


def months_back(today: date, number: int) -> date:
    """The first day of the month so many months ago."""
    year, month = divmod(today.year * 12 + today.month - 1 - number, 12)
    return date(year, month + 1, 1)


PERIODS: Mapping[str, Days] = {
    "today": last_days(1),
    "yesterday": lambda today: (today - DAY, today - DAY),
    "7d": last_days(7),
    "28d": last_days(28),
    "30d": last_days(30),
    "90d": last_days(90),
    "6mo": lambda today: (months_back(today, 5), today),
    "12mo": lambda today: (months_back(today, 11), today),
    "mtd": lambda today: (today.replace(day=1), today),
    "lastmonth": lambda today: (months_back(today, 1), today.replace(day=1) - DAY),
    "ytd": lambda today: (today.replace(month=1, day=1), today),
}
"""Named periods as first and last local day. `all`, since the first visit, is not one of days."""


USUAL_LONG_DAYS = 365


def a_year_ago(_: object, clock: Clock) -> datetime:
    """The default start of a report about people over a long time: so many days with today."""
    first, _ = last_days(USUAL_LONG_DAYS)(clock.today)
    return midnight(first, clock.zone)


WEEK = timedelta(weeks=1)

WEEKS_OF_YEAR = 52
"""The nearest weekday of a date a year before lies so many weeks before it."""

LONGEST_RANGE = {
    Interval.MINUTE: timedelta(days=2),
    Interval.HOUR: timedelta(days=100),
    Interval.DAY: timedelta(days=366 * 6),
    Interval.WEEK: timedelta(days=366 * 40),
    Interval.MONTH: timedelta(days=366 * 40),
}
"""The longest range for each interval: a series has at most 2,880 buckets."""


def series(asked: Range, interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """The starts of the buckets of a range. Raises Invalid for a range that is too long for
    them."""
    lower, upper = asked
    if upper - lower > LONGEST_RANGE[interval]:
        coarser = [
            name.value for name, longest in LONGEST_RANGE.items() if longest >= upper - lower
        ]
        raise invalid("interval", f"{interval} is too fine for this range", coarser)
    return bucket_starts(lower, upper, interval, zone)


def range_of(params: RangeParams, clock: Clock) -> Range:
    """The range that the parameters stand for. Raises ValueError as `checked` does."""
    if params.from_ is not None:
        lower = instant(params.from_, clock)
        upper = clock.end if params.to is None else instant(params.to, clock, end=True)
    elif params.period == "all":
        lower, upper = clock.since, clock.end
    elif params.period is not None:
        lower, upper = range_of_days(PERIODS[params.period](clock.today), clock)
    elif params.days is not None:
        lower, upper = range_of_days(last_days(params.days)(clock.today), clock)
    else:
        upper = clock.end
        lower = upper - timedelta(hours=params.hours or DEFAULT_HOURS)
    return checked(lower, upper)


def range_of_days(days: tuple[date, date], clock: Clock) -> Range:
    """Whole local days, the last of which ends now if it is not over."""
    first, last = days
    return midnight(first, clock.zone), min(midnight(last + DAY, clock.zone), clock.end)


def checked(lower: datetime, upper: datetime) -> Range:
    """The range itself. Raises ValueError when it is empty, or outside the allowed years."""
    if lower >= upper:
        raise ValueError("the range ends before it starts")
    if lower < EARLIEST or upper > LATEST:
        raise ValueError(f"a range lies between {EARLIEST.year} and {LATEST.year}")
    return lower, upper


def instant(value: date | datetime | timedelta, clock: Clock, end: bool = False) -> datetime:
    """The instant of a range's start or end. A day begins at its first local instant; one that ends
    a range is included. A timedelta is how long before now it is, in whole minutes."""
    if isinstance(value, timedelta):
        return clock.end - value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=clock.zone)).astimezone(UTC)
    return midnight(value + DAY if end else value, clock.zone)


def compared_range(params: RangeParams, asked: Range, clock: Clock) -> Range | None:
    """The range that an answer is compared with; None without a comparison."""
    if not isinstance(params, Compared) or params.compare is None:
        return None
    match params.compare:
        case Compare.SEGMENT:
            return asked
        case Compare.CUSTOM:
            return custom(params, clock)
        case Compare.YEAR:
            lower, upper = (year_earlier(moment, clock.zone) for moment in asked)
        case Compare.YEAR_WEEKDAYS:
            lower, upper = weeks_earlier(asked, WEEKS_OF_YEAR, clock.zone)
        case Compare.PREVIOUS_WEEKDAYS:
            lower, upper = weeks_earlier(asked, weeks_of(asked, clock.zone), clock.zone)
        case Compare.PREVIOUS:
            lower, upper = previous(asked, clock.zone)
    return checked(lower, upper)


def custom(params: Compared, clock: Clock) -> Range:
    """The range to compare with that the parameters name. Raises ValueError as `checked` does."""
    assert params.compare_from is not None
    assert params.compare_to is not None
    lower = instant(params.compare_from, clock)
    return checked(lower, instant(params.compare_to, clock, end=True))


def weeks_of(asked: Range, zone: ZoneInfo) -> int:
    """How many weeks of the local calendar a range needs; one that has begun counts whole."""
    lower, upper = (moment.astimezone(zone).replace(tzinfo=None) for moment in asked)
    return -((lower - upper) // WEEK)


def weeks_earlier(asked: Range, weeks: int, zone: ZoneInfo) -> Range:
    """The range so many weeks before: on the same weekdays, at the same time of the local clock."""
    lower, upper = (moment.astimezone(zone) for moment in asked)
    return days_earlier(lower, weeks * WEEK), days_earlier(upper, weeks * WEEK)


def previous(asked: Range, zone: ZoneInfo) -> Range:
    """The range of the same length before: of as many local days if it begins with one, else
    seconds."""
    lower, upper = (moment.astimezone(zone) for moment in asked)
    if lower.astimezone(UTC) != midnight(lower.date(), zone):
        length = asked[1] - asked[0]
        return asked[0] - length, asked[0]
    days = (upper - timedelta(microseconds=1)).date() - lower.date() + DAY
    return days_earlier(lower, days), days_earlier(upper, days)


def days_earlier(local: datetime, days: timedelta) -> datetime:
    """The instant at which the same local clock showed the same time so many days before."""
    return (local.replace(tzinfo=None) - days).replace(tzinfo=local.tzinfo).astimezone(UTC)


def year_earlier(moment: datetime, zone: ZoneInfo) -> datetime:
    """The same local date and time a year before; February 29 becomes February 28."""
    local = moment.astimezone(zone)
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year - 1, day=day).astimezone(UTC)
