"""Signed tokens (JWT), and random secrets of which only hashes are stored.

A token is good for one purpose: each has a key of its own, which is derived from SECRET_KEY.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID, uuid4

import jwt

from api.errors import Unauthenticated
from api.sites.models import utc_now
from api.text import LARGEST_BIGINT

T = TypeVar("T")

ALGORITHM = "HS256"
LEEWAY_SECONDS = 30
CLAIMS = ["exp", "iat", "sub", "aud", "jti"]
"""What every token has; that of a login has `sid` as well."""

NOT_VALID = "This login is no longer valid. Please log in again."


class Purpose(StrEnum):
    """What a token is good for: its `aud`."""

    ACCESS = "analytics-access"
    """The header Authorization, for minutes."""
    COOKIE = "analytics-cookie"
    """The login cookie, for as long as the login lasts."""
    SHARE = "analytics-share"
    """A share link that was opened, for minutes."""
    PROVIDER = "analytics-provider"
    """The cookie of a login at another provider that has begun, for minutes."""
    PENDING = "analytics-pending"
    """A login that another provider has confirmed and that lacks a code, for minutes."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: the account, and the login that it belongs to."""

    user_id: int
    login_id: UUID


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens. `secrets` are SECRET_KEY, which signs, and the one before it, whose
    tokens are still read."""

    secrets: Sequence[str]

    def issue(self, purpose: Purpose, claims: Claims, expires: datetime) -> str:
        """A token for a login."""
        about = {"sub": str(claims.user_id), "sid": str(claims.login_id)}
        return self.sign(purpose, about, expires)

    def issue_opened(self, link_id: UUID, expires: datetime) -> str:
        """A token for a share link that was opened."""
        return self.sign(Purpose.SHARE, {"sub": str(link_id)}, expires)

    def sign(self, purpose: Purpose, about: Mapping[str, str], expires: datetime) -> str:
        body = {
            **about,
            "aud": purpose,
            "jti": uuid4().hex,
            "iat": utc_now(),
            "exp": expires,
        }
        key = key_for(self.secrets[0], purpose)
        return jwt.encode(  # pyright: ignore[reportUnknownMemberType]
            body, key, algorithm=ALGORITHM
        )

    def read(self, purpose: Purpose, token: str) -> Claims:
        """What a token says. Raises Unauthenticated when it is forged, expired, malformed or good
        for something else."""
        return self.read_as(claims_of, purpose, token)

    def read_opened(self, token: str) -> UUID:
        """The id of the share link that was opened (see read)."""
        return self.read_as(link_of, Purpose.SHARE, token)

    def read_as(self, meaning: Callable[[dict[str, Any]], T], purpose: Purpose, token: str) -> T:
        for secret in self.secrets:
            with suppress(jwt.InvalidTokenError, KeyError, ValueError):
                return meaning(decode(token, key_for(secret, purpose), purpose))
        raise Unauthenticated(NOT_VALID)


def key_for(secret: str, purpose: Purpose) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha512)


def decode(token: str, key: bytes, purpose: Purpose) -> dict[str, Any]:
    return jwt.decode(  # pyright: ignore[reportUnknownMemberType]
        token,
        key,
        algorithms=[ALGORITHM],
        audience=purpose,
        leeway=LEEWAY_SECONDS,
        options={"require": CLAIMS},
    )


def claims_of(body: dict[str, Any]) -> Claims:
    """The claims. Raises ValueError for numbers that no account has."""
    number = int(body["sub"])
    if not 0 < number <= LARGEST_BIGINT:
        raise ValueError("no account has this number")
    return Claims(number, UUID(str(body["sid"])))


def link_of(body: dict[str, Any]) -> UUID:
    """The id of a share link. Raises ValueError."""
    return UUID(body["sub"])


def new_secret() -> str:
    """A random secret of 256 bits, in letters, digits, - and _."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What is stored of a random secret. A fast hash is enough: nobody guesses 256 bits."""
    return hashlib.sha256(secret.encode()).digest()


def after(**time: float) -> datetime:
    """The time after this many days, hours or minutes."""
    return utc_now() + timedelta(**time)
