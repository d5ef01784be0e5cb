"""How unusual each point of a series of counts is, judged by the same time of the weeks before.

Robust: the expected count is a median, and the spread a median absolute deviation (MAD), so that an
anomaly among the weeks before does not hide the next one. Counts are compared as 2 √(x + 3/8)
(Anscombe), on which chance alone has a standard deviation of 1 whatever the count: no less is
taken for the spread, so that 3 where 0 is usual is not an anomaly.
"""

from dataclasses import dataclass

import numpy as np

from api.analytics.methods.arrays import Counts, Numbers

LEAST_WEEKS = 3
"""How many earlier counts it takes to judge one."""

MAD_TO_DEVIATION = 1.4826
"""The standard deviation of a normal distribution / its MAD."""

SMALL_SAMPLES = np.array([1, 1, 1.196, 1.495, 1.363, 1.206, 1.2, 1.14, 1.129, 1.107])
"""By how much the MAD of so many values is too small on average (Croux and Rousseeuw, 1992)."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """What is said of each point of a series; NaN where too little lies before it."""

    expected: Numbers
    """The median of the counts at the same time of the weeks before."""
    score: Numbers
    """How many standard deviations the count is above what is expected; negative below."""
    spread: Numbers
    """The standard deviation, on the scale of `stabilised`."""

    def bounds(self, score: float) -> tuple[Numbers, Numbers]:
        """The counts with this score, below and above what is expected."""
        middle = stabilised(self.expected)
        return counts(middle - score * self.spread), counts(middle + score * self.spread)


def stabilised(values: Numbers) -> Numbers:
    """The counts on a scale on which chance has a standard deviation of about 1."""
    return 2 * np.sqrt(values + 0.375)


def counts(values: Numbers) -> Numbers:
    """The counts that these are on that scale."""
    return np.maximum(np.square(np.maximum(values, 0) / 2) - 0.375, 0)


def deviations(values: Numbers, positions: Counts, season: int, weeks: int) -> Deviations:
    """Judges each count by the up to `weeks` last ones with the same position in the season.

    values: the counts, NaN where there is none; positions: that of each in its season of so many
    positions. No point is judged by later ones.
    """
    before = earlier_values(values, positions, weeks)
    number = np.count_nonzero(~np.isnan(before), axis=1)
    before[number < LEAST_WEEKS] = np.nan
    expected = medians(before)
    middle = stabilised(expected)
    own = MAD_TO_DEVIATION * medians(np.abs(stabilised(before) - middle[:, None]))
    own *= correction(number)
    typical = (own + recent_means(own, season)) / 2
    # The median of the weeks before is itself off by chance.
    spread = np.maximum(typical, 1) * np.sqrt(1 + np.pi / 2 / np.maximum(number, 1))
    return Deviations(expected, (stabilised(values) - middle) / spread, spread)


def earlier_values(values: Numbers, positions: Counts, most: int) -> Numbers:
    """For each point a row of the last `most` values with its position, the latest first; NaN for
    those that there are not."""
    none = len(values)
    previous = np.full(none + 1, none)
    last: dict[int, int] = {}
    for place, position in enumerate(positions.tolist()):
        previous[place] = last.get(position, none)
        last[position] = place
    places = [previous[:none]]
    while len(places) < most:
        places.append(previous[places[-1]])
    return np.append(values, np.nan)[np.column_stack(places)]


def medians(rows: Numbers) -> Numbers:
    """The median of what each row has; NaN for a row without any."""
    ranked = np.sort(rows, axis=1)
    number = np.count_nonzero(~np.isnan(ranked), axis=1)
    every = np.arange(len(rows))
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, rows.shape[1] - 1)
    return (ranked[every, low] + ranked[every, high]) / 2


def correction(number: Counts) -> Numbers:
    """By what the MAD of so many values is multiplied."""
    many = number / np.maximum(number - 0.8, 0.2)
    return np.where(number < len(SMALL_SAMPLES), SMALL_SAMPLES[np.minimum(number, 9)], many)


def recent_means(values: Numbers, season: int) -> Numbers:
    """The mean of what is known of a point and the others of the season that ends with it."""
    known = ~np.isnan(values)
    sums, numbers = (
        np.cumsum(np.append(np.zeros(season), part)) for part in (np.where(known, values, 0), known)
    )
    number = numbers[season:] - numbers[:-season]
    return (sums[season:] - sums[:-season]) / np.where(number, number, np.nan)


def first_known(values: Numbers) -> int:
    """The place of the first count that is not 0: the series begins there. Its length if all are
    0."""
    return int(np.argmax(values != 0)) if values.any() else len(values)
