"""Writes events, visits and visitors: one transaction a batch, each event exactly once.

Transactions serialise on an advisory lock per site. A site's visitors get dense numbers in the
order of first sight, so two writers of one site have to wait for each other in any case; the lock
also prevents two visits for one visitor, and one id from being stored twice.
"""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from api.db.database import Database
from api.db.partitions import ensure_partitions, month_of
from api.errors import AnalyticsError
from api.events.changes.log import changes_of
from api.events.models import Event
from api.events.receive.rejection import EVENT, Reason, rejected
from api.events.write.batch import Batch, ClosedBatch
from api.events.write.existing import Existing, load_existing
from api.events.write.group_commit import WriteQueue
from api.events.write.handovers import hand_over, settle_givers
from api.events.write.late_changes import find_late
from api.events.write.locks import begin_with_locks
from api.events.write.observations import store_observations
from api.events.write.sql import Connection, execute
from api.events.write.tables import payload_of, replace_visits, store
from api.events.write.visitors import changed_visitors, move_first_seen, resolve_visitors
from api.events.write.visits import Assignment
from api.metrics import BATCH_EVENTS, BATCH_SECONDS, WAITING
from api.sites.directory import unknown_site

CHANNEL = "events"
"""Where each batch notifies of the ids of the sites that got something."""

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
"""What is raised because of a value in an event; ValueError covers text that cannot be encoded.
Everything else is our fault or the server's, and no event is refused for it."""

log = logging.getLogger("analytics.writer")


class Outcome(StrEnum):
    """What became of an event that was not refused."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


Result = Outcome | AnalyticsError


@dataclass(frozen=True, slots=True)
class Attempt:
    """A transaction that was about to be committed."""

    xid: str
    outcomes: Sequence[Result]


class Writer:
    """Writes batches of events to a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.known_months: set[datetime] = set()
        """The months for which there are partitions."""

    async def write(self, events: Sequence[Event]) -> Sequence[Result]:
        """Stores events as one batch and says what became of each, in order, after the COMMIT.

        Raises psycopg.OperationalError or PoolTimeout when the database is away; then nothing
        of this batch is stored, or what is stored will be a duplicate when it is sent again.
        """
        return await self.write_batch(ClosedBatch(events))

    async def write_batch(self, batch: Batch[Event]) -> Sequence[Result]:
        """Stores a batch, the same way. It is closed when nobody else writes to its sites any more:
        events that come meanwhile are in it.

        An event that the database refuses is rejected alone: the batch is halved until it is found.
        """
        try:
            return await self._with_retry(batch)
        except EVENT_AT_FAULT as error:
            events = batch.close()
            if len(events) == 1:
                log.warning("an event cannot be stored: %s", type(error).__name__)
                problem = "cannot be stored by the database"
                return [rejected(Reason.UNSTORABLE, EVENT, problem)]
        middle = len(events) // 2
        halves = ClosedBatch(events[:middle]), ClosedBatch(events[middle:])
        return [result for half in halves for result in await self.write_batch(half)]

    async def _with_retry(self, batch: Batch[Event]) -> Sequence[Result]:
        """Tries again when the connection broke, or the server broke up a deadlock."""
        attempts: list[Attempt] = []
        for left in reversed(range(TRIES)):
            try:
                return await self._transaction(batch, attempts)
            except psycopg.OperationalError as error:
                if not left or not passes(error):
                    raise
        raise AssertionError("unreachable")

    async def _transaction(self, batch: Batch[Event], attempts: list[Attempt]) -> Sequence[Result]:
        async with self.database.writer() as connection:
            began = await begin_with_locks(connection, batch.sites)
            if not (events := batch.close()):
                return []
            if missing := {month_of(event.time) for event in events} - self.known_months:
                # The jobs loop did not foresee them: an import of old data.
                await connection.rollback()
                await ensure_partitions(connection, self.database.engine, missing)
                self.known_months |= missing
                began = await begin_with_locks(connection, batch.sites)
            return await _apply(connection, events, began, attempts)


