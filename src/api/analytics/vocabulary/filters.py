"""Filters: read from JSON into a tree of clauses. `conditions` makes SQL of it.

A filter is JSON in the form of Plausible's Stats API: a list of clauses that must all hold, each
[operator, dimension, values], ["and", [...]], ["or", [...]], ["not", clause], or ["has_done",
clause], which holds for visits with an event that the clause holds for:

    [["is", "country", ["DE", "AT"]], ["or", [["contains", "page", ["/a"]], ["is", "os", ["iOS"]]]]]

A fourth element {"case_sensitive": false} makes a clause ignore case.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from api.analytics.vocabulary.comparisons import Comparison, compare
from api.analytics.vocabulary.dimensions import (
    DIMENSIONS,
    GOAL,
    PROPERTY_PREFIX,
    Dimension,
    is_text,
)
from api.analytics.vocabulary.operators import NEGATIONS, OPERATORS, Operator
from api.analytics.vocabulary.stats_dimensions import find_by_key, property_name
from api.errors import Invalid, Problem, invalid

MAX_VALUES = 100
MAX_DEPTH = 10

DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

Numbers = tuple[LiteralString, ...]


def numbers(name: LiteralString = "") -> Numbers:
    """Numbers as text for the clauses of a filter; they keep the names of bound values apart."""
    return tuple(f"{name}{tens}{ones}" for tens in ("", "1") for ones in DIGITS)


NUMBERS = numbers()

GROUPS: dict[str, LiteralString] = {"and": " and ", "or": " or "}

OPERATOR_NAMES = [*OPERATORS, *NEGATIONS, *GROUPS, "not", "has_done"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A comparison of one dimension with some values, any of which may hold."""

    dimension: Dimension
    comparison: Comparison
    number: LiteralString
    property_name: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Several filters joined by 'and' or 'or'."""

    joint: LiteralString
    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a filter."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class HasDone:
    """Holds for a visit with an event that the part holds for, and for all events of the visit."""

    part: "Filter"


Filter = Clause | Group | Not | HasDone

NO_FILTER = Group(GROUPS["and"], ())


def parse_filters(text: str, goals: Collection[str] = (), numbered: Numbers = NUMBERS) -> Filter:
    """The filter in a JSON text. Raises Invalid with all problems at once."""
    return read_filters(parse_clauses(text), goals, numbered)


def parse_clauses(text: str) -> Any:
    """The text of a filter, decoded. Raises Invalid when it is not JSON."""
    try:
        return json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise invalid("filters", "is not JSON") from error


def read_filters(asked: Any, goals: Collection[str] = (), numbered: Numbers = NUMBERS) -> Filter:
    """The filter that a list of clauses stands for. Raises Invalid with all problems at once."""
    reader = FilterReader(goals, numbered)
    found = reader.group("and", asked)
    if reader.problems:
        raise Invalid(problems=reader.problems)
    return found


def names_goals(asked: Any) -> bool:
    """Whether a list of clauses has one on goals."""
    reader = FilterReader((), NUMBERS)
    reader.group("and", asked)
    return reader.names_goals


class FilterReader:
    """Reads clauses, and collects all problems instead of stopping at the first."""

    def __init__(self, goals: Collection[str], numbered: Numbers) -> None:
        self.problems: list[Problem] = []
        self.goals = goals
        self.names_goals = False
        self.numbers = iter(numbered)

    def refuse(self, problem: str, allowed: Sequence[str] | None = None) -> Filter:
        """Notes a problem and goes on as if the clause were not there."""
        self.problems.append(Problem("filters", problem, allowed))
        return NO_FILTER

    def refuse_for(self, error: Invalid) -> Filter:
        """Notes the problems of a dimension or of values."""
        for problem in error.problems:
            self.refuse(f"{problem.where}: {problem.problem}", problem.allowed)
        return NO_FILTER

    def read(self, asked: Any, depth: int = 0) -> Filter:
        match items_of(asked):
            case [str(operator), *rest] if operator in NEGATIONS:
                return Not(self.read([NEGATIONS[operator], *rest], depth))
            case [str(operator), key, values] if operator in OPERATORS:
                return self.clause(OPERATORS[operator], key, values)
            case [str(operator), key, values, modifiers] if operator in OPERATORS:
                return self.modified(OPERATORS[operator], key, values, modifiers)
            case ["not", part] if depth < MAX_DEPTH:
                return Not(self.read(part, depth + 1))
            case ["has_done", part] if depth < MAX_DEPTH:
                return self.has_done(part, depth + 1)
            case [str(operator), parts] if operator in GROUPS and depth < MAX_DEPTH:
                return self.group(operator, parts, depth)
            case [str(operator), *_] if operator not in OPERATOR_NAMES:
                return self.refuse(f"{operator[:50]!r} is not an operator", OPERATOR_NAMES)
            case _:
                return self.refuse("a clause is [operator, dimension, [values]]")

    def group(self, joint: str, asked: Any, depth: int = 0) -> Filter:
        if not isinstance(asked, list):
            return self.refuse("a group is a list of clauses")
        return Group(GROUPS[joint], tuple(self.read(part, depth + 1) for part in items_of(asked)))

    def has_done(self, asked: Any, depth: int) -> Filter:
        part = self.read(asked, depth)
        if any(clause.dimension.of != "event" for clause in clauses_of(part)):
            return self.refuse("has_done takes clauses on events: on page, event, goal, props:…")
        if any(isinstance(leaf, HasDone) for leaf in leaves_of(part)):
            return self.refuse("has_done takes one event, and no other has_done")
        return HasDone(part)

    def modified(self, operator: Operator, key: Any, values: Any, modifiers: Any) -> Filter:
        match modifiers:
            case {"case_sensitive": bool(is_sensitive), **rest} if not rest:
                return self.clause(operator, key, values, ignores_case=not is_sensitive)
            case _:
                return self.refuse('the fourth element of a clause is {"case_sensitive": false}')

    def clause(
        self, operator: Operator, key: Any, asked: Any, *, ignores_case: bool = False
    ) -> Filter:
        dimension = self.dimension(key)
        self.names_goals |= dimension is GOAL
        values = items_of(asked)
        number = next(self.numbers, None)
        if not 0 < len(values) <= MAX_VALUES or not all(is_text(value) for value in values):
            return self.refuse(f"values are a list of 1 to {MAX_VALUES} texts")
        if number is None:
            return self.refuse(f"at most {len(NUMBERS)} clauses")
        if dimension is None:
            return NO_FILTER
        if dimension is GOAL and operator.key == "is" and not set(values) <= set(self.goals):
            return self.refuse("there is no such goal", [*self.goals])
        try:
            comparison = compare(dimension, operator, values, ignores_case=ignores_case)
        except Invalid as error:
            return self.refuse_for(error)
        return Clause(dimension, comparison, number, property_name(key))

    def dimension(self, key: Any) -> Dimension | None:
        """The dimension with this key."""
        text = key if isinstance(key, str) else ""
        try:
            found = find_by_key(text)
        except Invalid as error:
            self.refuse_for(error)
            return None
        if found is None:
            allowed = [*DIMENSIONS, f"{PROPERTY_PREFIX}…"]
            self.refuse(f"{str(key)[:50]!r} is not a dimension", allowed)
        return found


def items_of(value: Any) -> list[Any]:
    """The items of a list; none of anything else."""
    return cast(list[Any], value) if isinstance(value, list) else []


def without_goals(asked: Filter) -> Filter:
    """The filter without its clauses on goals."""
    match asked:
        case Clause():
            return NO_FILTER if asked.dimension is GOAL else asked
        case HasDone():
            return asked
        case Not():
            rest = without_goals(asked.part)
            return NO_FILTER if rest == NO_FILTER else Not(rest)
        case Group():
            parts = (without_goals(part) for part in asked.parts)
            kept = tuple(part for part in parts if part != NO_FILTER)
            return Group(asked.joint, kept) if kept else NO_FILTER


def leaves_of(asked: Filter) -> Iterator[Clause | HasDone]:
    """The parts of a filter that are not made of others, apart from what has_done is about."""
    match asked:
        case Clause() | HasDone():
            yield asked
        case Not():
            yield from leaves_of(asked.part)
        case Group():
            for part in asked.parts:
                yield from leaves_of(part)


def clauses_of(asked: Filter) -> Iterator[Clause]:
    """All clauses of a filter, also those on what was done."""
    for leaf in leaves_of(asked):
        if isinstance(leaf, Clause):
            yield leaf
        else:
            yield from clauses_of(leaf.part)


def filters_on(asked: Filter, dimension: Dimension) -> bool:
    """Whether there is a clause on this dimension other than in has_done."""
    leaves = leaves_of(asked)
    return any(isinstance(leaf, Clause) and leaf.dimension is dimension for leaf in leaves)
