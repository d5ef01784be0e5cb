"""Events and reports in responses, and what the OpenAPI document says of events in requests."""

from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from pydantic import ConfigDict

from api.errors import Problem, Refusal
from api.events.models import Event, EventIn
from api.events.receive.parse import MAX_EVENTS
from api.instants import Instant, instant_text
from api.schema import Record


class EventOut(Record):
    """A stored event, with dimensions of its visit."""

    id: UUID
    """The sender's id if it is a random UUID (version 4 or 7), or a UUID of a trusted sender; else
    one that is derived from it."""
    time: Instant
    """When it happened."""
    name: str
    """The kind of event: `pageview`, `engagement` or a custom event."""
    page: str
    """The path of the page."""
    hostname: str
    """The host of the page."""
    title: str
    """The title of the page."""
    referrer: str
    """The address that the visitor came from, without its query."""
    duration: float | None
    """How long it took, in seconds; null if it was not sent."""
    revenue: float | None
    """What it earned, in units of `currency`; null if it was not sent."""
    currency: str | None
    """The currency of `revenue` by its ISO 4217 code."""
    interactive: bool
    """Whether it keeps its visit from being a bounce, if it is a custom event."""
    props: dict[str, Any] | None
    """Properties of the sender's own."""
    visit_id: UUID | None
    """The visit that it belongs to; null for a bot's, and for engagement in no visit."""
    session_id: str | None
    """The id of its visit that the sender gave; null for callers without an account."""
    channel: str | None
    """The group of traffic sources, e.g. Organic Search."""
    source: str | None
    """The traffic source, e.g. Google; empty for direct traffic."""
    country: str | None
    """The country by its ISO 3166-1 code; empty where it is unknown."""
    browser: str | None
    """The browser, e.g. Firefox; empty where it is unknown."""
    os: str | None
    """The operating system, e.g. Android; empty where it is unknown."""
    device: str | None
    """The kind of device, e.g. mobile; empty if the user agent does not tell."""
    bot: str | None
    """The name of the bot that sent it; null for a visitor's."""


NOT_STORED_OF_BOTS = {
    **dict.fromkeys(("title", "referrer", "channel", "source", "country", "browser", "os"), ""),
    **dict.fromkeys(("duration", "revenue", "currency", "props", "visit_id", "session_id")),
    "interactive": False,
    "device": "bot",
}
"""The values of fields that are not stored for a bot's event."""


FIELDS = tuple(EventOut.model_fields)

values_of = attrgetter(
    *(name if name in Event.__struct_fields__ else f"context.{name}" for name in FIELDS)
)
"""The values of these fields of an event in memory, with its own context."""


def to_out(event: Event) -> dict[str, Any]:
    """An event in memory as EventOut, with its own context. An event that is read later has the
    context of its visit, which is not fetched for the response."""
    fields = dict(zip(FIELDS, values_of(event), strict=True))
    fields["time"] = instant_text(event.time)
    for amount in ("duration", "revenue"):
        fields[amount] = None if fields[amount] is None else float(fields[amount])
    return fields | NOT_STORED_OF_BOTS if event.bot else fields


class Rejection(Record):
    """Why one event of a batch was not stored."""

    index: int
    """Its position among the events that were sent; the first is 0."""
    error: str
    """The code of the reason."""
    detail: str
    """The reason as a sentence."""


class BatchOutcomes(Record):
    """The outcomes of a batch: accepted + duplicate + rejected = the events that were sent."""

    accepted: int
    """How many events were stored, and are committed."""
    duplicate: int
    """How many events were stored before."""
    rejected: list[Rejection]
    """Each event that was rejected: its place in the batch, and why it was rejected."""
    ids: list[UUID | None]
    """The id of each event sent, in order; null for a rejected one."""


class IngestReport(BatchOutcomes):
    """The report of a batch."""

    # `problems` is left out where it does not apply.
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    problems: list[Problem] | None = None
    """Only if events were rejected: what is wrong with them, at most twenty problems. 3.page is the
    page of the event with index 3."""


class RefusedReport(BatchOutcomes, Refusal):
    """The report of a batch of which every event was rejected."""


SCHEMAS = "#/components/schemas/{name}"

EVENT_SCHEMAS = msgspec.json.schema_components([EventIn], ref_template=SCHEMAS)[1]
"""The schemas of an event as it is sent, by name."""


def event_body() -> dict[str, Any]:
    event = {"$ref": SCHEMAS.format(name=EventIn.__name__)}
    batch = {"type": "array", "items": event, "minItems": 1, "maxItems": MAX_EVENTS}
    lines = {"type": "string", "description": f"One event per line, at most {MAX_EVENTS}."}
    text = {"type": "string", "description": "JSON or JSON lines, as beacons send them."}
    return {
        "required": True,
        # A form is told of in words only: openapi-python-client 0.29 makes code that cannot be
        # imported for a second kind of body that it supports (its issue 1451).
        "description": "An event, an array of events, or one event per line; plain or gzipped. A"
        " form may have the fields of an event, with `props` and `revenue` as JSON.",
        "content": {
            "application/json": {"schema": {"anyOf": [event, batch]}, "examples": EXAMPLES},
            "application/x-ndjson": {"schema": lines, "example": LINES},
            "text/plain": {"schema": text},
        },
    }


AS_JSON = ("props", "revenue")
"""Fields that are objects, which the query of the pixel has as JSON."""

EXAMPLES = {
    "event": {
        "summary": "One event",
        "value": {"page": "/pricing", "referrer": "https://www.google.com/"},
    },
    "batch": {
        "summary": "Two events",
        "value": [{"page": "/pricing"}, {"name": "Signup", "props": {"plan": "pro"}}],
    },
}

LINES = '{"page": "/pricing"}\n{"name": "Signup", "props": {"plan": "pro"}}\n'

EVENT_BODY = event_body()
"""The body of POST /api/events for the OpenAPI document."""


def pixel_parameters() -> list[dict[str, Any]]:
    fields = EVENT_SCHEMAS[EventIn.__name__]["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "description": schema["description"] + (" As JSON." if name in AS_JSON else ""),
            "schema": {"type": "string"},
        }
        for name, schema in fields.items()
    ]


PIXEL_PARAMETERS = pixel_parameters()
"""The parameters of GET /pixel.gif for the OpenAPI document: the fields of an event."""
