"""What a report is: its questions, their variants, and everything there is to know about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, TypeVar

from pydantic import BaseModel

from api.analytics import rows
from api.analytics.dimensions import Dimension
from api.analytics.filters import NO_FILTER, clauses_of
from api.analytics.metrics import measures_of
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, FIRST_VISITS, VISITS
from api.rollups.model import Fact

T = TypeVar("T")
Start = Callable[[Params, Clock], datetime]
Prepare = Callable[[Query], Query]
Slots = Callable[[Query], Mapping[str, Fragment]]
Finish = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def unchanged(value: T) -> T:
    """Most reports bind what every report binds, and answer what the database answers."""
    return value


def no_more(_: Query) -> Mapping[str, Fragment]:
    """Most variants have no slots of their own."""
    return {}


def always(_: Query) -> bool:
    """The last variant serves for every query."""
    return True


def is_filtered(query: Query) -> bool:
    """Whether there is a filter."""
    return query.filter != NO_FILTER


def is_unfiltered(query: Query) -> bool:
    """Whether there is none; bitmaps of visitors know nothing to filter by."""
    return query.filter == NO_FILTER


def filters_visits(query: Query) -> bool:
    """Whether there is a filter, and it is on visits alone: they mostly know how many events they
    had, though not how many that fit a filter on events."""
    return {clause.dimension.of for clause in clauses_of(query.filter)} == {"visit"}


def sql_file(name: str) -> Path:
    """The .sql file of this name."""
    return Path(__file__).parent / "sql" / f"{name}.sql"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one slot of a question reads: a fact, and of it these measures and dimensions."""

    fact: Fact
    measures: tuple[LiteralString, ...] = ()
    dimensions: tuple[LiteralString, ...] = ()
    distinct_visitors: bool = False


VISITORS = Requirement(VISITS, distinct_visitors=True)
NEW_VISITORS = Requirement(FIRST_VISITS, distinct_visitors=True)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to answer a question: a .sql file, and what it reads."""

    file: str
    requires: Mapping[str, Requirement] = field(default_factory=dict[str, Requirement])
    """What the table in each slot must have; the planner chooses the tables."""
    base: tuple[str, ...] = ()
    """The base tables that it reads in any case."""
    serves: Callable[[Query], bool] = always
    """For which queries."""
    slots: Slots = no_more
    """More fragments for its SQL. Raises Invalid."""
    only_rollups: bool = False
    """Whether it needs a rollup for each requirement."""
    needs_full_history: bool = False
    """Whether it asks for the first of something ever, so that no raw data may be gone."""


@dataclass(frozen=True, slots=True)
class Question:
    """The rows or the totals of a report. The first variant that serves answers."""

    row: type[BaseModel]
    variants: tuple[Variant, ...]
    metrics: tuple[str, ...] = ()
    """The columns of its rows that are metrics (see metrics.py)."""


def single(
    row: type[BaseModel],
    file: str,
    *base: str,
    requires: Mapping[str, Requirement] | None = None,
    slots: Slots = no_more,
) -> Question:
    """A question that is answered in one way, always from these base tables."""
    return Question(row, (Variant(file, requires or {}, base, slots=slots),))


def requirements_of(
    metrics: tuple[LiteralString, ...], *more: LiteralString
) -> Mapping[str, Requirement]:
    """What these metrics, and more measures of events, read: of visits and of events."""
    return {
        "visits": Requirement(VISITS, measures_of(metrics, "visits")),
        "events": Requirement(EVENTS, (*measures_of(metrics, "events"), *more)),
        "people": VISITORS,
    }


CHOSEN_VISITS = ("visit", "event")
"""What variants read that read each visit that a filter chooses once."""

HEADLINES: tuple[LiteralString, ...] = (
    *("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"),
)

TOTALS = Question(
    rows.Totals,
    (
        Variant("totals_of_visits", base=CHOSEN_VISITS, serves=filters_visits),
        Variant("totals", requirements_of(HEADLINES)),
    ),
    HEADLINES,
)


@dataclass(frozen=True, slots=True)
class Report:
    """One entry of REPORTS."""

    name: str
    """Also its path below /api/analytics."""
    title: str
    params: type[Params]
    rows: Question
    totals: Question = TOTALS
    dimensions: tuple[Dimension, ...] = ()
    """What it can be broken down by."""
    default_dimension: Dimension | None = None
    orders: tuple[LiteralString, ...] = ()
    """Columns that its rows can be sorted by."""
    start: Start | None = None
    """Where the range starts when the caller names none, instead of 24 hours ago."""
    prepare: Prepare = unchanged
    """The query with its buckets and with more values for the SQL. Raises Invalid."""
    finish: Finish = unchanged
