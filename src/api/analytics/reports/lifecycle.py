"""The lifecycle report: visitors of a period as new, returning, resurrected or dormant."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from api.analytics.columns import Row
from api.analytics.query import Filtered, Params, Query
from api.analytics.question import NEW_VISITORS, VISITORS, Question, Variant, is_unfiltered
from api.analytics.report import Report
from api.analytics.reports.timeseries import with_completeness
from api.analytics.time.buckets import DAY, Interval, bucket_starts, periods_over
from api.analytics.time.ranges import series
from api.instants import Instant


class LifecycleParams(Filtered, Params):
    """Parameters: the width of the periods, and filters."""

    interval: Literal["day", "week", "month"] = Field("day", description="Width of a period.")


class LifecyclePeriod(Row):
    """Visitors of one period."""

    time: Instant
    """The start of the period."""
    complete: bool
    """Whether the period is over, and lies in the range with all of its time."""
    new: int
    """Visitors whose first visit ever lies in this period."""
    returning: int
    """Not new, and with a visit in the period before."""
    resurrected: int
    """Not new, and without a visit in the period before."""
    dormant: int | None
    """With a visit in the period before and none in this one; null while this one is not over."""


def with_periods(query: Query[LifecycleParams]) -> Query[LifecycleParams]:
    """The query with the periods of the range, the one before them, and how many are over."""
    interval, zone = Interval(query.params.interval), query.zone
    periods = series((query.lower, query.upper), interval, zone)
    before = bucket_starts(periods[0] - DAY, periods[0], interval, zone)
    starts = [before[-1], *periods]
    values = {"complete": periods_over(starts, interval, zone, min(query.now, query.upper))}
    return replace(query, starts=starts, first=starts[0], until=query.upper, values=values)


def completed_periods(
    query: Query[LifecycleParams], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    return with_completeness(query, Interval(query.params.interval), rows)


LIFECYCLE = Report(
    "lifecycle",
    "Who is new, stayed, came back or stayed away",
    LifecycleParams,
    Question(
        LifecyclePeriod,
        (
            Variant(
                "reports/lifecycle_of_bitmaps.sql",
                {"visitors": VISITORS, "new_visitors": NEW_VISITORS},
                serves=is_unfiltered,
                only_rollups=True,
            ),
            Variant("reports/lifecycle.sql", base=("visit",)),
        ),
    ),
    prepare=with_periods,
    finish=completed_periods,
)
