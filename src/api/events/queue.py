"""Group commit: requests wait together for one COMMIT instead of making one each.

Whatever arrives while a batch is being written is the next batch. Under light load that is one
event, at once; under heavy load it is thousands.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from api.db.database import Database
from api.errors import Unavailable
from api.events.models import Event
from api.events.writer import Result, store

MAX_BATCH = 5_000
MAX_WAITING = 20_000


@dataclass(slots=True)
class Waiting:
    """The events of one request, and the place where it waits for their fate."""

    events: Sequence[Event]
    fate: asyncio.Future[list[Result]]


class WriteQueue:
    """The way of all requests of this process to the writer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: list[Waiting] = []
        self.arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.run(), name="write queue")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def write(self, events: Sequence[Event]) -> list[Result]:
        """What became of each event; returns after the COMMIT. Raises Unavailable when full."""
        if sum(len(request.events) for request in self.waiting) + len(events) > MAX_WAITING:
            raise Unavailable("Too many events are waiting; please try again.")
        fate = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(events, fate))
        self.arrived.set()
        return await fate

    async def run(self) -> None:
        """Writes batch after batch for as long as the process lives."""
        while True:
            await self.arrived.wait()
            await self.write_batch(self.take())

    def take(self) -> list[Waiting]:
        """Whole requests, up to a full batch, the first of them in any case."""
        size, count = 0, 0
        for request in self.waiting:
            size += len(request.events)
            if count and size > MAX_BATCH:
                break
            count += 1
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        if not self.waiting:
            self.arrived.clear()
        return taken

    async def write_batch(self, requests: Sequence[Waiting]) -> None:
        """Stores what these requests brought and tells each of them."""
        events = [event for request in requests for event in request.events]
        try:
            results = iter(await store(self.database, events))
        except Exception as error:
            for request in requests:
                if not request.fate.done():
                    request.fate.set_exception(error)
            return
        for request in requests:
            own = [next(results) for _ in request.events]
            if not request.fate.done():
                request.fate.set_result(own)
