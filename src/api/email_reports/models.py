"""Subscriptions to e-mail reports: as rows of the database, in requests and in responses."""

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.auth.models import Email
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now


class Every(StrEnum):
    """How often a report is sent."""

    WEEK = "week"
    """On Monday, about the week before."""
    MONTH = "month"
    """On the first day of a month, about the month before."""


class EmailReport(SQLModel, table=True):
    """Somebody who gets a report about a site."""

    __tablename__ = "email_report"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    address: str
    every: str
    for_members_only: bool = True
    """Whether it is sent only as long as the address is that of a member of the site."""
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    unsubscribed_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored subscription."""
        assert self.id is not None
        return self.id


class EmailReportIn(Record):
    """A subscription to make."""

    model_config = ConfigDict(extra="forbid")

    address: Email
    """Where the report is sent: the e-mail address of a member of the site, or, if a superuser
    asks, any."""
    every: Every
    """How often: `week`, on Mondays, or `month`, on the first day, from six o'clock in the time
    zone of the site."""


class EmailReportOut(Record):
    """A subscription to reports by e-mail."""

    id: int
    """Its number, by which it is deleted."""
    address: str
    """Where the report is sent."""
    every: Every
    """How often."""
    created_at: Instant
    """When it was made."""
    unsubscribed_at: Instant | None
    """When whoever gets it had enough; null as long as it is sent."""
    delivered_at: Instant | None
    """When a report was last sent; null before."""
