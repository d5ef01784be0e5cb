"""Decides how a question is answered, once: execute carries out the Plan as it is.

Each slot for a table gets the coarsest table that answers exactly: a rollup or a base table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import gcd
from pathlib import Path
from typing import Any

from api.analytics.query import Engine, P, Params, Query
from api.analytics.question import Question, Requirement, Variant, is_unfiltered, sql_file
from api.analytics.vocabulary.conditions import (
    IN_RANGE,
    LOOKED_UP,
    condition,
    condition_on_visit_of_event,
    is_on_visits,
)
from api.analytics.vocabulary.dimensions import NO_COLUMN
from api.analytics.vocabulary.filters import Filter, clauses_of
from api.analytics.vocabulary.metrics import metrics_slot
from api.db.sql_files import Fragment, slot_names
from api.errors import Expired
from api.rollups.definitions import EVENTS, VISITS
from api.rollups.model import Fact, Rollup

ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
"""An edge of the buckets of all rollups (see api.rollups.model.ORIGIN)."""

MICROSECOND = timedelta(microseconds=1)

Tables = Mapping[str, Rollup | Fact]
"""The table for each slot."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Visits that a filter chooses, and their events (see api.analytics.copies)."""

    site: int
    lower: datetime
    upper: datetime
    chosen: Fragment
    """The condition that these visits meet."""
    slots: Mapping[str, Fragment] = field(compare=False)
    """The slots that differ where a plan reads the copy."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A .sql file with all that fills and binds it, and the tables that it reads."""

    path: Path
    slots: Mapping[str, Fragment]
    values: Mapping[str, Any]
    tables: tuple[str, ...]
    """The tables that the rows are computed from, as the answer names them."""
    prepare: bool = False
    """Whether the connection keeps the server's plan, where planning takes longer than reading."""
    by_hash: bool = False
    """Whether visits and events are joined by hash tables, whatever the planner expects."""
    copy: "Copy | None" = None
    """The copy that can be read instead of visits and events."""

    @property
    def engine(self) -> str:
        """The tables as one text: the `engine` of an answer."""
        return "+".join(self.tables)


def plan(question: Question[P], query: Query[P]) -> Plan:
    """The first variant that serves, with a table for each of its slots. Raises Expired when it
    needs expired raw data."""
    variant, tables = choose(question, query)
    is_summed_up = not variant.base and only_rollups(tables)
    if not is_summed_up:
        require_raw(query, variant.needs_full_history)
    names = (*map(name_of, tables.values()), *variant.base, *variant.outlives_raw)
    path = sql_file(variant.file)
    slots = {
        **{slot: Fragment(table.name) for slot, table in tables.items()},
        **({"metrics": metrics_slot(question.metrics)} if question.metrics else {}),
        **dimension_slot(path, query),
        **order_slot(path, query),
        **filter_slots(path, query),
        **variant.slots(query),
    }
    return Plan(
        path,
        slots,
        query.sql_values,
        tuple(dict.fromkeys(names)),
        prepare=is_summed_up,
        by_hash=not is_summed_up,
        copy=copy_for(path, query, tables),
    )


def choose(question: Question[P], query: Query[P]) -> tuple[Variant[P], Tables]:
    """The first variant that serves, and its tables. The last one of a question always serves."""
    tried = (
        (variant, choose_tables(variant.requires, query))
        for variant in question.variants
        if variant.serves(query)
    )
    return next(
        (variant, tables)
        for variant, tables in tried
        if only_rollups(tables) or not variant.only_rollups
    )


def choose_tables(requires: Mapping[str, Requirement], query: Query[Params]) -> Tables:
    """For each slot the cheapest rollup that has all required columns, else the base table."""
    usable = usable_rollups(query) if requires else ()

    def best(requirement: Requirement) -> Rollup | Fact:
        needed = with_columns_of(query, requirement)
        able = (rollup for rollup in usable if has_columns(rollup, needed))
        return min(able, key=lambda rollup: cost_of(rollup, query), default=needed.fact)

    return {slot: best(requirement) for slot, requirement in requires.items()}


def only_rollups(tables: Tables) -> bool:
    """Whether each slot has a rollup."""
    return all(isinstance(table, Rollup) for table in tables.values())


def usable_rollups(query: Query[Params]) -> Sequence[Rollup]:
    """The rollups whose buckets add up to the buckets of the series, and that cover the expired
    part of the range. Without a series, the edges of the range are read from the base table."""
    if query.params.engine is Engine.BASE:
        return ()
    spacing, expired = spacing_of(query.starts), expired_edges(query)
    return [
        rollup
        for rollup in query.rollups
        if not spacing % rollup.width and covers_expired_range(rollup, expired)
    ]


