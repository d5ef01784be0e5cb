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

WEB_VITAL = "web_vital"
"""The event by which a browser tells how fast or steady a page was."""

JS_ERROR = "js_error"
"""The event by which a browser tells of an error in the scripts of a page."""

OBSERVATIONS = frozenset((WEB_VITAL, JS_ERROR))
"""Events that are observations of a page: nothing that the visitor does, and in no visit."""

NOT_CUSTOM = OBSERVATIONS | {PAGEVIEW, ENGAGEMENT}

Long = Annotated[str, Meta(max_length=32_768)]
"""Text that is cut once it is known what of it is stored; an event has at most 32 KiB in all."""

Short = Annotated[str, Meta(max_length=200)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


def about(description: str) -> Meta:
    """The description of a field in the API's documentation. A field with a unit names it there."""
    return Meta(description=description)


NUMBER = Meta(extra_json_schema={"type": ["number", "string"]})
"""msgspec documents a Decimal as a string only, but takes a number, too."""


ANYTHING = Meta(extra_json_schema={"additionalProperties": True})
"""msgspec documents a dict of anything as an object, of which generators may make an empty one."""


class Amount(Struct, forbid_unknown_fields=True):
    """An amount in a currency (ISO 4217)."""

    amount: Annotated[Decimal, NUMBER, about("The amount, in units of the currency: 19.90.")]
    currency: Annotated[
        str, Meta(pattern="^[A-Za-z]{3}$"), about("The currency by its ISO 4217 code: EUR.")
    ]


class EventIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """An event as it is sent. Every field is optional, but `page` or `name` is needed."""

    id: Annotated[
        Short | int | None,
        about("An id of the sender's own: sent again within 7 days, the event is stored once."),
    ] = None
    time: Annotated[
        Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})] | None,
        about("When it happened, at most 7 days ago; by default when it arrives."),
    ] = None
    sent_at: Annotated[
        Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})] | int | None,
        about(
            "When it was sent, by the clock that `time` is by, or in milliseconds since 1970:"
            " `time` is corrected by how wrong that clock is, from 10 seconds on."
        ),
    ] = None
    name: Annotated[Short, about("The kind of event; by default pageview.")] = ""
    page: Annotated[Long, about("The address or the path of the page.")] = ""
    hostname: Annotated[Short, about("By default that of the page's address.")] = ""
    title: Annotated[Long, about("The title of the page.")] = ""
    referrer: Annotated[Long | None, about("The address that the visitor came from.")] = ""
    user_agent: Annotated[
        Long | None, about("The visitor's user agent; by default that of the request.")
    ] = ""
    session_id: Annotated[
        Short | int | None,
        about("Events with the same id are one visit; without it, a pause of 30 minutes ends one."),
    ] = None
    visitor_id: Annotated[
        Short | int | None, about("The visitor. Only trusted senders may name visitors.")
    ] = None
    user_id: Annotated[
        Short | int | None, about("The user. Only trusted senders may name users.")
    ] = None
    duration: Annotated[
        Seconds | None, about("How long it took, in seconds; of engagement: until its time.")
    ] = None
    revenue: Annotated[Amount | None, about("What it earned.")] = None
    props: Annotated[
        Annotated[dict[str, Any], ANYTHING] | None,
        about("Properties of the sender's own, at most 64."),
    ] = None
    utm_source: Annotated[Short, about("Campaign tag; by default that of the address.")] = ""
    utm_medium: Annotated[Short, about("Campaign tag; by default that of the address.")] = ""
    utm_campaign: Annotated[Short, about("Campaign tag; by default that of the address.")] = ""
    utm_content: Annotated[Short, about("Campaign tag; by default that of the address.")] = ""
    utm_term: Annotated[Short, about("Campaign tag; by default that of the address.")] = ""
    screen: Annotated[Short, about("Width and height of the screen in pixels: 1920x1080.")] = ""
    language: Annotated[
        Short, about("The visitor's language: de-AT; by default that of the request.")
    ] = ""
    timezone: Annotated[Short, about("The visitor's IANA time zone, which tells the country.")] = ""
    interactive: Annotated[
        bool, about("False for a custom event that does not keep a visit from being a bounce.")
    ] = True
    site: Annotated[Short, about("Key or domain of the site; by default `default`.")] = ""


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
    later_visitor_id: int | None = None
    """That under the salt of the day after, if there is one yet: what follows may be stored under
    it, where the event comes late."""
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
    def visitor_ids(self) -> set[int]:
        """All ids under which its visit may be stored."""
        ids = {self.visitor_id, self.earlier_visitor_id, self.later_visitor_id}
        return {visitor for visitor in ids if visitor is not None}

    @property
    def is_pageview(self) -> bool:
        return self.name == PAGEVIEW

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom event: no page view, engagement or observation."""
        return self.name not in NOT_CUSTOM

    @property
    def is_observation(self) -> bool:
        """Whether it is about the page: it is in no visit, and stored in a table of its own."""
        return self.name in OBSERVATIONS

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
