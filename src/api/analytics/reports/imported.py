"""The imported report: numbers that another product counted, which no other report contains."""

from dataclasses import replace
from datetime import date
from typing import LiteralString

from pydantic import Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Dimensioned, Params, Query, Totalled
from api.analytics.question import Question, Variant
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import Dimension

KINDS: dict[str, tuple[LiteralString, ...]] = {
    "sources": ("source", "referrer", "utm_source", "medium", "campaign", "content", "term"),
    "pages": ("page", "hostname"),
    "entry_pages": ("entry_page",),
    "exit_pages": ("exit_page",),
    "locations": ("country", "region", "city"),
    "devices": ("device",),
    "browsers": ("browser", "browser_version"),
    "operating_systems": ("os", "os_version"),
    "custom_events": ("event",),
}
"""The dimensions of each kind of rows that are kept (see importing/products/plausible.py)."""

DAYS = "visitors"
"""The kind of the rows that have the numbers of whole days."""


class ImportedParams(Dimensioned, Totalled, Params):
    """Parameters: a dimension. Days that the range only touches count as a whole."""

    limit: int = Field(100, ge=1, le=1000, description="With a dimension: the most rows.")


class ImportedNumbers(Row):
    """What another product counted. What its export does not tell is null."""

    visitors: int | None
    """The sum of the visitors of days: who came on two days counts twice."""
    visits: int | None
    """Visits, as the other product tells them apart."""
    pageviews: int | None
    """Page views; by a dimension of visits, those of the visits."""
    bounce_rate: Ratio | None
    """Bounces / visits, by the other product's definition."""
    visit_duration_seconds: Seconds | None
    """The mean duration of visits in seconds."""
    events: int | None
    """How often a custom event happened; null without the dimension `event`."""


class Day(Row):
    """What a row is about."""

    day: date
    """The day, in the time zone that the other product counted it in."""


class ImportedDay(ImportedNumbers, Day):
    """A day that another product counted."""


class ImportedValue(ImportedNumbers):
    """What another product counted for one value of a dimension; '' where it is unknown."""


def dimension(key: LiteralString) -> Dimension:
    """A dimension that is a property of rows of a kind."""
    return Dimension(key, f"coalesce(d.properties ->> '{key}', '')", what=f"The {key}")


KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}

IMPORTED_DIMENSIONS = tuple(dimension(name) for names in KINDS.values() for name in names)


def with_kind(query: Query[ImportedParams]) -> Query[ImportedParams]:
    """The query with the kind of the rows that it reads."""
    kind = KIND_OF[query.dimension.key] if query.dimension else DAYS
    return replace(query, values={"kind": kind, "days": DAYS})


TOTALS = Question(
    ImportedNumbers, (Variant("reports/imported_totals.sql", outlives_raw=("imported_day",)),)
)

IMPORTED_BY_DIMENSION = Report(
    "imported",
    "Imported numbers by the values of a dimension",
    ImportedParams,
    Question(
        ImportedValue,
        (Variant("reports/imported_by_dimension.sql", outlives_raw=("imported_day",)),),
    ),
    TOTALS,
    dimensions=IMPORTED_DIMENSIONS,
    line_name="ImportedByDimensionRow",
    prepare=with_kind,
)

IMPORTED = Report(
    "imported",
    "Numbers of days that another product counted",
    ImportedParams,
    Question(ImportedDay, (Variant("reports/imported.sql", outlives_raw=("imported_day",)),)),
    TOTALS,
    by_dimension=IMPORTED_BY_DIMENSION,
    prepare=with_kind,
)
