"""Forecasts and anomalies of a series of counts, number by number as docs/definitions.md has them.

Shares nothing with the service: lists and loops, one set of weights after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import expm1, log1p, pi, sqrt
from statistics import mean, median
from typing import Any, Literal

LEVELS = (0.1, 0.02, 0.05, 0.2, 0.35, 0.6)
TRENDS = ((0.0, 0.0), (0.05, 0.9), (0.05, 0.98), (0.2, 0.9))
SEASONS = (0.1, 0.03, 0.3)

MOST_ORIGINS = 60
KNOWN_ERRORS = 30

Scale = Literal["square root", "logarithm"]


def scaled(value: float, scale: Scale) -> float:
    """A count on a scale."""
    return sqrt(value) if scale == "square root" else log1p(value)


def unscaled(value: float, scale: Scale) -> float:
    """The count that a number on a scale is; none is below 0."""
    value = max(value, 0.0)
    return value * value if scale == "square root" else expm1(value)


@dataclass(frozen=True)
class Asked:
    """A series, and how it is to be forecast. `places` are those in the season of each value, and
    of each to forecast."""

    values: Sequence[float]
    places: Sequence[int]
    season: int
    coverage: float

    @property
    def horizon(self) -> int:
        """How many values are to be forecast."""
        return len(self.places) - len(self.values)

    @property
    def origins(self) -> list[int]:
        """How many values are known at each origin, but for the end of the series."""
        first, last = 2 * self.season, len(self.values) - self.horizon
        step = 1
        while len(range(last, first - 1, -step)) > MOST_ORIGINS:
            step += 1
        if step > 1 and step % self.season == 0:
            step += 1
        return sorted(range(last, first - 1, -step))


def smoothed(asked: Asked, scale: Scale, weights: Sequence[float]) -> dict[int, list[float]]:
    """The forecasts from each origin with one set of weights, on the scale."""
    alpha, trend_weight, damping, season_weight = weights
    values = [scaled(value, scale) for value in asked.values]
    start = 2 * asked.season
    level, trend = mean(values[:start]), 0.0
    season = []
    for place in range(asked.season):
        there = [v for v, p in zip(values[:start], asked.places, strict=False) if p == place]
        season.append(mean(there) - level if there else 0.0)
    found: dict[int, list[float]] = {}
    for known in range(start, len(values) + 1):
        ahead = asked.places[known : known + asked.horizon]
        slopes = [sum(damping**n for n in range(1, k + 2)) for k in range(len(ahead))]
        found[known] = [
            level + slope * trend + season[p] for slope, p in zip(slopes, ahead, strict=True)
        ]
        if known < len(values):
            place = asked.places[known]
            error = values[known] - (level + damping * trend + season[place])
            level += damping * trend + alpha * error
            trend = damping * trend + alpha * trend_weight * error
            season[place] += (1 - alpha) * season_weight * error
    return found


def repeated(asked: Asked) -> dict[int, list[float]]:
    """The seasonal naive forecasts from each origin, on the scale of the square root."""
    found: dict[int, list[float]] = {}
    for known in range(2 * asked.season, len(asked.values) + 1):
        last: dict[int, float] = {}
        for value, place in zip(asked.values[:known], asked.places, strict=False):
            last[place] = value
        ahead = asked.places[known : known + asked.horizon]
        found[known] = [sqrt(last.get(place, asked.values[0])) for place in ahead]
    return found


def tried(asked: Asked, scale: Scale, sets: Sequence[dict[int, list[float]]]) -> dict[str, Any]:
    """A method: at each origin the forecast of the set with the smallest errors known there."""
    origins, values = asked.origins, asked.values

    def errors_of(one: dict[int, list[float]], origin: int, until: int) -> list[float]:
        pairs = zip(one[origin], values[origin:until], strict=False)
        return [scaled(value, scale) - told for told, value in pairs]

    def chosen(known: int) -> dict[int, list[float]]:
        sums = [
            sum(
                sum(map(abs, errors_of(one, origin, known))) for origin in origins if origin < known
            )
            for one in sets
        ]
        return sets[sums.index(min(sums))]

    absolute: list[float] = []
    errors: dict[int, list[float]] = {}
    for origin in origins:
        one = chosen(origin)
        errors[origin] = errors_of(one, origin, origin + asked.horizon)
        pairs = zip(one[origin], values[origin:], strict=False)
        absolute += [abs(unscaled(told, scale) - value) for told, value in pairs]
    last = chosen(len(values))[len(values)]
    return {"scale": scale, "error": mean(absolute), "errors": errors, "last": last}


def quantile(numbers: Sequence[float], share: float) -> float:
    """The quantile of numbers, between two of them in proportion."""
    ranked = sorted(numbers)
    place = (len(ranked) - 1) * share
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def bounds(errors: Sequence[Sequence[float]], horizon: int, coverage: float) -> list[Any]:
    """What the bounds of an interval are away from the forecast, for each step ahead; each list of
    errors has those of the first steps."""
    spreads: list[float] = []
    for step in range(horizon):
        known = [abs(some[step]) for some in errors if len(some) > step]
        spreads.append(max([*spreads[-1:], mean(known) if known else 0.0]))
    shares = [error / spreads[step] for some in errors for step, error in enumerate(some)]
    low, high = (quantile(shares, (1 + sign * coverage) / 2) for sign in (-1, 1))
    return [(min(low, 0) * spread, max(high, 0) * spread) for spread in spreads]


def measured(asked: Asked, errors: dict[int, list[float]]) -> float | None:
    """The share of errors in the intervals that were known at their origin."""
    inside: list[bool] = []
    for origin, own in errors.items():
        known = [some[: origin - other] for other, some in errors.items() if other < origin]
        if sum(map(len, known)) >= KNOWN_ERRORS:
            limits = bounds(known, asked.horizon, asked.coverage)
            inside += [low <= e <= high for e, (low, high) in zip(own, limits, strict=True)]
    return mean(inside) if inside else None


def forecast(asked: Asked) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """The values to come with their intervals; the method and its back-test."""
    grid = [
        (alpha, trend, damping, season)
        for alpha, (trend, damping), season in product(LEVELS, TRENDS, SEASONS)
    ]
    naive = {"method": "seasonal_naive", **tried(asked, "square root", [repeated(asked)])}
    scales: tuple[Scale, ...] = ("square root", "logarithm")
    methods = [
        {
            "method": "holt_winters",
            **tried(asked, scale, [smoothed(asked, scale, weights) for weights in grid]),
        }
        for scale in scales
    ]
    best = min([naive, *methods], key=lambda one: one["error"])
    limits = bounds([*best["errors"].values()], asked.horizon, asked.coverage)
    rows = [
        {
            "expected": unscaled(told, best["scale"]),
            "lower": unscaled(told + low, best["scale"]),
            "upper": unscaled(told + high, best["scale"]),
        }
        for told, (low, high) in zip(best["last"], limits, strict=True)
    ]
    pairs = zip(asked.values, asked.values[asked.season :], strict=False)
    difference = mean(abs(now - before) for before, now in pairs)
    return rows, {
        "method": best["method"],
        "scale": best["scale"],
        "season": asked.season,
        "history_buckets": len(asked.values),
        "backtest": {
            "origins": len(asked.origins),
            "mean_absolute_error": best["error"],
            "seasonal_naive_error": naive["error"],
            "mase": best["error"] / difference if difference else None,
            "seasonal_naive_mase": naive["error"] / difference if difference else None,
            "coverage": measured(asked, best["errors"]),
        },
    }


TOO_SMALL = {3: 1.495, 4: 1.363, 5: 1.206, 6: 1.2, 7: 1.14, 8: 1.129, 9: 1.107}
"""By what the median absolute deviation of so few values is multiplied."""


def stable(count: float) -> float:
    """A count on a scale on which chance has a standard deviation of 1."""
    return 2 * sqrt(count + 3 / 8)


def judged(
    values: Sequence[float], places: Sequence[int], season: int, weeks: int
) -> list[dict[str, float] | None]:
    """For each count what is expected, the spread, and the score; None where too little is known.
    Counts before the first that is not 0 are not known."""
    begins = next((n for n, value in enumerate(values) if value), len(values))
    own: list[tuple[float, float, int] | None] = []
    for number, place in enumerate(places):
        before = [values[n] for n in range(begins, number) if places[n] == place][-weeks:]
        if len(before) < 3:
            own.append(None)
            continue
        expected = median(before)
        deviation = 1.4826 * median(abs(stable(v) - stable(expected)) for v in before)
        factor = TOO_SMALL.get(len(before), len(before) / (len(before) - 0.8))
        own.append((expected, factor * deviation, len(before)))
    found: list[dict[str, float] | None] = []
    for number, one in enumerate(own):
        if one is None or number < begins:
            found.append(None)
            continue
        expected, deviation, size = one
        recent = mean(other[1] for other in own[max(0, number - season + 1) : number + 1] if other)
        spread = max(1.0, (deviation + recent) / 2) * sqrt(1 + pi / 2 / size)
        score = (stable(values[number]) - stable(expected)) / spread
        found.append({"expected": expected, "spread": spread, "score": score})
    return found


def anomalies(
    values: Sequence[float], judgements: Sequence[dict[str, float] | None], threshold: float
) -> dict[int, dict[str, float]]:
    """The anomalies by their place in the series."""

    def count(number: float) -> float:
        return max(0.0, (max(number, 0.0) / 2) ** 2 - 3 / 8)

    return {
        place: {
            "observed": values[place],
            "expected": one["expected"],
            "lower": count(stable(one["expected"]) - threshold * one["spread"]),
            "upper": count(stable(one["expected"]) + threshold * one["spread"]),
            "score": one["score"],
        }
        for place, one in enumerate(judgements)
        if one and abs(one["score"]) >= threshold
    }
