"""Events and reports in responses, and the documentation of request bodies."""

from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from api.errors import Problem, Refusal
from api.events.models import Event, EventIn


class EventOut(BaseModel):
    """A stored event, with dimensions of its visit."""

    id: UUID
    time: datetime
    name: str
    page: str
    hostname: str
    title: str
    referrer: str
    duration: float | None
    revenue: float | None
    currency: str | None
    interactive: bool
    props: dict[str, Any] | None
    visit_id: UUID | None
    session_id: str | None
    channel: str | None
    source: str | None
    country: str | None
    browser: str | None
    os: str | None
    device: str | None
    bot: str | None


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
    for amount in ("duration", "revenue"):
        fields[amount] = None if fields[amount] is None else float(fields[amount])
    return fields | NOT_STORED_OF_BOTS if event.bot else fields


class Rejection(BaseModel):
    """Why one event of a batch was not stored."""

    index: int
    error: str
    """The code of the reason."""
    detail: str


class BatchOutcomes(BaseModel):
    """The outcomes of a batch: accepted + duplicate + rejected = the events that were sent."""

    accepted: int
    duplicate: int
    rejected: list[Rejection]
    ids: list[UUID | None]
    """The id of each event sent, in order; null for a rejected one."""


class IngestReport(BatchOutcomes):
    """The report of a batch."""

    problems: list[Problem] | None = None
    """Only if events were rejected: what is wrong with them, at most twenty problems. 3.page is the
    page of the event with index 3."""


class RefusedReport(BatchOutcomes, Refusal):
    """The report of a batch of which every event was rejected."""


def event_schema() -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components(
        [EventIn], ref_template="#/components/schemas/{name}"
    )
    assert schema
    event = dict(components["EventIn"])
    event["properties"] = event["properties"] | {"revenue": components["Revenue"]}
    return event


def event_body() -> dict[str, Any]:
    event = event_schema()
    either = {"oneOf": [event, {"type": "array", "items": event}]}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": either,
                    "example": {"page": "/pricing", "referrer": "https://www.google.com/"},
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/plain": {"schema": either},
                "application/x-www-form-urlencoded": {"schema": event},
            },
        }
    }


EVENT_BODY = event_body()
