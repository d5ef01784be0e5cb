"""Reports: questions with a name, parameters, and the shape of their answers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, LiteralString, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from api.analytics.columns import Column, Ratio, Row, Seconds, columns_of
from api.analytics.query import Compared, Dimensioned, P, Query
from api.analytics.question import Question, Variant, filters_visits, requirements_of
from api.analytics.time.ranges import Clock
from api.analytics.vocabulary.dimensions import Dimension
from api.instants import Instant
from api.schema import Record

Line = TypeVar("Line", bound=BaseModel)
Sum = TypeVar("Sum", bound=BaseModel)
T = TypeVar("T")


class Change(Record):
    """A number beside that of the range to compare with."""

    value: float | None
    """The number in the range to compare with."""
    difference: float | None
    """How much more it is now; null where one of both is unknown."""
    ratio: float | None
    """The number now / the number then; null where one is unknown, or then it was 0."""


class Comparison(Record):
    """The range to compare with, and its totals. Each row has its own comparison."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Instant = Field(alias="from")
    """Where the range begins."""
    to: Instant
    """Where the range ends; it does not belong to it."""
    totals: dict[str, Change] | None
    """By the name of each total; null in a report without totals, or where none were asked for."""


class Page(Record):
    """Which part of all rows an answer has."""

    total: int | None
    """The number of all rows; null where it is not known without reading them."""
    next: int | None
    """The offset of the next rows; null after the last."""


class Answer(Record, Generic[Line, Sum]):
    """The answer of every report."""

    query: dict[str, Any]
    """The query as it was understood: report, site, range, time zone, and all it depends on."""
    engine: str
    """The tables that answered, e.g. rollup:traffic, visit."""
    columns: list[Column]
    """The columns of the rows, in order: types, units and meanings."""
    totals: Sum | None
    """The numbers of the whole range; null in a report without totals, or where none were asked
    for."""
    rows: list[Line]
    """The rows."""
    page: Page | None
    """Which part of all rows this is; null in a report that always returns all."""
    comparison: Comparison | None
    """The range to compare with; null where none was asked for."""


# Its own docstrings have been read. Looking for those of each class that is generated of it, which
# inherits the descriptions, took a tenth of the start of a process.
Answer.model_config["use_attribute_docstrings"] = False


class Totals(Row):
    """The headline numbers of the range."""

    visitors: int
    visits: int
    pageviews: int
    views_per_visit: float | None
    bounce_rate: Ratio | None
    visit_duration_seconds: Seconds | None


class Optional(BaseModel):
    """The base of what a row has only where it was asked for. Classes with this base are generated,
    so there is no source in which docstrings could be looked for."""

    model_config = ConfigDict(
        use_attribute_docstrings=False, json_schema_serialization_defaults_required=False
    )


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


def as_found(_: object, rows: T) -> T:
    return rows


@dataclass(frozen=True, slots=True)
class Computed:
    """What a report computes of all rows of its SQL."""

    rows: Sequence[dict[str, Any]]
    """All rows of the answer, in order. Of these the page is taken that was asked for."""
    totals: dict[str, Any] | None = None
    """The totals, with what else there is to say of the whole: the method, and how far it errs."""


@dataclass(frozen=True)
class Report(Generic[P]):
    """A report: its path, parameters, questions, and how rows may be sorted and broken down. P is
    the class of its parameters."""

    name: str
    """Its name, which is also its path below /api/analytics."""
    title: str
    params: type[P]
    rows: Question[P]
    totals: Question[P] | None = None
    dimensions: tuple[Dimension, ...] = ()
    """The dimensions that it can be broken down by. Then a row has the value of the dimension, by
    the dimension's name, which its SQL calls `value`."""
    default_dimension: Dimension | None = None
    orders: tuple[LiteralString, ...] = ()
    """The columns that its rows can be sorted by, beside the dimension."""
    key: tuple[LiteralString, ...] = ()
    """The columns by which rows are compared with those of another range; without them a row is
    compared with the one in the same place, as the rows of a series are."""
    counted_by: str = ""
    """The total that says how many rows there are, where counting them in SQL takes too long."""
    line_name: str = ""
    """The name of the class of its rows in the OpenAPI document, if it is not called after the
    report."""
    by_dimension: "Report[P] | None" = None
    """The report that answers instead where a dimension is asked for, if its rows are others."""
    list_index: str = "position"
    """The column of CSV that numbers the entries of rows with lists: each entry has a line."""
    start: Callable[[P, Clock], datetime] | None = None
    """Where the range starts when the caller names none, instead of 24 hours ago."""
    prepare: Callable[[Query[P]], Query[P]] = unchanged
    """Adds buckets, and values for the SQL, to the query. Raises Invalid."""
    finish: Callable[[Query[P], list[dict[str, Any]]], list[dict[str, Any]]] = as_found
    """Completes the rows."""
    compute: Callable[[Query[P], list[dict[str, Any]]], Computed] | None = None
    """Makes the rows of the answer of those of the SQL, which has to read all of them, whatever the
    page: where it takes a model, or an order, that SQL is not made for. It runs in a thread, so it
    must not change what others use. `finish` completes the rows of the page after it."""
    computed_totals: type[BaseModel] | None = None
    """The class of the totals that `compute` returns. Then there is no question for `totals`."""

    @cached_property
    def line(self) -> type[BaseModel]:
        """The class of its rows in answers: with each dimension, and with the comparison."""
        named: dict[str, Any] = {
            dimension.key: (
                str | None,
                Field(None, description=f"{dimension.what}, if rows are broken down by it."),
            )
            for dimension in self.dimensions
        }
        changes = Field(None, description="Each number beside that of the range to compare with.")
        compared: dict[str, Any] = {"comparison": (dict[str, Change] | None, changes)}
        if not issubclass(self.params, Compared):
            compared = {}
        if not named and not compared:
            return self.rows.row
        # Fields of a later base come first.
        bases = self.rows.row, create_model("Dimensions", __base__=Optional, **named)
        name = self.line_name or re.sub(r"\W", "", self.name.title()) + "Row"
        return create_model(name, __base__=bases, **compared)

    @property
    def answer(self) -> type[Answer[Any, Any]]:
        """The class of its answers."""
        totals: Any = self.totals.row if self.totals else self.computed_totals
        return Answer[self.line, totals]

    @property
    def answers(self) -> Any:
        """The class of its answers; where a dimension makes other rows, the union of both."""
        return self.answer | self.by_dimension.answer if self.by_dimension else self.answer

    def for_params(self, params: P) -> "Report[P]":
        """The report that answers a query with these parameters: this one, or `by_dimension`."""
        is_broken_down = isinstance(params, Dimensioned) and params.dimension
        return self.by_dimension if self.by_dimension and is_broken_down else self

    @property
    def all_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions that callers can ask for."""
        return (self.by_dimension or self).dimensions

    def columns(self, query: Query[P]) -> list[Column]:
        """The columns of the rows of this query, that of the dimension first."""
        own = columns_of(self.rows.row)
        if query.dimension is None:
            return own
        value = f"{query.dimension.what}; empty where it is unknown."
        return [
            Column(name=query.dimension.key, type="string", unit=None, description=value),
            *own,
        ]
