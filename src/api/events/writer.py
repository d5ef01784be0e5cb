"""Stores events, visits and visitors: one transaction a batch, exactly once, committed before
anybody hears of it.

Transactions serialise on an advisory lock per site. A site's visitors get dense numbers in the
order of first sight, so two writers of one site had to wait for each other in any case; the one
lock also keeps two of them from opening two visits for one visitor, or storing one id twice.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from api.db.database import Database
from api.db.partitions import ensure_partitions, month_of
from api.events.changes import find_late
from api.events.models import Event
from api.events.parse import Rejected
from api.events.queue import Take
from api.events.rows import (
    add_bots,
    add_events,
    ask_for_visits,
    move_events,
    store_visits,
    visit_from,
)
from api.events.statements import Answer, Connection, as_json, conversation, execute
from api.events.turns import wait_for_turn
from api.events.visitors import (
    Known,
    ask_for_visitors,
    meet_visitors,
    store_visitors,
)
from api.events.visits import Assignment, Visit

CHANNEL = "events"
"""What is announced after each batch: the ids of the sites that got something."""

TRIES = 3

PASSING = (None, "57P01", "57P02", "40P01", "40001")
"""The connection is gone, its server was shut down or crashed, deadlock, serialisation."""

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

    Raises psycopg.OperationalError or PoolTimeout when the database is away; then nothing
    of this batch is stored, or what is stored will be a duplicate when it is sent again.
    """
    return await store_in_turn(database, {event.site_id for event in events}, lambda: events)


async def store_in_turn(
    database: Database, sites: Collection[int], take: Take[Event]
) -> list[Result]:
    """Stores events of these sites, the same way. They are asked for when nobody else writes to
    the sites any more: those who come while others write are in the batch.

    An event that the database refuses is rejected alone: the batch is cut in halves until it is
    found.
    """
    try:
        return await store_with_retries(database, sites, take)
    except EVENT_AT_FAULT as error:
        events = take()
        if len(events) == 1:
            log.warning("an event cannot be stored: %s", type(error).__name__)
            return [Rejected("unstorable", "The database cannot store this event.")]
    middle = len(events) // 2
    return [
        *await store(database, events[:middle]),
        *await store(database, events[middle:]),
    ]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A transaction that was about to be committed."""

    xid: str
    results: list[Result]


async def store_with_retries(
    database: Database, sites: Collection[int], take: Take[Event]
) -> list[Result]:
    """Tries again when the connection broke, or the server broke up a deadlock."""
    attempts: list[Attempt] = []
    for left in reversed(range(TRIES)):
        try:
            return await store_batch(database, sites, take, attempts)
        except psycopg.OperationalError as error:
            if not left or not passes(error):
                raise
    raise AssertionError("unreachable")


def passes(error: psycopg.OperationalError) -> bool:
    """Whether the next try may do better at once: the fault was this connection's."""
    return error.sqlstate in PASSING and not isinstance(error, PoolTimeout)


async def store_batch(
    database: Database, sites: Collection[int], take: Take[Event], attempts: list[Attempt]
) -> list[Result]:
    """One transaction."""
    async with database.writer() as connection:
        await wait_for_turn(connection, sites)
        if not (events := take()):
            return []
        if missing := missing_months(database, events):
            await connection.rollback()
            await ensure_partitions(connection, database.engine, missing)
            known_months[database.url] |= missing
            await wait_for_turn(connection, sites)
        async with conversation(connection, len(events)):
            results = await write(connection, events, attempts)
            await connection.execute("commit")
        return results


known_months: dict[str, set[datetime]] = defaultdict(set)
"""By database, the months for which there are partitions."""


def missing_months(database: Database, events: Sequence[Event]) -> set[datetime]:
    """Times that the jobs loop did not foresee: imports of old data."""
    return {month_of(event.time) for event in events} - known_months[database.url]


async def write(
    connection: Connection, events: Sequence[Event], attempts: list[Attempt]
) -> list[Result]:
    """Everything a batch does, under its locks, in a transaction of the caller's.

    When it is tried again nobody knows whether the COMMIT got through; the server does.
    """
    if done := await committed(connection, attempts):
        return done.results
    stock = await take_stock(connection, events)
    new = new_places(events, stock.ids)
    await write_new(connection, [events[place] for place in new], stock)
    if new:
        sites = sorted({event.site_id for event in events})
        await execute(connection, "announce", {"payload": announcement(sites)})
    attempts.append(Attempt(stock.xid, outcomes(events, new)))
    return attempts[-1].results


