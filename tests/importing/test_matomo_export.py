"""What is imported of visits as Matomo's Live.getLastVisitsDetails returns them."""

import json
from pathlib import Path
from typing import Any

import pytest
from matomo_files import renamed, visit_of, write
from product_visits import APRIL, counted, expected, import_files, random_visits

from api.db.database import Database
from conftest import TestSite
from oracle.telling import fresh_site


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_message_of_error_is_no_export(fresh: TestSite, tmp_path: Path) -> None:
    file = tmp_path / "visits.json"
    file.write_text('{"result":"error","message":"You must be logged in"}')
    summary = await import_files(fresh, "matomo", file)
    assert summary.problems == [f"{file} has no entry that fits"]
    assert (summary.stored, summary.skipped) == (0, {"malformed": 1})


@pytest.mark.parametrize("lines", [False, True])
async def test_visits_give_numbers_of_oracle_and_second_import_none(
    lines: bool, fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(11)
    file = write(tmp_path / "visits.json", visits, lines)
    summary = await import_files(fresh, "matomo", file)
    assert (summary.skipped, summary.problems) == ({}, [])
    assert await counted(fresh) == renamed(expected(visits))
    again = await import_files(fresh, "matomo", write(tmp_path / "x.json", visits, not lines))
    assert (again.stored, again.duplicates) == (0, summary.stored)
    assert await counted(fresh) == renamed(expected(visits))


async def test_actions_of_other_types_are_events_or_skipped(
    fresh: TestSite, tmp_path: Path
) -> None:
    (visit, *_) = [one for one in random_visits(12) if len(one.actions) == 1]
    told = visit_of(visit)
    time = int(visit.actions[0].at.timestamp())
    url = "https://files.example/manual.pdf"
    told["actionDetails"] += [
        {"type": "outlink", "url": url, "timestamp": time + 1, "pageId": 1},
        {"type": "download", "url": url, "timestamp": time + 2, "pageId": 2},
        {"type": "search", "siteSearchKeyword": "hats", "timestamp": time + 3, "pageId": 3},
        {"type": "goal", "goalName": "Lead", "goalId": 7, "revenue": 5, "timestamp": time + 4},
        {"type": "content", "url": url, "timestamp": time + 5},
        {"type": "action", "url": None, "timestamp": time + 6},
        {"type": "event", "timestamp": "never"},
    ]
    file = tmp_path / "visits.json"
    file.write_text(json.dumps([told]))
    summary = await import_files(fresh, "matomo", file)
    assert summary.skipped == {"kind": 1, "malformed": 2}
    assert (await counted(fresh))["events"] == {
        **{"outbound": 1, "download": 1, "search": 1, "Goal: Lead": 1},
    }
    rows = (await fresh.ask("events", name="search", property="keyword", **APRIL))["rows"]
    assert [row["value"] for row in rows] == ["hats"]
    assert (await counted(fresh))["revenue"] == 5
    totals = (await fresh.ask("timeseries", interval="month", **APRIL))["totals"]
    assert (totals["visits"], totals["pageviews"]) == (1, 1)
