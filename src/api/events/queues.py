"""The queues of a process: one for events, one for those that are refused."""

import time
from collections.abc import Sequence
from functools import partial

from api.db.database import Database
from api.events.models import Event
from api.events.queue import WriteQueue
from api.events.rejected import RejectedEvent, keep
from api.events.writer import Result, store
from api.metrics import BATCH_EVENTS, BATCH_SECONDS, WAITING
from settings import Settings


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
        partial(keep, database, most_rows=settings.rejected_rows),
        writers=1,
        answer_seconds=database.answer_seconds,
    )


async def measured_store(database: Database, events: Sequence[Event]) -> list[Result]:
    """Stores a batch and takes note of how long that took."""
    started = time.monotonic()
    results = await store(database, events)
    BATCH_EVENTS.observe(len(events))
    BATCH_SECONDS.observe(time.monotonic() - started)
    return results
