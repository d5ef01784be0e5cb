"""The timeseries report: the headline numbers per bucket of a series."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, Field

from api.analytics.query import Params, Query
from api.analytics.question import Question, Variant, filters_visits, requirements_of
from api.analytics.report import CHOSEN_VISITS, Report
from api.analytics.time.buckets import Interval
from api.analytics.time.ranges import series
from api.db.sql_files import Fragment


class SeriesParams(Params):
    """The parameters of a series: the width of its buckets."""

    interval: Interval = Field(Interval.HOUR, description="The width of a bucket.")


S = TypeVar("S", bound=SeriesParams)


class SeriesPoint(BaseModel):
    """One bucket of a series; `time` is its start."""

    time: datetime
    visitors: int
    visits: int
    pageviews: int
    events: int
    """Custom events."""
    bounce_rate: float | None
    visit_duration: float | None


def with_series(query: Query[S]) -> Query[S]:
    """The query with the buckets of its series. Raises Invalid for too many."""
    asked = query.lower, query.upper
    return replace(query, starts=series(asked, query.params.interval, query.zone))


def by_bucket(_: Query[Params]) -> Mapping[str, Fragment]:
    return {"dimension": Fragment("width_bucket(v.bucket, :starts::timestamptz[])")}


METRICS = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")

TIMESERIES = Report(
    "timeseries",
    "Visitors, visits and page views over time",
    SeriesParams,
    Question(
        SeriesPoint,
        (
            Variant("reports/timeseries_of_visits.sql", base=CHOSEN_VISITS, serves=filters_visits),
            Variant(
                "reports/timeseries.sql",
                requirements_of(METRICS, "custom_events"),
                slots=by_bucket,
            ),
        ),
        METRICS,
    ),
    prepare=with_series,
)
