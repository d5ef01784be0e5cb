"""The windows of time that rules look at: local hours and days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.analytics.time.buckets import DAY, HOUR, Interval, bucket_starts, ends_of
from api.analytics.time.ranges import days_earlier

WEEKS = 4
"""How many weeks before are compared with."""

WEEK = 7 * DAY

LOOKED_BACK = {Interval.HOUR: 4 * HOUR, Interval.DAY: 3 * DAY}
"""A time that has at least one whole window in it, and the beginning of the current one."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time [start, end)."""

    start: datetime
    end: datetime

    def weeks_before(self, zone: ZoneInfo) -> list["Window"]:
        """The same local time of the weeks before, the latest first."""
        start, end = self.start.astimezone(zone), self.end.astimezone(zone)
        earlier = (number * WEEK for number in range(1, WEEKS + 1))
        return [Window(days_earlier(start, by), days_earlier(end, by)) for by in earlier]


def windows_at(now: datetime, interval: Interval, zone: ZoneInfo) -> tuple[Window, Window]:
    """The window that ended last, and the one that lasts."""
    until = now + timedelta(microseconds=1)
    starts = bucket_starts(now - LOOKED_BACK[interval], until, interval, zone)[-2:]
    before, current = map(Window, starts, ends_of(starts, interval, zone))
    return before, current
