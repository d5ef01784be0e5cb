"""The queues of a process: one for events, one for those that are refused."""

import time
from collections.abc import Collection, Sequence
from functools import partial

from api.db.database import Database
from api.events.models import Event
from api.events.queue import Take, WriteQueue
from api.events.rejected import RejectedEvent, keep
from api.events.writer import Result, store_in_turn
from api.metrics import BATCH_EVENTS, BATCH_SECONDS, WAITING
from settings import Settings

MOST_REJECTED = 5_000
"""How many rejected events wait to be kept. Each may be as large as an event may be."""


def event_queue(database: Database) -> WriteQueue[Event, Result]:
    """Where events wait to be stored."""
    return WriteQueue(
        partial(measured_store, database),
        answer_seconds=database.answer_seconds,
        on_depth=WAITING.set,
    )


def rejected_queue(database: Database, settings: Settings) -> WriteQueue[RejectedEvent, None]:
    """Where refused events wait to be kept; they serialise in the database, so one at a time."""
    return WriteQueue(
        lambda _, take: keep(database, take(), settings.rejected_rows),
        writers=1,
        answer_seconds=database.answer_seconds,
        most_waiting=MOST_REJECTED,
    )


async def measured_store(
    database: Database, sites: Collection[int], take: Take[Event]
) -> Sequence[Result]:
    """Stores a batch and takes note of how long that took."""
    started = time.monotonic()
    results = await store_in_turn(database, sites, take)
    BATCH_EVENTS.observe(len(results))
    BATCH_SECONDS.observe(time.monotonic() - started)
    return results
