"""The stickiness report: daily visitors beside those of the 7 and 30 days that end with the day."""

from dataclasses import replace
from typing import Any

from api.analytics.columns import Ratio, Row
from api.analytics.query import Filtered, Params, Query
from api.analytics.question import VISITORS, Question, Variant, is_unfiltered
from api.analytics.report import Report
from api.analytics.reports.timeseries import with_completeness
from api.analytics.time.buckets import DAY, Interval, bucket_starts
from api.analytics.time.ranges import series
from api.instants import Instant

DAYS_BEFORE = 29
"""How many days the 30 days of MAU begin before the day they end with."""


class StickinessParams(Filtered, Params):
    """Parameters: a range of days, and filters."""


class ActiveVisitors(Row):
    """Distinct visitors of a day, and of the 7 and 30 days that end with it."""

    time: Instant
    """The start of the day."""
    complete: bool
    """Whether the day is over, and lies in the range with all of its time."""
    dau: int
    """Distinct visitors of the day."""
    wau: int
    """Distinct visitors of the 7 days that end with it."""
    mau: int
    """Distinct visitors of the 30 days that end with it."""
    dau_wau: Ratio | None
    """Visitors of the day / visitors of the 7 days."""
    dau_mau: Ratio | None
    """Visitors of the day / visitors of the 30 days."""


def with_days(query: Query[StickinessParams]) -> Query[StickinessParams]:
    """The query with the days of its range, and those before it that WAU and MAU need."""
    days = series((query.lower, query.upper), Interval.DAY, query.zone)
    earliest = days[0] - (DAYS_BEFORE + 2) * DAY
    before = bucket_starts(earliest, days[0], Interval.DAY, query.zone)
    starts = [*before[-DAYS_BEFORE:], *days]
    return replace(query, starts=starts, first=starts[0], until=query.upper)


def completed_days(
    query: Query[StickinessParams], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    return with_completeness(query, Interval.DAY, rows)


STICKINESS = Report(
    "stickiness",
    "Daily, weekly and monthly active visitors",
    StickinessParams,
    Question(
        ActiveVisitors,
        (
            Variant(
                "reports/stickiness_of_bitmaps.sql",
                {"visitors": VISITORS},
                serves=is_unfiltered,
                only_rollups=True,
            ),
            Variant("reports/stickiness.sql", base=("visit",)),
        ),
    ),
    prepare=with_days,
    finish=completed_days,
)
