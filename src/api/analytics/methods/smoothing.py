"""Holt-Winters smoothing with many sets of weights at once, in one pass over a series.

The additive form of level, damped trend and season, written in terms of the error of each step
(Hyndman, Koehler, Ord and Snyder: Forecasting with Exponential Smoothing, 2008). The season has a
value for each position in it, such as the hours of a week, and each point of the series has its
position: an hour that clocks skip, or show twice, moves no other hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from api.analytics.methods.arrays import Counts, Numbers

SEASONS_TO_START = 2
"""How many seasons the first level and season are the means of. Forecasts begin after them."""

LEVELS = (0.1, 0.02, 0.05, 0.2, 0.35, 0.6)
TRENDS = ((0.0, 0.0), (0.05, 0.9), (0.05, 0.98), (0.2, 0.9))
"""The weight of the trend, and its damping: the part of the trend that a step leaves of it."""
SEASONS = (0.1, 0.03, 0.3)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of the error of a step goes into level, trend and season; an entry for each set."""

    level: Numbers
    trend: Numbers
    damping: Numbers
    season: Numbers


def weights_to_try() -> Weights:
    """A grid of weights. The first set is the one to take where nothing is known yet."""
    grid = [
        (level, level * trend, damping, season * (1 - level))
        for level, (trend, damping), season in product(LEVELS, TRENDS, SEASONS)
    ]
    return Weights(*np.array(grid).T)


@dataclass(slots=True)
class State:
    """What is known of a series at one of its points, by each set of weights."""

    level: Numbers
    trend: Numbers
    season: Numbers
    """A row for each set, a column for each position."""

    def advance(self, value: float, position: int, weights: Weights) -> None:
        """Takes the next value into account."""
        slope = weights.damping * self.trend
        error = value - (self.level + slope + self.season[:, position])
        self.level = self.level + slope + weights.level * error
        self.trend = slope + weights.trend * error
        self.season[:, position] += weights.season * error

    def ahead(self, positions: Counts, slopes: Numbers) -> Numbers:
        """The forecasts of the points with these positions: a row for each set of weights."""
        return self.level[:, None] + slopes * self.trend[:, None] + self.season[:, positions]


def first_state(values: Numbers, positions: Counts, season: int, sets: int) -> State:
    """The state after the first seasons: their mean, and the mean difference of each position."""
    start = values[: SEASONS_TO_START * season]
    level = start.mean()
    where = positions[: len(start)]
    number = np.bincount(where, minlength=season)
    sums = np.bincount(where, start - level, minlength=season)
    means = sums / np.maximum(number, 1)
    return State(np.full(sets, level), np.zeros(sets), np.tile(means, (sets, 1)))


def smoothed_forecasts(
    values: Numbers, positions: Counts, season: int, origins: Sequence[int]
) -> Numbers:
    """Forecasts from several points of a series, each of them knowing what lies before it.

    values: the series; positions: the position in the season of each of its points and of those to
    forecast; season: how many positions there are; origins: how many points are known at each
    origin, ascending, from `SEASONS_TO_START` seasons to all. The answer is an array by origin,
    set of weights and step ahead.
    """
    horizon = len(positions) - len(values)
    weights = weights_to_try()
    slopes = np.cumsum(weights.damping[:, None] ** np.arange(1, horizon + 1), axis=1)
    state = first_state(values, positions, season, len(weights.level))
    found: list[Numbers] = []
    known = SEASONS_TO_START * season
    for origin in origins:
        for place in range(known, origin):
            state.advance(values[place], positions[place], weights)
        known = origin
        found.append(state.ahead(positions[origin : origin + horizon], slopes))
    return np.array(found)


def naive_forecasts(
    values: Numbers, positions: Counts, season: int, origins: Sequence[int]
) -> Numbers:
    """The seasonal naive forecasts: each point is like the last known one with its position. In the
    same shape as `smoothed_forecasts`, with one set."""
    horizon = len(positions) - len(values)
    last = np.full(season, values[0])
    found: list[Numbers] = []
    known = 0
    for origin in origins:
        # Of several values for one position the last one stays.
        last[positions[known:origin]] = values[known:origin]
        known = origin
        found.append(last[None, positions[origin : origin + horizon]])
    return np.array(found)
