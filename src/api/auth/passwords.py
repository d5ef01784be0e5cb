"""Passwords: hashed with bcrypt, in a bounded number of threads."""

import os
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import bcrypt
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from api.errors import TooManyRequests

T = TypeVar("T")

CROWDED = "Too many logins at once. Please try again."
ROUNDS = 12
"""The cost of a hash: two to this power."""

HASHING = CapacityLimiter(max(1, (os.cpu_count() or 1) // 2))
"""How many threads hash at a time. Hashing takes a good part of a second on purpose, so half of the
processors are left for other work."""

MOST_WAITING, MOST_OF_ONE = 20, 5
"""How many logins may wait for a thread before others are refused with 429: of all, and of one
network, so that one cannot keep the others out."""

waiting = Counter[str]()
"""How many logins of a network wait."""

NOBODY = b"$2b$12$a/xZ8AyyYJL8jKfIcflyKOMntWZLMjtt7zItvP63N2c6/Qs.YAyei"
"""Checked when there is no such user, so that the response takes as long as for one there is. A
constant, because hashing at each start would take a good part of a second."""


async def hash_password(password: str) -> str:
    """The hash to store. Raises TooManyRequests when too many wait for a thread."""
    hashed = await in_turn(bcrypt.hashpw, password.encode(), bcrypt.gensalt(ROUNDS))
    return hashed.decode()


async def password_matches(password: str, password_hash: str | None, network: str = "") -> bool:
    """Whether the password matches. False, after the same time, when there is no hash. `network` is
    where the request comes from, '' for this machine (see limits.neighbourhood)."""
    hashed = password_hash.encode() if password_hash else NOBODY
    with counted(network):
        matches = await in_turn(bcrypt.checkpw, password.encode(), hashed)
    return matches and password_hash is not None


@contextmanager
def counted(network: str) -> Generator[None]:
    """Counts a login as waiting. Raises TooManyRequests when too many of its network do."""
    if network and waiting[network] >= MOST_OF_ONE:
        raise TooManyRequests(CROWDED, retry_after=5)
    waiting[network] += 1
    try:
        yield
    finally:
        waiting[network] -= 1
        if not waiting[network]:
            del waiting[network]


async def in_turn(work: Callable[[bytes, bytes], T], password: bytes, other: bytes) -> T:
    """Runs a bcrypt function in a thread. Raises TooManyRequests when too many wait for one."""
    if HASHING.statistics().tasks_waiting >= MOST_WAITING:
        raise TooManyRequests(CROWDED, retry_after=5)
    return await run_sync(work, password, other, limiter=HASHING)
