"""How events and visits become rows, and rows visits again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from api.events.models import Context, Event
from api.events.statements import Answer, Connection, add, as_json, execute
from api.events.visitors import Visitor, Visitors
from api.events.visits import PageMark, Visit


async def ask_for_visits(connection: Connection, events: Sequence[Event]) -> list[Answer]:
    """Asks for the visits in the database that these events may belong to."""
    spans: dict[Any, tuple[datetime, datetime]] = {}
    for event in events:
        keys: tuple[Any, ...] = (event.visitor_id,)
        if event.session_id is not None:
            keys = ((event.site_id, event.session_id),)
        elif event.earlier_visitor_id is not None:
            keys = (event.visitor_id, event.earlier_visitor_id)
        for key in keys:
            lower, upper = spans.get(key, (event.began, event.time))
            spans[key] = (min(lower, event.began), max(upper, event.time))
    visitors = {key: span for key, span in spans.items() if isinstance(key, int)}
    sessions = {key: span for key, span in spans.items() if not isinstance(key, int)}
    answers: list[Answer] = []
    if visitors:
        values = {"visitors": list(visitors), **bounds(visitors)}
        answers.append(await execute(connection, "visits_near", values))
    if sessions:
        site_ids, session_ids = zip(*sessions, strict=True)
        values = {"sites": list(site_ids), "sessions": list(session_ids), **bounds(sessions)}
        answers.append(await execute(connection, "visits_of_sessions", values))
    return answers


def bounds(spans: Mapping[Any, tuple[datetime, datetime]]) -> dict[str, list[datetime]]:
    """The spans as two parameter arrays."""
    return {
        "lowers": [lower for lower, _ in spans.values()],
        "uppers": [upper for _, upper in spans.values()],
    }


def visit_from(row: Mapping[str, Any]) -> Visit:
    """A stored visit as the writer works with it."""
    entry = PageMark(row["entry_at"], row["entry_id"], row["entry_page"])
    last = PageMark(row["exit_at"], row["exit_id"], row["exit_page"])
    viewed = row["entry_at"] is not None
    return Visit(
        **{name: row[name] for name in VISIT_FIELDS},
        context=Context(**{name: row[name] for name in Context.__struct_fields__}),
        entry=entry if viewed else None,
        exit=last if viewed else None,
        stored_started=row["started"],
    )


VISIT_FIELDS = (
    "id",
    "site_id",
    "visitor_id",
    "session_id",
    "started",
    "began",
    "first_id",
    "last_event",
    "ended",
    "pageviews",
    "events",
    "interactions",
    "revenue",
)


EVENT_COLUMNS = {
    "visitor_id": "int8",
    "time": "timestamptz",
    "id": "uuid",
    "site_id": "int4",
    "ordinal": "int4",
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
    connection: Connection, events: Sequence[Event], visits: Sequence[Visit], visitors: Visitors
) -> None:
    """Stores events, each with its visit."""
    rows = (
        (
            visit.visitor_id,
            event.time,
            event.id,
            event.site_id,
            visitors[visit.visitor_id].ordinal,
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
        },
    )


async def replace_visits(
    connection: Connection,
    changed: Sequence[Visit],
    absorbed: Sequence[Visit],
    visitors: Visitors,
) -> None:
    """Brings the visit table up to date."""
    gone = [
        visit
        for visit in (*changed, *absorbed)
        if visit.stored_started and (visit.merged_into or visit.begins_anew)
    ]
    if gone:
        await execute(
            connection,
            "drop_visits",
            {
                "visitors": [visit.visitor_id for visit in gone],
                "starteds": [visit.stored_started for visit in gone],
                "ids": [visit.id for visit in gone],
            },
        )
    rows = [visit_row(visit, visitors[visit.visitor_id]) for visit in changed]
    await execute(connection, "store_visits", {"visits": as_json(rows)})
    if moved := [visitor for visitor in visitors.values() if visitor.moved_from]:
        await execute(
            connection,
            "move_first_seen",
            {
                "visitors": [visitor.id for visitor in moved],
                "first_seens": [visitor.first_seen for visitor in moved],
            },
        )


def visit_row(visit: Visit, visitor: Visitor) -> dict[str, Any]:
    """A visit by its column names."""
    row = {name: getattr(visit, name) for name in VISIT_FIELDS}
    row |= {"ordinal": visitor.ordinal, "first_seen": visitor.first_seen}
    for edge in ("entry", "exit"):
        mark: PageMark | None = getattr(visit, edge)
        row |= {
            f"{edge}_page": mark.page if mark else "",
            f"{edge}_at": mark.at if mark else None,
            f"{edge}_id": mark.id if mark else None,
        }
    return row | msgspec.structs.asdict(visit.context)
