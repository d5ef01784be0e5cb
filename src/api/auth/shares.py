"""Share links: whoever has one reads what is shared, without an account."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, or_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel, col, select

from api.auth.tokens import hash_of
from api.db.database import Database
from api.errors import Unauthenticated
from api.sites.models import utc_now

SHARE_PREFIX = "share_"
"""How the secret of every share link begins."""


class ShareLink(SQLModel, table=True):
    """A link that shares numbers of a site."""

    __tablename__ = "share_link"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    name: str
    hash: bytes
    password_hash: str | None = None
    filters: list[Any] = Field(default_factory=list, sa_type=JSONB)
    """Filters that every question has (see api.analytics.vocabulary.filters)."""
    view: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """The parameters that its page begins with."""
    origins: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(TEXT),  # pyright: ignore[reportArgumentType]
    )
    """The origins whose pages may frame it."""
    created_by: int | None = Field(default=None, sa_type=BigInteger)
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


async def find_share(database: Database, text: str) -> ShareLink:
    """The link with this secret. Raises Unauthenticated for one that is unknown, revoked, expired,
    or needs a password."""
    lasts = or_(col(ShareLink.expires_at).is_(None), col(ShareLink.expires_at) > utc_now())
    wanted = select(ShareLink).where(
        ShareLink.hash == hash_of(text), col(ShareLink.revoked_at).is_(None), lasts
    )
    async with database.session() as session:
        link = (await session.execute(wanted)).scalars().first()
    if link is None or link.password_hash is not None:
        raise Unauthenticated("This link is not valid, was revoked, or has expired.")
    return link
