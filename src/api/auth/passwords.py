"""Passwords: hashed with bcrypt, in a bounded number of threads."""

import os
from collections.abc import Callable
from typing import TypeVar

import bcrypt
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from api.errors import TooManyRequests

T = TypeVar("T")

ROUNDS = 12
"""The cost of a hash: two to this power."""

HASHING = CapacityLimiter(max(1, (os.cpu_count() or 1) // 2))
"""How many threads hash at a time. Hashing takes a good part of a second on purpose, so half of the
processors are left for other work."""

MOST_WAITING = 20
"""How many logins may wait for a thread before others are refused with 429."""

NOBODY = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(ROUNDS))
"""Checked when there is no such user, so that the response takes as long as for one there is."""


async def hash_password(password: str) -> str:
    """The hash to store. Raises TooManyRequests when too many wait for a thread."""
    hashed = await in_turn(bcrypt.hashpw, password.encode(), bcrypt.gensalt(ROUNDS))
    return hashed.decode()


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password matches. False, after the same time, when there is no hash."""
    hashed = password_hash.encode() if password_hash else NOBODY
    matches = await in_turn(bcrypt.checkpw, password.encode(), hashed)
    return matches and password_hash is not None


async def in_turn(work: Callable[[bytes, bytes], T], password: bytes, other: bytes) -> T:
    """Runs a bcrypt function in a thread. Raises TooManyRequests when too many wait for one."""
    if HASHING.statistics().tasks_waiting >= MOST_WAITING:
        raise TooManyRequests("Too many logins at once. Please try again.", retry_after=5)
    return await run_sync(work, password, other, limiter=HASHING)
