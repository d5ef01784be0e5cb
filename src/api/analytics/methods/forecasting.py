"""A forecast of counts with intervals, chosen and measured by a rolling-origin back-test.

From up to `ORIGINS` earlier points of the series each method forecasts what is known by now. At
each of these points it has the weights, and the interval has the width, that were best by what was
known there, so that the errors are those of forecasts that somebody could have made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from api.analytics.methods.arrays import Counts, Numbers
from api.analytics.methods.smoothing import (
    SEASONS_TO_START,
    naive_forecasts,
    smoothed_forecasts,
)

ORIGINS = 60
"""The most points that are forecast from in a back-test."""

KNOWN_ERRORS = 30
"""How many errors an interval is made of at least, to count in the measured coverage."""

Method = Literal["holt_winters", "seasonal_naive"]


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale on which seasons and errors are about as large at a high level as at a low one."""

    name: Literal["square root", "logarithm"]
    to: Callable[[Numbers], Numbers]
    back: Callable[[Numbers], Numbers]


def squared(roots: Numbers) -> Numbers:
    return np.square(np.maximum(roots, 0))


def without_logarithm(logarithms: Numbers) -> Numbers:
    return np.expm1(np.maximum(logarithms, 0))


ROOT = Scale("square root", np.sqrt, squared)
LOGARITHM = Scale("logarithm", np.log1p, without_logarithm)
SCALES = (ROOT, LOGARITHM)


@dataclass(frozen=True, slots=True)
class Backtest:
    """How far the forecasts from earlier points were off."""

    origins: int
    mean_absolute_error: float
    naive_absolute_error: float
    """That of the seasonal naive forecast from the same points."""
    mase: float | None
    """The mean absolute error / the mean difference from one season to the next (Hyndman and
    Koehler, 2006); null where a season is exactly like the one before."""
    naive_mase: float | None
    coverage: float | None
    """The share of values in the intervals that were known when they were forecast; null where too
    little was known at each point."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The points after a series: the median and the bounds of an interval for each."""

    method: Method
    scale: Scale
    expected: Numbers
    lower: Numbers
    upper: Numbers
    backtest: Backtest


@dataclass(frozen=True, slots=True)
class Trial:
    """The forecasts of a method from each origin, the last of which is the end of the series."""

    method: Method
    scale: Scale
    forecasts: Numbers
    """On the scale; by origin and step ahead."""
    errors: Numbers
    """The value - the forecast, on the scale, from each origin but the last."""
    absolute_error: float
    """The mean of them, not on the scale."""


def least_history(season: int, horizon: int) -> int:
    """How many points a forecast needs: those to start from, and a season of origins to be judged
    by."""
    return (SEASONS_TO_START + 1) * season + horizon


def forecast(values: Numbers, positions: Counts, season: int, coverage: float) -> Forecast:
    """The forecast of the points whose positions follow those of the values.

    values: at least `least_history` counts; positions: that of each of them in its season, and of
    each point to forecast; coverage: the part of all values that the intervals are to hold.
    """
    origins = origins_of(len(values), season, len(positions) - len(values))
    naive = trial("seasonal_naive", ROOT, values, positions, season, origins)
    smoothed = (
        trial("holt_winters", scale, values, positions, season, origins) for scale in SCALES
    )
    best = min([naive, *smoothed], key=lambda one: one.absolute_error)
    low, high = offsets(best.errors, coverage)
    last = best.forecasts[-1]
    return Forecast(
        best.method,
        best.scale,
        best.scale.back(last),
        best.scale.back(last + low),
        best.scale.back(last + high),
        backtest_of(best, naive, values, season, origins, coverage),
    )


