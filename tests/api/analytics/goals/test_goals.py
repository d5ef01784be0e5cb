"""Goals: saved conditions on events, who may save them, and what reports make of them."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from api.db.database import Database
from conftest import TestSite, save_goal
from refusals import allowed_in
from submitting import Account, hide

DAY = {"from": "2026-03-10", "to": "2026-03-10"}


@pytest.mark.parametrize(
    ("goal", "problem"),
    [
        ({}, "needs an event or a page"),
        ({"event": ""}, "at least 1"),
        ({"page": "pricing"}, "begins with a slash"),
        ({"page": "/" + "*x" * 9}, "wildcards"),
        ({"event": "a\0"}, "NUL"),
        ({"event": "a", "props": {str(n): 1 for n in range(11)}}, "at most 10"),
        ({"event": "a", "props": {"a": {"b": 1}}}, "props"),
        ({"event": "a", "colour": "red"}, "colour"),
    ],
)
async def test_invalid_goal_is_refused(site: TestSite, goal: dict[str, Any], problem: str) -> None:
    body = {"site": site.key, "name": "Goal", **goal}
    answer = await site.client.post("/api/goals", json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_only_editors_save_and_delete_goals(
    site: TestSite, client: httpx.AsyncClient
) -> None:
    body = {"site": site.key, "name": "Goal", "event": "Buy"}
    assert (await client.post("/api/goals", json=body)).status_code == 401
    account = {"email": f"{site.key}@test.example", "password": "reads and nothing else"}
    assert (await client.post("/api/auth/register", json=account)).status_code == 201
    token = (await client.post("/api/auth/login", json=account)).json()["access_token"]
    client.cookies.clear()
    reader = {"Authorization": f"Bearer {token}"}
    assert (await client.post("/api/goals", json=body, headers=reader)).status_code == 403
    goal = await save_goal(site, name="Goal", event="Buy")
    path = f"/api/goals/{goal['id']}"
    assert (await client.delete(path)).status_code == 401
    assert (await client.delete(path, headers=reader)).status_code == 403
    assert (await client.delete(path, headers=site.admin)).status_code == 204
    assert (await client.delete(path, headers=site.admin)).status_code == 404


async def test_goals_are_listed_by_name_and_names_are_unique(site: TestSite) -> None:
    await save_goal(site, name="Zed", page="/thanks/*")
    await save_goal(site, name="Buy", event="Buy", props={"plan": "pro"})
    listed = (await site.client.get("/api/goals", params={"site": site.key})).json()
    assert [(g["name"], g["event"], g["page"], g["props"]) for g in listed] == [
        ("Buy", "Buy", None, {"plan": "pro"}),
        ("Zed", "pageview", "/thanks/*", None),
    ]
    body = {"site": site.key, "name": "Buy", "event": "Other"}
    answer = await site.client.post("/api/goals", json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT")


@pytest.fixture
async def shop(site: TestSite) -> TestSite:
    """Ann buys twice, Bob reads, and there are goals for both."""
    ann, bob = {"visitor_id": "ann"}, {"visitor_id": "bob"}
    await site.send(
        ann | {"page": "/", "time": "2026-03-10T09:00:00Z"},
        ann | {"name": "Buy", "page": "/cart", "props": {"plan": "pro", "n": 2},
               "time": "2026-03-10T09:01:00Z"},
        ann | {"name": "Buy", "page": "/cart", "props": {"plan": "free"},
               "time": "2026-03-10T09:02:00Z"},
        bob | {"page": "/blog/tea", "time": "2026-03-10T10:00:00Z"},
        bob | {"page": "/blog/tea/pot", "time": "2026-03-10T10:01:00Z"},
        bob | {"name": "engagement", "page": "/blog/tea", "time": "2026-03-10T10:02:00Z"},
    )  # fmt: skip
    await save_goal(site, name="Bought pro", event="Buy", props={"plan": "pro", "n": 2})
    await save_goal(site, name="Bought", event="Buy")
    await save_goal(site, name="Read", page="/blog/*")
    await save_goal(site, name="Never", event="Fly", page="/moon")
    return site


async def test_goals_report_counts_conversions_of_each_goal(shop: TestSite) -> None:
    rows = (await shop.ask("goals", **DAY))["rows"]
    keys = ("name", "conversions", "visitors", "visits", "conversion_rate")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("Bought", 2, 1, 1, 0.5),
        ("Bought pro", 1, 1, 1, 0.5),
        ("Read", 1, 1, 1, 0.5),
        ("Never", 0, 0, 0, 0.0),
    ]


async def test_reports_are_filtered_by_goals(shop: TestSite) -> None:
    async def entries(*clauses: Any) -> list[str]:
        rows = (await shop.ask("entries", filters=json.dumps(clauses), **DAY))["rows"]
        return sorted(row["entry_page"] for row in rows)

    assert await entries(["is", "goal", ["Read"]]) == ["/blog/tea"]
    assert await entries(["is_not", "goal", ["Read"]]) == ["/"]
    assert await entries(["contains", "goal", ["Bought", "Read"]]) == ["/", "/blog/tea"]
    assert await entries(["matches", "goal", ["B*pro"]]) == ["/"]


async def test_unknown_goal_is_refused_with_known_ones(shop: TestSite) -> None:
    filters = json.dumps([["is", "goal", ["Rad"]]])
    for asked in ({"filters": filters}, {"steps": '{"goal": "Rad"}'}):
        report = "funnel" if "steps" in asked else "pages"
        params = {"site": shop.key, **asked}
        answer = await shop.client.get(f"/api/analytics/{report}", params=params)
        assert answer.status_code == 422
        assert {"Read", "Bought"} <= allowed_in(answer)


async def test_goals_are_steps_of_funnels(shop: TestSite) -> None:
    steps = ["/", '{"goal": "Bought"}', '{"event": "Buy", "props": {"plan": "free"}}']
    rows = (await shop.ask("funnel", steps=steps, **DAY))["rows"]
    assert [row["count"] for row in rows] == [1, 1, 1]
    none = (await shop.ask("funnel", steps=['{"event": "Buy", "props": {"n": 3}}'], **DAY))["rows"]
    assert [row["count"] for row in none] == [0]


async def test_conversion_rates_in_stats_api(shop: TestSite) -> None:
    async def ask(**asked: Any) -> list[tuple[list[str], list[Any]]]:
        body = {"site_id": shop.key, "date_range": ["2026-03-10", "2026-03-10"], **asked}
        answer = await shop.client.post("/api/analytics/query", json=body)
        assert answer.status_code == 200, answer.text
        return [(row["dimensions"], row["metrics"]) for row in answer.json()["results"]]

    goal = [["is", "event:goal", ["Bought"]]]
    metrics = ["visitors", "events", "conversion_rate", "group_conversion_rate"]
    assert await ask(metrics=metrics, filters=goal) == [([], [1, 2, 50.0, 50.0])]
    by_entry = await ask(metrics=metrics, filters=goal, dimensions=["visit:entry_page"])
    assert by_entry == [(["/"], [1, 2, 50.0, 100.0])]
    by_goal = await ask(metrics=metrics, dimensions=["event:goal"])
    assert sorted(by_goal) == [
        (["Bought"], [1, 2, 50.0, 50.0]),
        (["Bought pro"], [1, 1, 50.0, 50.0]),
        (["Read"], [1, 1, 50.0, 50.0]),
    ]


async def test_goal_of_unreadable_site_is_as_one_that_does_not_exist(
    site: TestSite, stranger: Account, database: Database
) -> None:
    goal = await save_goal(site, name="Secret", page="/plan")
    await hide(database, site.key)
    app: Any = site.client._transport
    app.app.state.sites.forget()
    answers = [
        await site.client.delete(f"/api/goals/{number}", headers=stranger.headers)
        for number in (goal["id"], 2**62)
    ]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].json() == answers[1].json()
    assert site.key not in answers[0].text


async def test_parallel_requests_save_no_more_goals_than_allowed(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.analytics.goals.store.MAX_GOALS", 3)
    bodies = [{"site": site.key, "name": f"Goal {n}", "page": "/"} for n in range(8)]
    answers = await asyncio.gather(
        *(site.client.post("/api/goals", json=body, headers=site.admin) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    listed = (await site.client.get("/api/goals", params={"site": site.key})).json()
    assert len(listed) == 3
