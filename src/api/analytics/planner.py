"""Which table answers: the coarsest source that answers exactly. One decision, in one place."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

from api.analytics.query import Query, Source
from api.analytics.rollups import ROLLUPS
from api.db.rollup import Fact, Rollup

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
    """The rollup with the fewest rows that has all it takes; else the base table."""
    if query.params.source is Source.BASE:
        return need.fact
    able = [rollup for rollup in ROLLUPS if answers(rollup, need) and tiles(rollup.width, query)]
    coarsest = sorted(able, key=lambda rollup: (len(rollup.dimensions), -rollup.width))
    return coarsest[0] if coarsest else need.fact


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


def name_of(source: Rollup | Fact) -> str:
    """The source as an answer names it: rollup:traffic, visit, event."""
    return f"rollup:{source.name}" if isinstance(source, Rollup) else source.table
