"""Token buckets: limits on how much each caller may do, in the memory of one process.

Each worker enforces its share of a limit, so all workers together never allow more. A limit that
must be exact belongs in a proxy in front of the service.

Responses tell of them in the header fields of draft-ietf-httpapi-ratelimit-headers-11.
"""

import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from api.addresses import plain_address
from api.errors import AnalyticsError, TooManyRequests

MOST_KEYS = 50_000


class TokenBuckets:
    """One token bucket for each key, full at first. A caller who finds at least one token may take
    more than there are, which leaves a debt: so a batch is admitted whole or not at all."""

    def __init__(self, name: str, size: float, seconds: float) -> None:
        self.name = name
        self.size = size
        self.seconds = seconds
        self.per_second = size / seconds
        self.levels: dict[str, tuple[float, float]] = {}

    def level(self, key: str, now: float) -> float:
        """The tokens in a bucket now; negative for a debt."""
        level, at = self.levels.get(key, (self.size, now))
        return min(self.size, level + (now - at) * self.per_second)

    def take(self, key: str, amount: float, detail: str = "") -> None:
        """Takes tokens. Raises TooManyRequests without any, with {key} filled in. Size 0 is no
        limit."""
        if not self.size:
            return
        now = time.monotonic()
        level = self.level(key, now)
        if level < 1:
            raise self.refusal(detail.replace("{key}", repr(key)), level)
        self.make_room(now)
        self.levels[key] = (level - amount, now)

    def refusal(self, detail: str, level: float) -> TooManyRequests:
        """The refusal of a caller without a token, who has to wait for the next one."""
        refusal = TooManyRequests(detail, (1 - level) / self.per_second)
        refusal.headers |= self.headers(0, refusal.retry_after)
        return refusal

    def state(self, key: str) -> dict[str, str]:
        """Headers that tell a caller how many tokens there are, and when the bucket is full."""
        level = self.level(key, time.monotonic())
        return self.headers(level, (self.size - level) / self.per_second) if self.size else {}

    def headers(self, left: float, seconds: float) -> dict[str, str]:
        policy = f'"{self.name}";q={self.size:.0f};w={self.seconds:.0f}'
        now = f'"{self.name}";r={max(0, math.floor(left))};t={math.ceil(seconds)}'
        return {"RateLimit-Policy": policy, "RateLimit": now}

    def make_room(self, now: float) -> None:
        """Removes full buckets, or all if that is not enough: the number of keys is not bounded."""
        if len(self.levels) < MOST_KEYS:
            return
        used = {key: kept for key, kept in self.levels.items() if self.level(key, now) < self.size}
        self.levels = used if len(used) < MOST_KEYS * 0.9 else {}

    @contextmanager
    def trying(self, key: str, wrong: type[AnalyticsError], detail: str) -> Generator[None]:
        """Takes a token for the block, and gives it back unless the block raises `wrong`, whose
        response tells how many are left."""
        self.take(key, 1, detail)
        try:
            yield
        except wrong as error:
            error.headers |= self.state(key)
            raise
        except BaseException:
            self.give_back(key, 1)
            raise
        self.give_back(key, 1)

    def give_back(self, key: str, amount: float) -> None:
        if self.size:
            now = time.monotonic()
            self.levels[key] = (min(self.size, self.level(key, now) + amount), now)


@lru_cache(maxsize=1024)
def share(limit: float, workers: int) -> float:
    """One worker's share of a limit; at least 1, unless there is no limit (0)."""
    return max(1.0, limit / workers) if limit else 0.0


def neighbourhood(address: str) -> str:
    """The key that limits an address: an IPv4 address itself, of IPv6 the /64 network, usually one
    customer's. '' for this machine, which may be a proxy that forwards no addresses."""
    address = plain_address(address)
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.is_loopback:
        return ""
    return str(int(found) >> 64) if isinstance(found, IPv6Address) else address


def network_of(address: str) -> str:
    """The network that an address is kept as where people read it later: the /24 of an IPv4
    address, the /48 of an IPv6 address. '' for text that is no address."""
    try:
        found = ip_address(plain_address(address))
    except ValueError:
        return ""
    prefix = 24 if found.version == 4 else 48
    return str(ip_network((found, prefix), strict=False))
