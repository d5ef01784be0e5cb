"""Filters: read from JSON into a tree of clauses. `conditions` makes SQL of it.

A filter is JSON in the form of Plausible's Stats API: a list of clauses that must all hold, each
[operator, dimension, values], ["and", [...]], ["or", [...]] or ["not", clause]:

    [["is", "country", ["DE", "AT"]], ["or", [["contains", "page", ["/a"]], ["is", "os", ["iOS"]]]]]
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from api.analytics.vocabulary.dimensions import (
    DIMENSIONS,
    GOAL,
    PROPERTY,
    Dimension,
    plain_name,
)
from api.errors import Invalid, Problem, invalid

MAX_VALUES = 100
MAX_DEPTH = 10
MAX_WILDCARDS = 6

DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

Numbers = tuple[LiteralString, ...]


def numbers(name: LiteralString = "") -> Numbers:
    """Numbers as text for the clauses of a filter; they keep the names of bound values apart."""
    return tuple(f"{name}{tens}{ones}" for tens in ("", "1") for ones in DIGITS)


NUMBERS = numbers()


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison of an expression with any of the values, which `convert` prepares."""

    key: str
    sql: LiteralString
    convert: Any = str


def like_pattern(text: str) -> str:
    """A LIKE pattern for values that contain the text."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"


def page_pattern(glob: str) -> str:
    """A glob as an anchored regular expression: * within a path segment, ** across them.

    Raises Invalid for more than MAX_WILDCARDS wildcards: the time that a match takes grows with
    every one.
    """
    parts = re.split(r"(\*+)", glob)
    if len(parts) // 2 > MAX_WILDCARDS:
        raise invalid("pattern", f"has more than {MAX_WILDCARDS} wildcards")
    regex = [
        re.escape(part) if index % 2 == 0 else "[^/]*" if part == "*" else ".*"
        for index, part in enumerate(parts)
    ]
    return f"^{''.join(regex)}$"


OPERATORS = {
    operator.key: operator
    for operator in (
        Operator("is", "="),
        Operator("contains", "like", like_pattern),
        Operator("matches", "~", page_pattern),
    )
}

NEGATIONS = {"is_not": "is", "contains_not": "contains", "matches_not": "matches"}
"""Operators that negate another: a visit passes `is_not` if no event of it passes `is`."""

GROUPS: dict[str, LiteralString] = {"and": " and ", "or": " or "}

OPERATOR_NAMES = [*OPERATORS, *NEGATIONS, *GROUPS, "not"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A comparison of one dimension with some values, any of which may hold."""

    operator: Operator
    dimension: Dimension
    values: tuple[str, ...]
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


Filter = Clause | Group | Not

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

    def read(self, asked: Any, depth: int = 0) -> Filter:
        match items_of(asked):
            case [str(operator), key, values] if operator in OPERATORS:
                return self.clause(operator, key, values)
            case [str(operator), key, values] if operator in NEGATIONS:
                return Not(self.clause(NEGATIONS[operator], key, values))
            case ["not", part] if depth < MAX_DEPTH:
                return Not(self.read(part, depth + 1))
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

    def clause(self, operator: str, key: Any, asked: Any) -> Filter:
        dimension, name = self.dimension(key)
        self.names_goals |= dimension is GOAL
        values = items_of(asked)
        number = next(self.numbers, None)
        if not 0 < len(values) <= MAX_VALUES or not all(is_text(value) for value in values):
            return self.refuse(f"values are a list of 1 to {MAX_VALUES} texts")
        if number is None:
            return self.refuse(f"at most {len(NUMBERS)} clauses")
        if dimension is None:
            return NO_FILTER
        if dimension is GOAL and operator == "is" and not set(values) <= set(self.goals):
            return self.refuse("there is no such goal", [*self.goals])
        return Clause(OPERATORS[operator], dimension, tuple(values), number, name)

    def dimension(self, key: Any) -> tuple[Dimension | None, str]:
        """The dimension with this key, and the name of the property if it is one."""
        text = plain_name(key) if isinstance(key, str) else ""
        if name := property_name(text):
            return Dimension(PROPERTY, "", "event"), name
        if text not in DIMENSIONS:
            self.refuse(f"{str(key)[:50]!r} is not a dimension", [*DIMENSIONS, f"{PROPERTY}…"])
        return DIMENSIONS.get(text), ""


def property_name(key: str) -> str:
    """The name of the property: `plan` of props:plan; '' for any other key."""
    name = key.removeprefix(PROPERTY)
    return name if name != key and is_text(name) else ""


def is_text(value: Any) -> bool:
    """Whether this is text of at most 2,000 characters that the database can store."""
    return (
        isinstance(value, str)
        and len(value) <= 2000
        and "\0" not in value
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )


def items_of(value: Any) -> list[Any]:
    """The items of a list; none of anything else."""
    return cast(list[Any], value) if isinstance(value, list) else []


def without_goals(asked: Filter) -> Filter:
    """The filter without its clauses on goals."""
    match asked:
        case Clause():
            return NO_FILTER if asked.dimension is GOAL else asked
        case Not():
            rest = without_goals(asked.part)
            return NO_FILTER if rest == NO_FILTER else Not(rest)
        case Group():
            parts = (without_goals(part) for part in asked.parts)
            kept = tuple(part for part in parts if part != NO_FILTER)
            return Group(asked.joint, kept) if kept else NO_FILTER


def clauses_of(asked: Filter) -> Iterator[Clause]:
    match asked:
        case Clause():
            yield asked
        case Not():
            yield from clauses_of(asked.part)
        case Group():
            for part in asked.parts:
                yield from clauses_of(part)
