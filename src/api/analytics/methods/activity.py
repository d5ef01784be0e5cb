"""A model of people who are active at random, each at a rate of their own, until they leave.

The modified BG/NBD model (Batislam, Denizel and Filiztekin 2007, after Fader, Hardie and Lee 2005).
While somebody is there, active days follow each other at random at a rate that differs from person
to person by a gamma distribution (r, alpha). After each active day, the first included, they leave
for good with a probability that differs by a beta distribution (a, b). Nobody sees them leave: what
tells of it is a silence that is long for their own rhythm.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from api.analytics.methods.arrays import Counts, Numbers
from api.analytics.methods.minimum import minimum

MOST_FITTED = 10_000
"""The parameters are fitted to so many people at most: four numbers need no more."""

PENALTY = 0.1
"""Of the squared logarithm of each parameter, so that few people cannot drive one to infinity.
Beside the likelihood of some hundred people it is nothing."""

LARGEST_LOG = 12.0


@dataclass(frozen=True, slots=True)
class Histories:
    """What is known of people at a time: one entry for each, times in days."""

    repeats: Counts
    """Active days after the first."""
    last: Counts
    """From the first active day to the last."""
    age: Counts
    """From the first active day to the time at which this is known."""

    def __len__(self) -> int:
        return len(self.repeats)

    def every(self, nth: int) -> "Histories":
        """Every n-th of them."""
        return Histories(self.repeats[::nth], self.last[::nth], self.age[::nth])


@dataclass(frozen=True, slots=True)
class Activity:
    """The model with its parameters."""

    r: float
    alpha: float
    """In days: the mean rate is r / alpha active days a day."""
    a: float
    b: float
    """The mean probability of leaving after an active day is a / (a + b)."""

    @classmethod
    def fitted(cls, known: Histories) -> Self:
        """The parameters under which these histories are most likely. There must be one at least;
        the same histories always give the same parameters."""
        some = known.every(-(-len(known) // MOST_FITTED))
        unit = max(1.0, float(some.age.mean()))

        def cost(logs: Numbers) -> float:
            model = cls.of_logs(logs, unit)
            return PENALTY * float(logs @ logs) - float(model.log_likelihood(some).sum())

        return cls.of_logs(minimum(cost, np.zeros(4), 1e-4), unit)

    @classmethod
    def of_logs(cls, logs: Numbers, unit: float) -> Self:
        """The parameters by their logarithms; that of alpha is in this unit of days."""
        r, alpha, a, b = np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG)).tolist()
        return cls(r, alpha * unit, a, b)

    def log_likelihood(self, known: Histories) -> Numbers:
        """Of each history, up to a number that no parameter changes."""
        x = known.repeats
        rising = rising_log(self.r, x) + self.r * np.log(self.alpha)
        stayed = rising_log(self.b, x) - rising_log(self.a + self.b, x)
        ends = np.log(self.a + self.b + x)
        there = np.log(self.b + x) - (self.r + x) * np.log(self.alpha + known.age)
        gone = np.log(self.a) - (self.r + x) * np.log(self.alpha + known.last)
        return rising + stayed - ends + np.logaddexp(there, gone)

    def alive(self, known: Histories) -> Numbers:
        """The probability that each of them has not left."""
        x = known.repeats
        silence = np.log(self.alpha + known.age) - np.log(self.alpha + known.last)
        odds = np.log(self.a) - np.log(self.b + x) + (self.r + x) * silence
        return 1 / (1 + np.exp(np.minimum(odds, 700)))

    def silent(self, known: Histories, days: int) -> Numbers:
        """The probability that each of them is not active on any of the next so many days."""
        waits = np.log(self.alpha + known.age) - np.log(self.alpha + known.age + days)
        return 1 - self.alive(known) * (1 - np.exp((self.r + known.repeats) * waits))


def rising_log(start: float, numbers: Counts) -> Numbers:
    """The logarithm of start * (start + 1) * …, with so many factors each."""
    factors = np.log(start + np.arange(numbers.max(initial=0)))
    return np.concatenate([[0.0], np.cumsum(factors)])[numbers]
