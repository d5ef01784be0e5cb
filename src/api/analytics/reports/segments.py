"""The segments report: the headline numbers of two filters side by side."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Compared, Filtered, Params, Query, Totalled
from api.analytics.question import Question, Variant
from api.analytics.report import HEADLINES, TOTALS, Report
from api.analytics.vocabulary.conditions import IN_RANGE, condition
from api.analytics.vocabulary.filters import numbers, parse_filters
from api.db.sql_files import Fragment


class SegmentsParams(Totalled, Compared, Filtered, Params):
    """Parameters: two segments, each with a filter of its own."""

    filter_fields = ("filters", "compare_filters", "a", "b")
    a: str = Field("", max_length=10_000, description="Filters of segment a, like filters.")
    b: str = Field("", max_length=10_000, description="Filters of segment b, like filters.")


class Segment(Row):
    """The headline numbers of one of two segments."""

    segment: Literal["a", "b"]
    """Which of the two."""
    visitors: int
    visits: int
    pageviews: int
    views_per_visit: float | None
    bounce_rate: Ratio | None
    visit_duration_seconds: Seconds | None
    new_visitors: int
    returning_visitors: int
    shared_visitors: int
    """Visitors with visits in both segments."""


def segment_slots(query: Query[SegmentsParams]) -> Mapping[str, Fragment]:
    """The filters of the two segments. The query's own filter applies to both."""
    a = parse_filters(query.params.a, query.goals, numbers("a"))
    b = parse_filters(query.params.b, query.goals, numbers("b"))
    return {
        "a_visit_filter": condition(a, "visit", IN_RANGE),
        "a_event_filter": condition(a, "event"),
        "b_visit_filter": condition(b, "visit", IN_RANGE),
        "b_event_filter": condition(b, "event"),
    }


SEGMENTS = Report(
    "segments",
    "Two segments side by side",
    SegmentsParams,
    Question(
        Segment,
        (Variant("reports/segments.sql", base=("visit", "event"), slots=segment_slots),),
        (*HEADLINES, "new_visitors", "returning_visitors"),
    ),
    TOTALS,
    key=("segment",),
)
