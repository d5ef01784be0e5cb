"""Passwords and login tokens."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import bcrypt
import jwt
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from api.errors import TooManyRequests, Unauthenticated
from api.sites.models import utc_now
from api.text import LARGEST_BIGINT

T = TypeVar("T")

ALGORITHM = "HS256"
AUDIENCE = "analytics-login"
LEEWAY_SECONDS = 30

HASHING = CapacityLimiter(max(1, (os.cpu_count() or 1) // 2))
"""How many threads hash at a time. Hashing takes a good part of a second on purpose, so half of the
processors are left for other work."""

MOST_WAITING = 20
"""How many logins may wait for a thread before others are refused with 429."""

ROUNDS = 12
"""Each more doubles the time that hashing takes."""

NOBODY = b"$2b$12$a/xZ8AyyYJL8jKfIcflyKOMntWZLMjtt7zItvP63N2c6/Qs.YAyei"
"""Checked when there is no such user, so that the response takes as long as for one there is. A
constant, because hashing at each start would take a good part of a second."""


async def hash_password(password: str) -> str:
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


def issue_token(user_id: int, secret: str, minutes: int) -> str:
    now = utc_now()
    claims = {
        "sub": str(user_id),
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + timedelta(minutes=minutes),
    }
    return jwt.encode(  # pyright: ignore[reportUnknownMemberType]
        claims, secret, algorithm=ALGORITHM
    )


def read_token(token: str, secret: str) -> int:
    """The user id in a login token. Raises Unauthenticated when it is forged, expired or
    malformed."""
    try:
        claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "sub", "aud"]},
        )
        number = int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("This login is no longer valid. Please log in again.") from error
    if not 0 < number <= LARGEST_BIGINT:
        raise Unauthenticated("This login is no longer valid. Please log in again.")
    return number
