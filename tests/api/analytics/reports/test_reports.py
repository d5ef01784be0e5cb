"""Reports on a day small enough to be worked out by hand."""

from typing import Any

import httpx
import pytest

from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.db.database import Database
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
    assert columns(rows, "name", "value", "count", "visitors", "visits") == [
        ("Buy", None, 2, 1, 1),
        ("Like", None, 1, 1, 1),
    ]
    assert rows[0]["conversion_rate"] == pytest.approx(1 / 3)


async def test_custom_events_are_counted_by_value_of_property(shop: TestSite) -> None:
    rows = (await shop.ask("events", name="Buy", property="plan", **DAY))["rows"]
    assert columns(rows, "name", "value", "count") == [("Buy", "free", 1), ("Buy", "pro", 1)]
    numbers = (await shop.ask("events", property="n", **DAY))["rows"]
    assert columns(numbers, "name", "value", "count") == [("Buy", "2", 1)]
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
    assert columns(entries, "value", "visits", "visitors", "bounce_rate") == [
        ("/", 2, 2, 0.0),
        ("/about", 2, 2, 1.0),
    ]
    exits = (await shop.ask("exits", **DAY))["rows"]
    assert columns(exits, "value", "visits") == [("/about", 2), ("/", 1), ("/cart", 1)]
    countries = (await shop.ask("locations", **DAY))["rows"]
    assert columns(countries, "value", "visits") == [("FR", 2), ("", 1), ("DE", 1)]


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


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
async def test_every_sortable_column_sorts_and_others_are_refused(
    shop: TestSite, report: Any
) -> None:
    steps = {"pages": "/"} if report.name.startswith("funnel") else {}
    assert set(report.orders) <= set(report.rows.row.model_fields)
    for column in report.orders:
        for way in ("asc", "desc"):
            rows = (await shop.ask(report.name, order=f"{column}:{way}", **DAY, **steps))["rows"]
            values = [row[column] for row in rows if row[column] is not None]
            assert values == sorted(values, reverse=way == "desc")
    for bad in ("nonsense", "visits:sideways", "1; drop table event", "password_hash"):
        params = {"site": shop.key, "order": bad, **DAY, **steps}
        answer = await shop.client.get(f"/api/analytics/{report.name}", params=params)
        assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
async def test_totals_are_left_out_where_caller_does_not_want_them(
    shop: TestSite, report: Any
) -> None:
    params = {**DAY, "compare": "previous"}
    params |= {"pages": "/"} if report.name.startswith("funnel") else {}
    whole = await shop.ask(report.name, **params)
    some = await shop.ask(report.name, totals=False, **params)
    assert (some["totals"], some["comparison"]["totals"]) == (None, None)
    assert whole["totals"] is not None
    for answer in (whole, some):
        del answer["totals"], answer["comparison"]["totals"]
    assert some == whole


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
async def test_every_report_has_csv_form(shop: TestSite, report: Any) -> None:
    params = {"site": shop.key, "format": "csv", **DAY}
    params |= {"pages": "/"} if report.name.startswith("funnel") else {}
    answer = await shop.client.get(f"/api/analytics/{report.name}", params=params)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0] == ",".join(report.rows.row.model_fields)


async def test_cells_that_spreadsheets_execute_are_quoted(site: TestSite) -> None:
    await site.send({"name": "=cmd|'/c calc'!A1", "page": "/", "visitor_id": 1})
    params = {"site": site.key, "format": "csv"}
    answer = await site.client.get("/api/analytics/events", params=params)
    assert "'=cmd" in answer.text


async def test_every_report_is_documented(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for report in REPORTS:
        described = paths[f"/api/analytics/{report.name}"]["get"]
        assert described["summary"] == report.title
        names = {parameter["name"] for parameter in described["parameters"]}
        assert {"site", "from", "to", "filters", "compare", "period"} <= names
    assert paths["/api/events"]["get"]["summary"] == EVENT_BUCKETS.title
    assert paths["/api/events"]["post"]["requestBody"]
