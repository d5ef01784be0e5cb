"""Token buckets: how much of something each caller may do, in the memory of one process.

Of several workers each allows its share of a limit, so that together they never allow more; what
is exact belongs in front of the service.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from api.errors import TooManyRequests

MOST_KEYS = 50_000


class Buckets:
    """One bucket for each key, full at first. Whoever finds one token in theirs may take more than
    there are, and waits for them afterwards: so a batch passes whole or not at all."""

    def __init__(self, size: float, seconds: float) -> None:
        self.size = size
        self.per_second = size / seconds
        self.levels: dict[str, tuple[float, float]] = {}

    def level(self, key: str, now: float) -> float:
        """What is in a bucket by now."""
        level, at = self.levels.get(key, (self.size, now))
        return min(self.size, level + (now - at) * self.per_second)

    def take(self, key: str, amount: float, detail: str = "") -> None:
        """Takes from a bucket. Raises TooManyRequests when it is empty, with a detail that may name
        the {key}; size 0 is no limit."""
        if not self.size:
            return
        now = time.monotonic()
        level = self.level(key, now)
        if level < 1:
            raise TooManyRequests(detail.replace("{key}", repr(key)), (1 - level) / self.per_second)
        self.make_room(now)
        self.levels[key] = (level - amount, now)

    def make_room(self, now: float) -> None:
        """Forgets full buckets, and if that is not enough all of them: keys come from outside."""
        if len(self.levels) < MOST_KEYS:
            return
        used = {key: kept for key, kept in self.levels.items() if self.level(key, now) < self.size}
        self.levels = used if len(used) < MOST_KEYS * 0.9 else {}

    @contextmanager
    def trying(self, key: str, wrong: type[Exception], detail: str) -> Generator[None]:
        """One try, which counts when it goes wrong in this way."""
        self.take(key, 1, detail)
        try:
            yield
        except wrong:
            raise
        except BaseException:
            self.give_back(key, 1)
            raise
        self.give_back(key, 1)

    def give_back(self, key: str, amount: float) -> None:
        """Undoes a taking."""
        if self.size:
            now = time.monotonic()
            self.levels[key] = (min(self.size, self.level(key, now) + amount), now)


@lru_cache(maxsize=1024)
def share(limit: float, workers: int) -> float:
    """What one worker allows of a limit for all of them: one at least, or nobody would get in."""
    return max(1.0, limit / workers) if limit else 0.0


def neighbourhood(address: str) -> str:
    """Who is meant by an address: of IPv6 the network, which is one customer's as a rule. Empty
    for this machine itself, which is a proxy that does not say for whom it speaks."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.is_loopback:
        return ""
    return str(int(found) >> 64) if isinstance(found, IPv6Address) else address
