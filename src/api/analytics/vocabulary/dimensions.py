"""The dimensions that reports are broken down by and filtered on. A new one is one line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, LiteralString

from psycopg.types.json import Jsonb

from api.analytics.vocabulary.countries import COUNTRIES
from api.db.sql_files import Fragment
from api.errors import invalid

Of = Literal["visit", "event"]

LONGEST_VALUE = 2000

NO_COLUMN: LiteralString = ""
"""The column of a dimension that is an expression. No rollup has a column of this name."""

PROPERTY_PREFIX = "props:"
"""Prefix of a dimension that is a property of events, e.g. props:plan."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A key that callers use, and the expression behind it.

    The expression is over v, a visit or a row of a rollup of visits; or over e, an event.
    """

    key: LiteralString
    sql: LiteralString
    of: Of = "visit"
    column: LiteralString = NO_COLUMN
    """The name of its column, in the base table and in rollups; empty where it has none."""
    table: LiteralString = ""
    """The third table that the expression reads, where it is about neither visit nor event."""
    on: LiteralString = ""
    """The condition that joins that table to e."""
    what: str = "The value"
    """What it is, in words."""
    names: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    """What is shown, and compared by filters, instead of some of the stored values."""
    known: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    """All values that it can have, as they are shown, each with a text that a wrong value may
    resemble; empty where it can have any."""
    is_lower_case: bool = False
    """Whether values are stored in lower case, so that filters ignore case."""

    @property
    def shown(self) -> Fragment:
        """The value as it is shown."""
        if not self.names:
            return Fragment(self.sql)
        names: LiteralString = f"names_{self.key}"
        sql: LiteralString = f"coalesce(:{names}::jsonb ->> {self.sql}, {self.sql})"
        # A parameter of this type is not parsed again for each row.
        return Fragment(sql, {names: Jsonb(dict(self.names))})

    def stored(self, shown: str) -> str:
        """The stored value that is shown like this."""
        return next((value for value, name in self.names.items() if name == shown), shown)


def visit(key: LiteralString, column: LiteralString = "", what: str = "") -> Dimension:
    """A dimension that is a column of the visit, of the same name unless said otherwise."""
    return Dimension(key, f"v.{column or key}", column=column or key, what=what or f"The {key}")


def event(key: LiteralString, column: LiteralString = "") -> Dimension:
    """A dimension that is a column of the event, of the same name unless said otherwise."""
    return Dimension(key, f"e.{column or key}", "event", column=column or key)


CHANNEL = visit("channel")

COUNTRY = replace(visit("country"), known={"": "", **COUNTRIES})

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
    visit("screen", what="The width and height of the screen in pixels"),
    visit("language"),
    COUNTRY,
)

LOCATION_DIMENSIONS = (COUNTRY, visit("region"), visit("city"))

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

PROPERTY = Dimension("props", "", "event")
"""Any property of events; the expression of a certain one is made by property_in."""


def property_in(dimension: Dimension, parameter: LiteralString) -> Dimension:
    """The property whose name this parameter of the SQL has."""
    return replace(dimension, sql=f"coalesce(e.props ->> :{parameter}, '')")


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


def find_dimension(key: str, allowed: Iterable[Dimension]) -> Dimension:
    """The dimension with this key. Raises Invalid, listing the allowed keys, for any other."""
    by_key = {dimension.key: dimension for dimension in allowed}
    if key not in by_key:
        raise invalid("dimension", f"{key[:50]!r} is not a dimension of this report", by_key)
    return by_key[key]


def is_text(value: object) -> bool:
    """Whether this is text of at most 2,000 characters that the database can store."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST_VALUE
        and "\0" not in value
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )
