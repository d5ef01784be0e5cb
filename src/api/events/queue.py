"""Group commit: requests wait together for one COMMIT instead of making one each.

Whatever arrives while a batch is being written is the next batch. Under light load that is one
event, at once; under heavy load it is thousands. Writers of one site wait for each other in the
database: those of other processes, so a batch is cut when its turn has come and not before, and
those of this one, so a site is in one batch at a time. One with a long line is written apart from
the others and never by all writers, so that a flood on it slows nobody else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from api.db.timeouts import ANSWER_SECONDS, PATIENCE, STALL_SECONDS
from api.errors import Unavailable

WRITERS = 3
"""Batches at a time."""

MAX_BATCH = 5_000
MAX_WAITING = 40_000
MAX_LINE = 15_000
LONG_LINE = 500
"""How many items of one site may wait and still be written together with other sites'."""

GATHER_SECONDS = 0.002
"""How long a batch waits for those who were in the one before and are about to send again."""

CROWD = 4
"""With fewer items in a batch and behind it the load is light, and nobody is waited for."""

WORTHWHILE = 16
"""A batch of so many items is worth its round trips, and for half of a crowd that is larger."""

DRAIN_SECONDS = 10.0
"""How long a process that is told to end waits for what is being written."""


class OfSite(Protocol):
    """Something that belongs to a site."""

    @property
    def site_id(self) -> int: ...


Item = TypeVar("Item", bound=OfSite)
Fate = TypeVar("Fate")

Fates = asyncio.Future[Sequence[Fate]]

Take = Callable[[], Sequence[Item]]
"""Tells what is in a batch. It is cut when this is called first: what it has then stays in it."""

Store = Callable[[frozenset[int], Take[Item]], Awaitable[Sequence[Fate]]]
"""Takes turns with others who write to these sites, takes the batch, and stores it."""


@dataclass(slots=True, eq=False)
class Request(Generic[Item, Fate]):
    """What one request brought, and the place where it waits for its fate."""

    items: Sequence[Item]
    fates: Fates[Fate]
    due: float
    """When the sender must hear something, by the loop's clock."""


@dataclass(slots=True, eq=False)
class Line(Generic[Item, Fate]):
    """The requests for the same sites, in the order of arrival."""

    sites: frozenset[int]
    requests: deque[Request[Item, Fate]] = field(default_factory=deque[Request[Any, Any]])
    size: int = 0

    def append(self, request: Request[Item, Fate]) -> None:
        """Puts a request at the end."""
        self.requests.append(request)
        self.size += len(request.items)

    def take(self, most: int) -> list[Request[Item, Fate]]:
        """Requests from the front with up to so many items, the first one in any case."""
        taken: list[Request[Item, Fate]] = []
        size = 0
        while self.requests and (not taken or size + len(self.requests[0].items) <= most):
            request = self.requests.popleft()
            size += len(request.items)
            if not request.fates.done():  # nobody waits for it any more: it is sent again
                taken.append(request)
        self.size -= size
        return taken


@dataclass(slots=True, eq=False)
class Batch(Generic[Item, Fate]):
    """Some lines, and what was taken from them when it was their turn."""

    lines: Sequence[Line[Item, Fate]]
    sites: frozenset[int]
    is_apart: bool
    """Whether it is a long line."""
    requests: Sequence[Request[Item, Fate]] | None = None
    """None while it is not cut."""


