"""POST /api/analytics/query, as a client of Plausible's Stats API v2 would ask."""

from typing import Any

import httpx
import pytest

from api.db.database import Database
from conftest import TestSite, make_site
from refusals import allowed_in

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
MARCH = ["2026-03-09", "2026-03-11"]


@pytest.fixture(scope="session")
async def cafe(client: httpx.AsyncClient, admin: dict[str, str], database: Database) -> TestSite:
    """Ann comes twice, the second time from a newsletter; Bob once."""
    site = await make_site("cafe", client, admin, database)
    ann, bob = ({"visitor_id": name, "user_agent": CHROME} for name in ("ann", "bob"))
    await site.send(
        ann | {"page": "/", "time": "2026-03-09T09:00:00Z", "duration": 30},
        ann | {"page": "/", "time": "2026-03-11T09:00:00Z", "utm_source": "letter"},
        ann | {"page": "/menu", "time": "2026-03-11T09:01:00Z"},
        ann | {"name": "Order", "page": "/menu", "time": "2026-03-11T09:02:00Z",
               "props": {"dish": "soup"}},
        bob | {"page": "/menu", "time": "2026-03-11T23:50:00Z"},
        bob | {"page": "/", "time": "2026-03-12T00:10:00Z"},
    )  # fmt: skip
    return site


async def query(site: TestSite, **asked: Any) -> httpx.Response:
    """Asks about three days in March."""
    body = {"site_id": site.key, "date_range": MARCH} | asked
    return await site.client.post("/api/analytics/query", json=body)


async def results(site: TestSite, **asked: Any) -> list[tuple[list[str], list[Any]]]:
    """Dimensions and metrics of each row."""
    answer = await query(site, **asked)
    assert answer.status_code == 200, answer.text
    return [(row["dimensions"], row["metrics"]) for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ({"metrics": []}, None),
        ({"metrics": ["happiness"]}, "visitors"),
        ({"metrics": ["bounce_rate"], "dimensions": ["event:name"]}, "pageviews"),
        ({"metrics": ["exit_rate"]}, "visitors"),
        ({"metrics": ["conversion_rate"]}, None),
        ({"dimensions": ["visit:planet"]}, "visit:country"),
        ({"dimensions": ["time:fortnight"]}, "time:week"),
        ({"dimensions": ["event:page"] * 6}, None),
        ({"date_range": "fortnight"}, "7d"),
        ({"date_range": ["2026-03-11", "2026-03-09"]}, None),
        ({"date_range": ["yesterday", "today"]}, None),
        ({"date_range": ["2020-01-01", "2026-01-01"], "dimensions": ["time:minute"]}, None),
        ({"filters": [["has_done", ["is", "event:name", ["x"]]]]}, "is"),
        ({"filters": [["is", "event:planet", ["x"]]]}, "country"),
        ({"filters": [["is", "event:goal", ["x"]]]}, None),
        ({"order_by": [["pageviews", "desc"]]}, "visitors"),
        ({"order_by": [["visitors", "sideways"]]}, "asc"),
        ({"pagination": {"limit": 0}}, None),
        ({"nonsense": 1}, "site_id"),
    ],
)
async def test_invalid_question_is_refused_with_allowed_values(
    cafe: TestSite, asked: dict[str, Any], allowed: str | None
) -> None:
    answer = await query(cafe, **{"metrics": ["visitors"]} | asked)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert allowed is None or allowed in allowed_in(answer)


async def test_private_site_needs_login(client: httpx.AsyncClient) -> None:
    body = {"site_id": "default", "metrics": ["visitors"], "date_range": "7d"}
    assert (await client.post("/api/analytics/query", json=body)).status_code == 401


async def test_all_metrics_of_whole_range(cafe: TestSite) -> None:
    metrics = ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration",
               "views_per_visit"]  # fmt: skip
    assert await results(cafe, metrics=metrics) == [([], [2, 3, 4, 5, 33.3, 450, 1.67])]


async def test_time_dimension_uses_time_zone_of_site(cafe: TestSite) -> None:
    found = await results(cafe, metrics=["visits", "pageviews"], dimensions=["time:day"])
    assert found == [(["2026-03-09"], [1, 1]), (["2026-03-11"], [2, 3])]


