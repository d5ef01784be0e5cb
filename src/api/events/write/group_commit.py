"""Group commit: requests that arrive together are written in one transaction.

The requests that arrive while a batch is being written make the next batch. Under light load that
is one event, at once; under heavy load it is thousands. Writers of one site wait for each other's
locks. A batch is closed only when its writer has the locks, because writers of other processes may
hold them for a while; and one process writes a site in one batch at a time. A site with a long
queue is written apart from the others and never by all writers, so that a flood on it delays no
other site.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from api.db.timeouts import ANSWER_SECONDS, PATIENCE, STALL_SECONDS
from api.errors import Unavailable
from api.events.write.batch import Batch, Item

WRITERS = 3
"""How many batches are written at a time."""

MAX_BATCH = 5_000
MAX_WAITING = 40_000
MAX_QUEUE = 15_000
LONG_QUEUE = 500
"""How many items may wait for one site that is still written together with other sites."""

GATHER_SECONDS = 0.002
"""How long the next batch waits for clients whose request was just written to send again."""

CROWD = 4
"""With fewer requests in a batch and items behind it, the next batch does not wait."""

WORTHWHILE = 16
"""The next batch starts with so many items, or half of the expected ones if that is more."""

DRAIN_SECONDS = 10.0
"""How long a process that ends waits for batches that are being written."""


Result = TypeVar("Result")

Results = asyncio.Future[Sequence[Result]]
"""The results of a request: one for each item."""

Write = Callable[[Batch[Item]], Awaitable[Sequence[Result]]]
"""Writes a batch, and closes it when it has all locks. Returns its results, in order, after the
COMMIT."""


@dataclass(slots=True, eq=False)
class WriteRequest(Generic[Item, Result]):
    """The items of one request, which waits for their results."""

    items: Sequence[Item]
    results: Results[Result]
    due: float
    """When the sender must get a response, by the loop's clock."""


@dataclass(slots=True, eq=False)
class SiteQueue(Generic[Item, Result]):
    """The requests for the same sites (mostly one), in the order of arrival."""

    sites: frozenset[int]
    requests: deque[WriteRequest[Item, Result]] = field(
        default_factory=deque[WriteRequest[Any, Any]]
    )
    size: int = 0
    """The number of items in these requests."""

    def append(self, request: WriteRequest[Item, Result]) -> None:
        self.requests.append(request)
        self.size += len(request.items)

    def take(self, most: int) -> list[WriteRequest[Item, Result]]:
        """Takes requests from the front, with at most `most` items, but at least one request."""
        taken: list[WriteRequest[Item, Result]] = []
        size = 0
        while self.requests and (not taken or size + len(self.requests[0].items) <= most):
            request = self.requests.popleft()
            size += len(request.items)
            if not request.results.done():  # else its time was over, and it was refused
                taken.append(request)
        self.size -= size
        return taken


@dataclass(slots=True, eq=False)
class QueuedBatch(Generic[Item, Result]):
    """A batch of the requests that are in some queues when it is closed."""

    queues: Sequence[SiteQueue[Item, Result]]
    sites: frozenset[int]
    is_long: bool
    """Whether it is of one long queue; else it is of all short ones."""
    take: Callable[["QueuedBatch[Item, Result]"], Sequence[WriteRequest[Item, Result]]]
    """Takes the requests out of the queues."""
    requests: Sequence[WriteRequest[Item, Result]] | None = None
    """Its requests; None while it is open."""

    def close(self) -> Sequence[Item]:
        """Closes the batch, and returns its items. Later requests are in the next batch."""
        return [item for request in self.closed() for item in request.items]

    def closed(self) -> Sequence[WriteRequest[Item, Result]]:
        """Closes the batch, and returns its requests."""
        if self.requests is None:
            self.requests = self.take(self)
        return self.requests


