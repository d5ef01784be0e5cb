"""Reports: questions with a name, parameters, and the shape of their answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, LiteralString, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.analytics.query import P, Query
from api.analytics.question import Question, Variant, filters_visits, requirements_of
from api.analytics.time.ranges import Clock
from api.analytics.vocabulary.dimensions import Dimension

Row = TypeVar("Row", bound=BaseModel)
Sum = TypeVar("Sum", bound=BaseModel)
T = TypeVar("T")


class Comparison(BaseModel, Generic[Row, Sum]):
    """Totals and rows of the range to compare with."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    totals: Sum | None
    rows: list[Row]


class Answer(BaseModel, Generic[Row, Sum]):
    """The answer of every report."""

    query: dict[str, Any]
    """The query as it was understood, with its resolved range."""
    source: str
    """The tables that answered, e.g. rollup:traffic, visit."""
    totals: Sum | None
    """Null where the caller did not want them."""
    rows: list[Row]
    comparison: Comparison[Row, Sum] | None = None
    """Totals and rows of the range to compare with, if the caller asked for one."""


class Totals(BaseModel):
    """The headline numbers of the range."""

    visitors: int
    visits: int
    pageviews: int
    views_per_visit: float | None
    bounce_rate: float | None
    visit_duration: float | None
    """Mean seconds, bounces included."""


HEADLINES = (
    *("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"),
)

CHOSEN_VISITS = ("visit", "event")
"""The base tables of variants that read the visits, and the events, that a filter chooses."""

TOTALS = Question(
    Totals,
    (
        Variant("reports/totals_of_visits.sql", base=CHOSEN_VISITS, serves=filters_visits),
        Variant("reports/totals.sql", requirements_of(HEADLINES)),
    ),
    HEADLINES,
)


def unchanged(value: T) -> T:
    return value


@dataclass(frozen=True, slots=True)
class Report(Generic[P]):
    """A report: its path, parameters, questions, and how rows may be sorted and broken down. P is
    the class of its parameters."""

    name: str
    """Its name, which is also its path below /api/analytics."""
    title: str
    params: type[P]
    rows: Question[P]
    totals: Question[P] = TOTALS
    dimensions: tuple[Dimension, ...] = ()
    """The dimensions that it can be broken down by."""
    default_dimension: Dimension | None = None
    orders: tuple[LiteralString, ...] = ()
    """The columns that its rows can be sorted by."""
    start: Callable[[P, Clock], datetime] | None = None
    """Where the range starts when the caller names none, instead of 24 hours ago."""
    prepare: Callable[[Query[P]], Query[P]] = unchanged
    """Adds buckets, and values for the SQL, to the query. Raises Invalid."""
    finish: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = unchanged