async def test_visit_dimensions_group_visits(cafe: TestSite) -> None:
    found = await results(
        cafe, metrics=["visitors", "visits", "pageviews"], dimensions=["visit:source"]
    )
    assert found == [([""], [2, 2, 2]), (["letter"], [1, 1, 2])]
    two = await results(cafe, metrics=["visits"], dimensions=["visit:browser", "visit:entry_page"])
    assert two == [(["Chrome", "/"], [2]), (["Chrome", "/menu"], [1])]


async def test_event_dimensions_combine_with_visit_dimensions(cafe: TestSite) -> None:
    pages = await results(cafe, metrics=["pageviews", "visitors"], dimensions=["event:page"])
    assert pages == [(["/"], [2, 1]), (["/menu"], [2, 2])]
    mixed = await results(
        cafe, metrics=["pageviews"], dimensions=["event:page", "visit:utm_source"],
        order_by=[["event:page", "asc"], ["visit:utm_source", "desc"]],
    )  # fmt: skip
    assert mixed == [
        (["/", "letter"], [1]),
        (["/", ""], [1]),
        (["/menu", "letter"], [1]),
        (["/menu", ""], [1]),
    ]
    dishes = await results(
        cafe, metrics=["events"], dimensions=["event:props:dish"],
        filters=[["is", "event:name", ["Order"]]],
    )  # fmt: skip
    assert dishes == [(["soup"], [1])]


async def test_filters_nest_with_or_and_not(cafe: TestSite) -> None:
    either = ["or", [["is", "visit:source", ["letter"]], ["contains", "event:page", ["menu"]]]]
    assert await results(cafe, metrics=["visits"], filters=[either]) == [([], [2])]
    neither = ["not", either]
    assert await results(cafe, metrics=["visits"], filters=[neither]) == [([], [1])]


async def test_pagination_limits_rows_and_total_is_reported(cafe: TestSite) -> None:
    asked = {"metrics": ["visits"], "dimensions": ["visit:source"], "include": {"total_rows": True}}
    answer = (await query(cafe, **asked, pagination={"limit": 1, "offset": 1})).json()
    assert [row["dimensions"] for row in answer["results"]] == [["letter"]]
    assert answer["meta"]["total_rows"] == 2
    assert answer["query"]["site_id"] == "cafe"


async def test_stats_api_agrees_with_reports(cafe: TestSite) -> None:
    span = {"from": MARCH[0], "to": MARCH[1]}
    for report, dimension in (("devices", "browser"), ("traffic-sources", "source")):
        rows = (await cafe.ask(report, dimension=dimension, **span))["rows"]
        found = await results(
            cafe, metrics=["visits", "visitors"], dimensions=[f"visit:{dimension}"]
        )
        assert found == [([row["value"]], [row["visits"], row["visitors"]]) for row in rows]


METRICS = ["visitors", "visits", "bounce_rate", "visit_duration", "views_per_visit"]


@pytest.mark.parametrize(
    ("asked", "source"),
    [
        (
            {"metrics": [*METRICS, "events", "new_visitors"]},
            "rollup:traffic+rollup:activity+rollup:daily_visitors+rollup:daily_newcomers",
        ),
        (
            {"metrics": ["pageviews"], "dimensions": ["time:hour"]},
            "rollup:traffic+rollup:activity",
        ),
        (
            {"metrics": METRICS, "dimensions": ["visit:source", "time:day"]},
            "rollup:daily_sources+rollup:source_visitors",
        ),
        (
            {"metrics": METRICS, "filters": [["is", "visit:browser", ["Chrome"]]]},
            "rollup:daily_devices+rollup:device_visitors",
        ),
        ({"metrics": ["visits", "pageviews"], "dimensions": ["visit:source"]}, "event+visit"),
        ({"metrics": ["visits"], "dimensions": ["visit:screen"]}, "visit"),
        ({"metrics": ["visits"], "dimensions": ["event:page"]}, "event+visit"),
    ],
)
async def test_stats_api_answers_from_rollups_exactly(
    cafe: TestSite, asked: dict[str, Any], source: str
) -> None:
    await cafe.refresh()
    answer = (await query(cafe, **asked)).json()
    base = (await query(cafe, **asked, source="base")).json()
    assert answer["meta"]["source"] == source
    assert "rollup:" not in base["meta"]["source"]
    assert answer["results"] == base["results"] != []
