"""Filters: every operator on every dimension, on every report; and what is refused."""

import json
from typing import Any

import httpx
import pytest

from api.analytics.query import Filtered
from api.analytics.vocabulary.dimensions import DIMENSIONS
from api.db.database import Database
from asking import ANSWERING, NEEDED
from conftest import TestSite, make_site, save_goal

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
OPERATORS = (
    *("is", "is_not", "contains", "contains_not", "matches", "matches_not"),
    *("matches_wildcard", "matches_wildcard_not"),
)
KEYS = [*DIMENSIONS, "props:plan"]
VALUES = {"country": ["DE"], "referrer": ["google.com"]}
"""Values that a dimension can have, where it cannot have any."""
FILTERABLE = [report.name for report in ANSWERING if issubclass(report.params, Filtered)]
DAY = {"from": "2026-03-10", "to": "2026-03-10"}


@pytest.fixture(scope="session")
async def two(client: httpx.AsyncClient, admin: dict[str, str], database: Database) -> TestSite:
    """Two visits: Anna from the newsletter on a PC, who signed up; Ben from nowhere by phone."""
    site = await make_site("two-visits", client, admin, database)
    anna = {"visitor_id": "anna", "user_agent": CHROME, "utm_source": "News_letter"}
    ben = {"visitor_id": "ben", "user_agent": SAFARI}
    await site.send(
        anna | {"page": "/", "time": "2026-03-10T10:00:00Z"},
        anna | {"page": "/blog/tea%20time", "time": "2026-03-10T10:01:00Z"},
        anna | {"name": "Signup", "page": "/blog/tea%20time", "props": {"plan": "pro"},
                "time": "2026-03-10T10:02:00Z"},
        ben | {"page": "/", "time": "2026-03-10T11:00:00Z"},
    )  # fmt: skip
    for name in ("Chrome", "%", "/.*", "x"):
        await save_goal(site, name=name, event="Signup")
    return site


async def filtered(site: TestSite, report: str, *clauses: Any, **more: Any) -> dict[str, Any]:
    """A report under a filter."""
    return await site.ask(report, filters=json.dumps(clauses), **DAY, **more)


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ("nonsense", "not JSON"),
        ("{}", "list of clauses"),
        ("[1]", "a clause is"),
        ('[["is"]]', "a clause is"),
        ('[["is", "country"]]', "a clause is"),
        ('[["is", "country", []]]', "values are"),
        ('[["is", "country", "DE"]]', "values are"),
        ('[["is", "country", [1]]]', "values are"),
        ('[["is", "country", ["a\\u0000"]]]', "values are"),
        ('[["is", "country", ["Germany"]]]', "country: is never 'Germany'"),
        ('[["is", "os", ["x"], {"case_sensitive": 0}]]', "fourth element"),
        ('[["is", "os", ["x"], {"case": false}]]', "fourth element"),
        ('[["matches", "page", ["("]]]', "'(' is not an expression of RE2"),
        ('[["matches", "page", ["a)|(b"]]]', "is not an expression of RE2"),
        ('[["matches", "page", ["/**"]]]', "is not an expression of RE2"),
        ('[["matches_wildcard", "page", ["*a*a*a*a*a*a*a"]]]', "more than 6 wildcards"),
        ('[["has_done", ["is", "os", ["iOS"]]]]', "has_done takes clauses on events"),
        ('[["has_done", ["has_done", ["is", "page", ["/"]]]]]', "has_done takes one event"),
        ('[["has_done"]]', "a clause is"),
        ('[["is", "segment", [1]]]', "there are no segments"),
        ('[["equals", "country", ["DE"]]]', "'equals' is not an operator"),
        ('[["is", "planet", ["Mars"]]]', "'planet' is not a dimension"),
        ('[["is", "country; drop table event", ["x"]]]', "is not a dimension"),
        ('[["and", "x"]]', "list of clauses"),
        ("[" * 2000, "not JSON"),
        (json.dumps([["is", "os", ["x"]]] * 21), "at most 20"),
        (json.dumps(["not"] * 30), "a clause is"),
    ],
)
async def test_malformed_filter_is_refused(site: TestSite, filters: str, problem: str) -> None:
    params = {"site": site.key, "filters": filters}
    answer = await site.client.get("/api/analytics/pages", params=params)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_unknown_filter_names_are_all_listed_with_allowed_ones(site: TestSite) -> None:
    filters = json.dumps([["is", "planet", ["x"]], ["equals", "os", ["x"]]])
    params = {"site": site.key, "filters": filters}
    answer = await site.client.get("/api/analytics/pages", params=params)
    planet, equals = answer.json()["problems"]
    assert "planet" in planet["problem"]
    assert set(KEYS[:-1]) <= set(planet["allowed"])
    assert "equals" in equals["problem"]
    assert {*OPERATORS, "and", "or", "not"} <= set(equals["allowed"])


