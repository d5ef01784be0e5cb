"""Whatever a stranger sends takes time in proportion to its length: every regular expression and
every parser of the product, on its worst input.

What is measured is processor time, for a text and for one of sixteen times the length: sixteen
times as much is linear, 256 times is quadratic, and the border lies between them. No time is
asserted.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from api.errors import AnalyticsError
from importing.formats.request import Skipped
from linear.expressions import Expression, expressions, pumps
from linear.parsers import MEGABYTE, PARSERS, Text, repeated

LONGER = 16
BORDER = 100.0
"""How many times as long it may take for a text that is so many times as long."""

NOTHING = 0.005
"""Seconds of processor time that nobody notices, whatever they are a multiple of."""

ROUNDS = 6
"""How often what looks too slow is measured again: the machine may be busy."""

OWN = {
    "api.db.sql_files:SLOT": "our own .sql files",
    "api.db.sql_files:INCLUDE": "our own .sql files",
    "api.db.sql_files:COMMENT": "our own .sql files",
    "api.db.sql_files:PARAMETER": "our own .sql files",
    "api.events.enrich.user_agent:_readable": "samples of the crawler list",
}
"""Expressions to which no stranger's text gets, and what they read."""

SHORT = {
    "api.events.enrich.user_agent:DEVICES": "user agent",
    "api.events.enrich.traffic_source:PAID_MEDIUM": "source",
    "api.events.enrich.traffic_source:SHOP_CAMPAIGN": "source",
    "api.events.enrich.traffic_source:PUSH_MEDIUM": "source",
    "api.events.enrich.traffic_source:AD_NAME": "source",
    "api.events.enrich.traffic_source:HOST": "source",
    "api.events.enrich.traffic_source:COUNTRY_DOMAIN": "source",
}
"""Expressions that get some hundred characters at most, and the parser that cuts the rest off."""

FOUND = [one for one in expressions() if one.name not in OWN]


def seconds(work: Callable[[str], object], text: str) -> float:
    """The processor time of some work on a text."""
    started = time.process_time()
    with suppress(AnalyticsError, ValidationError, ValueError, Skipped):
        work(text)
    return time.process_time() - started


def growth(work: Callable[[str], object], text: Text, most: int) -> float:
    """How many times as long a longer text takes, up to this length; 0 where nobody notices."""
    for length in (most // 64, most // 16, most // 4, most):
        if grown := growth_at(work, text(length // LONGER), text(length)):
            return grown
    return 0.0


def growth_at(work: Callable[[str], object], short: str, long: str) -> float:
    """The same for two texts; 0 where it is within the border."""
    before = after = float("inf")
    for _ in range(ROUNDS):
        before = min(before, seconds(work, short))
        after = min(after, seconds(work, long))
        if after < NOTHING or after < BORDER * before:
            return 0.0
    return after / before


def test_every_exception_names_existing_expression() -> None:
    assert OWN.keys() | SHORT.keys() <= {one.name for one in expressions()}
    assert set(SHORT.values()) <= PARSERS.keys()


@pytest.mark.parametrize("found", FOUND, ids=lambda one: f"{one.name}-{one.methods}")
def test_every_regular_expression_is_linear(found: Expression) -> None:
    assert found.pattern, "put it in a constant, or say in OWN why no stranger's text gets there"
    most = 600 if found.name in SHORT else 8_000
    slow: list[str] = []
    for method in found.methods:
        work = partial(apply, found.pattern, method)
        for before, pump in pumps(found.pattern):
            if growth(work, repeated(pump, before, "\n"), most):
                slow.append(f"{method} of {before}{pump * 3}…")
    assert not slow


def apply(pattern: re.Pattern[Any], method: str, text: str) -> None:
    """Uses an expression on all of a text."""
    given: Any = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    match method:
        case "sub":
            pattern.sub(lambda found: found[0], given)
        case "search" | "match" | "fullmatch" | "split":
            getattr(pattern, method)(given)
        case _:
            for _ in pattern.finditer(given):
                pass


@pytest.mark.parametrize("name", PARSERS)
def test_every_parser_is_linear(name: str) -> None:
    parser = PARSERS[name]
    slow = {
        text(40): grown
        for text in parser.texts
        if (grown := growth(parser.read, text, parser.most))
    }
    assert not slow


def test_quadratic_work_is_detected() -> None:
    assert growth(partial(apply, re.compile(r"a\w*!"), "search"), repeated("a"), 8_000)
    assert growth(lambda text: [text.count("x") for _ in text], repeated("a"), 100_000)
    assert not growth(sorted, repeated("ab"), MEGABYTE)
