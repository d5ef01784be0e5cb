"""Expressions of RE2, translated for PostgreSQL, match what RE2 itself matches."""

from collections.abc import Sequence

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from api.analytics.vocabulary.expressions import other_cases, postgres_expression
from api.db.database import Database
from api.errors import Invalid
from oracle.telling import examples

PARTS = [
    *("a", "b", "A", "k", "é", "\u017f", "/", "-", " ", "\n", "|", "^", "$", "."),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\A", r"\z", r"\x41", r"\x{e9}", r"\101"),
    *("[a-c]", "[^a]", r"[^\d/]", "[[:alpha:]k]", "[[:^digit:]]", "[-x]", r"[\]a]", r"[a\-c]"),
    *("[]a]", r"[\d-z]", "[é-ü]", r"[\x00-\x1f]", r"\x00", r"\Qa.\E", r"[^\x00-\x{10FFFF}]"),
    *("(", ")", "(?:", "(?P<x>", "(?i)", "(?-i)", "(?s)", "(?i:", "(?U)"),
    *("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{", "{,2}"),
]
TEXTS = [
    *("", "/", "/blog", "/Blog/x", "/user/12", "a", "A", "ab", "aab", "aaa", "c", "foo", "a foo b"),
    *(
        "a.b",
        "a\nb",
        "a-b",
        "-",
        "]",
        "[",
        "^",
        "z",
        "1",
        "é",
        "É",
        "ü",
        "k",
        "K",
        "\u212a",
        "\u017f",
    ),
    *("s", "S", "中", "a\\", "{", "a{", "a{,2}", "}", "_", ".", "\t", "\n", "\v", " ", "\u03c3"),
    *("x@y", "&", "ß", "ẞ", "straße", "STRASSE", "😀", "#", "\x01", "Z", "5", ":", "w"),
]


async def matches(connection: AsyncConnection[tuple[bool]], expression: str) -> list[bool]:
    """Which of the texts PostgreSQL matches."""
    asked = "select t ~ %s from unnest(%s::text[]) with ordinality as u (t, n) order by n"
    found = await connection.execute(asked, [postgres_expression(expression), TEXTS])
    return [row[0] for row in await found.fetchall()]


def matches_of_re2(expression: str) -> list[bool]:
    return [bool(re2.search(expression, text)) for text in TEXTS]


def is_taken(expression: str) -> bool:
    try:
        postgres_expression(expression)
    except Invalid:
        return False
    return True


@examples(100)
@given(parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=9))
async def test_translated_expression_matches_what_re2_matches(
    database: Database, parts: Sequence[str]
) -> None:
    expression = "".join(parts)
    if is_taken(expression):
        async with await database.connect() as connection:
            assert await matches(connection, expression) == matches_of_re2(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *(r"^/blog.*$", r"^/user/\d+$", "(?i)BLOG", "a|b|", "()", "^*a", "(?:$)+", "[^/]+$"),
        *("[a-]", "[]a]", "[^]a]", r"\Qa.b\E+", r"\Qa\\E", "a{0}", "a{,2}", "{", "(?<x>a)b"),
        *(
            "(?s)a.b",
            "a.b",
            "(?i)[^k]",
            r"(?i)\W",
            r"(?i)\w",
            r"(?i)[^\w]",
            "(?i)\u017f",
            "(?i)[a-z]",
        ),
        *("((?i)a)b", "(?i)(?-i)A", "(|a)*b", "(a*)*b", "(?i)Σ", "(?i)straße", "[a-z--9]", ""),
        *("[&&a]", "[[a]", r"[\w.-]+@", r"(?i)[^[:upper:]]", r"(?i)[[:^upper:]]", "x{0,255}"),
    ],
)
async def test_syntax_of_re2_means_the_same(database: Database, expression: str) -> None:
    async with await database.connect() as connection:
        assert await matches(connection, expression) == matches_of_re2(expression)


def test_letters_that_differ_by_case_are_those_of_re2() -> None:
    cased = "".join(map(chr, other_cases()))
    for code, others in other_cases().items():
        found = {match.group() for match in re2.finditer(f"(?i:{re2.escape(chr(code))})", cased)}
        assert found == {chr(code), *map(chr, others)}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(", "missing"),
        ("**", "no argument"),
        ("a**", "bad repetition"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)", "invalid perl operator"),
        (r"\pL", r"cannot have \p"),
        (r"\bword\b", r"cannot have \b"),
        ("(?m)^a", "flag m"),
        ("a+(?i)*", "cannot repeat flags"),
        ("a{256}", "at most 255"),
        ("(((a{10}){10}){10}){10}", "repetition"),
        ("(?i)" + "[a-zé]{250}" * 8, "too large"),
        (r"\x{d800}", "surrogates"),
        ("a" * 2001, "at most 2000 characters in"),
    ],
)
def test_expression_that_postgres_cannot_match_alike_is_refused(
    expression: str, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason.replace("\\", r"\\")):
        postgres_expression(expression)
