"""The reports of events: custom events and their properties, and all events in time buckets."""

from collections.abc import Mapping

from pydantic import Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Dimensioned, Filtered, Paged, Params, Query, RankedParams
from api.analytics.question import VISITORS, Question, Variant, single
from api.analytics.report import Report
from api.analytics.reports.pages import ChosenPages
from api.analytics.reports.timeseries import BucketParams, completed, with_series
from api.analytics.vocabulary.dimensions import VISIT_DIMENSIONS
from api.analytics.vocabulary.ranking import chosen_slot
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment
from api.instants import Instant


class CustomEventsParams(RankedParams):
    """Parameters: custom events, by name or by a property's values."""

    name: Text | None = Field(None, description="Only events of this name.")
    property: Text | None = Field(None, description="Break down by this property's values.")


class CustomEvent(Row):
    """Custom events of one name, or with one value of a property."""

    name: str
    """The name of the events."""
    value: str | None
    """The value of the property that was asked for; null where none was."""
    custom_events: int
    """How many there were."""
    visitors: int
    """Distinct visitors who did this."""
    visits: int
    """Visits in which it happened."""
    conversion_rate: Ratio | None
    """Visitors who did this / all visitors of the range."""


class CustomEventTotals(Row):
    """All custom events that the report is about."""

    custom_events: int
    """How many there were."""
    visitors: int
    """Distinct visitors who did one of them."""
    visits: int
    """Visits in which one happened."""
    conversion_rate: Ratio | None
    """Visitors who did one of them / all visitors of the range."""


def custom_event_slots(query: Query[CustomEventsParams]) -> Mapping[str, Fragment]:
    """The SQL of the value of the property that the query names. If it names none, the question
    does not read properties."""
    if query.params.property is None:
        return chosen_slot(query, "e.name, null")
    return {
        "value": Fragment("e.props ->> :property"),
        "has_value": HAS_PROPERTY,
        **chosen_slot(query, "e.name, e.props ->> :property"),
    }


def custom_event_total_slots(query: Query[CustomEventsParams]) -> Mapping[str, Fragment]:
    return {} if query.params.property is None else {"has_value": HAS_PROPERTY}


HAS_PROPERTY = Fragment("jsonb_exists(e.props, :property)")


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
    totals=single(
        CustomEventTotals,
        "reports/events_totals.sql",
        "event",
        requires={"visitors": VISITORS},
        slots=custom_event_total_slots,
    ),
    orders=("custom_events", "visitors", "visits", "name", "value"),
    key=("name", "value"),
)


class EventBucketsParams(ChosenPages, Dimensioned, Paged, Filtered, BucketParams):
    """Parameters: events in time buckets."""

    limit: int = Field(1000, ge=1, le=10_000, description="The most rows to return.")


class EventBucket(Row):
    """Events of one name on one page in one time bucket."""

    time: Instant
    """The start of the bucket."""
    complete: bool
    """Whether the bucket is over, and lies in the range with all of its time."""
    page: str
    """The path of the page."""
    name: str
    """The name of the events."""
    events: int
    """How many there were."""
    duration_seconds: Seconds | None
    """Mean seconds of the durations that were sent with them."""


def is_broken_down(query: Query[Params]) -> bool:
    return query.dimension is not None


EVENT_BUCKETS = Report(
    "event-buckets",
    "Events in time buckets, by page and dimension",
    EventBucketsParams,
    Question(
        EventBucket,
        (
            Variant("reports/event_buckets.sql", base=("event", "visit"), serves=is_broken_down),
            Variant("reports/event_buckets.sql", base=("event",)),
        ),
    ),
    dimensions=VISIT_DIMENSIONS,
    prepare=with_series,
    finish=completed,
)
"""The report at GET /api/events, the path that events are posted to."""
