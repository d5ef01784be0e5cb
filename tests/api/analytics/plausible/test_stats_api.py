"""POST /api/analytics/query, as a client of Plausible's Stats API v2 would ask."""

from typing import Any

import httpx
import pytest

from api.db.database import Database
from conftest import TestSite, make_site, save_goal
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
        ({"metrics": ["percentage"]}, None),
        ({"metrics": ["visit_duration"], "dimensions": ["event:hostname"]}, "visitors"),
        ({"metrics": ["exit_rate"], "dimensions": ["event:page", "event:hostname"]}, "bounce_rate"),
        ({"dimensions": ["visit:region"]}, None),
        ({"dimensions": ["visit:utm_source"]}, None),
        ({"dimensions": ["time:day", "time:week"]}, None),
        ({"date_range": "0d"}, "6mo"),
        ({"date_range": "realtime"}, "day"),
        ({"include": {"time_labels": True}}, "time:day"),
        ({"include": {"comparisons": {"mode": "previous_period"}}}, None),
        ({"filters": [["has_done", ["is", "visit:os", ["x"]]]]}, None),
        ({"filters": [["is", "segment", [1]]]}, None),
        ({"filters": [["is", "time:day", ["2026-03-09"]]]}, "page"),
        ({"filters": [["is", "visit:country_name", ["Germny"]]]}, "Germany"),
        (
            {"filters": [["is", "visit:country_name", ["United States of America"]]]},
            "United States",
        ),
        ({"filters": [["is", "visit:country", ["Germany"]]]}, "DE"),
        (
            {"filters": [["is", "visit:country_name", ["germny"], {"case_sensitive": False}]]},
            "Germany",
        ),
        ({"filters": [["is", "visit:device", ["Laptop"]]]}, "Desktop"),
        ({"filters": [["contains", "visit:region", ["US-MD"]]]}, None),
        ({"filters": [["is", "visit:referrer", ["t.co/a1B2"]]]}, "t.co"),
        ({"filters": [["is", "visit:referrer", ["news.example.co.uk"]]]}, "example.co.uk"),
        ({"filters": [["contains", "visit:referrer", ["reddit.com/r/"]]]}, "reddit.com"),
        ({"filters": [["matches", "event:page", ["^/blog("]]]}, None),
        ({"filters": [["matches", "event:page", [r"\bblog\b"]]]}, None),
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
    assert found == [(["Direct / None"], [2, 2, 2]), (["letter"], [1, 1, 2])]
    two = await results(cafe, metrics=["visits"], dimensions=["visit:browser", "visit:entry_page"])
    assert two == [(["Chrome", "/"], [2]), (["Chrome", "/menu"], [1])]


async def test_event_dimensions_combine_with_visit_dimensions(cafe: TestSite) -> None:
    pages = await results(cafe, metrics=["pageviews", "visitors"], dimensions=["event:page"])
    assert pages == [(["/"], [2, 1]), (["/menu"], [2, 2])]
    mixed = await results(
        cafe, metrics=["pageviews"], dimensions=["event:page", "visit:source"],
        order_by=[["event:page", "asc"], ["visit:source", "desc"]],
    )  # fmt: skip
    assert mixed == [
        (["/", "letter"], [1]),
        (["/", "Direct / None"], [1]),
        (["/menu", "letter"], [1]),
        (["/menu", "Direct / None"], [1]),
    ]
    dishes = await results(
        cafe, metrics=["events"], dimensions=["event:props:dish"],
        filters=[["is", "event:name", ["Order"]]],
    )  # fmt: skip
    assert dishes == [(["soup"], [1])]


async def test_filters_nest_with_or_and_not(cafe: TestSite) -> None:
    either = ["or", [["is", "visit:source", ["letter"]], ["contains", "visit:exit_page", ["menu"]]]]
    assert await results(cafe, metrics=["visits"], filters=[either]) == [([], [1])]
    neither = ["not", either]
    assert await results(cafe, metrics=["visits"], filters=[neither]) == [([], [2])]


