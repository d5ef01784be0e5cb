"""The reports of events: custom events and their properties, and all events in time buckets."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from api.analytics.query import BreakdownParams, Params, Query
from api.analytics.question import VISITORS, Question, Variant, single
from api.analytics.report import Report
from api.analytics.reports.pages import PagesParams
from api.analytics.reports.timeseries import SeriesParams, with_series
from api.analytics.vocabulary.dimensions import VISIT_DIMENSIONS
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment


class CustomEventsParams(Params):
    """Parameters: custom events, by name or by a property's values."""

    name: Text | None = Field(None, description="Only events of this name.")
    property: Text | None = Field(None, description="Break down by this property's values.")


class CustomEvent(BaseModel):
    """Custom events of one name, or with one value of a property."""

    name: str
    value: str | None
    """The value of the property that was asked for."""
    count: int
    visitors: int
    visits: int
    conversion_rate: float | None
    """Visitors who did this / all visitors of the range."""


VALUE: Mapping[str, Fragment] = {
    "value": Fragment("e.props ->> :property"),
    "has_value": Fragment("jsonb_exists(e.props, :property)"),
}


def custom_event_slots(query: Query[CustomEventsParams]) -> Mapping[str, Fragment]:
    """The SQL of the value of the property that the query names. If it names none, the question
    does not read properties."""
    return VALUE if query.params.property is not None else {}


CUSTOM_EVENTS = Report(
    "events",
    "Custom events and their properties",
    CustomEventsParams,
    single(
        CustomEvent,
        "reports/events.sql",
        "event",
        requires={"visitors": VISITORS},
        slots=custom_event_slots,
    ),
    orders=("count", "visitors", "visits", "name", "value"),
)


class EventsParams(SeriesParams, PagesParams, BreakdownParams):
    """Parameters: events in time buckets."""

    limit: int = Field(1000, ge=1, le=10_000, description="The most rows to return.")


class EventBucket(BaseModel):
    """Events of one name on one page in one time bucket."""

    time: datetime
    page: str
    name: str
    value: str | None
    """The value of the dimension that was asked for."""
    count: int
    avg_duration: float | None


def is_broken_down(query: Query[Params]) -> bool:
    return query.dimension is not None


EVENT_BUCKETS = Report(
    "events",
    "Events in time buckets, by page and dimension",
    EventsParams,
    Question(
        EventBucket,
        (
            Variant("reports/event_buckets.sql", base=("event", "visit"), serves=is_broken_down),
            Variant("reports/event_buckets.sql", base=("event",)),
        ),
    ),
    dimensions=VISIT_DIMENSIONS,
    prepare=with_series,
)
"""The report at GET /api/events, the path that events are posted to."""
