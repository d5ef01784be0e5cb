"""An event as it is sent, an event as it is stored, and the context that a visit takes from it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

PAGEVIEW = "pageview"

ENGAGEMENT = "engagement"
"""The event that the tracker sends when a page is left: not an action of the visitor."""

Text = Annotated[str, Meta(max_length=2000)]
Short = Annotated[str, Meta(max_length=200)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class Revenue(Struct, forbid_unknown_fields=True):
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: Annotated[str, Meta(pattern="^[A-Za-z]{3}$")]


class EventIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """An event as it is sent. Every field is optional, but `page` or `name` is needed."""

    id: Short | int | None = None
    time: datetime | None = None
    name: Short = ""
    page: Text = ""
    hostname: Short = ""
    title: Text = ""
    referrer: Text | None = ""
    user_agent: Text | None = ""
    session_id: Short | int | None = None
    visitor_id: Short | int | None = None
    user_id: Short | int | None = None
    duration: Seconds | None = None
    revenue: Revenue | None = None
    props: dict[str, Any] | None = None
    utm_source: Short = ""
    utm_medium: Short = ""
    utm_campaign: Short = ""
    utm_content: Short = ""
    utm_term: Short = ""
    screen: Short = ""
    language: Short = ""
    timezone: Short = ""
    interactive: bool = True
    site: Short = ""


class Context(Struct, frozen=True):
    """The dimensions of a visit that it takes from its first event."""

    hostname: str = ""
    referrer_domain: str = ""
    channel: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    screen: str = ""
    language: str = ""


class Event(Struct, kw_only=True):
    """An event as it is stored. Made by enrich; the writer sets its visit."""

    site_id: int
    site_key: str
    id: UUID
    own_id: bool
    """Whether the sender chose the id: only then it can be a retry."""
    time: datetime
    name: str
    visitor_id: int
    earlier_visitor_id: int | None
    """The visitor's hash under the salt of the day before, for a visit that spans midnight."""
    session_id: str | None
    page: str
    hostname: str
    title: str
    referrer: str
    user_id: str | None
    duration: Decimal | None
    revenue: Decimal | None
    currency: str | None
    interactive: bool
    props: Mapping[str, Any] | None
    context: Context
    """The context of this event; that of its visit is its first event's."""
    user_agent: str
    bot: str | None
    bot_category: str | None
    visit_id: UUID | None = None
    last_change: int | None = None
    """The number of the late change (see api.rollups.late_log) that it is part of."""

    @property
    def is_pageview(self) -> bool:
        return self.name == PAGEVIEW

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom event: neither a page view nor engagement."""
        return self.name not in (PAGEVIEW, ENGAGEMENT)

    @property
    def engaged_from(self) -> datetime:
        """When the activity began: before `time` for engagement, which is reported at its end."""
        return self.time - self.seconds if self.name == ENGAGEMENT else self.time

    @property
    def ended(self) -> datetime:
        """When the activity ended: after `time` for an event with a duration, except engagement."""
        return self.time if self.name == ENGAGEMENT else self.time + self.seconds

    @property
    def seconds(self) -> timedelta:
        """The duration, zero without one."""
        return timedelta(seconds=float(self.duration or 0))
