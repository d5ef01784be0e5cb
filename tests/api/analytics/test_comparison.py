"""Each number of an answer beside that of another range."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from api.analytics.reports import REPORTS
from conftest import TestSite

THEN = {"from": "2026-03-09", "to": "2026-03-09"}
NOW = {"from": "2026-03-10", "to": "2026-03-10"}
CUSTOM = {"compare": "custom", "compare_from": THEN["from"], "compare_to": THEN["to"]}
COMPARED = [report for report in REPORTS if "compare" in report.params.model_fields]

Row = dict[str, Any]


@pytest.fixture
async def two_days(site: TestSite) -> TestSite:
    """Two days with pages, sources, events, goals and orders in common, and some of one only."""
    await site.client.post(
        "/api/goals", json={"site": site.key, "name": "Buys", "event": "Buy"}, headers=site.admin
    )
    for day, pages, source, amounts in (
        ("09", ["/both", "/both", "/then"], "alpha", ["5", "6"]),
        ("10", ["/both", "/now", "/now", "/now"], "beta", ["7"]),
    ):
        at, then = ({"time": f"2026-03-{day}T12:0{minute}:00Z"} for minute in (0, 1))
        await site.send(
            *({"visitor_id": f"{day}{n}", "page": page, "utm_source": source, **at}
              for n, page in enumerate(pages)),
            *({"visitor_id": f"{day}0", "page": "/", "name": "Buy", "props": {"plan": "pro"},
               "revenue": {"amount": amount, "currency": "EUR"}, **then} for amount in amounts),
            {"visitor_id": "direct", "page": "/both", **at},
            {"visitor_id": "direct", "page": "/both", "name": f"Only{day}", **then},
        )  # fmt: skip
    return site


def numbers(row: Row, key: tuple[str, ...]) -> Row:
    """The numbers of a row, without what tells it from others."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in key
    }


def change(now: float | None, then: float | None) -> Row:
    """What is expected of two numbers."""
    if now is None or then is None:
        return {"value": then, "difference": None, "ratio": None}
    return {"value": then, "difference": now - then, "ratio": now / then if then else None}


def key_of(report: Any) -> tuple[str, ...]:
    """The columns of the key of a report, by their names in answers."""
    dimension = report.default_dimension
    return tuple(dimension.key if name == "value" and dimension else name for name in report.key)


def assert_compared(rows: Sequence[Row], then: Sequence[Row], key: tuple[str, ...]) -> None:
    """That each number stands beside that of the row with the same key, or in the same place; the
    comparisons are taken out of the rows."""
    known = {tuple(row[name] for name in key): row for row in then}
    for place, row in enumerate(rows):
        comparison = row.pop("comparison")
        other = known.get(tuple(row[name] for name in key), {}) if key else then[place]
        for name, value in numbers(row, key).items():
            zero = 0 if isinstance(value, int) else None
            assert comparison[name] == change(value, other.get(name, zero)), (row, name)


@pytest.mark.parametrize("order", ["", "visitors"])
@pytest.mark.parametrize("report", COMPARED, ids=lambda report: report.name)
async def test_rows_are_compared_with_those_that_have_their_key(
    two_days: TestSite, report: Any, order: str
) -> None:
    params: Row = {"order": order} if order in report.orders else {}
    if "property" in report.params.model_fields:
        params["property"] = "plan"
    now = await two_days.ask(report.name, **params, **NOW)
    then = await two_days.ask(report.name, **params, **THEN)
    answer = await two_days.ask(report.name, **params, **NOW, **CUSTOM)
    previous = await two_days.ask(report.name, **params, **NOW, compare="previous")
    assert previous["rows"] == answer["rows"]
    key = key_of(report)
    assert answer["rows"]
    assert_compared(answer["rows"], then["rows"], key)
    assert answer["rows"] == now["rows"]


