"""Stores events, visits and visitors: one transaction a batch, exactly once, committed before
anybody hears of it.

Transactions serialise on an advisory lock per site. A site's visitors get dense ordinals in the
order of first sight, so two writers of one site had to wait for each other in any case; the one
lock also keeps two of them from opening two visits for one visitor, or storing one id twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from api.db.database import POOL_TIMEOUT_SECONDS, Database
from api.db.partitions import ensure_partitions, month_of
from api.db.queries import statement
from api.db.refresh import WRITERS_LOCK
from api.events.models import Context, Event
from api.events.parse import Rejected
from api.events.visits import Assignment, PageMark, Visit

SQL = Path(__file__).parent / "sql"

CHANNEL = "events"
"""What is announced after each batch: the ids of the sites that got something."""

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""

RETRIES = 3

Connection = AsyncConnection[Any]


class Outcome(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


Result = Outcome | Rejected


@dataclass
class Batch:
    """What one transaction stores."""

    events: list[Event]
    visits: list[Visit] = field(default_factory=list[Visit])
    """The visit of each event, in the same order."""
    bots: list[Event] = field(default_factory=list[Event])

    @property
    def site_ids(self) -> list[int]:
        """Every site that is written to, in the order in which locks are taken."""
        return sorted({event.site_id for event in (*self.events, *self.bots)})


async def store(database: Database, events: Sequence[Event]) -> list[Result]:
    """Stores a batch and says what became of each event, in order, after the COMMIT.

    An event that the database refuses is rejected alone: the batch is cut in halves until it is
    found. Raises psycopg.OperationalError or PoolTimeout when the database is away; then nothing
    of this batch is stored, or what is stored will be a duplicate when it is sent again.
    """
    try:
        return await store_with_retries(database, events)
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, ValueError):
        if len(events) == 1:
            return [Rejected("unstorable", "The database cannot store this event.")]
    middle = len(events) // 2
    return [
        *await store(database, events[:middle]),
        *await store(database, events[middle:]),
    ]


async def store_with_retries(database: Database, events: Sequence[Event]) -> list[Result]:
    """Tries again when the server broke up a deadlock; the lock order makes that all but moot."""
    for attempt in range(RETRIES):
        try:
            return await store_batch(database, events)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt == RETRIES - 1:
                raise
    raise AssertionError("unreachable")


async def store_batch(database: Database, events: Sequence[Event]) -> list[Result]:
    """One transaction."""
    async with database.writing.connection(timeout=POOL_TIMEOUT_SECONDS) as connection:
        await need_partitions(database, connection, events)
        async with connection.transaction():
            return await write(connection, events)


known_months: dict[str, set[datetime]] = {}


async def need_partitions(
    database: Database, connection: Connection, events: Sequence[Event]
) -> None:
    """Partitions for times that the jobs loop did not foresee: imports of old data."""
    known = known_months.setdefault(database.url, set())
    if missing := {month_of(event.time) for event in events} - known:
        await ensure_partitions(connection, database.engine, missing)
        known |= missing


async def write(connection: Connection, events: Sequence[Event]) -> list[Result]:
    """Everything a batch does, under its locks, in a transaction of the caller's."""
    await lock(connection, {event.site_id for event in events})
    new = await without_duplicates(connection, events)
    fresh = [events[place] for place in new]
    batch = Batch(
        events=[event for event in fresh if not event.bot],
        bots=[event for event in fresh if event.bot],
    )
    if batch.events:
        await write_visits(connection, batch)
    if batch.bots:
        await copy_bots(connection, batch.bots)
    if fresh:
        await execute(connection, "announce", {"payload": announcement(batch)})
    accepted = set(new)
    return [
        Outcome.ACCEPTED if place in accepted else Outcome.DUPLICATE for place in range(len(events))
    ]


async def lock(connection: Connection, sites: Iterable[int]) -> None:
    """Waits for other writers of these sites; lets no watermark move until the commit."""
    await execute(
        connection,
        "lock",
        {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)},
    )


async def without_duplicates(connection: Connection, events: Sequence[Event]) -> list[int]:
    """The places of the events that are new: not stored yet, and the first of their id here."""
    own = [event for event in events if event.own_id]
    seen: set[tuple[int, UUID]] = set()
    if own:
        cursor = await execute(
            connection,
            "known_ids",
            {
                "sites": [event.site_id for event in own],
                "ids": [event.id for event in own],
                "times": [event.time for event in own],
            },
        )
        seen = {(row["site_id"], row["id"]) for row in await cursor.fetchall()}
    new: list[int] = []
    for place, event in enumerate(events):
        key = (event.site_id, event.id)
        if key not in seen:
            seen.add(key)
            new.append(place)
    return new


async def write_visits(connection: Connection, batch: Batch) -> None:
    """Assigns visits and stores events, visits and visitors."""
    assignment = Assignment(await stored_visits(connection, batch.events))
    batch.visits = assignment.assign(batch.events)
    changed = list(assignment.changed.values())
    visitors = await meet_visitors(connection, batch, changed)
    await copy_events(connection, batch, visitors)
    await move_events(connection, assignment.absorbed)
    await replace_visits(connection, changed, assignment.absorbed, visitors)
    await store_visitors(connection, visitors)
    await mark_dirty(connection, batch.events, (*changed, *assignment.absorbed))


