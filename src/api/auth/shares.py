"""Share links: whoever has one reads what is shared, without an account. Every request looks its
link up, so that one that was revoked is refused at once, by every process."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ColumnElement, DateTime, and_, or_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel, col, select

from api.auth.tokens import hash_of
from api.db.database import Database
from api.errors import Unauthenticated
from api.sites.models import utc_now

SHARE_PREFIX = "share_"
"""How the secret of every share link begins."""

OPENED_PREFIX = "opened_"
"""How the token begins that opening a share link gives."""


class ShareLink(SQLModel, table=True):
    """A link that shares numbers of a site. Its `id` is in the address of its page, so it is random
    as well; it opens nothing."""

    __tablename__ = "share_link"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    site_id: int
    name: str
    hash: bytes
    password_hash: str | None = None
    board_id: int | None = Field(default=None, sa_type=BigInteger)
    """The board that it shows and nothing else; None where it shows reports of the site."""
    item_id: int | None = Field(default=None, sa_type=BigInteger)
    """The only item of the board that it shows; None for all of them."""
    filters: list[Any] = Field(default_factory=list, sa_type=JSONB)
    """Filters that every question has (see api.analytics.vocabulary.filters)."""
    view: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """The parameters that its page begins with."""
    origins: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(TEXT),  # pyright: ignore[reportArgumentType]
    )
    """The origins whose pages may frame it."""
    created_by: int | None = None
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    expires_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    revoked_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


class PasswordNeeded(Unauthenticated):
    """This link needs its password."""

    code = "PASSWORD_NEEDED"


async def share_with(database: Database, wanted: ColumnElement[bool]) -> ShareLink | None:
    """The link for which this holds, if it is neither revoked nor expired."""
    asked = select(ShareLink).where(wanted, is_valid())
    async with database.session() as session:
        return (await session.execute(asked)).scalars().first()


def is_valid() -> ColumnElement[bool]:
    """The condition that a link is neither revoked nor expired."""
    lasts = or_(col(ShareLink.expires_at).is_(None), col(ShareLink.expires_at) > utc_now())
    return and_(col(ShareLink.revoked_at).is_(None), lasts)


async def share_of_secret(database: Database, secret: str) -> ShareLink:
    """The link with this secret. Raises Unauthenticated."""
    return known(await share_with(database, col(ShareLink.hash) == hash_of(secret)))


async def share_of_id(database: Database, link_id: UUID) -> ShareLink:
    """The link with this id. Raises Unauthenticated."""
    return known(await share_with(database, col(ShareLink.id) == link_id))


def known(link: ShareLink | None) -> ShareLink:
    if link is None:
        raise Unauthenticated("This link is not valid, was revoked, or has expired.")
    return link


async def find_share(database: Database, secret: str) -> ShareLink:
    """The link with this secret. Raises Unauthenticated for one that is unknown, revoked or
    expired, and PasswordNeeded for one that has to be opened with its password."""
    link = await share_of_secret(database, secret)
    if link.password_hash is not None:
        raise PasswordNeeded
    return link
