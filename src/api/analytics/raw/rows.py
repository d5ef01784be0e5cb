"""The rows of raw data: what is stored of an event and of a visit, without what only the service
itself needs."""

from typing import Any
from uuid import UUID

from api.analytics.columns import Row, Seconds
from api.instants import Instant


class RawEvent(Row):
    """One event, with the names that it was sent with."""

    time: Instant
    """When it happened."""
    id: UUID
    """Its id. One that a sender chose may come again, with a time more than seven days away."""
    visit_id: UUID | None
    """The visit that it is part of; null for engagement in no visit. A late event may open a visit,
    or make two visits one, which changes this."""
    visitor_id: str
    """The id of the visitor."""
    user_id: str | None
    """The id of the user, if the sender gave one."""
    name: str
    """pageview, engagement, or the name of a custom event."""
    page: str
    """The path of the page."""
    hostname: str
    """The host of the page."""
    title: str
    """The title of the page."""
    referrer: str
    """The address that the visitor came from, without its query."""
    duration: Seconds | None
    """The seconds that were sent with it."""
    revenue: float | None
    """The amount that was sent with it, in the currency."""
    currency: str | None
    """ISO 4217."""
    interactive: bool
    """False for a custom event that does not keep a visit from being a bounce."""
    props: dict[str, Any] | None
    """The properties that were sent with it; in CSV as JSON text."""


class RawVisit(Row):
    """One visit."""

    started: Instant
    """The time of its first action. An earlier one that comes late changes this."""
    visit_id: UUID
    """Its id, which stays unless it becomes part of another visit."""
    visitor_id: str
    """The id of the visitor."""
    session_id: str | None
    """The id of the session, if the sender gave one."""
    last_event: Instant
    """The time of its last event."""
    ended: Instant
    """The time of its last event plus the duration of that event."""
    duration_seconds: Seconds
    """The seconds from start to end."""
    pageviews: int
    """How many page views it has."""
    custom_events: int
    """Events other than page views and engagement."""
    interactive_events: int
    """Custom events that keep it from being a bounce."""
    is_bounce: bool
    """Whether it had one page view and no interactive custom event."""
    entry_page: str
    """The page of its first page view."""
    exit_page: str
    """The page of its last page view."""
    revenue: float
    """The sum of the amounts of its events, whatever their currencies."""
    hostname: str
    """The host of its first event."""
    referrer_domain: str
    """The registrable domain that it came from."""
    channel: str
    """The kind of source, e.g. Organic Search."""
    source: str
    """Where it came from; empty for direct traffic."""
    medium: str
    """The campaign tag utm_medium."""
    campaign: str
    """The campaign tag utm_campaign."""
    content: str
    """The campaign tag utm_content."""
    term: str
    """The campaign tag utm_term."""
    country: str
    """ISO 3166-1 alpha-2."""
    region: str
    """The name of the region."""
    city: str
    """The name of the city."""
    device: str
    """desktop, mobile, tablet …"""
    browser: str
    """The name of the browser."""
    browser_version: str
    """The version of the browser, as far as it is stored."""
    os: str
    """The name of the operating system."""
    os_version: str
    """The version of the operating system, as far as it is stored."""
    screen: str
    """The width and height of the screen in pixels."""
    language: str
    """The language of the visitor, e.g. de-AT."""
