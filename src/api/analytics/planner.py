"""Which table answers: the coarsest source that answers exactly. One decision, in one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from zoneinfo import ZoneInfo

from api.analytics.query import Interval, Query, Source
from api.analytics.rollups import ROLLUPS
from api.db.rollup import Fact, Rollup

NOT_KEPT: LiteralString = ""
"""The name of a column that no rollup has."""

WHOLE_DAYS = (Interval.DAY, Interval.WEEK, Interval.MONTH)


@dataclass(frozen=True, slots=True)
class Need:
    """What one part of a report reads: a fact, and of it these measures and dimensions."""

    fact: Fact
    measures: tuple[LiteralString, ...]
    dimensions: tuple[LiteralString, ...] = ()


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
        and set(need.measures) <= set(rollup.measures)
        and set(need.dimensions) <= set(rollup.dimensions)
    )


def tiles(width: timedelta, query: Query) -> bool:
    """Whether every bucket of the asked series is made of whole rollup buckets.

    Without a series there is nothing to tile: the edges of the range come from the base table.
    """
    if query.interval is None:
        return True
    if query.interval not in WHOLE_DAYS and width > timedelta(hours=1):
        return False
    if query.interval is Interval.MINUTE:
        return False
    return all(offset % width == timedelta(0) for offset in offsets(query))


def offsets(query: Query) -> Iterable[timedelta]:
    """The time zone's offsets from UTC in the range, looked at daily and at both ends."""
    zone = ZoneInfo(query.timezone)
    days = (query.upper - query.lower) // timedelta(days=1)
    moments = [query.lower + timedelta(days=n) for n in range(-1, days + 2)]
    return {offset_at(moment, zone) for moment in (*moments, query.upper)}


def offset_at(moment: datetime, zone: ZoneInfo) -> timedelta:
    """The zone's offset at an instant."""
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def name_of(source: Rollup | Fact) -> str:
    """The source as an answer names it: rollup:traffic, visit, event."""
    return f"rollup:{source.name}" if isinstance(source, Rollup) else source.table
