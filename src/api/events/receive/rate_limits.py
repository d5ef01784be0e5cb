"""Limits on events per address and site, and turns of large batches on the processor."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import lru_cache, partial
from typing import TypeVar

from api.db.timeouts import PATIENCE
from api.errors import TooManyRequests, Unavailable
from api.limits import TokenBuckets, neighbourhood, share
from settings import Settings

T = TypeVar("T")

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

REJECTED_SHARE = 5
"""The rejected events that are kept of one address in an hour, without a trusted sender: the part
of those of a site that this divides. Else one request would push all others out."""

SLICE = 50
"""How many events are processed without a pause: a few milliseconds of work."""

key_of = lru_cache(maxsize=8192)(neighbourhood)
"""The key of an address, which mostly sends several events."""


class Limits:
    """The limits of one process on events from an address and to a site."""

    def __init__(self, settings: Settings) -> None:
        own = partial(share, workers=settings.workers)
        self.of_address = TokenBuckets("address", own(settings.rate_per_ip * MINUTE), MINUTE)
        self.of_site = TokenBuckets("site", own(settings.rate_per_site * MINUTE), MINUTE)
        self.of_day = TokenBuckets("day", own(settings.quota_per_site), DAY)
        rejected = own(settings.rejected_rows / REJECTED_SHARE)
        self.of_rejected = TokenBuckets("rejected", rejected, HOUR)
        self.large = asyncio.Semaphore()
        self.patience = PATIENCE * settings.answer_within_seconds

    def turn(self, number: int) -> AbstractAsyncContextManager[None]:
        """The right to process so many events: large batches are processed one at a time, and pause
        after each slice, so that a single event waits for one slice at most. Raises Unavailable."""
        return self.turn_of_large_batch() if number > SLICE else nullcontext()

    @asynccontextmanager
    async def turn_of_large_batch(self) -> AsyncGenerator[None]:
        try:
            await asyncio.wait_for(self.large.acquire(), self.patience)
        except TimeoutError:
            raise Unavailable("Too many events are waiting; please try again.") from None
        try:
            yield
        finally:
            self.large.release()

    def admit_address(self, address: str, number: int) -> None:
        """Raises TooManyRequests for an address without a trusted sender that has sent too much."""
        if key := key_of(address):
            self.of_address.take(key, number, "Too many events from this address.")

    def admit_sites(self, numbers: Mapping[str, int]) -> None:
        """Raises TooManyRequests for too many events of a site. `numbers`: events by key of the
        site."""
        for key, number in numbers.items():
            self.of_site.take(key, number, "Too many events for the site {key}.")
            self.of_day.take(key, number, "The day's quota of {key} is used up.")

    def keeps_rejected(self, address: str, site: str) -> bool:
        """Whether a rejected event of an address without a trusted sender is still kept."""
        if not (key := key_of(address)):
            return True
        try:
            self.of_rejected.take(f"{site} {key}", 1)
        except TooManyRequests:
            return False
        return True


async def in_slices(items: Sequence[T], process: Callable[[T], None]) -> None:
    """Processes the items one by one; after each slice, other tasks run."""
    for number, item in enumerate(items, start=1):
        process(item)
        if number % SLICE == 0:
            await asyncio.sleep(0)