class WriteQueue(Generic[Item, Fate]):
    """The way of all requests of this process to the database."""

    def __init__(
        self,
        store: Store[Item, Fate],
        writers: int = WRITERS,
        answer_seconds: float = ANSWER_SECONDS,
        on_depth: Callable[[float], None] = lambda _: None,
        most_waiting: int = MAX_WAITING,
    ) -> None:
        self.store = store
        self.most_waiting = most_waiting
        self.on_depth = on_depth
        self.writers = writers
        self.patience = PATIENCE * answer_seconds
        self.lines: dict[frozenset[int], Line[Item, Fate]] = {}
        self.busy: set[int] = set()
        """The sites of which something is being written."""
        self.apart = 0
        """How many writers are at work on a long line."""
        self.together = 0
        """How many batches of short lines are being written: while one is, the next one grows."""
        self.batches: set[asyncio.Task[None]] = set()
        self.depth = 0
        """How many items wait."""
        self.waiting: deque[Request[Item, Fate]] = deque()
        """In line or in a batch, in the order of arrival."""
        self.timer: asyncio.TimerHandle | None = None
        """Goes off when the first of them has waited too long."""
        self.expected = 0
        """How many items are worth a batch before the time to gather is over."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.drain()
        for batch in tuple(self.batches):
            batch.cancel()

    async def drain(self) -> None:
        """Waits until everything is written."""
        self.gathered()
        while self.batches:
            await asyncio.wait(self.batches)
            self.gathered()

    async def write(self, items: Sequence[Item], due: float | None = None) -> Sequence[Fate]:
        """What became of each item; returns after the COMMIT. Raises Unavailable when there is no
        room, or no COMMIT in time: then it may be stored yet, and is a duplicate when it is sent
        again."""
        return await self.put(items, due)

    def put(self, items: Sequence[Item], due: float | None = None) -> Fates[Fate]:
        """Puts items in line; what will become of them. Raises Unavailable without room."""
        line = self.line_of(items)
        loop = asyncio.get_running_loop()
        request = Request[Item, Fate](
            items, loop.create_future(), due or loop.time() + self.patience
        )
        line.append(request)
        self.waiting.append(request)
        self.depth += len(items)
        if self.timer is None:
            self.watch()
        self.dispatch()
        self.on_depth(self.depth)
        return request.fates

    def watch(self) -> None:
        """Sets the timer to when the first of those who wait will have waited too long."""
        self.forget_answered()
        self.timer = None
        if self.waiting:
            due = self.waiting[0].due
            self.timer = asyncio.get_running_loop().call_at(due, self.look, due)

    def forget_answered(self) -> None:
        """Lets go of those in front who wait no more."""
        while self.waiting and self.waiting[0].fates.done():
            self.waiting.popleft()

    def look(self, due: float, again: bool = False) -> None:
        """Refuses those who have waited too long."""
        loop = asyncio.get_running_loop()
        if not again and loop.time() - due > STALL_SECONDS:
            # While this process was busy it could not listen: an answer may lie there unread.
            self.timer = loop.call_later(STALL_SECONDS, self.look, due, True)
            return
        for request in self.waiting:
            if request.due > loop.time():
                break
            if not request.fates.done():
                request.fates.set_exception(Unavailable())
        self.watch()

    def line_of(self, items: Sequence[Item]) -> Line[Item, Fate]:
        """The line for the sites of these items. Raises Unavailable when it is too long."""
        sites = frozenset(item.site_id for item in items)
        line = self.lines.get(sites) or Line[Item, Fate](sites)
        if line.size + len(items) > MAX_LINE or self.depth + len(items) > self.most_waiting:
            raise Unavailable("Too many events are waiting; please try again.")
        return self.lines.setdefault(sites, line)

    def dispatch(self) -> None:
        """Starts batches as long as there are idle writers and work for them."""
        if self.depth < self.expected:
            return
        while len(self.batches) < self.writers and (lines := self.next_lines()):
            self.start(lines)

    def gather(self, items: int) -> None:
        """Gives those who were in the last batch a moment to come back: else the first of them
        would be the next batch, alone, and all others would wait for it."""
        crowd = items + self.depth
        if crowd >= CROWD and not self.expected:
            self.expected = min(crowd, max(WORTHWHILE, crowd // 2))
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.gathered)

    def gathered(self) -> None:
        """Goes on with whoever is there."""
        self.expected = 0
        self.dispatch()

    def next_lines(self) -> list[Line[Item, Fate]]:
        """The lines of the next batch: all short ones, or else a long one alone."""
        idle = [line for line in self.lines.values() if not line.sites & self.busy]
        short = [line for line in idle if line.size <= LONG_LINE and not self.together]
        long = [line for line in idle if line.size > LONG_LINE]
        return short or (long[:1] if self.apart < max(1, self.writers - 1) else [])

    def start(self, lines: Sequence[Line[Item, Fate]]) -> None:
        """Begins to write what stands at the front of these lines."""
        sites = frozenset[int]().union(*(line.sites for line in lines))
        batch = Batch(lines, sites, lines[0].size > LONG_LINE)
        self.busy |= sites
        self.apart += batch.is_apart
        self.expected = 0
        task = asyncio.create_task(self.write_batch(batch), name="write batch")
        self.batches.add(task)
        task.add_done_callback(lambda done: self.finish(done, batch))

    def finish(self, task: asyncio.Task[None], batch: Batch[Item, Fate]) -> None:
        """Makes room for the next batch."""
        self.batches.discard(task)
        self.busy -= batch.sites
        self.apart -= batch.is_apart
        self.together -= not batch.is_apart and batch.requests is not None
        self.forget_answered()
        self.gather(len(batch.requests or ()))
        self.dispatch()
        self.on_depth(self.depth)

    def cut(self, batch: Batch[Item, Fate]) -> Sequence[Request[Item, Fate]]:
        """What stands in a batch's lines when this is called first. No line that was short gets
        more than a short one's worth, however long it has become meanwhile."""
        if batch.requests is not None:
            return batch.requests
        requests: list[Request[Item, Fate]] = []
        batch.requests = requests
        self.together += not batch.is_apart
        room = MAX_BATCH
        for line in batch.lines:
            before = line.size
            requests += line.take(room if batch.is_apart else min(room, LONG_LINE))
            room -= before - line.size
            self.depth -= before - line.size
            del self.lines[line.sites]
            if line.requests:
                self.lines[line.sites] = line  # at the end: the others come first
            if room <= 0:
                break
        return requests

    async def write_batch(self, batch: Batch[Item, Fate]) -> None:
        """Stores what a batch's requests brought and tells each of them."""
        try:
            stored = await self.store(batch.sites, lambda: items_of(self.cut(batch)))
        except Exception as error:
            for request in self.cut(batch):
                if not request.fates.done():
                    request.fates.set_exception(error)
            return
        fates = iter(stored)
        for request in self.cut(batch):
            own = [next(fates) for _ in request.items]
            if not request.fates.done():
                request.fates.set_result(own)


def items_of(requests: Sequence[Request[Item, Any]]) -> list[Item]:
    """What some requests brought, in order."""
    return [item for request in requests for item in request.items]
