"""Filters: what is asked for, as a tree, and the SQL of it.

On the wire a filter is JSON in the form of Plausible's Stats API: a list of clauses that must all
hold, each [operator, dimension, values], ["and", [...]], ["or", [...]] or ["not", clause]:

    [["is", "country", ["DE", "AT"]], ["or", [["contains", "page", ["/a"]], ["is", "os", ["iOS"]]]]]

A clause on events (page, event, props:...) asked of visits means: visits with such an event; a
clause on visits asked of events means: events of such visits.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from api.analytics.dimensions import DIMENSIONS, GOAL, PROPERTY, Dimension, Of, plain_name
from api.db.sql_files import Fragment
from api.errors import Invalid, listed

MAX_VALUES = 100
MAX_DEPTH = 10
MAX_WILDCARDS = 6

DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

Numbers = tuple[LiteralString, ...]


def numbers(name: LiteralString = "") -> Numbers:
    """One for each clause of a filter; they keep the names of bound values apart."""
    return tuple(f"{name}{tens}{ones}" for tens in ("", "1") for ones in DIGITS)


NUMBERS = numbers()


@dataclass(frozen=True, slots=True)
class Operator:
    """How an expression is compared with any of the values."""

    key: str
    sql: LiteralString
    convert: Any = str


def like_pattern(text: str) -> str:
    """Text that may stand anywhere, as a LIKE pattern."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"


