"""How events and visits become rows, and rows visits again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, TypeVar, cast

from msgspec import Struct
from msgspec.structs import asdict
from psycopg.rows import tuple_row

from api.db.sql_files import Fragment, statement
from api.events.models import Context, Event
from api.events.write.sql import SQL, Connection, Cursor, as_json, execute, insert
from api.events.write.visits import LONG_VISIT, PageMark, Visit


class Span(Struct):
    """Between which times a visitor, or a session of a site, has events in a batch."""

    visitor_id: int
    site_id: int
    session_id: str | None
    lower: datetime
    upper: datetime


async def query_visits(connection: Connection, events: Sequence[Event]) -> list[Cursor]:
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
    """Extends the span of a visitor or session so that this event lies in it, and returns it."""
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


async def insert_events(connection: Connection, assigned: Sequence[tuple[Event, Visit]]) -> None:
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
        for event, visit in assigned
    )
    await insert(connection, "events", EVENT_COLUMNS, rows)


async def insert_bots(connection: Connection, bots: Sequence[Event]) -> None:
    """Stores events of bots: apart from the others, so that they are in no other number."""
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
    await insert(connection, "bots", BOT_COLUMNS, rows)


async def move_events(connection: Connection, absorbed: Sequence[Visit]) -> None:
    """Gives the stored events of visits that became part of others their new visit."""
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
    """Brings the visit table up to date: visits that became part of others or begin anew are
    deleted, those that only grew are updated, new ones are added."""
    gone = [visit for visit in absorbed if visit.stored_started]
    gone += [visit for visit in changed if visit.begins_anew]
    if gone:
        await delete_visits(connection, gone)
    if grown := [visit for visit in changed if visit.context is None]:
        await execute(connection, "grow_visits", {"visits": visit_rows(grown)})
    if new := [visit for visit in changed if visit.context is not None]:
        await connection.execute(ADD_VISITS, {"visits": visit_rows(new)})


CONTEXT = Fragment(cast(LiteralString, ", ".join(Context.__struct_fields__)))
"""The columns of the context. The cast is safe: the fields of a class are part of the program."""

ADD_VISITS = statement(SQL.folder / "add_visits.sql", {"context": CONTEXT}).text


def visit_rows(visits: Sequence[Visit]) -> str:
    return as_json([visit_row(visit) for visit in visits])


def visit_row(visit: Visit) -> dict[str, Any]:
    """The columns of a visit, without those of its context where it is stored and has not changed.
    Other keys are not stored."""
    row = asdict(visit)
    entry, last, context = row.pop("entry"), row.pop("exit"), row.pop("context")
    if context is not None:
        row.update(asdict(context))
    row["entry_page"], row["exit_page"] = "", ""
    if entry is not None:
        row["entry_at"], row["entry_id"], row["entry_page"] = entry.at, entry.id, entry.page
        row["exit_at"], row["exit_id"], row["exit_page"] = last.at, last.id, last.page
    row["is_long"] = visit.last_event - visit.started > LONG_VISIT
    return row


async def delete_visits(connection: Connection, visits: Sequence[Visit]) -> None:
    starteds = [visit.stored_started for visit in visits if visit.stored_started]
    values = {
        "visitors": [visit.visitor_id for visit in visits],
        "starteds": starteds,
        "ids": [visit.id for visit in visits],
        "earliest": min(starteds),
        "latest": max(starteds),
    }
    await execute(connection, "delete_visits", values)