async def test_filter_on_report_without_filters_is_refused(site: TestSite) -> None:
    params = {"site": site.key, "filters": '[["is", "os", ["x"]]]'}
    answer = await site.client.get("/api/analytics/bots", params=params)
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "filters")


@pytest.mark.any_engine
@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("key", KEYS)
async def test_every_operator_works_on_every_dimension_and_each_on_every_report(
    two: TestSite, operator: str, key: str
) -> None:
    """A clause and its opposite part the visits between them, whatever they are about. Of the
    reports each operator has its turn at every sixth, which are others for the next dimension."""
    turn = KEYS.index(key) + OPERATORS.index(operator)
    for report in FILTERABLE[turn % len(OPERATORS) :: len(OPERATORS)]:
        clause = [operator, key, VALUES.get(key, ["Chrome", "%", "/.*"])]
        await filtered(two, report, clause, **NEEDED.get(report, {}))
    clause = [operator, key, VALUES.get(key, ["Chrome"])]
    one = (await filtered(two, "sessions", clause))["totals"]["visits"]
    other = (await filtered(two, "sessions", ["not", clause]))["totals"]["visits"]
    assert one + other == 2


@pytest.mark.parametrize(
    ("clauses", "visits"),
    [
        ([["is", "source", ["News_letter"]]], 1),
        ([["is", "visit:source", ["News_letter", "Direct / None"]]], 2),
        ([["contains", "source", ["s_l"]]], 1),
        ([["contains", "source", ["s-l"]]], 0),
        ([["contains", "source", ["S_L"]]], 0),
        ([["contains", "page", ["tea%20"]]], 1),
        ([["matches", "page", ["^/blog/[^/]+$"]]], 1),
        ([["matches", "page", ["^/blog$", "tea.*e$"]]], 1),
        ([["matches", "page", ["^/$"]]], 2),
        ([["matches", "page", ["(?i)^/BLOG"]]], 1),
        ([["matches_not", "page", ["^/blog/"]]], 1),
        ([["matches_wildcard", "page", ["/blog/*"]]], 1),
        ([["matches_wildcard", "page", ["/*"]]], 2),
        ([["matches_wildcard_not", "page", ["/blog/**"]]], 1),
        ([["is", "source", ["news_LETTER"]]], 0),
        ([["is", "source", ["news_LETTER"], {"case_sensitive": False}]], 1),
        ([["contains", "source", ["S_L"], {"case_sensitive": False}]], 1),
        ([["contains", "source", ["S_L"], {"case_sensitive": True}]], 0),
        ([["contains_not", "source", ["S_L"], {"case_sensitive": False}]], 1),
        ([["matches_wildcard", "page", ["/BLOG/*"], {"case_sensitive": False}]], 1),
        ([["has_done", ["is", "event", ["Signup"]]]], 1),
        ([["has_not_done", ["is", "event", ["Signup"]]]], 1),
        ([["has_done", ["and", [["is", "event", ["Signup"]], ["is", "page", ["/"]]]]]], 0),
        ([["or", [["has_done", ["is", "event", ["Signup"]]], ["is", "os", ["iOS"]]]]], 2),
        ([["is", "visit:country_name", [""]]], 2),
        ([["is", "visit:device", ["Desktop"]]], 1),
        ([["is", "visit:os", ["Windows"]]], 1),
        ([["is", "event:props:plan", ["(none)"]]], 2),
        ([["is", "visit:source", ["Direct / None"]]], 1),
        ([["is_not", "page", ["/"]]], 0),
        ([["is", "event:page", ["/"]], ["is", "event", ["Signup"]]], 1),
        ([["is", "props:plan", ["pro"]]], 1),
        ([["is_not", "props:plan", ["pro"]]], 1),
        ([["is", "props:constructor", ["x"]]], 0),
        ([["or", [["is", "os", ["iOS"]], ["is", "browser", ["Chrome"]]]]], 2),
        ([["and", [["is", "os", ["iOS"]], ["is", "browser", ["Chrome"]]]]], 0),
        ([["not", ["or", [["is", "os", ["iOS"]], ["is", "device", ["tablet"]]]]]], 1),
        ([["is", "entry_page", ["/"]], ["is", "exit_page", ["/blog/tea%20time"]]], 1),
        ([["is", "visitor_type", ["new"]]], 2),
        ([["is", "hour", ["10"]]], 1),
        ([["is", "weekday", ["2"]]], 2),
        ([], 2),
    ],
)
async def test_filter_by_visit_dimension_counts_matching_visits(
    two: TestSite, clauses: list[Any], visits: int
) -> None:
    for report in ("sessions", "devices"):
        assert (await filtered(two, report, *clauses))["totals"]["visits"] == visits
    rows = (await filtered(two, "timeseries", *clauses, interval="day"))["rows"]
    assert [row["visits"] for row in rows] == [visits]


