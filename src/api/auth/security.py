"""Passwords and login tokens."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import bcrypt
import jwt

from api.errors import Unauthenticated
from api.sites.models import utc_now

ALGORITHM = "HS256"
AUDIENCE = "analytics-login"
LEEWAY_SECONDS = 30

HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="bcrypt")
"""Hashing takes a good part of a second on purpose; two threads keep it from starving ingest."""

NOBODY = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(rounds=12))
"""Checked when the user is unknown, so that the answer takes as long as for a known one."""


async def hash_password(password: str) -> str:
    """The bcrypt hash of a password."""
    loop = asyncio.get_running_loop()
    salt = bcrypt.gensalt(rounds=12)
    hashed = await loop.run_in_executor(HASHING, bcrypt.hashpw, password.encode(), salt)
    return hashed.decode()


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one; False, as slowly, when there is no such user."""
    known = password_hash.encode() if password_hash else NOBODY
    loop = asyncio.get_running_loop()
    matches = await loop.run_in_executor(HASHING, bcrypt.checkpw, password.encode(), known)
    return matches and password_hash is not None


def issue_token(user_id: int, secret: str, minutes: int) -> str:
    """A signed login for this user."""
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
    """The user id in a login token. Raises Unauthenticated when it is not a valid one of ours."""
    try:
        claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "sub", "aud"]},
        )
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("This login is not valid any more.") from error
