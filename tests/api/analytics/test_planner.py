"""A question is planned once for its rows and once for its totals; everything after executes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any

import pytest

from api.analytics import planner
from api.analytics.question import always, sql_file
from api.db.sql_files import slot_names
from conftest import EVERY_REPORT, TestSite

QUESTIONS = [
    question for report in EVERY_REPORT for question in (report.rows, report.totals) if question
]


@contextmanager
def calls_of(function: FunctionType) -> Iterator[list[str]]:
    """The calls of a function while the block runs, whoever makes them under whatever name."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is function.__code__:
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    ("report", "asked", "times"),
    [
        ("pages", {}, 2),
        ("pages", {"order": "visitors", "filters": '[["is","country",["DE"]]]'}, 2),
        ("retention", {}, 1),
        ("timeseries", {"compare": "previous"}, 4),
    ],
)
async def test_question_is_planned_once_for_rows_and_once_for_totals(
    site: TestSite, report: str, asked: dict[str, str], times: int
) -> None:
    with calls_of(planner.plan) as calls:
        await site.ask(report, **asked)
    assert len(calls) == times


def test_last_variant_of_question_always_serves() -> None:
    for question in QUESTIONS:
        last = question.variants[-1]
        assert last.serves is always
        assert not last.only_rollups


def test_requirement_of_variant_has_slot_in_its_file() -> None:
    for question in QUESTIONS:
        for variant in question.variants:
            assert variant.requires.keys() <= slot_names(sql_file(variant.file)), variant.file
