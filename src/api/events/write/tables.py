"""How events and visits become rows."""

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any, LiteralString, cast

from msgspec.structs import asdict

from api.db.sql_files import Fragment, statement
from api.events.changes.log import RawChange
from api.events.models import Context, Event
from api.events.write.sql import SQL, Connection, as_json, execute
from api.events.write.visitors import Visitor
from api.events.write.visits import LONG_VISIT, Move, Visit


def listed(form: str) -> Fragment:
    """The names of the context's columns, each put into the form in place of `{}`, with commas.
    The cast is safe: the names are fields of a class, not input."""
    columns = (form.format(column) for column in Context.__struct_fields__)
    return Fragment(cast(LiteralString, ", ".join(columns)))


STORE = statement(
    SQL.folder / "store.sql", {"context": listed("{}"), "given": listed("coalesce({}, '')")}
).text


async def store(
    connection: Connection,
    sites: Collection[int],
    assigned: Sequence[tuple[Event, Visit]],
    visits: Sequence[Visit],
    unopened: Sequence[Visit],
    visitors: Sequence[Visitor],
    bots: Sequence[Event],
    changes: Sequence[RawChange],
    change: int,
) -> None:
    """Adds events with their visits and visitors, and events of bots; notes the changes under their
    number, and notifies of the sites."""
    values = {
        "events": as_json([event_row(event, visit) for event, visit in assigned]),
        "visits": as_json([visit_row(visit) for visit in visits]),
        "unopened": as_json([unopened_row(visit) for visit in unopened]),
        "visitors": as_json(visitors),
        "bots": as_json([bot_row(event) for event in bots]),
        "changes": as_json(changes),
        "change": change,
        "payload": payload_of(sites),
    }
    await connection.execute(STORE, values)


def payload_of(sites: Collection[int]) -> str:
    """What is notified of sites with something new; it is small whatever a batch is."""
    return as_json(sorted(sites)[:500])


EVENT_COLUMNS: tuple[str, ...] = (
    *("time", "id", "site_id", "name", "page", "hostname", "title", "referrer"),
    *("user_id", "duration", "revenue", "currency", "interactive", "props", "last_change"),
)
"""The columns of `event` that are fields of an event."""

BOT_COLUMNS: tuple[str, ...] = (
    "time",
    "id",
    "site_id",
    "bot",
    "name",
    "page",
    "hostname",
    "user_agent",
)

values_of_event, values_of_bot = attrgetter(*EVENT_COLUMNS), attrgetter(*BOT_COLUMNS)


def event_row(event: Event, visit: Visit) -> dict[str, Any]:
    row = dict(zip(EVENT_COLUMNS, values_of_event(event), strict=True))
    row["visitor_id"], row["visitor_number"] = visit.visitor_id, visit.visitor_number
    row["visit_id"] = visit.id
    return given(row)


def bot_row(event: Event) -> dict[str, Any]:
    row = dict(zip(BOT_COLUMNS, values_of_bot(event), strict=True))
    row["category"] = event.bot_category or "other"
    return row


def visit_row(visit: Visit) -> dict[str, Any]:
    """The columns of a visit, without those of its context where it is stored and has not
    changed."""
    row = asdict(visit)
    entry, last, context = row.pop("entry"), row.pop("exit"), row.pop("context")
    del row["stored_started"], row["stored_unopened"], row["merged_into"]
    if context is not None:
        row.update(asdict(context))
    row["entry_page"], row["exit_page"] = "", ""
    if entry is not None:
        row["entry_at"], row["entry_id"], row["entry_page"] = entry.at, entry.id, entry.page
        row["exit_at"], row["exit_id"], row["exit_page"] = last.at, last.id, last.page
    row["is_long"] = visit.last_event - visit.started > LONG_VISIT
    return given(row)


UNOPENED_COLUMNS: tuple[str, ...] = (
    *("visitor_id", "id", "site_id", "session_id", "started", "engaged_from", "last_event"),
)

values_of_unopened = attrgetter(*UNOPENED_COLUMNS)


def unopened_row(visit: Visit) -> dict[str, Any]:
    return dict(zip(UNOPENED_COLUMNS, values_of_unopened(visit), strict=True))


def given(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without nulls, which the server need not read."""
    return {column: value for column, value in row.items() if value is not None}


async def replace_visits(
    connection: Connection,
    changed: Sequence[Visit],
    absorbed: Sequence[Visit],
    moves: Sequence[Move],
) -> None:
    """Prepares stored visits for `store`. Events that have another visit now get its id. Visits
    that became part of others are deleted; so is a visit whose first event has changed: `store`
    inserts it again under its new start."""
    if moves:
        await move_events(connection, moves)
    if opened := [visit for visit in absorbed if visit.stored_unopened]:
        await delete_unopened(connection, opened)
    merged = [visit for visit in absorbed if visit.stored_started]
    if gone := merged + [visit for visit in changed if visit.begins_anew]:
        await delete_visits(connection, gone)


async def move_events(connection: Connection, moves: Sequence[Move]) -> None:
    await execute(
        connection,
        "move_events",
        {
            "visitors": [move.source.visitor_id for move in moves],
            "lowers": [move.lower for move in moves],
            "uppers": [move.upper for move in moves],
            "ids": [move.source.id for move in moves],
            "hosts": [move.target.final.id for move in moves],
            "numbers": [move.target.final.visitor_number for move in moves],
            "earliest": min(move.lower for move in moves),
            "latest": max(move.upper for move in moves),
        },
    )


async def delete_unopened(connection: Connection, visits: Sequence[Visit]) -> None:
    keys = {"visitors": [v.visitor_id for v in visits], "ids": [v.id for v in visits]}
    await execute(connection, "delete_unopened", keys)


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