async def test_filter_by_visit_dimension_applies_to_page_report(two: TestSite) -> None:
    pages = await filtered(two, "pages", ["is", "browser", ["Chrome"]])
    assert {row["page"]: row["pageviews"] for row in pages["rows"]} == {
        "/": 1,
        "/blog/tea%20time": 1,
    }


async def test_filter_by_page_on_pages_report_is_answered_from_rollup(two: TestSite) -> None:
    pages = await filtered(two, "pages", ["contains", "page", ["blog"]])
    assert [row["page"] for row in pages["rows"]] == ["/blog/tea%20time"]
    assert pages["engine"].startswith("rollup:pages")


@pytest.mark.parametrize(
    ("clause", "source"),
    [
        (["is", "channel", ["Direct"]], "rollup:daily_sources"),
        (["is_not", "referrer", ["x"]], "rollup:daily_sources"),
        (["is", "country", ["DE"]], "visit"),
        (["is", "visitor_type", ["new"]], "visit"),
        (["is", "page", ["/"]], "visit"),
    ],
)
async def test_rollup_answers_only_filters_on_dimensions_it_stores(
    two: TestSite, clause: list[Any], source: str
) -> None:
    answer = await filtered(two, "traffic-sources", clause)
    base = await filtered(two, "traffic-sources", clause, engine="base")
    assert answer["engine"].split("+")[0] == source
    assert answer["rows"] == base["rows"]
    assert answer["totals"] == base["totals"]


async def test_filtered_funnel_counts_only_matching_visits(two: TestSite) -> None:
    clause = ["is", "event", ["Signup"]]
    steps = (await filtered(two, "funnel", clause, pages=["/", "/blog/*"]))["rows"]
    assert [step["count"] for step in steps] == [1, 1]
    everybody = (await filtered(two, "funnel", pages=["/", "/blog/*"]))["rows"]
    assert [step["count"] for step in everybody] == [2, 1]


@pytest.mark.parametrize("at_once", [True, False])
async def test_page_views_of_long_visit_count_in_their_own_hours(
    site: TestSite, at_once: bool
) -> None:
    events = [
        {
            "page": "/",
            "session_id": "tab",
            "user_agent": CHROME,
            "time": f"2026-03-10T{hour:02}:00:00Z",
        }
        for hour in (1, 6, 11, 16)
    ]
    for sent in [events] if at_once else [[event] for event in events]:
        await site.send(*sent)
    filters = json.dumps([["is", "browser", ["Chrome"]]])
    for lower, views in ((0, 4), (2, 3), (7, 2), (8, 2), (12, 1), (17, 0)):
        span = {"from": f"2026-03-10T{lower:02}:00Z", "to": "2026-03-11T00:00Z"}
        answer = await site.ask("timeseries", filters=filters, interval="hour", **span)
        assert answer["totals"]["pageviews"] == views
        assert sum(row["pageviews"] for row in answer["rows"]) == views
        assert answer["totals"]["visits"] == (lower < 1)
