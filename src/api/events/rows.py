"""How events and visits become rows, and rows visits again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct
from psycopg.rows import tuple_row

from api.events.models import Event
from api.events.statements import Answer, Connection, add, as_json, execute
from api.events.visits import PageMark, Visit


class Span(Struct):
    """Between which times a visitor, or a session of a site, has events in a batch."""

    visitor_id: int
    site_id: int
    session_id: str | None
    lower: datetime
    upper: datetime


async def ask_for_visits(connection: Connection, events: Sequence[Event]) -> list[Answer]:
    """Asks for the visits in the database that these events may belong to."""
    visitors: dict[int, Span] = {}
    sessions: dict[tuple[int, str], Span] = {}
    for event in events:
        if event.session_id is not None:
            widen(sessions, (event.site_id, event.session_id), event)
            continue
        widen(visitors, event.visitor_id, event)
        if event.earlier_visitor_id is not None:
            widen(visitors, event.earlier_visitor_id, event).visitor_id = event.earlier_visitor_id
    asked = {"visits_near": visitors, "visits_of_sessions": sessions}
    return [
        await execute(connection, name, {"spans": as_json(list(spans.values()))}, tuple_row)
        for name, spans in asked.items()
        if spans
    ]


Key = TypeVar("Key")


def widen(spans: dict[Key, Span], key: Key, event: Event) -> Span:
    """The span under a key, with this event in it."""
    engaged_from, time = event.engaged_from, event.time
    span = spans.get(key)
    if span is None:
        spans[key] = span = Span(
            event.visitor_id, event.site_id, event.session_id, engaged_from, time
        )
    else:
        span.lower, span.upper = min(span.lower, engaged_from), max(span.upper, time)
    return span


def visit_from(row: Sequence[Any]) -> Visit:
    """A stored visit as the writer works with it. See visit_part.sql for the columns."""
    (
        *fields,
        entry_at,
        entry_id,
        entry_page,
        exit_at,
        exit_id,
        exit_page,
        visitor_number,
        first_seen,
    ) = row
    return Visit(
        *fields,
        entry=PageMark(entry_at, entry_id, entry_page) if entry_at else None,
        exit=PageMark(exit_at, exit_id, exit_page) if entry_at else None,
        visitor_number=visitor_number,
        first_seen=first_seen,
        stored_started=fields[STARTED],
    )


STARTED = Visit.__struct_fields__.index("started")


EVENT_COLUMNS = {
    "visitor_id": "int8",
    "time": "timestamptz",
    "id": "uuid",
    "site_id": "int4",
    "visitor_number": "int4",
    "visit_id": "uuid",
    "name": "text",
    "page": "text",
    "hostname": "text",
    "title": "text",
    "referrer": "text",
    "user_id": "text",
    "duration": "numeric",
    "revenue": "numeric",
    "currency": "text",
    "interactive": "bool",
    "props": "jsonb",
    "last_change": "int8",
}

BOT_COLUMNS = {
    "time": "timestamptz",
    "id": "uuid",
    "site_id": "int4",
    "bot": "text",
    "category": "text",
    "name": "text",
    "page": "text",
    "hostname": "text",
    "user_agent": "text",
}


async def add_events(
    connection: Connection, events: Sequence[Event], visits: Sequence[Visit]
) -> None:
    """Stores events, each with its visit."""
    rows = (
        (
            visit.visitor_id,
            event.time,
            event.id,
            event.site_id,
            visit.visitor_number,
            visit.id,
            event.name,
            event.page,
            event.hostname,
            event.title,
            event.referrer,
            event.user_id,
            event.duration,
            event.revenue,
            event.currency,
            event.interactive,
            event.props,
            event.last_change,
        )
        for event, visit in zip(events, visits, strict=True)
    )
    await add(connection, "events", EVENT_COLUMNS, rows)


async def add_bots(connection: Connection, bots: Sequence[Event]) -> None:
    """Bots are kept apart, so that they are in no other number."""
    rows = (
        (
            event.time,
            event.id,
            event.site_id,
            event.bot,
            event.bot_category or "other",
            event.name,
            event.page,
            event.hostname,
            event.user_agent,
        )
        for event in bots
    )
    await add(connection, "bots", BOT_COLUMNS, rows)


async def move_events(connection: Connection, absorbed: Sequence[Visit]) -> None:
    """Relabels the stored events of visits that became part of others."""
    stored = [visit for visit in absorbed if visit.stored_started]
    if not stored:
        return
    await execute(
        connection,
        "move_events",
        {
            "visitors": [visit.visitor_id for visit in stored],
            "lowers": [visit.started for visit in stored],
            "uppers": [visit.last_event for visit in stored],
            "ids": [visit.id for visit in stored],
            "hosts": [visit.final.id for visit in stored],
            "earliest": min(visit.started for visit in stored),
            "latest": max(visit.last_event for visit in stored),
        },
    )


async def store_visits(
    connection: Connection, changed: Sequence[Visit], absorbed: Sequence[Visit]
) -> None:
    """Brings the visit table up to date: visits that are over in others or begin anew go, those
    that only grew are updated, new ones are added."""
    gone = [visit for visit in absorbed if visit.stored_started]
    gone += [visit for visit in changed if visit.begins_anew]
    if gone:
        await drop_visits(connection, gone)
    if grown := [visit for visit in changed if visit.context is None]:
        await execute(connection, "grow_visits", {"visits": as_json(grown)})
    if new := [visit for visit in changed if visit.context is not None]:
        await execute(connection, "add_visits", {"visits": as_json(new)})


async def drop_visits(connection: Connection, visits: Sequence[Visit]) -> None:
    """Deletes visits as they are stored."""
    starteds = [visit.stored_started for visit in visits if visit.stored_started]
    values = {
        "visitors": [visit.visitor_id for visit in visits],
        "starteds": starteds,
        "ids": [visit.id for visit in visits],
        "earliest": min(starteds),
        "latest": max(starteds),
    }
    await execute(connection, "drop_visits", values)
