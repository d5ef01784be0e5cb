"""What rollups are for, as ratios to be met: by how many answers they are, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from bench.query.measure import Key
from bench.query.questions import DAYS_30, DAYS_90, RANGES
from bench.query.tables import CLICKHOUSE, OURS, Medians, ratio, table

LESS_DATA = "less data"

UNFILTERED = (
    *("series by day", "series by hour", "totals", "top pages"),
    *("top sources", "top browsers", "top countries"),
    *("top sources by visitors", "top countries by visitors"),
)
FILTERED = (
    *("series by day, filtered", "totals, filtered"),
    *("top sources, filtered", "top pages, filtered"),
)
FUNNELS = ("funnel of 3 steps",)
SESSIONS = ("sessions, summed up",)
EVERYTHING = (*UNFILTERED, *FILTERED, *FUNNELS, *SESSIONS)
LONG = (DAYS_30, DAYS_90)


@dataclass(frozen=True, slots=True)
class Target:
    """Questions that should take at most a share of another engine's time: the median of their
    ratios where it is one of several, else the worst."""

    name: str
    labels: Sequence[str]
    over: str
    limits: Mapping[str, float]
    """By the kind of our rollups."""
    ranges: Sequence[str] = RANGES


def limits(native: float, portable: float) -> Mapping[str, float]:
    return {"native": native, "portable": portable}


TARGETS = (
    Target("unfiltered", UNFILTERED, CLICKHOUSE, limits(0.3, 0.4)),
    Target("two filters, 30 and 90 d", FILTERED, CLICKHOUSE, limits(1, 1.5), LONG),
    Target("funnel, 30 and 90 d", FUNNELS, CLICKHOUSE, limits(4, 5), LONG),
    Target("sessions summed up, 30 and 90 d", SESSIONS, CLICKHOUSE, limits(2, 3), LONG),
    Target("24 h, any question", EVERYTHING, CLICKHOUSE, limits(2, 3), RANGES[:1]),
    Target("any question", EVERYTHING, LESS_DATA, limits(1.5, 2)),
)


def targets_table(medians: Medians, smaller: Medians) -> str:
    """Each target on each of our kinds of rollups."""
    rows: list[list[str]] = []
    for target in TARGETS:
        for engine in OURS:
            of = smaller if target.over == LESS_DATA else medians
            other = of.get(engine if target.over == LESS_DATA else target.over, {})
            if ratios := ratios_of(target, medians.get(engine, {}), other):
                rows.append(
                    [
                        f"{target.name} / {target.over}",
                        engine,
                        *judged(target.limits[engine], ratios),
                    ]
                )
    head = ["question", "engine", "at most", "met by", "median", "worst", "which is"]
    return table(head, rows, texts=2)


def ratios_of(
    target: Target, ours: Mapping[Key, float], other: Mapping[Key, float]
) -> dict[Key, float]:
    """The ratio of each question and range that the target is about, where both answered."""
    keys = [(label, span) for label in target.labels for span in target.ranges]
    both = [key for key in keys if key in ours and key in other and isfinite(other[key])]
    return {key: ours[key] / other[key] for key in both}


def judged(limit: float, ratios: Mapping[Key, float]) -> list[str]:
    """The limit, how many keep to it, the one in the middle and the last one."""
    ordered = sorted(ratios, key=lambda key: ratios[key])
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    met = sum(value <= limit for value in ratios.values())
    return [
        f"{limit:g}",
        f"{met} of {len(ratios)}",
        ratio(ratios[middle]),
        ratio(ratios[worst]),
        ", ".join(worst),
    ]
