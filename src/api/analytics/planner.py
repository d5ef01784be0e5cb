"""Which table answers: the coarsest source that answers exactly. One decision, in one place."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

from api.analytics.query import Query, Source
from api.db.rollup import Fact, Rollup
from api.errors import Expired

NOT_KEPT: LiteralString = ""
"""The name of a column that no rollup has."""

ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
"""Where the buckets of all rollups are counted from (see api.db.rollup.ORIGIN)."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one part of a report reads: a fact, and of it these measures and dimensions."""

    fact: Fact
    measures: tuple[LiteralString, ...] = ()
    dimensions: tuple[LiteralString, ...] = ()
    people: bool = False
    """Whether it counts distinct visitors."""


def plan(need: Need, query: Query) -> Rollup | Fact:
    """The rollup with the fewest rows that has all it takes; else the base table. Raises Expired
    when that lacks what the question is about."""
    able = [
        rollup for rollup in query.rollups if answers(rollup, need) and tiles(rollup.width, query)
    ]
    if query.params.source is Source.BASE:
        able = []
    whole = [rollup for rollup in able if remembers(rollup, query)]
    if not whole:
        require_raw(query)
    return min(whole, key=lambda rollup: rows_of(rollup, query), default=need.fact)


def rows_of(rollup: Rollup, query: Query) -> tuple[bool, int | timedelta, int | timedelta]:
    """What sorts rollups by how many of their rows an answer takes: few dimensions and wide buckets
    are best, where a whole bucket lies in the range; else narrow ones."""
    dimensions = len(rollup.dimensions)
    if holds(rollup.width, query):
        return False, dimensions, -rollup.width
    return True, rollup.width, dimensions


def holds(width: timedelta, query: Query) -> bool:
    """Whether a whole bucket lies in the range."""
    first = -((ORIGIN - query.lower) // width)
    return ORIGIN + (first + 1) * width <= query.upper


def answers(rollup: Rollup, need: Need) -> bool:
    """Whether the rollup counts the same thing and kept every dimension and measure needed."""
    return (
        rollup.fact is need.fact
        and rollup.people == need.people
        and set(need.measures) <= set(rollup.measures)
        and set(need.dimensions) <= set(rollup.dimensions)
    )


def tiles(width: timedelta, query: Query) -> bool:
    """Whether every bucket of the asked series is made of whole rollup buckets.

    Without a series there is nothing to tile: the edges of the range come from the base table.
    """
    starts = query.values.get("periods", query.starts)
    return all((start - ORIGIN) % width == timedelta(0) for start in starts)


def edges(query: Query) -> set[datetime]:
    """Where the ranges begin and end that a question reads."""
    others = (query.values.get(name) for name in ("first", "until"))
    return {query.lower, query.upper, *(edge for edge in others if edge)}


def expired_edges(query: Query) -> list[datetime]:
    """Those behind which the raw data of the site is gone, in order."""
    kept = query.site.kept_since
    return sorted(edge for edge in edges(query) if kept and edge < kept)


def remembers(rollup: Rollup, query: Query) -> bool:
    """Whether it has what is asked for where the raw data is gone: it was made before that, and
    no edge cuts a bucket, since only whole ones can be read there."""
    expired, width = expired_edges(query), grain(rollup)
    if expired and rollup.keep:
        return False
    if any(edge < (rollup.since or edge) for edge in expired):
        return False
    return not any((edge - ORIGIN) % width for edge in expired)


def grain(rollup: Rollup) -> timedelta:
    """The width of the narrowest buckets that it reads, however old they are."""
    finer = rollup.finer
    return grain(finer) if finer and not finer.keep else rollup.width


def require_raw(query: Query) -> None:
    """Raises Expired where a question has to read raw data that is gone."""
    kept = query.site.kept_since
    if kept and expired_edges(query):
        raise Expired(f"Raw data of this site before {kept:%Y-%m-%d} (UTC) is gone: it is needed.")


def name_of(source: Rollup | Fact) -> str:
    """The source as an answer names it: rollup:traffic, visit, event."""
    return f"rollup:{source.name}" if isinstance(source, Rollup) else source.table
