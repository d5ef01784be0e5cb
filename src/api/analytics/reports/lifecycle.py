"""The lifecycle report: who is new in a period, stayed, came back or stayed away."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.analytics.query import Params, Query
from api.analytics.question import NEW_VISITORS, VISITORS, Question, Variant, is_unfiltered
from api.analytics.report import Report
from api.analytics.time.buckets import DAY, Interval, bucket_starts, periods_over
from api.analytics.time.ranges import series


class LifecycleParams(Params):
    """Periods in which visitors come, stay or stay away."""

    interval: Literal["day", "week", "month"] = Field("day", description="Width of a period.")


class LifecyclePeriod(BaseModel):
    """Visitors of one period; `time` is its start."""

    time: datetime
    new: int
    """Their first visit ever."""
    returning: int
    """In the period before, too."""
    resurrected: int
    """Not in the period before, but in an earlier one."""
    dormant: int | None
    """In the period before, and not in this one; null while this one is not over."""


def with_periods(query: Query[LifecycleParams]) -> Query[LifecycleParams]:
    """The periods of the range and the one before; how many of them are over."""
    interval, zone = Interval(query.params.interval), query.zone
    shown = series((query.lower, query.upper), interval, zone)
    before = bucket_starts(shown[0] - DAY, shown[0], interval, zone)
    starts = [before[-1], *shown]
    values = {"complete": periods_over(starts, interval, zone, min(query.now, query.upper))}
    return replace(query, starts=starts, first=starts[0], until=query.upper, values=values)


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
)
