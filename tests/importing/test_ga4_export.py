"""What is imported of Google Analytics' export to BigQuery."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from product_visits import (
    APRIL,
    HOST,
    Action,
    Visit,
    counted,
    expected,
    import_files,
    random_visits,
)

from api.db.database import Database
from conftest import TestSite
from oracle.telling import fresh_site

NAMES = {"DE": "Germany", "AT": "Austria", "US": "United States"}
SYSTEMS = {
    "Windows": ("Windows", "Windows 10"),
    "iOS": ("iOS", "iOS 17.4"),
    "Android": ("Android", "Android 14"),
}


def param(key: str, value: Any) -> dict[str, Any]:
    """A parameter; whole numbers are text in BigQuery's JSON."""
    match value:
        case int():
            return {"key": key, "value": {"int_value": str(value)}}
        case float():
            return {"key": key, "value": {"double_value": value}}
        case _:
            return {"key": key, "value": {"string_value": value}}


def row_of(visit: Visit, name: str, at: float, *params: dict[str, Any]) -> dict[str, Any]:
    """A row of the export."""
    system, version = SYSTEMS[visit.os]
    return {
        "event_date": "20260402",
        "event_timestamp": str(round(at * 1_000_000)),
        "event_name": name,
        "event_params": [param("ga_session_id", visit.number), *params],
        "user_pseudo_id": f"{visit.visitor}.1",
        "user_id": None,
        "user_properties": [],
        "device": {
            "category": visit.device,
            "operating_system": system,
            "operating_system_version": version,
            "language": "de-de",
            "web_info": {
                "browser": visit.browser,
                "browser_version": f"{visit.version}.0.1",
                "hostname": HOST,
            },
        },
        "geo": {"country": NAMES[visit.country], "region": "(not set)", "city": "Anywhere"},
        "traffic_source": {"name": "(direct)", "medium": "(none)", "source": "(direct)"},
        "stream_id": "4711",
        "platform": "WEB",
        "items": [],
    }


def event_row(visit: Visit, number: int, action: Action) -> dict[str, Any]:
    """The row of an action."""
    first = number == 0
    tags = f"?utm_campaign={visit.campaign}" if first and visit.campaign else ""
    shared = [param("page_location", f"https://{HOST}{action.page}{tags}")]
    if first and visit.referrer:
        shared.append(param("page_referrer", f"https://{visit.referrer}/post"))
    at = action.at.timestamp()
    if action.kind == "view":
        return row_of(visit, "page_view", at, *shared)
    if action.kind == "event":
        return row_of(visit, action.what, at, *shared, param("plan", "pro"))
    bought = row_of(visit, "purchase", at, *shared, param("currency", "EUR"))
    return {**bought, "ecommerce": {"purchase_revenue": action.amount, "transaction_id": "T"}}


def rows_of(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """The visits as rows of the export, with the events that Google adds."""
    rows: list[dict[str, Any]] = []
    for visit in visits:
        start = visit.actions[0].at.timestamp()
        rows.append(row_of(visit, "session_start", start))
        rows += [event_row(visit, number, one) for number, one in enumerate(visit.actions)]
    return rows


def write(file: Path, rows: Sequence[dict[str, Any]], lines: bool) -> Path:
    """JSON lines, as BigQuery extracts a table, or an array, as its console saves results."""
    file.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    return file


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_rows_without_visitor_or_page_are_skipped(fresh: TestSite, tmp_path: Path) -> None:
    visit = random_visits(21)[0]
    at = visit.actions[0].at.timestamp()
    no_number = {"key": "a", "value": {"int_value": "x"}}
    rows = [
        {**row_of(visit, "sign_up", at), "user_pseudo_id": None},
        row_of(visit, "page_view", at),
        row_of(visit, "first_visit", at),
        {**row_of(visit, "sign_up", at), "event_timestamp": "soon"},
        {**row_of(visit, "sign_up", at), "event_params": [no_number]},
    ]
    summary = await import_files(fresh, "ga4", write(tmp_path / "a.json", rows, True))
    assert summary.stored == 0
    assert summary.skipped == {"no_visitor": 1, "NO_PAGE": 1, "automatic": 1, "malformed": 2}


@pytest.mark.parametrize("lines", [False, True])
async def test_rows_give_numbers_of_oracle_and_second_import_none(
    lines: bool, fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(22)
    file = write(tmp_path / "events_20260402.json", rows_of(visits), lines)
    summary = await import_files(fresh, "ga4", file)
    assert (summary.skipped, summary.problems) == ({"automatic": len(visits)}, [])
    assert await counted(fresh) == expected(visits)
    again = await import_files(fresh, "ga4", write(tmp_path / "x", rows_of(visits), not lines))
    assert (again.stored, again.duplicates) == (0, summary.stored)
    assert await counted(fresh) == expected(visits)


async def test_engagement_extends_visit_and_scroll_keeps_none_from_bouncing(
    fresh: TestSite, tmp_path: Path
) -> None:
    (visit, *_) = [one for one in random_visits(23) if len(one.actions) == 1]
    at = visit.actions[0].at.timestamp()
    page = param("page_location", f"https://{HOST}/a")
    rows = [
        row_of(visit, "page_view", at, page),
        row_of(visit, "scroll", at + 20, page, param("percent_scrolled", 90)),
        row_of(visit, "user_engagement", at + 50, page, param("engagement_time_msec", 42_000)),
    ]
    summary = await import_files(fresh, "ga4", write(tmp_path / "a.json", rows, True))
    assert summary.stored == 3
    totals = (await fresh.ask("timeseries", interval="month", **APRIL))["totals"]
    assert (totals["visits"], totals["bounce_rate"]) == (1, 1)
    assert totals["visit_duration_seconds"] == 50
    (row,) = (await fresh.ask("pages", **APRIL))["rows"]
    assert row["engaged_seconds"] == 42


async def test_user_is_one_visitor_on_all_devices(fresh: TestSite, tmp_path: Path) -> None:
    visits = random_visits(24)[:4]
    rows = [
        {**row_of(one, "sign_up", one.actions[0].at.timestamp()), "user_id": "ann"}
        for one in visits
    ]
    await import_files(fresh, "ga4", write(tmp_path / "a.json", rows, True))
    totals = (await fresh.ask("timeseries", interval="month", **APRIL))["totals"]
    assert (totals["visitors"], totals["visits"]) == (1, 4)
