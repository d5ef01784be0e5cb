"""A metric over time in whole buckets, from which reports forecast and judge.

A bucket that is not over, or that the range cuts, is left out: its count would look like a drop.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import BaseModel, Field

from api.analytics.methods.arrays import Counts, Numbers
from api.analytics.query import Filtered, Params, Query, Totalled
from api.analytics.question import Question
from api.analytics.reports.timeseries import METRICS, VARIANTS
from api.analytics.time.buckets import Interval, ends_of, starts_from
from api.analytics.time.ranges import series

DAYS_OF_WEEK = 7
HOURS_OF_DAY = 24
HOURS_OF_WEEK = DAYS_OF_WEEK * HOURS_OF_DAY


class MetricParams(Totalled, Filtered, Params):
    """The parameters of a report about one metric over time."""

    metric: Literal["visits", "visitors", "pageviews", "custom_events"] = Field(
        "visits", description="What is counted."
    )
    interval: Literal["hour", "day"] = Field("day", description="The width of a bucket.")

    @property
    def width(self) -> Interval:
        return Interval(self.interval)

    @property
    def positions_of_week(self) -> int:
        """How many buckets a week has, one hour of each name in a day."""
        return DAYS_OF_WEEK if self.width is Interval.DAY else HOURS_OF_WEEK


def of_series(row: type[BaseModel]) -> Question[MetricParams]:
    """A question whose SQL returns the headline numbers per bucket, as the report timeseries does,
    and whose rows are then computed."""
    return Question(row, VARIANTS, METRICS)


def edges_of_whole_buckets(query: Query[MetricParams]) -> list[datetime]:
    """The starts of the buckets that lie in the range with all of their time and are over, and the
    end of the last; nothing if there is none. Raises Invalid for too many."""
    interval = query.params.width
    starts = series((query.lower, query.upper), interval, query.zone)
    over = min(query.upper, query.now)
    pairs = zip(starts, ends_of(starts, interval, query.zone), strict=True)
    whole = [(start, end) for start, end in pairs if start >= query.lower and end <= over]
    return [*(start for start, _ in whole), *(end for _, end in whole[-1:])]


def next_starts(edge: datetime, interval: Interval, zone: ZoneInfo, number: int) -> list[datetime]:
    """The starts of so many buckets from this edge of one on."""
    return [
        *islice((start for start in starts_from(edge, interval, zone) if start >= edge), number)
    ]


def places_of(starts: Sequence[datetime], season: int, zone: ZoneInfo) -> Counts:
    """The place of each bucket in its season: the hour of the day, of the week, or the weekday."""
    return np.array([place_in(season, start.astimezone(zone)) for start in starts], np.int64)


def place_in(season: int, local: datetime) -> int:
    if season == DAYS_OF_WEEK:
        return local.weekday()
    return (local.weekday() * HOURS_OF_DAY + local.hour) % season


def values_of(query: Query[MetricParams], rows: Sequence[dict[str, Any]]) -> Numbers:
    """The metric in each bucket."""
    return np.array([row[query.params.metric] for row in rows], float)