def origins_of(points: int, season: int, horizon: int) -> list[int]:
    """How many points are known at each origin of the back-test, at even distances; then all."""
    first, last = SEASONS_TO_START * season, points - horizon
    step = max(1, -(-(last - first + 1) // ORIGINS))
    # Else all origins would lie on the same weekday, or at the same hour.
    step += step > 1 and step % season == 0
    return [*reversed(range(last, first - 1, -step)), points]


def trial(
    method: Method,
    scale: Scale,
    values: Numbers,
    positions: Counts,
    season: int,
    origins: Sequence[int],
) -> Trial:
    """The forecasts of a method on a scale, with their errors."""
    makers = {"holt_winters": smoothed_forecasts, "seasonal_naive": naive_forecasts}
    made = makers[method](scale.to(values), positions, season, origins)
    actual = values_ahead(values, origins[:-1], made.shape[2])
    best = best_sets(np.abs(made[:-1] - scale.to(actual)[:, None]), origins)
    chosen = made[np.arange(len(made)), best]
    errors = scale.to(actual) - chosen[:-1]
    absolute = np.abs(actual - scale.back(chosen[:-1]))
    return Trial(method, scale, chosen, errors, float(absolute.mean()))


def values_ahead(values: Numbers, origins: Sequence[int], horizon: int) -> Numbers:
    """The values that follow each origin."""
    return values[np.array(origins)[:, None] + np.arange(horizon)]


def best_sets(absolute: Numbers, origins: Sequence[int]) -> Counts:
    """For each origin the set of weights with the smallest errors of those known there; the first
    set where none is known. `absolute` are the errors by origin, set and step ahead, on the scale
    of the method: else what happened at the highest level would decide alone."""
    sums, (_, _, horizon) = np.cumsum(absolute, axis=2), absolute.shape
    best = np.zeros(len(origins), np.int64)
    for place in range(1, len(origins)):
        known = np.minimum(origins[place] - np.array(origins[:place]), horizon)
        best[place] = sums[np.arange(place), :, known - 1].sum(axis=0).argmin()
    return best


def offsets(errors: Numbers, coverage: float) -> tuple[Numbers, Numbers]:
    """The bounds of the interval around a forecast, for each step ahead. `errors` are those of
    earlier forecasts, by origin and step ahead; NaN where not known yet.

    How wide errors spread at a step is the mean of the absolute ones, and no less than at the step
    before. Errors / spread of all steps together have the quantiles of the interval.
    """
    spread = spread_by_step(errors)
    share = errors / spread
    known = share[~np.isnan(share)]
    low, high = np.quantile(known, [(1 - coverage) / 2, (1 + coverage) / 2])
    # Where all errors were on one side, the interval still holds the forecast.
    return min(low, 0) * spread, max(high, 0) * spread


def spread_by_step(errors: Numbers) -> Numbers:
    """The spread of errors at each step ahead. Steps without a known error have that before."""
    is_known = ~np.isnan(errors)
    sums = np.where(is_known, np.abs(errors), 0).sum(axis=0)
    means = sums / np.maximum(is_known.sum(axis=0), 1)
    return np.maximum(np.maximum.accumulate(means), np.finfo(float).tiny)


def backtest_of(
    best: Trial,
    naive: Trial,
    values: Numbers,
    season: int,
    origins: Sequence[int],
    coverage: float,
) -> Backtest:
    """What is told of the back-test."""
    difference = float(np.abs(values[season:] - values[:-season]).mean())
    return Backtest(
        len(origins) - 1,
        best.absolute_error,
        naive.absolute_error,
        best.absolute_error / difference if difference else None,
        naive.absolute_error / difference if difference else None,
        measured_coverage(best.errors, origins, coverage),
    )


def measured_coverage(errors: Numbers, origins: Sequence[int], coverage: float) -> float | None:
    """The share of errors that lie in the interval that was known at their origin."""
    steps: Counts = np.arange(errors.shape[1], dtype=np.int64) + 1
    inside: list[Numbers] = []
    for place in range(1, len(errors)):
        age = origins[place] - np.array(origins[:place])
        known = np.where(steps <= age[:, None], errors[:place], np.nan)
        if np.count_nonzero(~np.isnan(known)) >= KNOWN_ERRORS:
            low, high = offsets(known, coverage)
            inside.append((low <= errors[place]) & (errors[place] <= high))
    return float(np.mean(inside)) if inside else None
