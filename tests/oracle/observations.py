"""What the report of web vitals says, in the plainest code there is. Shares nothing with it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

Told = dict[str, Any]
"""An observation as it is sent."""

THRESHOLDS = {
    "LCP": (2500, 4000),
    "INP": (200, 500),
    "CLS": (0.1, 0.25),
    "FCP": (1800, 3000),
    "TTFB": (800, 1800),
}
"""Up to which value each vital is good, and above which it is poor, as Google publishes them."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies: between two neighbours in proportion."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])


def rating(name: str, value: float) -> str:
    """What a value is by the thresholds."""
    good, poor = THRESHOLDS[name]
    return "good" if value <= good else "needs_improvement" if value <= poor else "poor"


def vitals(told: Sequence[Told], value_of: Callable[[Told], str | None]) -> list[Told]:
    """One row for each value of a dimension and each vital, the values with most of them first."""
    groups: dict[str | None, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in told:
        groups[value_of(one)][one["props"]["name"]].append(one["props"]["value"])
    rows: list[Told] = []
    for value, named in sorted(groups.items(), key=lambda item: (-sizes(item[1]), item[0] or "")):
        for name in filter(named.__contains__, THRESHOLDS):
            p75 = percentile(named[name], 0.75)
            rows.append({"value": value, "name": name, "count": len(named[name]), "p75": p75})
            rated = [rating(name, found) for found in named[name]]
            for kind in ("good", "needs_improvement", "poor"):
                rows[-1][kind] = rated.count(kind) / len(rated)
            rows[-1]["rating"] = rating(name, p75)
    return rows


def sizes(named: dict[str, list[float]]) -> int:
    """How many values there are of all vitals."""
    return sum(map(len, named.values()))
