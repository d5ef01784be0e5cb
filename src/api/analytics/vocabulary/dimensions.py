"""The dimensions that reports are broken down by and filtered on. A new one is one line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, LiteralString

from api.errors import invalid

Of = Literal["visit", "event"]

NO_COLUMN: LiteralString = ""
"""The column of a dimension that is an expression. No rollup has a column of this name."""

PROPERTY = "props:"
"""Prefix of a dimension that is a property of events, e.g. props:plan."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A key that callers use, and the expression behind it.

    The expression is over v, a visit or a row of a rollup of visits; or over e, an event.
    """

    key: str
    sql: LiteralString
    of: Of = "visit"
    column: LiteralString = NO_COLUMN
    """The name of its column, in the base table and in rollups; empty where it has none."""
    table: LiteralString = ""
    """The third table that the expression reads, where it is about neither visit nor event."""
    on: LiteralString = ""
    """The condition that joins that table to e."""


def visit(key: LiteralString, column: LiteralString = "") -> Dimension:
    """A dimension that is a column of the visit, of the same name unless said otherwise."""
    return Dimension(key, f"v.{column or key}", column=column or key)


def event(key: LiteralString, column: LiteralString = "") -> Dimension:
    """A dimension that is a column of the event, of the same name unless said otherwise."""
    return Dimension(key, f"e.{column or key}", "event", column=column or key)


CHANNEL = visit("channel")

SOURCE_DIMENSIONS = (
    visit("source"),
    CHANNEL,
    visit("referrer", "referrer_domain"),
    visit("medium"),
    visit("campaign"),
    visit("content"),
    visit("term"),
)

DEVICE_DIMENSIONS = (
    visit("device"),
    visit("browser"),
    visit("browser_version"),
    visit("os"),
    visit("os_version"),
    visit("screen"),
    visit("language"),
    visit("country"),
)

LOCATION_DIMENSIONS = (visit("country"), visit("region"), visit("city"))

ENTRY_PAGE = visit("entry_page")
EXIT_PAGE = visit("exit_page")

VISITOR_DIMENSIONS = (
    Dimension("visitor_type", "case when v.started = v.first_seen then 'new' else 'returning' end"),
)

TIME_DIMENSIONS = (
    Dimension("weekday", "to_char(v.started at time zone :timezone, 'ID')"),
    Dimension("hour", "to_char(v.started at time zone :timezone, 'HH24')"),
)

GOAL = Dimension(
    "goal",
    "g.name",
    "event",
    table="goal g",
    on="g.site_id = e.site_id"
    " and matches_step(e.name, e.page, e.props, g.event, g.page, g.pattern, g.props)",
)
"""The saved goals that an event reaches: none, one or several."""

PAGE = event("page")

EVENT_DIMENSIONS = (
    PAGE,
    event("hostname"),
    event("title"),
    event("event", column="name"),
    Dimension("currency", "coalesce(e.currency, '')", "event"),
    GOAL,
)

VISIT_DIMENSIONS = tuple(
    dict.fromkeys(
        (
            *SOURCE_DIMENSIONS,
            *DEVICE_DIMENSIONS,
            *LOCATION_DIMENSIONS,
            ENTRY_PAGE,
            EXIT_PAGE,
            *VISITOR_DIMENSIONS,
            *TIME_DIMENSIONS,
        )
    )
)

DIMENSIONS = {dimension.key: dimension for dimension in (*VISIT_DIMENSIONS, *EVENT_DIMENSIONS)}
"""All dimensions by key."""


RENAMED = {
    "name": "event",
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "campaign",
    "utm_content": "content",
    "utm_term": "term",
    "country_name": "country",
    "city_name": "city",
    "region_name": "region",
}
"""Plausible's names for dimensions that have another name here."""


def plain_name(key: str) -> str:
    """Plausible's visit:country as country, event:name as event; every other key as it is."""
    kind, _, name = key.partition(":")
    return RENAMED.get(name, name) if name and kind in ("visit", "event") else key


def find_dimension(key: str, allowed: Iterable[Dimension]) -> Dimension:
    """The dimension with this key. Raises Invalid, listing the allowed keys, for any other."""
    by_key = {dimension.key: dimension for dimension in allowed}
    if key not in by_key:
        raise invalid("dimension", f"{key[:50]!r} is not a dimension of this report", by_key)
    return by_key[key]
