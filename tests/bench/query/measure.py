"""Asks every engine every question, in turns, so that a noisy machine is noisy for all of them."""

import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from statistics import median
from typing import Any

from bench.query.engines import Engine, Turn
from bench.query.questions import QUESTIONS, Question, Rows, range_of

Key = tuple[str, str]
"""What was asked, and the name of the range."""

NO_ROW = ("no row",)

ENOUGH = 10.0
"""Seconds after which an engine is not asked the same question again."""

CLOSE = 1e-6
"""Relative; engines divide differently."""


@dataclass(slots=True)
class Results:
    """What was measured, by engine, question and range."""

    parts: dict[str, dict[Key, list[float]]] = field(default_factory=dict[str, Any])
    """Seconds of each turn; infinite where the engine gave up."""
    wholes: dict[str, dict[Key, list[float]]] = field(default_factory=dict[str, Any])
    """Seconds over HTTP, by the label of the first part."""
    exact: dict[str, dict[Key, Rows]] = field(default_factory=dict[str, Any])
    estimates: dict[str, float] = field(default_factory=dict[str, float])
    """How far a peer's fast answers are from its exact ones, at most, as a share."""

    def note(self, engine: str, question: Question, span: str, turn: Turn) -> None:
        """Keeps the times of a turn."""
        for label, seconds in turn.seconds.items():
            self.parts.setdefault(engine, {}).setdefault((label, span), []).append(seconds)
            exact = self.exact[engine].get((label, span))
            if exact is not None and label in turn.rows:
                deviation = distance(exact, turn.rows[label])
                self.estimates[engine] = max(self.estimates.get(engine, 0), deviation)
        if turn.whole is not None:
            key = question.parts[0].label, span
            self.wholes.setdefault(engine, {}).setdefault(key, []).append(turn.whole)

    def remember(self, engine: str, span: str, turn: Turn) -> None:
        """Keeps the rows of an exact turn."""
        known = self.exact.setdefault(engine, {})
        known.update({(label, span): rows for label, rows in turn.rows.items()})

    def medians(self, engine: str) -> dict[Key, float]:
        """Milliseconds."""
        return {key: median(turns) * 1000 for key, turns in self.parts[engine].items()}

    def medians_over_http(self) -> dict[str, dict[Key, float]]:
        """Milliseconds of whole answers, by the label of their first part."""
        return {
            f"{engine}, HTTP": {key: median(turns) * 1000 for key, turns in of.items()}
            for engine, of in self.wholes.items()
        }

    def differences(self) -> list[str]:
        """Where an engine's exact answer is not that of the first engine."""
        (first, expected), *others = self.exact.items()
        return [
            f"{label}, {span}: {engine} answers {different(rows, expected[label, span])}, {first}"
            f" answers {different(expected[label, span], rows)}"
            for engine, answers in others
            for (label, span), rows in answers.items()
            if (label, span) in expected and distance(expected[label, span], rows) > CLOSE
        ]


def different(rows: Rows, others: Rows) -> str:
    """The first row that the others do not have in its place, and how many rows there are."""
    pairs = zip_longest(rows, others, fillvalue=NO_ROW)
    found = next(one for one, other in pairs if distance([one], [other]) > CLOSE)
    return f"{found} in {len(rows)} rows"


async def measure(engines: Sequence[Engine], end: datetime, rounds: int) -> Results:
    """One round to warm up, with exact answers to compare; then the others."""
    results = Results()
    patience = Patience()
    async for engine, question, span, turn in turns(engines, end, patience, exact=True):
        results.remember(engine.name, span, turn)
        if not turn.rows:
            results.note(engine.name, question, span, turn)
    for number in range(rounds):
        rotated = (*engines[number % len(engines) :], *engines[: number % len(engines)])
        async for engine, question, span, turn in turns(rotated, end, patience, exact=False):
            results.note(engine.name, question, span, turn)
    return results


@dataclass(slots=True)
class Patience:
    """How long each engine took for each question so far. One that takes seconds need not be asked
    as often as the others: its median is as good."""

    spent: dict[tuple[str, Key], list[float]] = field(default_factory=dict[Any, list[float]])

    def is_left(self, engine: str, key: Key) -> bool:
        """Whether to ask again: at least once after the first time, unless it gave up."""
        spent = self.spent.get((engine, key), [])
        return math.inf not in spent and (len(spent) < 2 or sum(spent) < ENOUGH)

    def use(self, engine: str, key: Key, turn: Turn) -> None:
        """Notes the time of a turn."""
        self.spent.setdefault((engine, key), []).append(sum(turn.seconds.values()))


async def turns(
    engines: Sequence[Engine], end: datetime, patience: Patience, exact: bool
) -> AsyncGenerator[tuple[Engine, Question, str, Turn]]:
    """Every question to every engine with patience left, all engines being asked one before
    the next."""
    for question in QUESTIONS:
        for span in question.ranges:
            key = question.parts[0].label, span
            for engine in engines:
                if patience.is_left(engine.name, key):
                    turn = await engine.ask(question, *range_of(span, end), exact=exact)
                    patience.use(engine.name, key, turn)
                    yield engine, question, span, turn


def distance(one: Rows, other: Rows) -> float:
    """The largest relative difference between two answers; infinite where they are not alike.

    An answer may have more columns than the first one: those are not compared.
    """
    if len(one) != len(other):
        return math.inf
    rows = zip(one, other, strict=True)
    pairs = (pair for row in rows for pair in zip(*row, strict=False))
    return max((apart(*pair) for pair in pairs), default=0.0)


def apart(one: Any, other: Any) -> float:
    """The relative difference of two numbers; of anything else, 0 or infinite."""
    if is_number(one) and is_number(other):
        return abs(float(one) - float(other)) / max(abs(float(one)), abs(float(other)), 1e-9)
    return 0.0 if one == other else math.inf


def is_number(value: Any) -> bool:
    """Whether it can be compared by how far it is from another."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
