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
from api.events.write.visits import LONG_VISIT, Visit


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
    *("time", "id", "site_id", "visit_id", "name", "page", "hostname", "title", "referrer"),
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
    del row["stored_started"], row["merged_into"]
    if context is not None:
        row.update(asdict(context))
    row["entry_page"], row["exit_page"] = "", ""
    if entry is not None:
        row["entry_at"], row["entry_id"], row["entry_page"] = entry.at, entry.id, entry.page
        row["exit_at"], row["exit_id"], row["exit_page"] = last.at, last.id, last.page
    row["is_long"] = visit.last_event - visit.started > LONG_VISIT
    return given(row)


def given(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without nulls, which the server need not read."""
    return {column: value for column, value in row.items() if value is not None}


async def replace_visits(
    connection: Connection, changed: Sequence[Visit], absorbed: Sequence[Visit]
) -> None:
    """Prepares stored visits for `store`. Events of a visit that was merged into another one get
    the id of the other, and the merged visit is deleted. So is a visit whose first event has
    changed: `store` inserts it again under its new start."""
    merged = [visit for visit in absorbed if visit.stored_started]
    if merged:
        await move_events(connection, merged)
    if gone := merged + [visit for visit in changed if visit.begins_anew]:
        await delete_visits(connection, gone)


async def move_events(connection: Connection, merged: Sequence[Visit]) -> None:
    await execute(
        connection,
        "move_events",
        {
            "visitors": [visit.visitor_id for visit in merged],
            "lowers": [visit.started for visit in merged],
            "uppers": [visit.last_event for visit in merged],
            "ids": [visit.id for visit in merged],
            "hosts": [visit.final.id for visit in merged],
            "earliest": min(visit.started for visit in merged),
            "latest": max(visit.last_event for visit in merged),
        },
    )


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
