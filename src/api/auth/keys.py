"""API keys: what programs use instead of a login."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, or_
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel, col, select

from api.auth.models import User
from api.auth.tokens import hash_of
from api.db.database import Database
from api.errors import Unauthenticated
from api.sites.models import utc_now

KEY_PREFIX = "ak_"
"""How every API key begins; no token does."""


class Scope(StrEnum):
    """What an API key is good for, at most: never more than its account may do."""

    READ = "stats:read"
    """Reads reports and raw data."""
    WRITE = "events:write"
    """Sends events, with what only a server may say: old times, address, user agent, user."""
    ADMIN = "admin"
    """Everything that its account may do, but for the account itself: password, logins, keys."""


class ApiKey(SQLModel, table=True):
    """A key of an account."""

    __tablename__ = "api_key"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    user_id: int = Field(sa_type=BigInteger)
    site_id: int | None = None
    """The only site that it is good for; None for all of its account."""
    name: str
    prefix: str
    """Its first characters, by which people tell keys apart."""
    hash: bytes
    scopes: list[str] = Field(sa_type=ARRAY(TEXT))  # pyright: ignore[reportArgumentType]
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    expires_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    last_used_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    last_network: str = ""
    revoked_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


async def find_key(database: Database, text: str) -> tuple[User, ApiKey]:
    """The account and the key. Raises Unauthenticated for one that is unknown, revoked or expired,
    and where the account is not active."""
    lasts = or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > utc_now())
    wanted = (
        select(User, ApiKey)
        .join(ApiKey, col(ApiKey.user_id) == User.id)
        .where(ApiKey.hash == hash_of(text), col(ApiKey.revoked_at).is_(None), lasts)
        .where(col(User.is_active))
    )
    async with database.session() as session:
        found = (await session.execute(wanted)).first()
    if found is None:
        raise Unauthenticated("This API key is not valid, was revoked, or has expired.")
    return found[0], found[1]
