"""Segments: as rows of the database, as bodies of requests that save one, and in responses."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict
from pydantic import Field as Limited
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.analytics.vocabulary.steps import Name
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText

Filters = Annotated[PlainText, Limited(min_length=1, max_length=10_000)]


class Segment(SQLModel, table=True):
    """Filters with a name. Without a `user_id` they belong to the site, and everybody who reads the
    site sees them; else to that account alone."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    user_id: int | None = Field(default=None, sa_type=BigInteger)
    name: str
    filters: str
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def shared(self) -> bool:
        """Whether it belongs to the site."""
        return self.user_id is None


class SegmentIn(Record):
    """A segment to save."""

    model_config = ConfigDict(extra="forbid")

    site: str
    """Key or domain of the site."""
    name: Name
    """What the segment is called; no other of the same owner may have the name."""
    filters: Filters
    """What visits it is about, as the parameter `filters` of reports has it."""
    shared: bool = False
    """Whether it belongs to the site, and all who read it see it, instead of to you alone."""


class SegmentChange(Record):
    """What to change of a segment; what is null stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    """What the segment is called."""
    filters: Filters | None = None
    """What visits it is about, as the parameter `filters` of reports has it."""


class SegmentOut(Record):
    """A saved segment."""

    id: int
    """The number of the segment."""
    name: str
    """What the segment is called."""
    filters: str
    """What visits it is about: the parameter `filters` of reports."""
    shared: bool
    """Whether it belongs to the site, instead of to you alone."""
    created_at: datetime
    """When it was saved."""
