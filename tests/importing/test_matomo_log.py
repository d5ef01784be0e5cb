"""What is imported of the rows of Matomo's log tables."""

import json
from pathlib import Path
from typing import Any

import pytest
from matomo_files import log_rows, renamed, write, write_log
from product_visits import APRIL, counted, expected, import_files, random_visits

from api.db.database import Database
from conftest import TestSite
from oracle.telling import fresh_site


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_rows_of_other_kinds_are_skipped_with_the_reason(
    fresh: TestSite, tmp_path: Path
) -> None:
    (visit, *_) = [one for one in random_visits(12) if len(one.actions) == 1]
    (row,) = log_rows(visit)
    bare = row | {"url": None, "url_prefix": None, "url_type": None, "name": None}
    rows = [
        row,
        row | {"content": "Banner"},
        row | {"idgoal": -1, "revenue": 5},
        bare,
        row | {"timestamp": "never"},
        {"idsite": 1},
        row | {"idsite": 2},
    ]
    file = tmp_path / "log.json"
    file.write_text("\n".join(map(json.dumps, rows)))
    summary = await import_files(fresh, "matomo-log", file)
    assert summary.skipped == {"kind": 3, "malformed": 2, "other_site": 1}
    assert summary.stored == 1


async def test_rows_give_numbers_of_oracle_and_what_the_api_tells_none(
    fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(11)
    summary = await import_files(fresh, "matomo-log", write_log(tmp_path / "log.json", visits))
    assert (summary.skipped, summary.problems) == ({}, [])
    assert await counted(fresh) == renamed(expected(visits))
    by_api = write(tmp_path / "visits.json", visits, lines=True)
    again = await import_files(fresh, "matomo", by_api)
    assert (again.stored, again.duplicates) == (0, summary.stored)
    assert await counted(fresh) == renamed(expected(visits))


async def test_searches_clicks_and_goals_have_the_names_of_the_api(
    fresh: TestSite, tmp_path: Path
) -> None:
    (visit, *_) = [one for one in random_visits(12) if len(one.actions) == 1]
    (row,) = log_rows(visit)
    file = row | {"url": "https://files.example/manual.pdf", "url_prefix": None}
    goal = {"idgoal": 7, "goal": "Lead", "revenue": 5, "currency": "EUR", "idlink_va": None}
    rows = [
        row,
        file | {"idlink_va": 1, "url_type": 2},
        file | {"idlink_va": 2, "url_type": 3},
        row | {"idlink_va": 3, "name": "hats", "name_type": 8},
        row | goal,
    ]
    log = tmp_path / "log.json"
    log.write_text(json.dumps(rows))
    assert (await import_files(fresh, "matomo-log", log)).stored == 5
    numbers = await counted(fresh)
    assert numbers["events"] == {"outbound": 1, "download": 1, "search": 1, "Goal: Lead": 1}
    assert (numbers["visits"], numbers["pageviews"], numbers["revenue"]) == (1, 1, 5)
    found = (await fresh.ask("events", name="search", property="keyword", **APRIL))["rows"]
    assert [one["value"] for one in found] == ["hats"]