async def test_one_event_passes_all_filters_on_events(cafe: TestSite) -> None:
    """`is_not` chooses events, too: Ann's order is no view of the front page."""
    order, front = ["is", "event:name", ["Order"]], ["is", "event:page", ["/"]]
    assert await results(cafe, metrics=["visitors", "events"], filters=[order]) == [([], [1, 1])]
    both = await results(cafe, metrics=["visitors", "visits", "events"], filters=[order, front])
    assert both == [([], [0, 0, 0])]
    others = ["is_not", "event:page", ["/"]]
    assert await results(cafe, metrics=["visitors", "events"], filters=[others]) == [([], [2, 3])]


async def test_behavioural_filter_asks_for_another_event_of_visit(cafe: TestSite) -> None:
    did, front = ["has_done", ["is", "event:name", ["Order"]]], ["is", "event:page", ["/"]]
    found = await results(cafe, metrics=["visits", "pageviews"], filters=[did, front])
    assert found == [([], [1, 1])]
    not_done = ["has_not_done", ["contains", "event:name", ["ORD"], {"case_sensitive": False}]]
    found = await results(cafe, metrics=["visits", "pageviews"], filters=[not_done, front])
    assert found == [([], [2, 1])]
    by_page = await results(
        cafe, metrics=["pageviews"], dimensions=["event:page"], filters=[did],
        order_by=[["event:page", "asc"]],
    )  # fmt: skip
    assert by_page == [(["/"], [1]), (["/menu"], [1])]


@pytest.mark.parametrize(
    ("clause", "pageviews"),
    [
        (["matches", "event:page", ["^/m.*$"]], 2),
        (["matches", "event:page", ["^/$", "^/menu$"]], 4),
        (["matches", "event:page", ["(?i)MENU"]], 2),
        (["matches_not", "event:page", [r"^/\w+$"]], 2),
        (["matches", "event:page", ["/m*"]], 4),
        (["matches_wildcard", "event:page", ["/m*"]], 2),
        (["contains", "event:page", ["MENU"], {"case_sensitive": False}], 2),
        (["is", "event:page", ["/Menu"], {"case_sensitive": False}], 2),
        (["is", "visit:source", ["Direct / None"]], 2),
        (["contains", "visit:source", ["none"], {"case_sensitive": False}], 2),
        (["matches", "visit:source", ["^letter$"]], 2),
        (["is", "visit:device", ["Desktop"]], 4),
        (["is_not", "visit:device", ["Mobile", "(not set)"]], 4),
        (["contains", "visit:device", ["sk"]], 4),
        (["is", "visit:country_name", [""]], 4),
        (["matches", "visit:country_name", ["^Germany$"]], 0),
        (["is", "visit:utm_medium", ["(not set)"]], 4),
        (["is", "event:props:dish", ["(none)"]], 4),
    ],
)
async def test_filter_means_what_contract_says(
    cafe: TestSite, clause: list[Any], pageviews: int
) -> None:
    assert await results(cafe, metrics=["pageviews"], filters=[clause]) == [([], [pageviews])]


async def test_pagination_limits_rows_and_total_is_reported(cafe: TestSite) -> None:
    asked = {"metrics": ["visits"], "dimensions": ["visit:source"], "include": {"total_rows": True}}
    answer = (await query(cafe, **asked, pagination={"limit": 1, "offset": 1})).json()
    assert [row["dimensions"] for row in answer["results"]] == [["letter"]]
    assert answer["meta"]["total_rows"] == 2
    assert answer["query"]["site_id"] == "cafe"