def event_queue(writer: Writer) -> WriteQueue[Event, Result]:
    """Where the events of this process wait to be written; batches are measured."""

    async def write_measured(batch: Batch[Event]) -> Sequence[Result]:
        started = time.monotonic()
        results = await writer.write_batch(batch)
        BATCH_EVENTS.observe(len(results))
        BATCH_SECONDS.observe(time.monotonic() - started)
        return results

    answer_seconds = writer.database.answer_seconds
    return WriteQueue(write_measured, answer_seconds=answer_seconds, on_depth=WAITING.set)


def passes(error: psycopg.OperationalError) -> bool:
    """Whether the next try may do better at once: the fault was this connection's."""
    return error.sqlstate in PASSING and not isinstance(error, PoolTimeout)


async def _apply(
    connection: Connection, events: Sequence[Event], began: datetime, attempts: list[Attempt]
) -> Sequence[Result]:
    """All that a batch changes, in a transaction that began at this time and holds the locks; and
    its COMMIT, in the same round trip.

    On a retry, the server is asked whether an earlier attempt was committed after all.
    """
    if done := await committed(connection, attempts):
        return done.outcomes
    existing = await load_existing(connection, events, began)
    outcomes = outcomes_of(events, existing.ids, existing.last_numbers)
    pairs = zip(events, outcomes, strict=True)
    new = [event for event, outcome in pairs if outcome is Outcome.ACCEPTED]
    attempts.append(Attempt(existing.xid, outcomes))
    async with connection.pipeline():
        if new:
            await add(connection, new, existing)
        await connection.execute("commit")
    return outcomes


async def committed(connection: Connection, attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt that was committed although the connection broke. None is running any more: this
    transaction has its locks."""
    for attempt in attempts:
        cursor = await execute(connection, "transaction_status", {"xid": attempt.xid})
        if (row := await cursor.fetchone()) and row["status"] == "committed":
            return attempt
    return None


def outcomes_of(
    events: Sequence[Event], stored: Collection[tuple[int, UUID]], sites: Collection[int]
) -> list[Result]:
    """Accepted is what is new: not stored yet, and the first of its id in this batch. Events of a
    site that was deleted since it was looked up are refused."""
    seen = set(stored)
    outcomes: list[Result] = []
    for event in events:
        key = (event.site_id, event.id)
        outcome = Outcome.DUPLICATE if key in seen else Outcome.ACCEPTED
        outcomes.append(outcome if event.site_id in sites else unknown_site(event.site_key))
        seen.add(key)
    return outcomes


async def add(connection: Connection, events: Sequence[Event], existing: Existing) -> None:
    """Stores new events, with their visits and visitors."""
    known_visitors = existing.known_visitors
    assignment = Assignment(existing.visits)
    people = [event for event in events if not event.bot]
    assigned = assignment.assign([event for event in people if not event.is_observation])
    for event, visit in assigned:
        event.visit_id = visit.id if visit.is_opened else None
    changed, absorbed = list(assignment.changed.values()), assignment.absorbed
    unopened = list(assignment.unopened.values())
    visitors = resolve_visitors(changed, known_visitors, existing.last_numbers)
    late = find_late(assigned, changed, absorbed, visitors, existing.change, existing.watermark)
    handovers = assignment.handovers.values()
    if handovers:
        await hand_over(connection, handovers)
    if late:
        await late.log_before(connection)
    await replace_visits(connection, changed, absorbed, assignment.moves)
    to_store = changed_visitors(visitors, assigned)
    bots = [event for event in events if event.bot]
    sites = {event.site_id for event in events}
    noted = changes_of(assigned, absorbed, assignment.moves, handovers)
    number = existing.change
    await store(connection, sites, assigned, changed, unopened, to_store, bots, noted, number)
    await move_first_seen(connection, visitors)
    observed = [(e, assignment.visitor_of(e)) for e in people if e.is_observation]
    await store_observations(connection, observed)
    if handovers:
        await settle_givers(connection, handovers)
    if late:
        await late.log_after(connection)


async def announce(connection: Connection, sites: Collection[int]) -> None:
    """Notifies CHANNEL of the sites at the COMMIT."""
    await execute(connection, "announce", {"payload": payload_of(sites)})
