"""The weeks and months that reports are about."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.analytics.time.buckets import DAY
from api.analytics.time.ranges import months_back
from api.email_reports.models import Every

FIRST_HOUR = 6
"""The local hour from which reports are sent: by then, events of the last evening have come."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.last - self.first).days + 1


def last_period(every: Every, now: datetime, zone: ZoneInfo) -> Period:
    """The last week (from Monday) or month about which a report is due."""
    today = (now.astimezone(zone) - timedelta(hours=FIRST_HOUR)).date()
    if every is Every.WEEK:
        monday = today - today.weekday() * DAY
        return Period(monday - 7 * DAY, monday - DAY)
    return month_before(today)


def month_before(day: date) -> Period:
    """The calendar month before that of a day."""
    return Period(months_back(day, 1), day.replace(day=1) - DAY)


def period_before(every: Every, period: Period) -> Period:
    """The week or month before another one."""
    if every is Every.MONTH:
        return month_before(period.first)
    return Period(period.first - 7 * DAY, period.last - 7 * DAY)
