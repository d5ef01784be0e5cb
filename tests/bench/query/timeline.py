"""When visits start, and whose they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bench.query.chance import Chance, Places
from bench.query.world import HOURS

DAYS = 90
DAY_MS = 86_400_000

SHORTEST_ABSENCE = 5 / 24
"""Days between the starts of two visits of a visitor; two visits are never one."""
MEAN_ABSENCE = 11.0
MOST_VISITS = 200
FAITHFULNESS = 0.95
"""Exponent of the power law of visits per visitor, before the end cuts them off."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each visit starts (milliseconds since 1970) and whose it is, in order."""

    started: Places
    first: Places
    """The place of the first visit of the same visitor."""
    ordinal: Places
    """Of the visitor, dense, by first sight."""


def timeline(chance: Chance, visits: int, end: datetime) -> Timeline:
    """So many visits in the days before the end, by visitors of whom a few come often."""
    days, visitor = arrivals(chance, visits)
    order = np.argsort(days)
    moments = int(end.timestamp() * 1000) + ((by_the_clock(days[order], end) - DAYS) * DAY_MS)
    count = np.arange(visits)
    # No two visits start at once, so that the order of first sight is never in doubt.
    started = np.maximum.accumulate(moments.astype(np.int64) - count) + count
    visitor = visitor[order]
    first_of = np.empty(visitor.max() + 1, dtype=np.int64)
    first_of[visitor[::-1]] = count[::-1]  # the last one written stays: the earliest visit
    first = first_of[visitor]
    ordinal = np.cumsum(first == count) - 1
    return Timeline(started, first, ordinal[first])


def arrivals(chance: Chance, visits: int) -> tuple[NDArray[np.float64], Places]:
    """Days since the beginning and the visitor of each visit, visitor by visitor."""
    people = np.arange(visits // 2 + 10)
    often = np.minimum(chance.share("often", people) ** (-1 / FAITHFULNESS), MOST_VISITS)
    often = often.astype(np.int64)
    visitor = np.repeat(people, often)
    starts = np.cumsum(often) - often
    absence = -np.log(chance.share("absence", np.arange(len(visitor))))
    pause = SHORTEST_ABSENCE + absence * (MEAN_ABSENCE / np.sqrt(often))[visitor]
    pause[starts] = chance.share("arrival", people) * DAYS
    total = np.cumsum(pause)
    days = total - np.repeat(total[starts] - pause[starts], often)
    there = np.flatnonzero(days < DAYS)[:visits]
    return days[there], visitor[there]


def by_the_clock(days: NDArray[np.float64], end: datetime) -> NDArray[np.float64]:
    """Moves even times to the hours when people are awake, without changing their order."""
    shift = (end - end.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
    bounds = np.concatenate([[0.0], np.cumsum(HOURS) / sum(HOURS)])
    hours = np.arange(25) / 24

    def warp(moment: NDArray[np.float64]) -> NDArray[np.float64]:
        day = np.floor(moment)
        return day + np.interp(moment - day, bounds, hours)

    # The clock time of the first and the last moment must stay what they are.
    def unwarp(moment: float) -> float:
        day = np.floor(moment)
        return float(day + np.interp(moment - day, hours, bounds))

    lower, upper = unwarp(shift), unwarp(DAYS + shift)
    return warp(lower + days * (upper - lower) / DAYS) - shift
