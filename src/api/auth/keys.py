"""API keys: what programs use instead of a login. Every request looks its key up, so that one that
was revoked is refused at once, by every process."""

import asyncio
import logging
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ColumnElement, DateTime, or_
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from api.auth.models import User
from api.auth.tokens import hash_of
from api.auth.trail import Action, record
from api.db.database import Database
from api.errors import Unauthenticated
from api.sites.models import utc_now

log = logging.getLogger("analytics.keys")

KEY_PREFIX = "ak_"
"""How every API key begins; no token does."""

MOST_NETWORKS = 20
"""How many of the networks that a key was used from are kept."""

USES_APART = timedelta(minutes=1)
"""How often the last use of a key is noted, at most."""


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
    networks: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(TEXT),  # pyright: ignore[reportArgumentType]
    )
    """Where it was used from (see network_of), the latest first, at most MOST_NETWORKS."""
    revoked_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored key."""
        assert self.id is not None
        return self.id

    def is_news(self, network: str) -> bool:
        """Whether a use from this network now is to be noted."""
        used = self.last_used_at
        return used is None or utc_now() - used > USES_APART or network not in self.networks


async def find_key(database: Database, text: str) -> tuple[User, ApiKey]:
    """The account and the key. Raises Unauthenticated for one that is unknown, revoked or expired,
    and where the account is not active."""
    return await living_key(database, col(ApiKey.hash) == hash_of(text))


async def find_key_by_id(database: Database, number: int) -> tuple[User, ApiKey]:
    """The account and the key with this number (see find_key)."""
    return await living_key(database, col(ApiKey.id) == number)


async def living_key(database: Database, asked: ColumnElement[bool]) -> tuple[User, ApiKey]:
    lasts = or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > utc_now())
    wanted = (
        select(User, ApiKey)
        .join(ApiKey, col(ApiKey.user_id) == User.id)
        .where(asked, col(ApiKey.revoked_at).is_(None), lasts)
        .where(col(User.is_active))
    )
    async with database.session() as session:
        found = (await session.execute(wanted)).first()
    if found is None:
        raise Unauthenticated("This API key is not valid, was revoked, or has expired.")
    return found[0], found[1]


class KeyUses:
    """Notes when keys were used last, and from which networks. No request waits for that, nor fails
    with it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.running: dict[int, asyncio.Task[None]] = {}

    def note(self, key: ApiKey, network: str) -> None:
        """Notes a use, unless one was just noted, or is about to be."""
        if key.is_news(network) and key.number not in self.running:
            self.running[key.number] = task = asyncio.create_task(self.store(key.number, network))
            task.add_done_callback(lambda _: self.running.pop(key.number))

    async def store(self, number: int, network: str) -> None:
        """Stores a use; what fails is logged."""
        try:
            async with self.database.session() as session:
                key = await session.get(ApiKey, number, with_for_update=True)
                if key is not None and key.is_news(network):
                    await store_use(session, key, network)
        except Exception as error:  # whatever it is, the request is not about it
            log.warning("the use of an API key is not noted: %s", type(error).__name__)

    async def drain(self) -> None:
        """Waits until all uses so far are stored."""
        await asyncio.gather(*self.running.values())


async def store_use(session: AsyncSession, key: ApiKey, network: str) -> None:
    """Stores that a key is used now, and records a network that it was not used from before."""
    if network not in key.networks:
        action = Action.KEY_FROM_NEW_NETWORK
        await record(session, action, key.user_id, key.site_id, network, key=key.number)
    others = (other for other in key.networks if other != network)
    key.networks = [network, *others][:MOST_NETWORKS]
    key.last_used_at = utc_now()