async def committed(connection: Connection, attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt of which only the answer was lost. Its locks are ours by now: it is over."""
    for attempt in attempts:
        answer = await execute(connection, "fate_of_transaction", {"xid": attempt.xid})
        if (row := await answer.fetchone()) and row["fate"] == "committed":
            return attempt
    return None


def outcomes(events: Sequence[Event], new: Sequence[int]) -> list[Result]:
    """Accepted is what is new."""
    found: list[Result] = [Outcome.DUPLICATE] * len(events)
    for place in new:
        found[place] = Outcome.ACCEPTED
    return found


@dataclass(frozen=True, slots=True)
class Stock:
    """What the database knows of a batch, all asked for at once and behind the locks."""

    ids: set[tuple[int, UUID]]
    """Of the events that are stored already, with their sites."""
    visits: list[Visit]
    visitors: dict[int, Known]
    last_numbers: dict[int, int]
    """The last one given out, by site."""
    watermark: datetime | None
    """Up to when rows are stored in any rollup."""
    change: int
    """The number of what this transaction changes behind that."""
    xid: str
    """The number of this transaction."""


async def take_stock(connection: Connection, events: Sequence[Event]) -> Stock:
    """Asks for everything before it waits for any of it: one round trip in a pipeline."""
    people = [event for event in events if not event.bot]
    own = [event for event in events if event.own_id]
    ids = [await ask_for_ids(connection, own)] if own else []
    visits = await ask_for_visits(connection, people)
    visitors = await ask_for_visitors(connection, people)
    sites = await execute(connection, "sites", {"sites": list({e.site_id for e in events})})
    stored = {(row["site_id"], row["id"]) for answer in ids for row in await answer.fetchall()}
    near = [visit_from(row) for answer in visits for row in await answer.fetchall()]
    of_sites = await sites.fetchall()
    known = {v.visitor_id: Known(v.visitor_number, v.first_seen) for v in near if v.first_seen}
    known |= {
        row["id"]: Known(row["number"], row["first_seen"]) for row in await visitors.fetchall()
    }
    return Stock(
        ids=stored,
        visits=near,
        visitors=known,
        last_numbers={row["site_id"]: row["last_visitor_number"] for row in of_sites},
        watermark=of_sites[0]["watermark"],
        change=of_sites[0]["change"],
        xid=of_sites[0]["xid"],
    )


async def write_new(connection: Connection, events: Sequence[Event], stock: Stock) -> None:
    """Stores what is not a duplicate: what people did, and apart from it what bots did."""
    if people := [event for event in events if not event.bot]:
        await write_visits(connection, people, stock)
    if bots := [event for event in events if event.bot]:
        await add_bots(connection, bots)


async def ask_for_ids(connection: Connection, events: Sequence[Event]) -> Answer:
    """Asks which of these events are stored."""
    sent = [{"site_id": event.site_id, "id": event.id, "time": event.time} for event in events]
    return await execute(connection, "known_ids", {"sent": as_json(sent)})


def new_places(events: Sequence[Event], stored: Iterable[tuple[int, UUID]]) -> list[int]:
    """The places of the events that are new: not stored yet, and the first of their id here."""
    seen = set(stored)
    new: list[int] = []
    for place, event in enumerate(events):
        key = (event.site_id, event.id)
        if key not in seen:
            seen.add(key)
            new.append(place)
    return new


async def write_visits(connection: Connection, events: Sequence[Event], stock: Stock) -> None:
    """Assigns visits and stores events, visits and visitors."""
    assignment = Assignment(stock.visits)
    visits = assignment.assign(events)
    for event, visit in zip(events, visits, strict=True):
        event.visit_id = visit.id
    changed, absorbed = list(assignment.changed.values()), assignment.absorbed
    visitors = meet_visitors(changed, stock.visitors, stock.last_numbers)
    pairs = list(zip(events, visits, strict=True))
    late = find_late(pairs, changed, absorbed, visitors, stock.change, stock.watermark)
    if late:
        await late.log_before(connection)
    await add_events(connection, events, visits)
    await move_events(connection, absorbed)
    await store_visits(connection, changed, absorbed)
    await store_visitors(connection, visitors, events, visits)
    if late:
        await late.log_after(connection)


def announcement(sites: Sequence[int]) -> str:
    """The payload of the notification: small, whatever the size of the batch."""
    return msgspec.json.encode(sites[:500]).decode()