def spacing_of(moments: Iterable[datetime]) -> timedelta:
    """The greatest width that divides the time from ORIGIN to each moment; 0 without moments."""
    return gcd(*((moment - ORIGIN) // MICROSECOND for moment in moments)) * MICROSECOND


def with_columns_of(query: Query[Params], requirement: Requirement) -> Requirement:
    """The requirement, with the columns of the dimension and the filter. A filter on the other
    table adds NO_COLUMN, which no rollup has."""
    asked = (query.dimension.column,) if query.dimension else ()
    filtered = (
        clause.dimension.column if clause.dimension.of == requirement.fact.table else NO_COLUMN
        for clause in clauses_of(query.filter)
    )
    return replace(requirement, dimensions=(*requirement.dimensions, *asked, *filtered))


def has_columns(rollup: Rollup, needed: Requirement) -> bool:
    """Whether the rollup is of the required fact and has all required dimensions and measures."""
    return (
        rollup.fact is needed.fact
        and rollup.distinct_visitors == needed.distinct_visitors
        and set(needed.measures) <= set(rollup.measures)
        and set(needed.dimensions) <= set(rollup.dimensions)
    )


def cost_of(rollup: Rollup, query: Query[Params]) -> tuple[bool, int | timedelta, int | timedelta]:
    """The sort key of rollups, by how many rows are read. First come rollups with a whole bucket in
    the range, few dimensions and wide buckets before others; then the rest, narrow buckets
    first."""
    dimensions = len(rollup.dimensions)
    if contains_whole_bucket(rollup.width, query):
        return False, dimensions, -rollup.width
    return True, rollup.width, dimensions


def contains_whole_bucket(width: timedelta, query: Query[Params]) -> bool:
    first = -((ORIGIN - query.lower) // width)
    return ORIGIN + (first + 1) * width <= query.upper


def expired_edges(query: Query[Params]) -> Sequence[datetime]:
    """The edges of the ranges that are read, if they lie before the site's raw data begins."""
    kept = query.site.raw_data_since
    edges = (query.lower, query.upper, query.first, query.until)
    return [edge for edge in edges if kept and edge and edge < kept]


def covers_expired_range(rollup: Rollup, expired: Sequence[datetime]) -> bool:
    """Whether the rollup answers where raw data has expired: it is complete from the first of these
    edges on, its rows never expire, and no edge cuts a bucket, since only whole ones are stored."""
    if not expired:
        return True
    is_complete = rollup.complete_since is None or rollup.complete_since <= min(expired)
    return not rollup.retention and is_complete and not spacing_of(expired) % finest_width(rollup)


def finest_width(rollup: Rollup) -> timedelta:
    """The width of the narrowest buckets whose rows the rollup reads and that never expire."""
    narrower = rollup.built_from
    if narrower and not narrower.retention:
        return finest_width(narrower)
    return rollup.width


def require_raw(query: Query[Params], all_of_it: bool = False) -> None:
    """Raises Expired where the query needs raw data that has expired."""
    kept = query.site.raw_data_since
    if kept and (all_of_it or expired_edges(query)):
        needed = "all of it" if all_of_it else "it"
        raise Expired(
            f"Raw data of this site before {kept:%Y-%m-%d} (UTC) is gone, and this needs {needed}."
        )


COPIED: Mapping[str, Fact] = {
    "copied_visits": VISITS,
    "copied_events": EVENTS,
    "entries": VISITS,
    "exits": VISITS,
}
"""The slots that a copy can fill, by what they read. A slot that has a rollup keeps it."""


FILTERS: Mapping[str, Callable[[Filter], Fragment]] = {
    "event_filter": partial(condition, of="event"),
    "visit_filter": partial(condition, of="visit"),
    "visit_in_range_filter": partial(condition, of="visit", reach=IN_RANGE),
    "visit_lookup_filter": partial(condition, of="visit", reach=LOOKED_UP),
    "visit_of_event_filter": condition_on_visit_of_event,
}
"""The slots for the filter of a query, and what makes its SQL.

Of the three for visits, visit_in_range_filter is for those that start in the range of the query: no
others' events are read. visit_lookup_filter is for few visits, or for the first ones that pass:
their events are looked up visit by visit. visit_filter is for all others.
"""


def copy_for(path: Path, query: Query[Params], tables: Tables) -> Copy | None:
    """The copy that a file can read: it has a slot for one, and the filter is on visits."""
    names = slot_names(path)
    if names.isdisjoint(("copied_visits", "copied_events")) or is_unfiltered(query):
        return None
    if not is_on_visits(query.filter):
        return None
    read = {**{slot: fact for slot, fact in COPIED.items() if slot in names}, **tables}
    facts = {slot: fact for slot, fact in read.items() if isinstance(fact, Fact)}
    slots = {slot: Fragment(f"pg_temp.copied_{fact.name}") for slot, fact in facts.items()}
    # Rollups that are read beside a copy still have to pass the filter.
    filters = ["event_filter"] if len(facts) < len(read) else FILTERS
    slots |= {slot: Fragment("true") for slot in filters if slot in names}
    chosen = condition(query.filter, "visit")
    return Copy(query.site.number, query.lower, query.upper, chosen, slots)


def name_of(table: Rollup | Fact) -> str:
    """The table as an answer names it: rollup:traffic, visit, event."""
    return f"rollup:{table.name}" if isinstance(table, Rollup) else table.table


def dimension_slot(path: Path, query: Query[Params]) -> Mapping[str, Fragment]:
    """The dimension as SQL, for a file that groups rows of visits by it."""
    if query.dimension is None or "dimension" not in slot_names(path):
        return {}
    return {"dimension": Fragment(query.dimension.sql)}


def order_slot(path: Path, query: Query[Params]) -> Mapping[str, Fragment]:
    """The order that was asked for; of computed rows the report sees to it."""
    if query.order is None or "order" not in slot_names(path):
        return {}
    return {"order": query.order.fragment}


def filter_slots(path: Path, query: Query[Params]) -> Mapping[str, Fragment]:
    """The filter as SQL for each filter slot of the file."""
    if is_unfiltered(query):
        return {}
    names = slot_names(path)
    filled = {slot: made(query.filter) for slot, made in FILTERS.items() if slot in names}
    assert filled, f"{path} has no slot for a filter"
    return filled
