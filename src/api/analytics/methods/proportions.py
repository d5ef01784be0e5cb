"""Two proportions side by side: intervals, a test, and what many tests at once are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

NORMAL = NormalDist()

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many, at least one."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        return self.part / self.whole


def wilson(one: Proportion, confidence: float) -> Interval:
    """The interval of a proportion by Wilson's score (1927), without correction for continuity."""
    z2 = NORMAL.inv_cdf((1 + confidence) / 2) ** 2
    n, rate = one.whole, one.rate
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(one: Proportion, other: Proportion, confidence: float) -> Interval:
    """The interval of the difference of two proportions: Newcombe's hybrid score (1998, method 10),
    made of both intervals by Wilson."""
    low, high = wilson(one, confidence)
    other_low, other_high = wilson(other, confidence)
    difference = one.rate - other.rate
    below = sqrt((one.rate - low) ** 2 + (other_high - other.rate) ** 2)
    above = sqrt((high - one.rate) ** 2 + (other.rate - other_low) ** 2)
    return difference - below, difference + above


def score_of(one: Proportion, other: Proportion) -> float:
    """The difference of two proportions in standard deviations of what chance makes of it, if both
    are samples of one (the pooled z-test); 0 where all or none of them have it."""
    whole = one.whole + other.whole
    pooled = (one.part + other.part) / whole
    deviation = sqrt(pooled * (1 - pooled) * (1 / one.whole + 1 / other.whole))
    return (one.rate - other.rate) / deviation if deviation else 0.0


def p_value(score: float) -> float:
    """How often chance makes a difference of this score or more, either way."""
    return 2 * NORMAL.cdf(-abs(score))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """For each of several tests the q-value: the share of false alarms among all tests with a
    p-value as small as its own or smaller, on average (Benjamini and Hochberg, 1995)."""
    number = len(p_values)
    q_values, least = [1.0] * number, 1.0
    for rank, place in reversed([*enumerate(sorted(range(number), key=p_values.__getitem__), 1)]):
        least = min(least, p_values[place] * number / rank)
        q_values[place] = least
    return q_values