async def stored_visits(connection: Connection, events: Sequence[Event]) -> list[Visit]:
    """The visits in the database that these events may belong to."""
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
    rows: list[DictRow] = []
    if visitors:
        values = {"visitors": list(visitors), **bounds(visitors)}
        rows += await (await execute(connection, "visits_near", values)).fetchall()
    if sessions:
        site_ids, session_ids = zip(*sessions, strict=True)
        values = {"sites": list(site_ids), "sessions": list(session_ids), **bounds(sessions)}
        rows += await (await execute(connection, "visits_of_sessions", values)).fetchall()
    return [visit_from(row) for row in rows]


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
    "first_id",
    "last_event",
    "ended",
    "pageviews",
    "events",
    "interactions",
    "revenue",
)


@dataclass
class Visitor:
    """Somebody on a site."""

    site_id: int
    id: int
    ordinal: int
    first_seen: datetime
    last_seen: datetime
    user_id: str | None = None
    moved: bool = False
    """Known before, but first seen later than is known now."""


Visitors = dict[int, Visitor]


async def meet_visitors(connection: Connection, batch: Batch, changed: Sequence[Visit]) -> Visitors:
    """The visitors of these visits; new ones get the next ordinals of their site."""
    values = {"sites": batch.site_ids, "visitors": [visit.visitor_id for visit in changed]}
    known = {
        row["id"]: row for row in await (await execute(connection, "visitors", values)).fetchall()
    }
    cursor = await execute(connection, "last_ordinals", {"sites": batch.site_ids})
    ordinals = {row["site_id"]: row["ordinal"] for row in await cursor.fetchall()}
    visitors: Visitors = {}
    for visit in sorted(changed, key=lambda visit: (visit.started, visit.first_id)):
        visitor = visitors.get(visit.visitor_id)
        if visitor is None:
            visitor = meet(visit, known.get(visit.visitor_id), ordinals)
            visitors[visit.visitor_id] = visitor
        visitor.last_seen = max(visitor.last_seen, visit.last_event)
    for event, visit in zip(batch.events, batch.visits, strict=True):
        if event.user_id is not None:
            visitors[visit.visitor_id].user_id = event.user_id
    return visitors


def meet(visit: Visit, row: Mapping[str, Any] | None, ordinals: dict[int, int]) -> Visitor:
    """The visitor of their earliest changed visit: an old acquaintance, or the next in line."""
    if row is None:
        ordinals[visit.site_id] += 1
        ordinal, first_seen = ordinals[visit.site_id], visit.started
    else:
        ordinal, first_seen = row["ordinal"], min(row["first_seen"], visit.started)
    return Visitor(
        site_id=visit.site_id,
        id=visit.visitor_id,
        ordinal=ordinal,
        first_seen=first_seen,
        last_seen=visit.last_event,
        moved=row is not None and first_seen < row["first_seen"],
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


async def copy_events(connection: Connection, batch: Batch, visitors: Visitors) -> None:
    """COPY in binary form, the fastest way in."""
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
            None if event.props is None else Jsonb(event.props),
        )
        for event, visit in zip(batch.events, batch.visits, strict=True)
    )
    await copy(connection, "copy_events", EVENT_COLUMNS, rows)


async def copy_bots(connection: Connection, bots: Sequence[Event]) -> None:
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
    await copy(connection, "copy_bots", BOT_COLUMNS, rows)


async def copy(
    connection: Connection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Runs a COPY statement with typed rows."""
    text = statement(SQL / f"{name}.sql").text
    async with connection.cursor() as cursor, cursor.copy(text) as target:
        target.set_types(list(columns.values()))
        for row in rows:
            await target.write_row(row)


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
        if visit.stored_started and (visit.merged_into or visit.stored_started != visit.started)
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
    if moved := [visitor for visitor in visitors.values() if visitor.moved]:
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


async def store_visitors(connection: Connection, visitors: Visitors) -> None:
    """Brings the visitor table up to date."""
    rows = [
        {
            "site_id": visitor.site_id,
            "id": visitor.id,
            "ordinal": visitor.ordinal,
            "first_seen": visitor.first_seen,
            "last_seen": visitor.last_seen,
            "user_id": visitor.user_id,
        }
        for visitor in visitors.values()
    ]
    await execute(connection, "store_visitors", {"visitors": as_json(rows)})


async def mark_dirty(
    connection: Connection, events: Sequence[Event], visits: Sequence[Visit]
) -> None:
    """Marks what changed behind the watermarks: events, visits as they were, visits as they are."""
    touched = {("event", event.site_id, hour_of(event.time)) for event in events}
    for visit in visits:
        touched.add(("visit", visit.site_id, hour_of(visit.started)))
        if visit.stored_started:
            touched.add(("visit", visit.site_id, hour_of(visit.stored_started)))
    tables, sites, times = zip(*touched, strict=True)
    await execute(
        connection,
        "mark_dirty",
        {"tables": list(tables), "sites": list(sites), "times": list(times)},
    )


def hour_of(time: datetime) -> datetime:
    """The finest bucket there is; whatever is coarser contains it."""
    return time.replace(minute=0, second=0, microsecond=0)


def announcement(batch: Batch) -> str:
    """The payload of the notification: small, whatever the size of the batch."""
    return msgspec.json.encode(batch.site_ids[:500]).decode()


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows for jsonb_populate_recordset; decimals travel as text and stay exact."""
    return msgspec.json.encode(rows).decode()


async def execute(
    connection: Connection, name: str, values: Mapping[str, Any]
) -> psycopg.AsyncCursor[DictRow]:
    """Runs one of the writer's .sql files."""
    cursor = connection.cursor(row_factory=dict_row)
    return await cursor.execute(statement(SQL / f"{name}.sql").text, values)
