"""Questions: what is asked of the database, variants that answer, and what each of them reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, LiteralString, TypeVar

from pydantic import BaseModel

from api.analytics.query import Params, Query
from api.analytics.vocabulary.filters import NO_FILTER, clauses_of
from api.analytics.vocabulary.metrics import measures_of
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, FIRST_VISITS, VISITS
from api.rollups.model import Fact

P_contra = TypeVar("P_contra", bound=Params, contravariant=True)


def no_slots(_: Query[Params]) -> Mapping[str, Fragment]:
    return {}


def always(_: Query[Params]) -> bool:
    return True


def is_unfiltered(query: Query[Params]) -> bool:
    """Whether the query has no filter. Visitor bitmaps cannot be filtered."""
    return query.filter == NO_FILTER


def is_filtered(query: Query[Params]) -> bool:
    return not is_unfiltered(query)


def filters_visits(query: Query[Params]) -> bool:
    """Whether there is a filter, and only on dimensions of visits. A row of `visit` has the number
    of its events, but not of those that pass a filter on events."""
    return {clause.dimension.of for clause in clauses_of(query.filter)} == {"visit"}


def sql_file(name: str) -> Path:
    """The path of a .sql file, given relative to the folder of this module."""
    return Path(__file__).parent / name


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one slot of a question reads: a fact, and which of its measures and dimensions."""

    fact: Fact
    measures: tuple[LiteralString, ...] = ()
    dimensions: tuple[LiteralString, ...] = ()
    distinct_visitors: bool = False


VISITORS = Requirement(VISITS, distinct_visitors=True)
NEW_VISITORS = Requirement(FIRST_VISITS, distinct_visitors=True)


@dataclass(frozen=True, slots=True)
class Variant(Generic[P_contra]):
    """One way to answer a question: a .sql file, and what it reads."""

    file: str
    """E.g. reports/pages.sql (see sql_file)."""
    requires: Mapping[str, Requirement] = field(default_factory=dict[str, Requirement])
    """What the table in each slot must have; the planner chooses the tables."""
    base: tuple[str, ...] = ()
    """The base tables that it always reads."""
    serves: Callable[[Query[P_contra]], bool] = always
    """Whether it can answer a query."""
    slots: Callable[[Query[P_contra]], Mapping[str, Fragment]] = no_slots
    """More fragments for its SQL. Raises Invalid."""
    only_rollups: bool = False
    """Whether it serves only where a rollup meets each requirement."""
    needs_full_history: bool = False
    """Whether it looks for the first of something ever, which needs all raw data of the site."""
    outlives_raw: tuple[str, ...] = ()
    """The tables that it reads of which nothing expires with raw data."""


@dataclass(frozen=True, slots=True)
class Question(Generic[P_contra]):
    """The rows or the totals of a report, as they are asked of the database."""

    row: type[BaseModel]
    variants: tuple[Variant[P_contra], ...]
    metrics: tuple[str, ...] = ()
    """The columns of its rows that are metrics (see vocabulary/metrics.py)."""


def single(
    row: type[BaseModel],
    file: str,
    *base: str,
    requires: Mapping[str, Requirement] | None = None,
    slots: Callable[[Query[P_contra]], Mapping[str, Fragment]] = no_slots,
) -> Question[P_contra]:
    """A question with one variant, which always reads these base tables."""
    return Question(row, (Variant(file, requires or {}, base, slots=slots),))


def requirements_of(metrics: tuple[str, ...], *more: LiteralString) -> Mapping[str, Requirement]:
    """The requirements of these metrics, and of more measures of events."""
    events = (*measures_of(metrics, "events"), *more)
    return {
        "visits": Requirement(VISITS, measures_of(metrics, "visits")),
        **({"events": Requirement(EVENTS, events)} if events else {}),
        "visitors": VISITORS,
    }
