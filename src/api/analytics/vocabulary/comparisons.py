"""Comparisons of a dimension with the values of a filter, as they are made in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import LiteralString

import re2

from api.analytics.vocabulary.dimensions import Dimension
from api.analytics.vocabulary.expressions import check, ignoring_case, postgres_expression
from api.analytics.vocabulary.operators import IS, Operator
from api.analytics.vocabulary.stats_dimensions import REFERRER
from api.errors import invalid
from api.events.enrich.traffic_source import read_traffic_source

MOST_NEAR = 5
LEAST_LIKENESS = 0.5


@dataclass(frozen=True, slots=True)
class Comparison:
    """<operator> any(values), of what is stored or of what the dimension shows."""

    sql: LiteralString
    values: Sequence[str]
    of_shown: bool = False


def compare(
    dimension: Dimension, operator: Operator, values: Sequence[str], *, ignores_case: bool
) -> Comparison:
    """The comparison that a clause asks for. Raises Invalid for values that the dimension can never
    have, with those that are near."""
    ignores_case |= dimension.is_lower_case
    if dimension == REFERRER:
        refuse_paths(operator, values)
    if dimension.known and operator is IS:
        refuse_unknown(dimension, values, ignores_case)
    if operator is IS and not ignores_case:
        return Comparison(IS.sql, [dimension.stored(value) for value in values])
    if dimension.known and operator.expression:
        expression = expression_of(operator, values, ignores_case)
        return Comparison(IS.sql, matching(dimension, expression))
    if ignores_case:
        expression = expression_of(operator, values, ignores_case)
        return Comparison("~", [postgres_expression(expression)], bool(dimension.names))
    return Comparison(operator.sql, operator.convert(values), bool(dimension.names))


def expression_of(operator: Operator, values: Sequence[str], ignores_case: bool) -> str:
    """The regular expression, of RE2, that matches what the operator does."""
    if operator.expression is None:
        raise invalid(operator.key, "cannot ignore case")
    expression = operator.expression(values)
    return ignoring_case(expression) if ignores_case else expression


def matching(dimension: Dimension, expression: str) -> list[str]:
    """The stored values of those that the dimension can have and that match."""
    check(expression)
    search = re2.compile(expression).search  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return [dimension.stored(shown) for shown in dimension.known if search(shown)]


def refuse_unknown(dimension: Dimension, values: Sequence[str], ignores_case: bool) -> None:
    """Raises Invalid for a value that the dimension never has: it would answer 0."""
    for value in values:
        if not matching(dimension, expression_of(IS, [value], ignores_case)):
            allowed = near(value, dimension.known) or [*dimension.known]
            raise invalid(dimension.key, f"is never {value[:50]!r}", allowed)


def near(value: str, known: Mapping[str, str]) -> list[str]:
    """The values that a wrong one resembles."""
    texts = get_close_matches(value[:100], {*known.values()}, MOST_NEAR, LEAST_LIKENESS)
    return [shown for shown, text in known.items() if text in texts]


def refuse_paths(operator: Operator, values: Sequence[str]) -> None:
    """Of a referrer the registrable domain is stored: news.example.org/a as example.org."""
    for value in values:
        domain = read_traffic_source(f"https://{value}", {}, "").referrer_domain
        is_exact = operator is IS and value not in ("", *REFERRER.names.values())
        if "/" in value or (is_exact and domain != value):
            raise invalid(REFERRER.key, f"only the domain is stored, not {value[:50]!r}", [domain])
