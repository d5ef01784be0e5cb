"""The range of a query: `date_range` of the Stats API."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from api.analytics.time.buckets import DAY, HOUR, Interval
from api.analytics.time.moments import moment
from api.analytics.time.ranges import (
    PERIODS,
    Clock,
    Days,
    Range,
    checked,
    instant,
    months_back,
    range_of_days,
)
from api.errors import invalid

SECOND = timedelta(seconds=1)

ALL = "all"
CURRENT: Mapping[str, Days] = {
    "day": PERIODS["today"],
    "month": PERIODS["mtd"],
    "year": PERIODS["ytd"],
}
NAMES = [*CURRENT, "24h", "7d", "28d", "30d", "91d", "6mo", "12mo", ALL]

LAST = re.compile(r"([1-9][0-9]{0,3})(h|d|mo)")
"""So many hours up to now, or whole days or months before this one."""


def asked_range(date_range: str | tuple[str, str], clock: Clock) -> Range:
    """The range that `date_range` names, in the site's time zone. Raises Invalid."""
    try:
        if isinstance(date_range, str):
            return checked(*named_range(date_range, clock))
        first, last = map(moment, date_range)
        return checked(instant(first, clock), after_end(instant(last, clock, end=True)))
    except (ValueError, OverflowError) as error:
        raise invalid("date_range", str(error)) from error


def named_range(name: str, clock: Clock) -> Range:
    """The range of this name. Raises Invalid for an unknown name."""
    if name == ALL:
        return clock.since, clock.end
    if name in CURRENT:
        return range_of_days(CURRENT[name](clock.today), clock)
    return recent_range(name, clock)


def recent_range(name: str, clock: Clock) -> Range:
    """The range of 24h, 7d or 6mo. The day or month that is not over is not part of it."""
    match = LAST.fullmatch(name)
    if match is None:
        raise invalid("date_range", "is neither a name of a range nor two dates", NAMES)
    number, today = int(match[1]), clock.today
    if match[2] == "h":
        return clock.end - number * HOUR, clock.end
    if match[2] == "d":
        return range_of_days((today - number * DAY, today - DAY), clock)
    return range_of_days((months_back(today, number), today.replace(day=1) - DAY), clock)


def after_end(end: datetime) -> datetime:
    """The moment after this end: 23:59:59 means the end of the day."""
    return end + SECOND if end.second == 59 and not end.microsecond else end


def last_second(upper: datetime) -> datetime:
    """The last second before the end of a range."""
    return (upper - timedelta(microseconds=1)).replace(microsecond=0)


def automatic_interval(asked: Range) -> Interval:
    """The bucket of the dimension `time`: hours up to two days, days up to forty, weeks up to a
    year, else months."""
    length = asked[1] - asked[0]
    limits = ((48 * HOUR, Interval.HOUR), (40 * DAY, Interval.DAY), (364 * DAY, Interval.WEEK))
    return next((interval for longest, interval in limits if length <= longest), Interval.MONTH)
