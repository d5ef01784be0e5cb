"""One-time tokens: what an account does without a login, once and within some time."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from api.auth.models import User
from api.auth.tokens import after, hash_of, new_secret
from api.errors import Unauthenticated
from api.sites.models import utc_now

NOT_GOOD = "This link is not valid, was used, or has expired."


class Use(StrEnum):
    """What a one-time token is good for."""

    PASSWORD = "password"  # noqa: S105
    """To set a new password."""


class OneTimeToken(SQLModel, table=True):
    """A token of which only the hash is kept."""

    __tablename__ = "one_time_token"  # pyright: ignore[reportAssignmentType]

    hash: bytes = Field(primary_key=True)
    user_id: int = Field(sa_type=BigInteger)
    purpose: str
    expires_at: datetime = Field(
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


async def issue(session: AsyncSession, user_id: int, use: Use, minutes: float) -> str:
    """A new token, good for some minutes. Earlier ones stay good: else anybody who asks for another
    one would end them."""
    token = new_secret()
    expires = after(minutes=minutes)
    row = OneTimeToken(hash=hash_of(token), user_id=user_id, purpose=use, expires_at=expires)
    session.add(row)
    return token


async def discard(session: AsyncSession, user_id: int, use: Use) -> None:
    """Ends the tokens that an account has for a use."""
    ended = delete(OneTimeToken).where(col(OneTimeToken.user_id) == user_id)
    await session.execute(ended.where(col(OneTimeToken.purpose) == use))


async def owner(session: AsyncSession, token: str, use: Use) -> User:
    """The account whose token this is; the token stays good. Raises Unauthenticated for one that is
    not good, or whose account is not active."""
    found = await session.execute(
        select(User)
        .join(OneTimeToken, col(OneTimeToken.user_id) == User.id)
        .where(OneTimeToken.hash == hash_of(token), OneTimeToken.purpose == use)
        .where(col(OneTimeToken.expires_at) > utc_now(), col(User.is_active))
    )
    if (user := found.scalars().first()) is None:
        raise Unauthenticated(NOT_GOOD)
    return user


async def use_up(session: AsyncSession, token: str) -> None:
    """Takes a token. Raises Unauthenticated when somebody else was faster."""
    taken = delete(OneTimeToken).where(col(OneTimeToken.hash) == hash_of(token))
    if not (await session.execute(taken.returning(col(OneTimeToken.user_id)))).all():
        raise Unauthenticated(NOT_GOOD)


async def was_issued_since(session: AsyncSession, user_id: int, use: Use, since: datetime) -> bool:
    """Whether an account has a token for a use that expires after a time."""
    wanted = select(OneTimeToken.user_id).where(
        OneTimeToken.user_id == user_id,
        OneTimeToken.purpose == use,
        col(OneTimeToken.expires_at) > since,
    )
    return (await session.execute(wanted)).first() is not None
