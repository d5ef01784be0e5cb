"""The operators of filters: how each compares a dimension with values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import LiteralString

from api.analytics.vocabulary.expressions import any_of, check, postgres_expression
from api.errors import invalid

MAX_WILDCARDS = 6


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison of a dimension with any of the values, which `convert` prepares. Raises
    Invalid."""

    key: str
    sql: LiteralString
    convert: Callable[[Sequence[str]], Sequence[str]] = list
    expression: Callable[[Sequence[str]], str] | None = None
    """The regular expression, of RE2, that matches the same. Without one case matters always."""


def like_patterns(texts: Sequence[str]) -> list[str]:
    """LIKE patterns for values that contain one of the texts."""
    return ["%" + re.sub(r"([%_\\])", r"\\\1", text) + "%" for text in texts]


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


def exactly(texts: Sequence[str]) -> str:
    return f"^(?:{any_of(map(re.escape, texts))})$"


def containing(texts: Sequence[str]) -> str:
    return any_of(map(re.escape, texts))


def like_globs(globs: Sequence[str]) -> str:
    return any_of(map(page_pattern, globs))


def like_expressions(expressions: Sequence[str]) -> str:
    for expression in expressions:
        check(expression)
    return any_of(expressions)


def one_expression(expressions: Sequence[str]) -> list[str]:
    """All in one: PostgreSQL keeps some thirty compiled expressions, not a hundred."""
    return [postgres_expression(like_expressions(expressions))]


IS = Operator("is", "=", expression=exactly)

OPERATORS = {
    operator.key: operator
    for operator in (
        IS,
        Operator("contains", "like", like_patterns, containing),
        Operator("matches", "~", one_expression, like_expressions),
        Operator("matches_wildcard", "~", lambda globs: [*map(page_pattern, globs)], like_globs),
    )
}

NEGATIONS = {
    "is_not": "is",
    "contains_not": "contains",
    "matches_not": "matches",
    "matches_wildcard_not": "matches_wildcard",
    "has_not_done": "has_done",
}
"""Operators that negate another: a visit passes `is_not` if no event of it passes `is`."""
