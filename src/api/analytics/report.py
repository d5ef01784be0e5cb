"""What a report is: one question and everything there is to know about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from pydantic import BaseModel

from api.analytics import rows
from api.analytics.dimensions import Dimension
from api.analytics.metrics import measures_of
from api.analytics.planner import Need
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock
from api.analytics.rollups import EVENTS, FIRST_VISITS, VISITS
from api.db.queries import Fragment

Start = Callable[[Params, Clock], datetime]
Values = Callable[[Query], dict[str, Any]]
Slots = Callable[[Query], Mapping[str, Fragment]]
Finish = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def nothing_more(_: Query) -> dict[str, Any]:
    """Most reports bind what every report binds."""
    return {}


def as_they_are(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Most reports answer what the database answers."""
    return found


def never(_: Query) -> bool:
    """Most reports need more than sets of visitors."""
    return False


def always(_: Query) -> bool:
    """Some reports need nothing but sets of visitors."""
    return True


SETS: Mapping[str, Need] = {
    "sets": Need(VISITS, people=True),
    "new_sets": Need(FIRST_VISITS, people=True),
}


@dataclass(frozen=True, slots=True)
class TotalsOf:
    """How the whole range is summed up beside the rows of a report."""

    file: str
    row: type[BaseModel]
    metrics: tuple[LiteralString, ...] = ()
    needs: Mapping[str, Need] = field(default_factory=dict[str, Need])
    base: str = ""
    """The base table that it reads in any case."""


PEOPLE = SETS["sets"]


def needs_of(metrics: tuple[LiteralString, ...], *more: LiteralString) -> Mapping[str, Need]:
    """What these metrics, and more measures of events, read: of visits and of events."""
    return {
        "visits": Need(VISITS, measures_of(metrics, "visits")),
        "events": Need(EVENTS, (*measures_of(metrics, "events"), *more)),
        "people": PEOPLE,
    }


HEADLINES: tuple[LiteralString, ...] = (
    *("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"),
)

TOTALS = TotalsOf("totals", rows.Totals, HEADLINES, needs_of(HEADLINES))


@dataclass(frozen=True, slots=True)
class Report:
    """One question and everything there is to know about it."""

    name: str
    """Also its path below /api/analytics."""
    title: str
    params: type[Params]
    row: type[BaseModel]
    sql: str = ""
    """Name of the .sql file, where it is not the report's own name."""
    metrics: tuple[LiteralString, ...] = ()
    """The columns of its rows that are metrics (see metrics.py)."""
    needs: Mapping[str, Need] = field(default_factory=dict[str, Need])
    """What the slots of its SQL read; the planner puts a source in each."""
    base: str = "visit"
    """The base table that it reads besides, or instead."""
    dimensions: tuple[Dimension, ...] = ()
    """What it can be broken down by; the first is the default."""
    orders: tuple[LiteralString, ...] = ()
    """Columns that its rows can be sorted by."""
    start: Start | None = None
    """Where the range starts when the caller names none, instead of 24 hours ago."""
    prepare: Values = nothing_more
    """More values for its SQL. Raises Invalid."""
    slots: Slots = nothing_more
    """More fragments for its SQL. Raises Invalid."""
    finish: Finish = as_they_are
    totals: TotalsOf = TOTALS
    of_firsts: Callable[[Query], bool] = never
    """Whether it asks for the first of something ever, so that no raw data may be gone."""
    of_sets: Callable[[Query], bool] = never
    """Whether sets of visitors alone can answer this question, in a .sql file of that name."""

    def reads_base(self, query: Query) -> bool:
        """Whether it reads base tables, whatever the planner chooses."""
        return bool(self.base) or bool(getattr(query.params, "detail", False))

    @property
    def file(self) -> str:
        """The name of its .sql file."""
        return self.sql or self.name
