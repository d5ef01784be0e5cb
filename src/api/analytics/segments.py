"""The segments report: any two filters side by side."""

from collections.abc import Mapping

from api.analytics import rows
from api.analytics.filters import condition, numbers, parse_filters
from api.analytics.params import SegmentsParams
from api.analytics.query import Query
from api.analytics.report import HEADLINES, Question, Variant
from api.db.sql_files import Fragment


def segment_slots(query: Query) -> Mapping[str, Fragment]:
    """The two filters; the common one holds for both."""
    params = query.params
    assert isinstance(params, SegmentsParams)
    a = parse_filters(params.a, query.goals, numbers("a"))
    b = parse_filters(params.b, query.goals, numbers("b"))
    return {
        "a_visit_filter": condition(a, "visit"),
        "a_event_filter": condition(a, "event"),
        "b_visit_filter": condition(b, "visit"),
        "b_event_filter": condition(b, "event"),
    }


SEGMENTS = Question(
    rows.Segment,
    (Variant("segments", base=("visit", "event"), slots=segment_slots),),
    (*HEADLINES, "new_visitors", "returning_visitors"),
)
