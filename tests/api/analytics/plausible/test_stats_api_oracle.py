"""Every metric by every kind of dimension of POST /api/analytics/query, against the oracle."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import TestSite
from oracle.histories import DAY, FILTERS, GOALS, HOUR, MINUTE, History, histories, questions
from oracle.periods import Range
from oracle.site import Site
from oracle.stats import Question, stats
from oracle.steps import Goal
from oracle.telling import NOON, TEN_DAYS, ask, check, event, examples, fresh_site, spans, tell

OF_ALL = ("visitors", "visits", "pageviews", "events", "revenue")
OF_ALL += ("new_visitors", "returning_visitors")
OF_VISITS = (*OF_ALL, "bounce_rate", "visit_duration", "views_per_visit")
OF_PAGES = (*OF_VISITS, "exit_rate")
OF_MONEY = ("total_revenue", "average_revenue")
RATES = ("conversion_rate", "group_conversion_rate")

PLACES = {"revenue": 2, "views_per_visit": 2, "bounce_rate": 1, "exit_rate": 1, "percentage": 1}
PLACES |= dict.fromkeys(RATES, 2)
"""How many decimals a number is shown with, where it has any."""

OF_ROLLUPS = (*OF_VISITS[:4], *OF_VISITS[5:])
"""No rollup has the revenue."""
OF_SOURCES = ("visitors", "visits", "bounce_rate", "visit_duration", "views_per_visit")

SHAPES: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    ((), OF_VISITS),
    ((), OF_ROLLUPS),
    (("time:day",), OF_ROLLUPS),
    (("time:hour",), OF_ROLLUPS),
    (("visit:source",), (*OF_VISITS, "percentage")),
    (("visit:source",), (*OF_SOURCES, "percentage")),
    (("visit:source", "time:day"), OF_SOURCES),
    (("visit:entry_page",), OF_SOURCES),
    (("visit:entry_page", "visit:screen"), OF_VISITS),
    (("time:day",), OF_VISITS),
    (("time:hour", "visit:source"), OF_VISITS),
    (("time:month",), (*OF_VISITS, *OF_MONEY)),
    (("time",), ("visits", "events")),
    (("event:page",), (*OF_PAGES, "percentage", "time_on_page", "scroll_depth")),
    (("event:page", "visit:source"), OF_PAGES),
    (("event:name",), (*OF_ALL, *OF_MONEY, "percentage")),
    (("event:props:plan",), OF_ALL),
    (("event:props:seats", "visit:screen"), OF_ALL),
    (("event:name", "time:week"), OF_ALL),
    (("event:goal",), (*OF_ALL, "conversion_rate", "percentage", *OF_MONEY)),
    (("event:goal", "visit:source"), (*OF_ALL, *RATES)),
]
"""Dimensions, and what can be asked by them."""


@examples(4)
@given(
    history=histories(),
    question=questions(),
    clauses=st.just([]) | st.sampled_from(FILTERS),
    shapes=st.lists(st.sampled_from(SHAPES), min_size=3, max_size=5, unique=True),
)
async def test_every_metric_is_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    clauses: list[Any],
    shapes: list[Any],
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    told = await tell(site, history.batches, GOALS)
    if question["refreshing"]:
        await site.refresh()
    for span in spans(history, question):
        for dimensions, metrics in shapes:
            zone = ZoneInfo(history.zone)
            asked = Question(told, span, dimensions, tuple(clauses), zone)
            if can_be_asked(asked):
                await check_stats(site, asked, (*metrics, *of_page(clauses)))


def of_page(clauses: Sequence[Any]) -> Sequence[str]:
    """What can be asked where the filter chooses pages."""
    chosen = any(key == "event:page" for _, key, *_ in clauses)
    return ("time_on_page", "scroll_depth") if chosen else ()


def can_be_asked(asked: Question) -> bool:
    """Not by the hour over months."""
    return "time:hour" not in asked.dimensions or asked.span.upper - asked.span.lower < 90 * DAY


async def check_stats(site: TestSite, asked: Question, metrics: Sequence[str]) -> None:
    """Every group; sorted by time, or else by the first metric."""
    rows = await results(site, asked.span, metrics, asked.dimensions, asked.clauses)
    found = {tuple(row["dimensions"]): row["metrics"] for row in rows}
    expected = stats(asked, metrics)
    assert len(found) == len(rows)
    assert sorted(found) == sorted(expected), (asked.dimensions, found, expected)
    for key, numbers in expected.items():
        got = dict(zip(metrics, found[key], strict=True))
        check(got, dict(zip(metrics, numbers, strict=True)))
        known = {key: got[key] for key in got if got[key] is not None and key not in OF_MONEY}
        assert known == {name: round(number, PLACES.get(name, 0)) for name, number in known.items()}
    times = [place for place, key in enumerate(asked.dimensions) if key.startswith("time")]
    if times:
        order = [row["dimensions"][times[0]] for row in rows]
        assert order == sorted(order)
    else:
        order = [row["metrics"][0] for row in rows]
        assert order == sorted(order, reverse=True)


async def results(
    site: TestSite,
    span: Range,
    metrics: Sequence[str],
    dimensions: Sequence[str] = (),
    clauses: Sequence[Any] = (),
) -> list[dict[str, Any]]:
    """The rows of an answer."""
    body = {
        "site_id": site.key,
        "metrics": list(metrics),
        "date_range": [span.lower.isoformat(), span.upper.isoformat()],
        "dimensions": list(dimensions),
        "filters": list(clauses),
    }
    answer = await site.client.post("/api/analytics/query", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


# ----------------------------------------------------------------------------- named traps


async def table(
    site: TestSite, metric: str, *dimensions: str, span: Range = TEN_DAYS, filters: Any = ()
) -> dict[tuple[str, ...], Any]:
    """One metric by dimensions."""
    rows = await results(site, span, [metric], dimensions, filters)
    return {tuple(row["dimensions"]): row["metrics"][0] for row in rows}


async def test_revenue_of_two_currencies_is_unknown(site: TestSite) -> None:
    euros = {"name": "buy", "revenue": "5.50", "currency": "EUR"}
    dollars = euros | {"currency": "USD"}
    await tell(
        site,
        [
            [event(NOON, "/a", **euros), event(NOON, "/a", **euros), event(NOON, "/b", **dollars)],
            [event(NOON, "/c")],
        ],
    )
    assert await table(site, "revenue") == {(): None}
    by_page = await table(site, "revenue", "event:page")
    assert by_page == {("/a",): 11, ("/b",): 5.5, ("/c",): None}


async def test_time_on_page_is_reported_engagement_or_gap_to_next_view(
    site: TestSite,
) -> None:
    await tell(
        site,
        [
            [
                event(NOON, "/told", duration=5),
                event(NOON + MINUTE, "/told", name="engagement", duration=10),
                event(NOON + 2 * MINUTE, "/told", name="engagement", duration=5),
                event(NOON + 3 * MINUTE, "/gap"),
                event(NOON + 7 * MINUTE, "/last"),
            ]
        ],
    )
    found = await table(site, "time_on_page", "event:page")
    assert found == {("/told",): 20, ("/gap",): 240, ("/last",): None}
    gap = [["is", "event:page", ["/gap", "/last"]]]
    assert await table(site, "time_on_page", filters=gap) == {(): 240}
    assert await table(site, "time_on_page", "visit:source", filters=gap) == {
        ("Direct / None",): 240
    }


async def test_engagement_belongs_to_view_before_it(site: TestSite) -> None:
    told = [event(NOON + n * 10 * MINUTE, page) for n, page in enumerate(["/a", "/b", "/a"])]
    late = [
        event(NOON + minutes * MINUTE, "/a", name="engagement", duration=30) for minutes in (5, 25)
    ]
    stray = event(NOON + 15 * MINUTE, "/a", name="engagement", duration=500)
    await tell(site, [[*told, *late, stray]])
    assert await table(site, "time_on_page", "event:page") == {("/a",): 30, ("/b",): 600}


async def test_scroll_depth_is_mean_of_largest_depth_of_each_view(site: TestSite) -> None:
    def read(minutes: float, page: str, scroll: object) -> Any:
        time = NOON + minutes * MINUTE
        return event(time, page, name="engagement", duration=5, props={"scroll": scroll})

    views = [event(NOON + n * 10 * MINUTE, page) for n, page in enumerate(["/a", "/b", "/a", "/c"])]
    of_views = [read(1, "/a", 80), read(2, "/a", 60), read(11, "/b", 30.4), read(21, "/a", 20)]
    of_other_page = [read(12, "/a", 100), read(3, "/b", 100)]
    no_depths = [read(4, "/a", told) for told in ("90", -1, 101, 1e300, None, [99], True)]
    await tell(site, [[*views, *of_views, *of_other_page, *no_depths]])
    depths = await table(site, "scroll_depth", "event:page")
    assert depths == {("/a",): 50, ("/b",): 30, ("/c",): None}
    answer = await ask(site, "pages", TEN_DAYS, order="scroll_depth:desc")
    rows = [(row["page"], row["scroll_depth"]) for row in answer["rows"]]
    assert rows == [("/a", 0.5), ("/b", 0.304), ("/c", None)]


async def test_exit_and_bounce_rates_of_page_use_visits_that_ended_or_entered_there(
    site: TestSite,
) -> None:
    await tell(
        site,
        [
            [event(NOON, "/a"), event(NOON + MINUTE, "/b"), event(NOON + 2 * MINUTE, "/a")],
            [event(NOON, "/a", "bob"), event(NOON, "/b", "eve")],
            [event(NOON, "/b", "eva"), event(NOON, "/b", "eva", name="click")],
        ],
    )
    exits = await table(site, "exit_rate", "event:page")
    assert exits == {("/a",): 66.7, ("/b",): 66.7}
    bounces = await table(site, "bounce_rate", "event:page")
    assert bounces == {("/a",): 50, ("/b",): 50}


async def test_visitor_is_new_once_and_returning_afterwards(site: TestSite) -> None:
    await tell(site, [[event(NOON), event(NOON + DAY), event(NOON - 9 * DAY, visitor="old")]])
    await tell(site, [[event(NOON, visitor="old")]])
    assert await table(site, "new_visitors") == {(): 1}
    assert await table(site, "returning_visitors") == {(): 1}
    by_day = await table(site, "returning_visitors", "time:day")
    assert by_day == {("2025-03-11",): 1, ("2025-03-12",): 1}


async def test_conversion_rate_is_share_of_all_visitors_or_of_group(
    client: Any, admin: Any, database: Any
) -> None:
    site = await fresh_site(client, admin, database, goals=[Goal("Buy", event="buy")])
    visitors = {"ann": "alpha", "bob": "alpha", "eve": "beta", "eva": "beta"}
    await tell(site, [[event(NOON, visitor=who, source=s) for who, s in visitors.items()]])
    await tell(
        site, [[event(NOON + MINUTE, visitor=who, name="buy") for who in ("ann", "eve", "bob")]]
    )
    goal = [["is", "event:goal", ["Buy"]]]
    assert await table(site, "conversion_rate", filters=goal) == {(): 75}
    assert await table(site, "conversion_rate", "event:goal") == {("Buy",): 75}
    by_source = await table(site, "conversion_rate", "visit:source", filters=goal)
    assert by_source == {("alpha",): 50, ("beta",): 25}
    of_group = await table(site, "group_conversion_rate", "visit:source", filters=goal)
    assert of_group == {("alpha",): 100, ("beta",): 50}
    both = await table(site, "group_conversion_rate", "event:goal", "visit:source")
    assert both == {("Buy", "alpha"): 100, ("Buy", "beta"): 50}


async def test_conversion_rate_of_no_visitors_is_unknown(
    client: Any, admin: Any, database: Any
) -> None:
    site = await fresh_site(client, admin, database, goals=[Goal("Buy", event="buy")])
    await tell(site, [[event(NOON - MINUTE, source="alpha"), event(NOON, name="buy")]])
    rates = ["visitors", "conversion_rate", "group_conversion_rate"]
    dimensions = ["event:goal", "visit:source"]
    rows = await results(site, Range(NOON, NOON + HOUR), rates, dimensions)
    assert [row["metrics"] for row in rows] == [[1, None, None]]


@pytest.mark.parametrize("metric", ["conversion_rate", "group_conversion_rate"])
async def test_conversion_rate_needs_goal(site: TestSite, metric: str) -> None:
    body = {"site_id": site.key, "metrics": [metric], "date_range": "7d"}
    answer = await site.client.post("/api/analytics/query", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


@pytest.mark.parametrize("metric", ["time_on_page", "scroll_depth", "exit_rate"])
async def test_page_metric_needs_page(site: TestSite, metric: str) -> None:
    body = {"site_id": site.key, "metrics": [metric], "date_range": "7d"}
    answer = await site.client.post("/api/analytics/query", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


async def test_visitor_of_several_days_is_one_visitor_of_range(site: TestSite) -> None:
    await tell(site, [[event(NOON + n * DAY) for n in range(3)]])
    assert sum((await table(site, "visitors", "time:day")).values()) == 3
    assert await table(site, "visitors") == {(): 1}
    assert await table(site, "visitors", "event:page") == {("/",): 1}


async def test_visit_across_midnight_counts_on_first_day_and_views_on_their_own(
    site: TestSite,
) -> None:
    midnight = NOON + 12 * HOUR
    await tell(site, [[event(midnight - MINUTE), event(midnight + MINUTE)]])
    rows = await results(site, TEN_DAYS, ["visits", "pageviews"], ["time:day"])
    assert [row["metrics"] for row in rows] == [[1, 1], [0, 1]]
