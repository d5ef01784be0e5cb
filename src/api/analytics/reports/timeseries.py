"""The timeseries report: the headline numbers per bucket of a series."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Compared, Filtered, Params, Query, Totalled
from api.analytics.question import Question, Variant, filters_visits, requirements_of
from api.analytics.report import CHOSEN_VISITS, TOTALS, Report
from api.analytics.time.buckets import Interval, ends_of
from api.analytics.time.ranges import series
from api.db.sql_files import Fragment
from api.instants import Instant


class BucketParams(Params):
    """The parameters of a report in buckets of time."""

    interval: Interval = Field(Interval.HOUR, description="The width of a bucket.")


class SeriesParams(Totalled, Compared, Filtered, BucketParams):
    """The parameters of a series."""


B = TypeVar("B", bound=BucketParams)


class SeriesPoint(Row):
    """One bucket of a series."""

    time: Instant
    """The start of the bucket."""
    complete: bool
    """Whether the bucket is over, and lies in the range with all of its time."""
    visitors: int
    visits: int
    pageviews: int
    custom_events: int
    """Events other than page views and engagement."""
    bounce_rate: Ratio | None
    visit_duration_seconds: Seconds | None


def with_series(query: Query[B]) -> Query[B]:
    """The query with the buckets of its series. Raises Invalid for too many."""
    asked = query.lower, query.upper
    return replace(query, starts=series(asked, query.params.interval, query.zone))


def completed(query: Query[B], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return with_completeness(query, query.params.interval, rows)


def with_completeness(
    query: Query[Params], interval: Interval, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows, each of which says whether the bucket that begins at its time is over, and lies in
    the range with all of its time."""
    ends = ends_of(query.starts, interval, query.zone)
    over = min(query.upper, query.now)
    complete = {
        start
        for start, end in zip(query.starts, ends, strict=True)
        if start >= query.lower and end <= over
    }
    return [{**row, "complete": row["time"] in complete} for row in rows]


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
    TOTALS,
    prepare=with_series,
    finish=completed,
)
