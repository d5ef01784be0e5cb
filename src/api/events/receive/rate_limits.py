"""Who may send how much, and whose turn on the processor it is."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import TypeVar

from api.db.timeouts import PATIENCE
from api.errors import Unavailable
from api.limits import Buckets, neighbourhood, share
from settings import Settings

T = TypeVar("T")

MINUTE, DAY = 60.0, 86_400.0

SLICE = 50
"""How many events are read in one go; a few milliseconds."""


class Limits:
    """How much one address may send, and how much one site may get."""

    def __init__(self, settings: Settings) -> None:
        own = partial(share, workers=settings.workers)
        self.of_address = Buckets(own(settings.rate_per_ip * MINUTE), MINUTE)
        self.of_site = Buckets(own(settings.rate_per_site * MINUTE), MINUTE)
        self.of_day = Buckets(own(settings.quota_per_site), DAY)
        self.large = asyncio.Semaphore()
        self.patience = PATIENCE * settings.answer_within_seconds

    def turn(self, number: int) -> AbstractAsyncContextManager[None]:
        """The right to some computing time: large batches get it one after the other, so that a
        single event never waits for more than a slice of one. Raises Unavailable."""
        return self.turn_of_large() if number > SLICE else nullcontext()

    @asynccontextmanager
    async def turn_of_large(self) -> AsyncGenerator[None]:
        """The right of one at a time."""
        try:
            await asyncio.wait_for(self.large.acquire(), self.patience)
        except TimeoutError:
            raise Unavailable("Too many events are waiting; please try again.") from None
        try:
            yield
        finally:
            self.large.release()

    def admit_address(self, address: str, number: int) -> None:
        """Raises TooManyRequests for an address without a trusted sender that sends too much."""
        if key := neighbourhood(address):
            self.of_address.take(key, number, "Too many events from this address.")

    def admit_sites(self, numbers: Mapping[str, int]) -> None:
        """Raises TooManyRequests when a site, by its key, gets too many events."""
        for key, number in numbers.items():
            self.of_site.take(key, number, "Too many events for the site {key}.")
            self.of_day.take(key, number, "The day's quota of {key} is used up.")


async def in_slices(items: Sequence[T]) -> AsyncIterator[T]:
    """The items one by one, letting others in now and then."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % SLICE == 0:
            await asyncio.sleep(0)
