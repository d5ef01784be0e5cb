"""The values report: the values that a dimension has, for suggestions while somebody types."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import Field

from api.analytics.columns import Row
from api.analytics.query import Dimensioned, Filtered, Paged, Params, Query
from api.analytics.question import Question, Requirement, Variant
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import (
    EVENT_DIMENSIONS,
    GOAL,
    PAGE,
    VISIT_DIMENSIONS,
)
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, VISITS
from api.text import PlainText


class ValuesParams(Dimensioned, Paged, Filtered, Params):
    """Parameters: the dimension, and what its values contain."""

    q: PlainText = Field("", max_length=200, description="Part of the value, in any case.")


class DimensionValue(Row):
    """One value of a dimension."""

    count: int
    """Visits with the value; for a page its page views, for another dimension of events those."""


def with_text(query: Query[ValuesParams]) -> Query[ValuesParams]:
    return replace(query, values={"q": query.params.q})


def is_of_visits(query: Query[Params]) -> bool:
    return query.dimension is not None and query.dimension.of == "visit"


def is_page(query: Query[Params]) -> bool:
    return query.dimension is PAGE


def page_views(_: Query[Params]) -> Mapping[str, Fragment]:
    return {"count": Fragment("sum(e.pageviews)")}


VALUES = Report(
    "values",
    "The values that a dimension has, the most frequent first",
    ValuesParams,
    Question(
        DimensionValue,
        (
            Variant(
                "reports/values_of_visits.sql",
                {"visits": Requirement(VISITS, ("visits",))},
                serves=is_of_visits,
            ),
            Variant(
                "reports/values_of_events.sql",
                {"events": Requirement(EVENTS, ("pageviews",))},
                serves=is_page,
                slots=page_views,
            ),
            Variant("reports/values_of_events.sql", base=("event",)),
        ),
    ),
    dimensions=(*VISIT_DIMENSIONS, *(one for one in EVENT_DIMENSIONS if one is not GOAL)),
    default_dimension=PAGE,
    prepare=with_text,
)
