"""Reports on a day small enough to be worked out by hand."""

from typing import Any

import httpx
import pytest

from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.db.database import Database
from asking import ANSWERING, NEEDED
from conftest import TestSite, make_site

DAY = {"from": "2026-03-10", "to": "2026-03-10"}


@pytest.fixture(scope="session")
async def shop(client: httpx.AsyncClient, admin: dict[str, str], database: Database) -> TestSite:
    """Ann buys, Bob and Cid look. Times are in UTC on a Tuesday."""
    site = await make_site("little-shop", client, admin, database)
    ann = {"visitor_id": "ann", "timezone": "Europe/Berlin"}
    bob = {"visitor_id": "bob", "timezone": "Europe/Paris"}
    await site.send(
        ann | {"page": "/", "time": "2026-03-10T09:00:00Z", "duration": 10},
        ann | {"page": "/cart", "time": "2026-03-10T09:01:00Z", "duration": 20},
        ann | {"name": "Buy", "page": "/cart", "props": {"plan": "pro", "n": 2},
               "time": "2026-03-10T09:02:00Z"},
        ann | {"name": "Buy", "page": "/cart", "props": {"plan": "free"},
               "time": "2026-03-10T09:03:00Z"},
        bob | {"page": "/", "time": "2026-03-10T09:30:00Z"},
        bob | {"name": "Like", "page": "/", "time": "2026-03-10T09:31:00Z"},
        bob | {"page": "/about", "time": "2026-03-10T23:30:00Z"},
        {"visitor_id": "cid", "page": "/about", "time": "2026-03-10T10:00:00Z"},
    )  # fmt: skip
    return site


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of the rows."""
    return [tuple(row[name] for name in names) for row in rows]


async def test_custom_events_are_counted_by_name(shop: TestSite) -> None:
    rows = (await shop.ask("events", **DAY))["rows"]
    assert columns(rows, "name", "value", "custom_events", "visitors", "visits") == [
        ("Buy", None, 2, 1, 1),
        ("Like", None, 1, 1, 1),
    ]
    assert rows[0]["conversion_rate"] == pytest.approx(1 / 3)


async def test_custom_events_are_counted_by_value_of_property(shop: TestSite) -> None:
    rows = (await shop.ask("events", name="Buy", property="plan", **DAY))["rows"]
    assert columns(rows, "name", "value", "custom_events") == [
        ("Buy", "free", 1),
        ("Buy", "pro", 1),
    ]
    numbers = (await shop.ask("events", property="n", **DAY))["rows"]
    assert columns(numbers, "name", "value", "custom_events") == [("Buy", "2", 1)]
    assert (await shop.ask("events", property="constructor", **DAY))["rows"] == []


@pytest.mark.parametrize(
    ("timezone", "cells"),
    [
        ("UTC", [(2, 9, 2, 2), (2, 10, 1, 1), (2, 23, 1, 1)]),
        ("Asia/Kathmandu", [(2, 14, 1, 1), (2, 15, 2, 2)]),
        ("Europe/Berlin", [(2, 10, 2, 2), (2, 11, 1, 1)]),
    ],
)
async def test_heatmap_is_in_local_time(
    shop: TestSite, timezone: str, cells: list[tuple[int, ...]]
) -> None:
    rows = (await shop.ask("heatmap", timezone=timezone, **DAY))["rows"]
    assert columns(rows, "weekday", "hour", "visits", "visitors") == cells


async def test_entries_exits_and_locations_count_visits(shop: TestSite) -> None:
    entries = (await shop.ask("entries", **DAY))["rows"]
    assert columns(entries, "entry_page", "visits", "visitors", "bounce_rate") == [
        ("/", 2, 2, 0.0),
        ("/about", 2, 2, 1.0),
    ]
    exits = (await shop.ask("exits", **DAY))["rows"]
    assert columns(exits, "exit_page", "visits") == [("/about", 2), ("/", 1), ("/cart", 1)]
    countries = (await shop.ask("locations", **DAY))["rows"]
    assert columns(countries, "country", "visits") == [("FR", 2), ("", 1), ("DE", 1)]


@pytest.mark.parametrize(
    ("order", "pages"),
    [
        ("pageviews", ["/", "/about", "/cart"]),
        ("entries:asc", ["/cart", "/", "/about"]),
        ("exits:desc", ["/about", "/", "/cart"]),
        ("page:desc", ["/cart", "/about", "/"]),
        ("engaged_seconds:desc", ["/cart", "/", "/about"]),
    ],
)
async def test_rows_are_sorted_as_requested(shop: TestSite, order: str, pages: list[str]) -> None:
    rows = (await shop.ask("pages", order=order, **DAY))["rows"]
    assert [row["page"] for row in rows] == pages


def having(parameter: str) -> Any:
    """Each report that has this parameter."""
    some = [report for report in ANSWERING if parameter in report.params.model_fields]
    return pytest.mark.parametrize("report", some, ids=lambda report: report.name)


def asked_of(report: Any) -> dict[str, Any]:
    """The least that a report has to be told about the day."""
    return {**DAY, **NEEDED.get(report.name, {})}


@having("order")
async def test_every_sortable_column_sorts_and_others_are_refused(
    shop: TestSite, report: Any
) -> None:
    dimension = report.default_dimension
    for column in (*report.orders, *([dimension.key] if dimension else [])):
        for way in ("asc", "desc"):
            answer = await shop.ask(report.name, order=f"{column}:{way}", **asked_of(report))
            values = [row[column] for row in answer["rows"] if row[column] is not None]
            assert values == sorted(values, reverse=way == "desc")
    for bad in ("nonsense", "visits:sideways", "1; drop table event", "password_hash", "value"):
        if bad in report.orders:
            continue
        params = {"site": shop.key, "order": bad, **asked_of(report)}
        answer = await shop.client.get(f"/api/analytics/{report.name}", params=params)
        assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


@having("totals")
async def test_totals_are_left_out_where_caller_does_not_want_them(
    shop: TestSite, report: Any
) -> None:
    params = asked_of(report)
    params |= {"compare": "previous"} if "compare" in report.params.model_fields else {}
    whole = await shop.ask(report.name, **params)
    some = await shop.ask(report.name, totals=False, **params)
    assert some["totals"] is None
    assert whole["totals"] is not None
    for answer in (whole, some):
        del answer["totals"]
        if answer["comparison"]:
            assert (answer["comparison"].pop("totals") is None) is (answer is some)
        if answer["page"] and report.counted_by:
            assert (answer["page"].pop("total") is None) is (answer is some)
    assert some == whole


@pytest.mark.parametrize("report", ANSWERING, ids=lambda report: report.name)
async def test_columns_describe_keys_and_values_of_rows(shop: TestSite, report: Any) -> None:
    answer = await shop.ask(report.name, **asked_of(report))
    described = {column["name"]: column for column in answer["columns"]}
    for row in answer["rows"]:
        assert row.keys() == described.keys()
        for name, value in row.items():
            assert value is None or type(value) in TYPES[described[name]["type"]], (name, value)
    assert all(column["description"] for column in answer["columns"])


TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "time": (str,),
    "date": (str,),
    "boolean": (bool,),
    "list": (list,),
}


@having("offset")
async def test_pages_of_rows_join_to_all_rows(shop: TestSite, report: Any) -> None:
    whole = await shop.ask(report.name, limit=1000, **asked_of(report))
    if report.name in ("funnel", "paths"):
        assert whole["page"] is None
        return
    assert whole["page"] == {"total": len(whole["rows"]) or None, "next": None} or (
        report.counted_by and not whole["rows"]
    )
    rows, start = [], 0
    while start is not None:
        answer = await shop.ask(report.name, limit=1, offset=start, **asked_of(report))
        rows += answer["rows"]
        start = answer["page"]["next"]
    assert rows == whole["rows"]


async def test_page_past_the_end_has_no_rows_and_no_next(shop: TestSite) -> None:
    answer = await shop.ask("pages", offset=100, **DAY)
    assert (answer["rows"], answer["page"]["next"]) == ([], None)


async def test_query_says_what_was_effective(shop: TestSite) -> None:
    answer = await shop.ask("traffic-sources", **DAY)
    assert answer["query"] == {
        "report": "traffic-sources",
        "site": shop.key,
        "from": "2026-03-10T00:00:00.000000Z",
        "to": "2026-03-11T00:00:00.000000Z",
        "timezone": "UTC",
        "dimension": "source",
        "filters": "",
        "order": "",
        "limit": 10,
        "offset": 0,
        "compare": None,
        "compare_filters": "",
    }
    retention = await shop.ask("retention", **DAY)
    assert retention["query"]["return"] is None
    assert "limit" not in retention["query"]


async def test_totals_of_custom_events_and_revenue_are_about_them(site: TestSite) -> None:
    ann, bob = {"visitor_id": "ann", "page": "/"}, {"visitor_id": "bob", "page": "/"}
    eur, usd = ({"amount": 5, "currency": currency} for currency in ("EUR", "USD"))
    await site.send(ann, bob, ann | {"name": "Buy", "revenue": eur}, ann | {"name": "Like"})
    events = (await site.ask("events"))["totals"]
    assert events == {"custom_events": 2, "visitors": 1, "visits": 1, "conversion_rate": 0.5}
    likes = (await site.ask("events", name="Like"))["totals"]
    assert (likes["custom_events"], likes["visitors"]) == (1, 1)
    revenue = (await site.ask("revenue"))["totals"]
    assert revenue == {"currency": "EUR", "revenue": 5.0, "orders": 1, "visitors": 1,
                       "average_order": 5.0}  # fmt: skip
    await site.send(bob | {"name": "Buy", "revenue": usd})
    mixed = (await site.ask("revenue"))["totals"]
    assert mixed == {"currency": None, "revenue": None, "orders": 2, "visitors": 2,
                     "average_order": None}  # fmt: skip
    nothing = (await site.ask("revenue", **DAY))["totals"]
    assert (nothing["orders"], nothing["revenue"]) == (0, None)


async def test_bucket_is_complete_when_it_is_over_and_all_of_it_in_the_range(
    site: TestSite,
) -> None:
    span = {"from": "2026-03-10T09:30:00Z", "to": "2026-03-10T12:30:00Z", "interval": "hour"}
    for report in ("timeseries", "sessions/series"):
        rows = (await site.ask(report, **span))["rows"]
        assert [row["complete"] for row in rows] == [False, True, True, False]
        assert not (await site.ask(report, hours=3, interval="hour"))["rows"][-1]["complete"]
    for report in ("lifecycle", "stickiness"):
        rows = (await site.ask(report, days=3))["rows"]
        assert [row["complete"] for row in rows] == [True, True, False]


async def test_series_by_dimension_has_top_values_and_all_others_together(shop: TestSite) -> None:
    asked = {**DAY, "interval": "day", "dimension": "country", "limit": 1}
    answer = await shop.ask("timeseries", **asked)
    assert [(row["country"], row["visits"]) for row in answer["rows"]] == [("FR", 2), (None, 2)]
    assert answer["query"]["dimension"] == "country"
    assert answer["query"]["limit"] == 1
    assert [column["name"] for column in answer["columns"]][:3] == ["country", "time", "complete"]
    assert answer["totals"] == (await shop.ask("timeseries", **DAY))["totals"]
    assert (await shop.ask("timeseries", **asked | {"from": "2026-03-08", "to": "2026-03-08"}))[
        "rows"
    ] == []


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"limit": 3}, "limit needs a dimension"),
        ({"dimension": "source", "compare": "previous"}, "cannot be compared"),
        ({"dimension": "page"}, "is not a dimension of this report"),
        ({"dimension": "source", "limit": 51}, "must be at most 50"),
    ],
)
async def test_series_by_dimension_refuses(shop: TestSite, params: Any, problem: str) -> None:
    answer = await shop.client.get("/api/analytics/timeseries", params={"site": shop.key, **params})
    assert answer.status_code == 422
    assert problem in answer.json()["detail"]


async def test_every_report_is_documented(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for report in REPORTS:
        described = paths[f"/api/analytics/{report.name}"]["get"]
        assert described["summary"] == report.title
        names = {parameter["name"] for parameter in described["parameters"]}
        assert names == {field.alias or name for name, field in report.params.model_fields.items()}
    assert paths["/api/events"]["get"]["summary"] == EVENT_BUCKETS.title
    assert paths["/api/events"]["post"]["requestBody"]