def page_pattern(glob: str) -> str:
    """A glob as an anchored regular expression: * within a path segment, ** across them.

    Raises Invalid for more wildcards than a page could need: matching them takes the database
    longer than anybody waits.
    """
    parts = re.split(r"(\*+)", glob)
    if len(parts) // 2 > MAX_WILDCARDS:
        raise Invalid(f"A pattern has at most {MAX_WILDCARDS} wildcards.")
    regex = [
        re.escape(part) if place % 2 == 0 else "[^/]*" if part == "*" else ".*"
        for place, part in enumerate(parts)
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
"""Negative operators are the negation of the positive ones, for visits and their events alike."""

GROUPS: dict[str, LiteralString] = {"and": " and ", "or": " or "}

ALLOWED = [*OPERATORS, *NEGATIONS, *GROUPS, "not"]


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
    """The filter that a JSON text means. Raises Invalid with every problem there is."""
    return read_filters(parse_clauses(text), goals, numbered)


def parse_clauses(text: str) -> Any:
    """What the text of a filter says in JSON. Raises Invalid."""
    try:
        return json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise Invalid("filters: not JSON") from error


def read_filters(asked: Any, goals: Collection[str] = (), numbered: Numbers = NUMBERS) -> Filter:
    """The filter that a list of clauses means. Raises Invalid with every problem there is."""
    reader = FilterReader(goals, numbered)
    found = reader.group("and", asked)
    if reader.problems:
        raise Invalid(listed(reader.problems), allowed=[*reader.allowed])
    return found


def names_goals(asked: Any) -> bool:
    """Whether a list of clauses speaks of saved goals."""
    reader = FilterReader((), NUMBERS)
    reader.group("and", asked)
    return reader.names_goals


class FilterReader:
    """Reads clauses, collecting what is wrong instead of stopping at the first."""

    def __init__(self, goals: Collection[str], numbered: Numbers) -> None:
        self.problems: list[str] = []
        self.allowed: dict[str, None] = {}
        """In order, each once."""
        self.goals = goals
        self.names_goals = False
        self.numbers = iter(numbered)

    def refuse(self, problem: str, allowed: Sequence[str] = ()) -> Filter:
        """Notes a problem and goes on as if the clause were not there."""
        self.problems.append(f"filters: {problem}")
        self.allowed |= dict.fromkeys(allowed)
        return NO_FILTER

    def read(self, asked: Any, depth: int = 0) -> Filter:
        """One clause of any kind."""
        match items_of(asked):
            case [str(operator), key, values] if operator in OPERATORS:
                return self.clause(operator, key, values)
            case [str(operator), key, values] if operator in NEGATIONS:
                return Not(self.clause(NEGATIONS[operator], key, values))
            case ["not", part] if depth < MAX_DEPTH:
                return Not(self.read(part, depth + 1))
            case [str(operator), parts] if operator in GROUPS and depth < MAX_DEPTH:
                return self.group(operator, parts, depth)
            case [str(operator), *_] if operator not in ALLOWED:
                return self.refuse(f"{operator[:50]!r} is no operator", ALLOWED)
            case _:
                return self.refuse("a clause is [operator, dimension, [values]]")

    def group(self, joint: str, asked: Any, depth: int = 0) -> Filter:
        """Several clauses."""
        if not isinstance(asked, list):
            return self.refuse("a group is a list of clauses")
        return Group(GROUPS[joint], tuple(self.read(part, depth + 1) for part in items_of(asked)))

    def clause(self, operator: str, key: Any, asked: Any) -> Filter:
        """A comparison."""
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
        """The dimension with this key, and the property's name if it is one."""
        text = plain_name(key) if isinstance(key, str) else ""
        if name := property_name(text):
            return Dimension(PROPERTY, "", "event"), name
        for dimension in DIMENSIONS:
            if text == dimension.key:
                return dimension, ""
        keys = [dimension.key for dimension in DIMENSIONS]
        self.refuse(f"{str(key)[:50]!r} is no dimension", [*keys, f"{PROPERTY}…"])
        return None, ""


def property_name(key: str) -> str:
    """The property that props:plan is about; '' for a key that is about none."""
    name = key.removeprefix(PROPERTY)
    return name if name != key and is_text(name) else ""


def is_text(value: Any) -> bool:
    """Whether the database can hold this text."""
    return (
        isinstance(value, str)
        and len(value) <= 2000
        and "\0" not in value
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )


def items_of(value: Any) -> list[Any]:
    """The items of a list; of anything else, none."""
    return cast(list[Any], value) if isinstance(value, list) else []


def condition(asked: Filter, of: Of) -> Fragment:
    """The filter as a condition over visits (v) or events (e)."""
    match asked:
        case Clause():
            return clause_condition(asked, of)
        case Not():
            inner = condition(asked.part, of)
            return Fragment(f"not ({inner.sql})", inner.values)
        case Group():
            parts = [condition(part, of) for part in asked.parts]
            values = {key: value for part in parts for key, value in part.values.items()}
            joined: LiteralString = asked.joint.join(f"({part.sql})" for part in parts)
            return Fragment(joined or "true", values)


VISITS_WITH: LiteralString = (
    "exists (select from event e where e.visitor_id = v.visitor_id and e.visit_id = v.id"
    " and e.time between v.started and v.last_event and "
)

EVENTS_OF: LiteralString = (
    "exists (select from visit v where v.visitor_id = e.visitor_id and v.id = e.visit_id"
    " and v.started between e.time - interval '7 days' and e.time and "
)


def clause_condition(clause: Clause, of: Of) -> Fragment:
    """One comparison, carried over to the other table where the dimension lives there."""
    number, dimension = clause.number, clause.dimension
    expression: LiteralString = dimension.sql or f"coalesce(e.props ->> :property_{number}, '')"
    values = [clause.operator.convert(value) for value in clause.values]
    bound: dict[str, Any] = {f"values_{number}": values}
    if clause.property_name:
        bound[f"property_{number}"] = clause.property_name
    compared: LiteralString = (
        f"{expression} {clause.operator.sql} any(cast(:values_{number} as text[]))"
    )
    if dimension.table:
        compared = f"exists (select from {dimension.table} where {dimension.on} and {compared})"
    if dimension.of == of:
        return Fragment(compared, bound)
    bridge = VISITS_WITH if of == "visit" else EVENTS_OF
    return Fragment(f"{bridge}{compared})", bound)


def condition_on_visit_of_event(asked: Filter) -> Fragment:
    """The filter as a condition over events: their visits are visits that it holds for."""
    if asked == NO_FILTER:
        return Fragment("true")
    inner = condition(asked, "visit")
    # Inside, e is the event of a clause; outside, the one whose visit this is about.
    return Fragment(f"{EVENTS_OF}({inner.sql}))", inner.values)


def without_goals(asked: Filter) -> Filter:
    """The filter for everybody, whether or not they reached a goal."""
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
    """Every comparison in a filter."""
    match asked:
        case Clause():
            yield asked
        case Not():
            yield from clauses_of(asked.part)
        case Group():
            for part in asked.parts:
                yield from clauses_of(part)
