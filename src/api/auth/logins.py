"""Logins: one of a browser or program, until it logs out. Every request looks its login up, so that
one that ended is refused at once, by every process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from sqlalchemy import BigInteger, DateTime, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from api.auth.models import User
from api.auth.tokens import NOT_VALID, Claims, after, hash_of, new_secret
from api.auth.trail import Action, record
from api.db.database import Database
from api.errors import Unauthenticated
from api.limits import network_of
from api.sites.models import utc_now

LONGEST_USER_AGENT = 300

USED_WITHIN = timedelta(minutes=5)
"""How exactly it is known when a login was used last: not every request writes."""

KEPT_AFTER_END = timedelta(days=7)
"""For how long the second use of a refresh token is recorded after its login has ended."""


class Login(SQLModel, table=True):
    """A login of an account."""

    id: UUID = Field(primary_key=True)
    user_id: int = Field(sa_type=BigInteger)
    refresh_hash: bytes
    """Of the refresh token that is good now."""
    user_agent: str = ""
    network: str = ""
    """Where it was used last (see network_of)."""
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    last_used_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    """Within the last five minutes before it was used last (see USED_WITHIN)."""
    expires_at: datetime = Field(
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    revoked_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def claims(self) -> Claims:
        """What its tokens say."""
        return Claims(self.user_id, self.id)


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of the browser or program that logs in."""

    address: str
    user_agent: str


async def begin(
    session: AsyncSession, user: User, device: Device, days: float
) -> tuple[Login, str]:
    """Stores a login of this account that lasts for some days. Returns it and its refresh token."""
    secret = new_secret()
    login = Login(
        id=uuid4(),
        user_id=user.number,
        refresh_hash=hash_of(secret),
        user_agent=device.user_agent[:LONGEST_USER_AGENT],
        network=network_of(device.address),
        expires_at=after(days=days),
    )
    session.add(login)
    return login, f"{login.id}.{secret}"


def is_alive() -> tuple[object, ...]:
    return (col(Login.revoked_at).is_(None), col(Login.expires_at) > utc_now())


async def find_login(database: Database, claims: Claims) -> tuple[User, Login]:
    """The account and login of a token. Raises Unauthenticated if the login has ended or the
    account is not active."""
    wanted = (
        select(User, Login)
        .join(Login, col(Login.user_id) == User.id)
        .where(Login.id == claims.login_id, User.id == claims.user_id, col(User.is_active))
        .where(*is_alive())  # pyright: ignore[reportArgumentType]
    )
    async with database.session() as session:
        found = (await session.execute(wanted)).first()
        if found is not None and found[1].last_used_at < utc_now() - USED_WITHIN:
            found[1].last_used_at = utc_now()
    if found is None:
        raise Unauthenticated(NOT_VALID)
    return found[0], found[1]


async def refresh(database: Database, token: str, device: Device) -> tuple[Login, str]:
    """Exchanges a refresh token for the next. Raises Unauthenticated for one that is not good; one
    that was good before ends its login, as somebody else may have it."""
    login_id, given = parsed(token)
    secret = new_secret()
    renewed = (
        update(Login)
        .where(col(Login.id) == login_id, col(Login.refresh_hash) == hash_of(given))
        .where(*is_alive())  # pyright: ignore[reportArgumentType]
        .values(refresh_hash=hash_of(secret), last_used_at=utc_now())
        .values(network=network_of(device.address))
        .returning(Login)
    )
    async with database.session() as session:
        login = (await session.execute(renewed)).scalar_one_or_none()
        if login is None:
            await end_reused(session, login_id, device)
    if login is None:
        raise Unauthenticated(NOT_VALID)
    await find_login(database, login.claims)  # the account may not be active any more
    return login, f"{login.id}.{secret}"


def parsed(token: str) -> tuple[UUID, str]:
    login_id, _, secret = token.partition(".")
    try:
        return UUID(login_id), secret
    except ValueError:
        raise Unauthenticated(NOT_VALID) from None


async def end_reused(session: AsyncSession, login_id: UUID, device: Device) -> None:
    """Ends the login whose refresh token was used twice, and records it."""
    ended = update(Login).where(col(Login.id) == login_id, col(Login.revoked_at).is_(None))
    found = await session.execute(ended.values(revoked_at=utc_now()).returning(col(Login.user_id)))
    if (user_id := found.scalar_one_or_none()) is not None:
        network = network_of(device.address)
        await record(session, Action.TOKEN_REUSED, actor=user_id, network=network)


async def end(
    session: AsyncSession,
    user_id: int,
    login_id: UUID | None = None,
    kept: UUID | None = None,
) -> int:
    """Ends one login of an account, or all of them but one that is kept. Returns how many."""
    ended = update(Login).where(col(Login.user_id) == user_id, *is_alive())  # pyright: ignore[reportArgumentType]
    if login_id is not None:
        ended = ended.where(col(Login.id) == login_id)
    if kept is not None:
        ended = ended.where(col(Login.id) != kept)
    found = await session.execute(ended.values(revoked_at=utc_now()).returning(col(Login.id)))
    return len(found.all())


async def logins_of(database: Database, user_id: int) -> Sequence[Login]:
    """The logins of an account that last, the one used last first."""
    wanted = select(Login).where(col(Login.user_id) == user_id, *is_alive())  # pyright: ignore[reportArgumentType]
    async with database.session() as session:
        return (
            (await session.execute(wanted.order_by(col(Login.last_used_at).desc()))).scalars().all()
        )


async def delete_old_logins(connection: AsyncConnection[Any], now: datetime) -> None:
    """Deletes logins that have expired, or were ended a week before a time, and one-time tokens
    that have expired."""
    await connection.execute(
        "delete from login where expires_at < %s or revoked_at < %s", [now, now - KEPT_AFTER_END]
    )
    await connection.execute("delete from one_time_token where expires_at < %s", [now])
