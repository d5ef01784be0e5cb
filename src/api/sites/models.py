"""Sites, and who may read and change them."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel


class Visibility(StrEnum):
    """Who may read a site's numbers."""

    PRIVATE = "private"
    MEMBERS = "members"
    PUBLIC = "public"


class Role(StrEnum):
    """What a member of a site may do. Each contains those below it."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"

    def contains(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        ranking = [*Role]
        return ranking.index(self) <= ranking.index(other)


class PageRule(StrEnum):
    """A rule by which different addresses of a site are one page."""

    SLASH = "slash"
    """`/about/` is `/about`."""
    INDEX = "index"
    """`/docs/index.html` is `/docs/`."""
    SESSION = "session"
    """`/cart;jsessionid=1F` is `/cart`."""


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class Site(SQLModel, table=True):
    """One measured web site or app; `key` is what trackers and queries call it."""

    id: int | None = Field(default=None, primary_key=True)
    key: str
    domain: str
    name: str
    timezone: str = "UTC"
    visibility: str = Visibility.PRIVATE
    identified: bool = False
    is_demo: bool = False
    retention_days: int | None = None
    """For how many days its raw data is kept; 0 is for ever, None is the setting RETENTION_DAYS."""
    raw_data_since: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    """Raw data before this has expired: midnight of a Monday in UTC. None while none has."""
    hostnames: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(TEXT),  # pyright: ignore[reportArgumentType]
    )
    """The hosts whose events are stored, `*.example.com` for all below one; all without any."""
    ingest_key_required: bool = False
    """Whether events are taken from trusted senders only."""
    page_rules: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(TEXT),  # pyright: ignore[reportArgumentType]
    )
    """The rules (PageRule) that hold for the pages of its events when they are stored."""
    visitor_space: int | None = None
    """The number that is hashed into the ids of visitors whom the site names; None is its own."""
    visitor_mask: int = Field(default=0, sa_type=BigInteger)
    """What those ids are XORed with. An imported site may have another number than where it was
    exported; with these two its visitors stay the same."""
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    deleted_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    """Since when nobody reads or writes it, and its rows are being removed."""

    @property
    def number(self) -> int:
        """The id of a stored site."""
        assert self.id is not None
        return self.id


class Membership(SQLModel, table=True):
    """A user's role on a site."""

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    site_id: int = Field(primary_key=True)
    role: str
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