async def test_answer_is_the_same_at_path_of_plausible_and_by_domain(cafe: TestSite) -> None:
    body = {"site_id": "cafe.example", "date_range": MARCH, "metrics": ["visits"]}
    answer = await cafe.client.post("/api/v2/query", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"] == [{"metrics": [3], "dimensions": []}]


async def test_query_is_repeated_as_it_was_understood(cafe: TestSite) -> None:
    asked = {"metrics": ["visits"], "dimensions": ["time", "visit:os"]}
    echo = (await query(cafe, **asked)).json()["query"]
    assert echo == {
        "site_id": "cafe",
        "metrics": ["visits"],
        "date_range": ["2026-03-09T00:00:00+00:00", "2026-03-11T23:59:59+00:00"],
        "dimensions": ["time:day", "visit:os"],
        "filters": [],
        "order_by": [["time:day", "asc"], ["visits", "desc"]],
        "include": {"imports": False, "time_labels": False, "total_rows": False},
        "pagination": {"limit": 10_000, "offset": 0},
        "engine": "auto",
    }
    again = (await cafe.client.post("/api/analytics/query", json=echo)).json()
    assert again["results"] == (await query(cafe, **asked)).json()["results"]
    assert again["query"] == echo


async def test_time_labels_are_values_of_time_dimension(cafe: TestSite) -> None:
    include = {"time_labels": True, "imports": True}
    asked = {"metrics": ["visits"], "date_range": ["2026-03-11", "2026-03-11"]}
    answer = (await query(cafe, **asked, dimensions=["time"], include=include)).json()
    hours = [f"2026-03-11 {hour:02}:00:00" for hour in range(24)]
    assert answer["meta"]["time_labels"] == hours
    assert answer["meta"]["imports_included"] is False
    assert [row["dimensions"] for row in answer["results"]] == [[hours[9]], [hours[23]]]
    by_week = (await query(cafe, **asked, dimensions=["time:week"], include=include)).json()
    assert by_week["meta"]["time_labels"] == ["2026-03-09"]


async def test_percentage_is_share_of_visitors_of_query(cafe: TestSite) -> None:
    asked = {"metrics": ["percentage"], "order_by": [["percentage", "desc"]]}
    found = await results(cafe, **asked, dimensions=["visit:source"])
    assert found == [(["Direct / None"], [100]), (["letter"], [50])]
    front = [["is", "event:page", ["/menu"]]]
    found = await results(cafe, **asked, dimensions=["event:name"], filters=front)
    assert found == [(["pageview"], [100]), (["Order"], [50])]


async def test_page_metrics_are_of_visits_that_entered_there(cafe: TestSite) -> None:
    metrics = ["visits", "views_per_visit", "visit_duration", "bounce_rate"]
    found = await results(
        cafe, metrics=metrics, dimensions=["event:page"], order_by=[["event:page", "asc"]]
    )
    assert found == [(["/"], [2, 1.5, 75, 50]), (["/menu"], [2, 2, 1200, 0])]
    by_host = await results(cafe, metrics=metrics, dimensions=["event:page", "event:hostname"])
    assert sorted((key[0], values) for key, values in by_host) == [
        (page, values) for (page,), values in found
    ]


@pytest.fixture(scope="session")
async def shop(client: httpx.AsyncClient, admin: dict[str, str], database: Database) -> TestSite:
    """Orders of three visitors: two of Germany, in euros; one of New York, in yen and dollars."""
    site = await make_site("shop-abroad", client, admin, database)

    def order(who: str, zone: str, amount: str, currency: str, name: str = "Buy") -> dict[str, Any]:
        return {"visitor_id": who, "page": "/buy", "name": name, "timezone": zone,
                "time": "2026-03-10T10:00:00Z",
                "revenue": {"amount": amount, "currency": currency}}  # fmt: skip

    await site.send(
        order("ann", "Europe/Berlin", "1234567.891", "EUR"),
        order("bob", "Europe/Berlin", "10", "EUR"),
        order("eve", "America/New_York", "500", "JPY", name="Bid"),
        order("eve", "America/New_York", "3", "USD", name="Sell"),
        {"visitor_id": "eva", "page": "/", "time": "2026-03-10T11:00:00Z"},
    )
    await save_goal(site, name="Purchase", event="Buy")
    return site


EUROS = {"value": 1234577.89, "currency": "EUR", "short": "€1.2M", "long": "€1,234,577.89"}


async def test_revenue_is_amount_with_currency(shop: TestSite) -> None:
    asked = {"metrics": ["total_revenue", "average_revenue"], "dimensions": ["event:name"]}
    answer = (await query(shop, **asked, order_by=[["total_revenue", "desc"]])).json()
    average = EUROS | {"value": 617288.95, "short": "€617.3K", "long": "€617,288.95"}
    yen = {"value": 500, "currency": "JPY", "short": "¥500", "long": "¥500"}
    dollars = {"value": 3, "currency": "USD", "short": "$3", "long": "$3.00"}
    assert [(*row["dimensions"], *row["metrics"]) for row in answer["results"]] == [
        ("Buy", EUROS, average),
        ("Bid", yen, yen),
        ("Sell", dollars, dollars),
        ("pageview", None, None),
    ]
    assert "metric_warnings" not in answer["meta"]
    goal = await results(shop, metrics=["total_revenue"], dimensions=["event:goal"])
    assert goal == [(["Purchase"], [EUROS])]


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ([], "no_single_revenue_currency"),
        ([["is", "event:page", ["/"]]], "no_revenue_goals_matching"),
    ],
)
async def test_revenue_that_cannot_be_added_up_is_null_with_warning(
    shop: TestSite, filters: list[Any], code: str
) -> None:
    answer = (await query(shop, metrics=["visits", "total_revenue"], filters=filters)).json()
    assert answer["results"][0]["metrics"][1] is None
    assert answer["meta"]["metric_warnings"]["total_revenue"]["code"] == code
    assert [*answer["meta"]["metric_warnings"]] == ["total_revenue"]


