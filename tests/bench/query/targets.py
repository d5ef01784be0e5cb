"""What rollups are for, as ratios to be met: by how many answers they are, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from bench.query.measure import Key
from bench.query.questions import DAYS_30, DAYS_90, RANGES
from bench.query.tables import BASE, CLICKHOUSE, OURS, Medians, ratio, table

LESS_DATA = "less data"

ROLLED_UP = (
    *("series by day", "series by hour", "totals", "top pages"),
    *("top sources", "top browsers", "top countries"),
)
UNIQUE = ("unique visitors",)
BY_VISITORS = ("top sources by visitors", "top countries by visitors")
FILTERED = ("series by day, filtered", "totals, filtered")
COHORTS = ("retention by week",)


@dataclass(frozen=True, slots=True)
class Target:
    """Questions that should take at most this share of another engine's time."""

    name: str
    labels: Sequence[str]
    over: str
    limit: float
    ranges: Sequence[str] = RANGES


TARGETS = (
    Target("totals, series, tops", ROLLED_UP, CLICKHOUSE, 0.1),
    Target("totals, series, tops", ROLLED_UP, BASE, 0.01),
    Target("unique visitors", UNIQUE, CLICKHOUSE, 0.1),
    Target("tops by visitors", BY_VISITORS, CLICKHOUSE, 0.33),
    Target("two filters, 30 d", FILTERED, CLICKHOUSE, 1, ranges=(DAYS_30,)),
    Target("retention, 90 d", COHORTS, CLICKHOUSE, 0.2, ranges=(DAYS_90,)),
    Target("all of rollups", (*ROLLED_UP, *UNIQUE, *BY_VISITORS, *COHORTS), LESS_DATA, 1.5),
)


def targets_table(medians: Medians, smaller: Medians) -> str:
    """Each target on each of our kinds of rollups."""
    rows: list[list[str]] = []
    for target in TARGETS:
        for engine in OURS:
            of = smaller if target.over == LESS_DATA else medians
            other = of.get(engine if target.over == LESS_DATA else target.over, {})
            if ratios := ratios_of(target, medians.get(engine, {}), other):
                rows.append([f"{target.name} / {target.over}", engine, *judged(target, ratios)])
    head = ["question", "engine", "at most", "met by", "median", "worst", "which is"]
    return table(head, rows, texts=2)


def ratios_of(
    target: Target, ours: Mapping[Key, float], other: Mapping[Key, float]
) -> dict[Key, float]:
    """The ratio of each question and range that the target is about, where both answered."""
    keys = [(label, span) for label in target.labels for span in target.ranges]
    both = [key for key in keys if key in ours and key in other and isfinite(other[key])]
    return {key: ours[key] / other[key] for key in both}


def judged(target: Target, ratios: Mapping[Key, float]) -> list[str]:
    """The limit, how many keep to it, the one in the middle and the last one."""
    ordered = sorted(ratios, key=lambda key: ratios[key])
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    met = sum(value <= target.limit for value in ratios.values())
    return [
        f"{target.limit:g}",
        f"{met} of {len(ratios)}",
        ratio(ratios[middle]),
        ratio(ratios[worst]),
        ", ".join(worst),
    ]
