"""Stores events, visits and visitors: one transaction a batch, exactly once, committed before
anybody hears of it.

Transactions serialise on an advisory lock per site. A site's visitors get dense ordinals in the
order of first sight, so two writers of one site had to wait for each other in any case; the one
lock also keeps two of them from opening two visits for one visitor, or storing one id twice.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
import psycopg

from api.db.database import POOL_TIMEOUT_SECONDS, Database
from api.db.partitions import ensure_partitions, month_of
from api.db.refresh import WRITERS_LOCK
from api.events.models import Event
from api.events.parse import Rejected
from api.events.rows import copy_bots, copy_events, move_events, replace_visits, stored_visits
from api.events.statements import Connection, execute
from api.events.visitors import Visitors, meet_visitors, store_visitors
from api.events.visits import Assignment, Visit

CHANNEL = "events"
"""What is announced after each batch: the ids of the sites that got something."""

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""

RETRIES = 3

EVENT_AT_FAULT = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
    ValueError,
)
"""What is raised because of a value, however healthy the database is; ValueError covers text that
cannot be encoded. Everything else is ours or the server's fault, and no event is refused for it."""

log = logging.getLogger("analytics.writer")


class Outcome(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


Result = Outcome | Rejected


async def store(database: Database, events: Sequence[Event]) -> list[Result]:
    """Stores a batch and says what became of each event, in order, after the COMMIT.

    An event that the database refuses is rejected alone: the batch is cut in halves until it is
    found. Raises psycopg.OperationalError or PoolTimeout when the database is away; then nothing
    of this batch is stored, or what is stored will be a duplicate when it is sent again.
    """
    try:
        return await store_with_retries(database, events)
    except EVENT_AT_FAULT as error:
        if len(events) == 1:
            log.warning("an event cannot be stored: %s", type(error).__name__)
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
    sites = sorted({event.site_id for event in events})
    locks = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sites}
    await execute(connection, "lock", locks)
    new = await without_duplicates(connection, events)
    await write_new(connection, [events[place] for place in new])
    if new:
        await execute(connection, "announce", {"payload": announcement(sites)})
    outcomes = dict.fromkeys(range(len(events)), Outcome.DUPLICATE)
    return list((outcomes | dict.fromkeys(new, Outcome.ACCEPTED)).values())


async def write_new(connection: Connection, events: Sequence[Event]) -> None:
    """Stores what is not a duplicate: what people did, and apart from it what bots did."""
    if people := [event for event in events if not event.bot]:
        await write_visits(connection, people)
    if bots := [event for event in events if event.bot]:
        await copy_bots(connection, bots)


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


async def write_visits(connection: Connection, events: Sequence[Event]) -> None:
    """Assigns visits and stores events, visits and visitors."""
    assignment = Assignment(await stored_visits(connection, events))
    visits = assignment.assign(events)
    for event, visit in zip(events, visits, strict=True):
        event.visit_id, event.context = visit.id, visit.context
    changed, absorbed = list(assignment.changed.values()), assignment.absorbed
    visitors = await meet_visitors(connection, changed)
    await copy_events(connection, events, visits, visitors)
    await move_events(connection, absorbed)
    await replace_visits(connection, changed, absorbed, visitors)
    await store_visitors(connection, visitors, events, visits)
    await mark_dirty(connection, events, (*changed, *absorbed), visitors)


async def mark_dirty(
    connection: Connection,
    events: Sequence[Event],
    visits: Sequence[Visit],
    visitors: Visitors,
) -> None:
    """Marks what changed behind the watermarks: events, visits as they were, visits as they are,
    and those that are not their visitor's first any more."""
    touched = {("event", event.site_id, hour_of(event.time)) for event in events}
    for visit in visits:
        touched.add(("visit", visit.site_id, hour_of(visit.started)))
        if visit.stored_started:
            touched.add(("visit", visit.site_id, hour_of(visit.stored_started)))
    touched |= {
        ("visit", visitor.site_id, hour_of(visitor.moved_from))
        for visitor in visitors.values()
        if visitor.moved_from
    }
    tables, sites, times = zip(*touched, strict=True)
    await execute(
        connection,
        "mark_dirty",
        {"tables": list(tables), "sites": list(sites), "times": list(times)},
    )


def hour_of(time: datetime) -> datetime:
    """The finest bucket there is; whatever is coarser contains it."""
    return time.replace(minute=0, second=0, microsecond=0)


def announcement(sites: Sequence[int]) -> str:
    """The payload of the notification: small, whatever the size of the batch."""
    return msgspec.json.encode(sites[:500]).decode()