@pytest.mark.parametrize("report", COMPARED, ids=lambda report: report.name)
async def test_totals_are_compared(two_days: TestSite, report: Any) -> None:
    now = (await two_days.ask(report.name, **NOW))["totals"]
    then = (await two_days.ask(report.name, **THEN))["totals"]
    told = (await two_days.ask(report.name, **NOW, **CUSTOM))["comparison"]
    assert told["from"] == "2026-03-09T00:00:00.000000Z"
    assert told["to"] == "2026-03-10T00:00:00.000000Z"
    if now is None:
        assert told["totals"] is None
        return
    for name, value in numbers(now, ()).items():
        assert told["totals"][name] == change(value, then[name])


BOTH = {"from": THEN["from"], "to": NOW["to"]}
BETA = json.dumps([["is", "source", ["beta"]]])
BUYERS = json.dumps([["is", "goal", ["Buys"]]])


@pytest.mark.parametrize("segment", [BUYERS, ""], ids=["buyers", "all visits"])
async def test_segment_is_compared_with_other_visits_of_the_range(
    two_days: TestSite, segment: str
) -> None:
    compared = {"compare": "segment", "compare_filters": segment}
    for report in COMPARED:
        params = {"property": "plan"} if "property" in report.params.model_fields else {}
        asked: Row = {**params, **BOTH}
        ours = await two_days.ask(report.name, **asked, filters=BETA)
        theirs = await two_days.ask(report.name, **asked, filters=segment)
        answer = await two_days.ask(report.name, **asked, filters=BETA, **compared)
        assert answer["comparison"]["from"] == answer["query"]["from"]
        assert answer["comparison"]["to"] == answer["query"]["to"]
        assert answer["totals"] == ours["totals"]
        assert_compared(answer["rows"], theirs["rows"], key_of(report))
        assert answer["rows"] == ours["rows"]
        for name, value in numbers(ours["totals"] or {}, ()).items():
            told = answer["comparison"]["totals"][name]
            assert told == change(value, theirs["totals"][name]), (report.name, name)


async def test_rows_beyond_the_limit_of_the_other_range_are_compared_too(
    two_days: TestSite,
) -> None:
    answer = await two_days.ask("pages", limit=1, order="pageviews:asc", **NOW, **CUSTOM)
    (row,) = answer["rows"]
    assert row["page"] == "/both"
    assert row["comparison"]["pageviews"] == {"value": 3, "difference": -1, "ratio": 2 / 3}
    (row,) = (await two_days.ask("pages", limit=1, **NOW, **CUSTOM))["rows"]
    assert (row["page"], row["comparison"]["pageviews"]["value"]) == ("/now", 0)
    assert row["comparison"]["exit_rate"] == {"value": None, "difference": None, "ratio": None}


async def test_share_of_compared_row_is_that_of_its_own_range(two_days: TestSite) -> None:
    for filters in ("", '[["is", "page", ["/both"]]]'):
        asked = {"dimension": "source", "filters": filters}
        then = await two_days.ask("traffic-sources", **asked, **THEN)
        shares = {row["source"]: row["share"] for row in then["rows"]}
        rows = (await two_days.ask("traffic-sources", **asked, **NOW, **CUSTOM))["rows"]
        told = {row["source"].lower(): row["comparison"]["share"]["value"] for row in rows}
        assert told[""] == shares[""] < 1
        assert told["beta"] is None


async def test_bucket_without_counterpart_has_no_comparison(two_days: TestSite) -> None:
    hours = {"compare": "custom", "compare_from": "2026-03-09T00:00:00Z"}
    hours |= {"compare_to": "2026-03-09T02:00:00Z", "interval": "hour"}
    rows = (await two_days.ask("timeseries", **NOW, **hours))["rows"]
    assert [row["comparison"] is None for row in rows[:4]] == [False, False, True, True]


async def test_report_without_comparison_refuses_parameter(two_days: TestSite) -> None:
    for report in ("retention", "paths", "sessions", "heatmap"):
        answer = await two_days.client.get(
            f"/api/analytics/{report}", params={"site": two_days.key, "compare": "previous"}
        )
        assert answer.status_code == 422
