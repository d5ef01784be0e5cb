"""The timeseries report: the headline numbers per bucket of a series, or visits per bucket by the
values of a dimension."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self, TypeVar

from pydantic import Field, model_validator

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Compared, Dimensioned, Filtered, Params, Query, Totalled
from api.analytics.question import Question, Variant, filters_visits, requirements_of
from api.analytics.report import CHOSEN_VISITS, TOTALS, Report
from api.analytics.time.buckets import Interval, ends_of
from api.analytics.time.ranges import series
from api.analytics.vocabulary.dimensions import VISIT_DIMENSIONS
from api.db.sql_files import Fragment
from api.instants import Instant

USUAL_VALUES = 5
"""How many values of a dimension have rows of their own where nobody says how many."""


class BucketParams(Params):
    """The parameters of a report in buckets of time."""

    interval: Interval = Field(Interval.HOUR, description="The width of a bucket.")


class SeriesParams(Totalled, Compared, Filtered, BucketParams):
    """The parameters of a series."""


B = TypeVar("B", bound=BucketParams)


class TimeseriesParams(Dimensioned, SeriesParams):
    """Parameters: the headline numbers over time, or by the values of a dimension."""

    limit: int | None = Field(
        None,
        ge=1,
        le=50,
        description="With a dimension: how many of its values have rows of their own, those with"
        f" the most visits; by default {USUAL_VALUES}. All others have rows together.",
    )

    @model_validator(mode="after")
    def check_dimension(self) -> Self:
        """Refuses a limit of values without a dimension, and comparisons by one; sets the usual
        limit."""
        if not self.dimension and self.limit is not None:
            raise ValueError("limit needs a dimension")
        if self.dimension and self.compare is not None:
            raise ValueError("a series by a dimension cannot be compared: leave out one of both")
        if self.dimension and self.limit is None:
            self.limit = USUAL_VALUES
        return self


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


class ValueInBucket(Row):
    """The visits of one bucket of a series with one value of a dimension. The value is '' where it
    is unknown, and null in the rows of all other values together."""

    time: Instant
    """The start of the bucket."""
    complete: bool
    """Whether the bucket is over, and lies in the range with all of its time."""
    visitors: int
    visits: int
    views_per_visit: float | None
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


def with_places(query: Query[TimeseriesParams]) -> Query[TimeseriesParams]:
    """The query with the buckets of its series, and the place of the rest: after the top values."""
    assert query.params.limit
    return replace(with_series(query), values={"rest": query.params.limit + 1})


def by_bucket_and_place(query: Query[Params]) -> Mapping[str, Fragment]:
    """The bucket and the place of the value of a visit, as one number, which is grouped by faster
    than a pair."""
    assert query.dimension
    return {
        "bucket_and_place": Fragment(
            "width_bucket(v.bucket, :starts::timestamptz[])::bigint * :rest::bigint"
            " + coalesce(array_position(array(select value from top order by place),"
            f" {query.dimension.sql}), :rest::bigint) - 1"
        )
    }


METRICS = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")

VARIANTS: tuple[Variant[Params], ...] = (
    Variant("reports/timeseries_of_visits.sql", base=CHOSEN_VISITS, serves=filters_visits),
    Variant("reports/timeseries.sql", requirements_of(METRICS, "custom_events"), slots=by_bucket),
)
"""The ways to count the headline numbers of each bucket."""

VALUE_METRICS = ("visitors", "visits", "views_per_visit", "bounce_rate", "visit_duration")

SERIES_BY_DIMENSION = Report(
    "timeseries",
    "Visits over time by the values of a dimension",
    TimeseriesParams,
    Question(
        ValueInBucket,
        (
            Variant(
                "reports/timeseries_by_dimension.sql",
                requirements_of(VALUE_METRICS),
                slots=by_bucket_and_place,
            ),
        ),
        VALUE_METRICS,
    ),
    TOTALS,
    dimensions=VISIT_DIMENSIONS,
    line_name="TimeseriesByDimensionRow",
    prepare=with_places,
    finish=completed,
)

TIMESERIES = Report(
    "timeseries",
    "Visitors, visits and page views over time",
    TimeseriesParams,
    Question(SeriesPoint, VARIANTS, METRICS),
    TOTALS,
    by_dimension=SERIES_BY_DIMENSION,
    prepare=with_series,
    finish=completed,
)