async def test_countries_have_names_and_codes(shop: TestSite) -> None:
    by_name = await results(
        shop, metrics=["visitors"], dimensions=["visit:country_name"],
        order_by=[["visit:country_name", "desc"]],
    )  # fmt: skip
    assert by_name == [(["United States"], [1]), (["Germany"], [2]), ([""], [1])]
    by_code = await results(shop, metrics=["visitors"], dimensions=["visit:country"])
    assert sorted(by_code) == [([""], [1]), (["DE"], [2]), (["US"], [1])]


@pytest.mark.parametrize(
    ("clause", "visitors"),
    [
        (["is", "visit:country_name", ["Germany", "Poland"]], 2),
        (["is_not", "visit:country_name", [""]], 3),
        (["contains", "visit:country_name", ["united", "EST"], {"case_sensitive": False}], 1),
        (["matches", "visit:country_name", ["^(Germany|United States)$"]], 3),
        (["contains_not", "visit:country_name", ["Ger"]], 2),
        (["is", "visit:country", ["DE"]], 2),
        (["is", "visit:country", ["de"], {"case_sensitive": False}], 2),
    ],
)
async def test_filter_by_name_of_country_finds_its_visits(
    shop: TestSite, clause: list[Any], visitors: int
) -> None:
    assert await results(shop, metrics=["visitors"], filters=[clause]) == [([], [visitors])]


async def test_stats_api_agrees_with_reports(cafe: TestSite) -> None:
    span = {"from": MARCH[0], "to": MARCH[1]}
    for report, dimension in (("devices", "screen"), ("locations", "country")):
        rows = (await cafe.ask(report, dimension=dimension, **span))["rows"]
        found = await results(
            cafe, metrics=["visits", "visitors"], dimensions=[f"visit:{dimension}"]
        )
        assert found == [([row[dimension]], [row["visits"], row["visitors"]]) for row in rows]


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
            {"metrics": ["percentage", "visits"], "dimensions": ["visit:source"]},
            "rollup:daily_sources+rollup:source_visitors",
        ),
        (
            {"metrics": ["visits"], "filters": [["is", "visit:source", ["Direct / None"]]]},
            "rollup:daily_sources",
        ),
        (
            {
                "metrics": METRICS,
                "dimensions": ["visit:country_name"],
                "filters": [["is", "visit:country_name", [""]]],
            },
            "rollup:countries+rollup:country_visitors",
        ),
        (
            {"metrics": METRICS, "filters": [["is", "visit:browser", ["Chrome"]]]},
            "rollup:daily_devices+rollup:device_visitors",
        ),
        ({"metrics": ["visits", "pageviews"], "dimensions": ["visit:source"]}, "event+visit"),
        ({"metrics": ["visits"], "dimensions": ["visit:screen"]}, "visit"),
        ({"metrics": ["visits"], "dimensions": ["event:page"]}, "event+visit"),
        (
            {"metrics": ["visits"], "filters": [["has_done", ["is", "event:page", ["/"]]]]},
            "visit",
        ),
    ],
)
async def test_stats_api_answers_from_rollups_exactly(
    cafe: TestSite, asked: dict[str, Any], source: str
) -> None:
    await cafe.refresh()
    answer = (await query(cafe, **asked)).json()
    base = (await query(cafe, **asked, engine="base")).json()
    assert answer["meta"]["engine"] == source
    assert "rollup:" not in base["meta"]["engine"]
    assert answer["results"] == base["results"] != []