class WriteQueue(Generic[Item, Result]):
    """The requests of this process that wait to be written."""

    def __init__(
        self,
        write: Write[Item, Result],
        writers: int = WRITERS,
        answer_seconds: float = ANSWER_SECONDS,
        on_depth: Callable[[float], None] = lambda _: None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.write_batch = write
        self.max_waiting = max_waiting
        self.on_depth = on_depth
        self.writers = writers
        self.patience = PATIENCE * answer_seconds
        self.queues: dict[frozenset[int], SiteQueue[Item, Result]] = {}
        self.busy: set[int] = set()
        """The sites that are being written."""
        self.long_batches_running = 0
        self.short_batches_running = 0
        """Closed batches of short queues: while one is written, the next one collects requests."""
        self.batches: set[asyncio.Task[None]] = set()
        self.depth = 0
        """The number of items in queues."""
        self.waiting: deque[WriteRequest[Item, Result]] = deque()
        """Requests in queues and batches, in the order of arrival."""
        self.timer: asyncio.TimerHandle | None = None
        """Refuses the first of them when it has waited too long."""
        self.min_batch = 0
        """How many items the next batch needs, until the time to gather is over."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.drain()
        for batch in tuple(self.batches):
            batch.cancel()

    async def drain(self) -> None:
        self.stop_gathering()
        while self.batches:
            await asyncio.wait(self.batches)
            self.stop_gathering()

    def write(self, items: Sequence[Item], due: float | None = None) -> Results[Result]:
        """The results of these items, to be awaited until the COMMIT. Raises Unavailable when there
        is no room. Awaiting raises it when there is no COMMIT in time: the items may still be
        stored then, and are duplicates when they are sent again."""
        queue = self.queue_of(items)
        loop = asyncio.get_running_loop()
        request = WriteRequest[Item, Result](
            items, loop.create_future(), due or loop.time() + self.patience
        )
        queue.append(request)
        self.waiting.append(request)
        self.depth += len(items)
        if self.timer is None:
            self.set_timer()
        self.dispatch()
        self.on_depth(self.depth)
        return request.results

    def queue_of(self, items: Sequence[Item]) -> SiteQueue[Item, Result]:
        """The queue for the sites of these items. Raises Unavailable when it is too long."""
        sites = frozenset(item.site_id for item in items)
        queue = self.queues.get(sites) or SiteQueue[Item, Result](sites)
        if queue.size + len(items) > MAX_QUEUE or self.depth + len(items) > self.max_waiting:
            raise Unavailable("Too many events are waiting; please try again.")
        return self.queues.setdefault(sites, queue)

    def set_timer(self) -> None:
        self.drop_answered()
        self.timer = None
        if self.waiting:
            due = self.waiting[0].due
            self.timer = asyncio.get_running_loop().call_at(due, self.expire_waiting, due)

    def drop_answered(self) -> None:
        while self.waiting and self.waiting[0].results.done():
            self.waiting.popleft()

    def expire_waiting(self, due: float, again: bool = False) -> None:
        loop = asyncio.get_running_loop()
        if not again and loop.time() - due > STALL_SECONDS:
            # The loop was busy, so the results may have arrived without being read yet.
            self.timer = loop.call_later(STALL_SECONDS, self.expire_waiting, due, True)
            return
        for request in self.waiting:
            if request.due > loop.time():
                break
            if not request.results.done():
                request.results.set_exception(Unavailable())
        self.set_timer()

    def dispatch(self) -> None:
        """Starts batches while there are idle writers and queues for them."""
        if self.depth < self.min_batch:
            return
        while len(self.batches) < self.writers and (queues := self.next_queues()):
            self.start(queues)

    def next_queues(self) -> list[SiteQueue[Item, Result]]:
        """The queues of the next batch: all short ones, or else a long one alone."""
        idle = [queue for queue in self.queues.values() if not queue.sites & self.busy]
        short = [queue for queue in idle if queue.size <= LONG_QUEUE]
        if short and not self.short_batches_running:
            return short
        long = [queue for queue in idle if queue.size > LONG_QUEUE]
        return long[:1] if self.long_batches_running < max(1, self.writers - 1) else []

    def start(self, queues: Sequence[SiteQueue[Item, Result]]) -> None:
        sites = frozenset[int]().union(*(queue.sites for queue in queues))
        batch = QueuedBatch(queues, sites, queues[0].size > LONG_QUEUE, self.close_batch)
        self.busy |= sites
        self.long_batches_running += batch.is_long
        self.min_batch = 0
        task = asyncio.create_task(self.run(batch), name="write batch")
        self.batches.add(task)
        task.add_done_callback(lambda done: self.finish(done, batch))

    def close_batch(self, batch: QueuedBatch[Item, Result]) -> Sequence[WriteRequest[Item, Result]]:
        """Takes the requests of a batch out of its queues. A queue that was short at the start
        gives at most LONG_QUEUE items, however long it has become."""
        self.short_batches_running += not batch.is_long
        requests: list[WriteRequest[Item, Result]] = []
        room = MAX_BATCH
        for queue in batch.queues:
            before = queue.size
            requests += queue.take(room if batch.is_long else min(room, LONG_QUEUE))
            room -= before - queue.size
            self.depth -= before - queue.size
            del self.queues[queue.sites]
            if queue.requests:
                self.queues[queue.sites] = queue  # at the end, after the other queues
            if room <= 0:
                break
        self.on_depth(self.depth)
        return requests

    async def run(self, batch: QueuedBatch[Item, Result]) -> None:
        try:
            results = iter(await self.write_batch(batch))
        except Exception as error:
            for request in batch.closed():
                if not request.results.done():
                    request.results.set_exception(error)
            return
        for request in batch.closed():
            own = [next(results) for _ in request.items]
            if not request.results.done():
                request.results.set_result(own)

    def finish(self, task: asyncio.Task[None], batch: QueuedBatch[Item, Result]) -> None:
        self.batches.discard(task)
        self.busy -= batch.sites
        self.long_batches_running -= batch.is_long
        self.short_batches_running -= not batch.is_long and batch.requests is not None
        self.drop_answered()
        self.gather(len(batch.requests or ()))
        self.dispatch()

    def gather(self, requests: int) -> None:
        """Lets the next batch wait a moment for clients that send again at once after these
        requests: else the first of them would be a batch alone, and delay the others."""
        crowd = requests + self.depth
        if crowd >= CROWD and not self.min_batch:
            self.min_batch = min(crowd, max(WORTHWHILE, crowd // 2))
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.stop_gathering)

    def stop_gathering(self) -> None:
        self.min_batch = 0
        self.dispatch()
