"""What is imported of Umami's table website_event, and of event_data beside it."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from product_visits import APRIL, counted, csv_text, expected, import_files, random_visits
from umami_files import COLUMNS, rows_of, write

from api.db.database import Database
from conftest import TestSite
from oracle.telling import fresh_site


def told(numbers: dict[str, Any]) -> dict[str, Any]:
    """The numbers that the export has: it tells no versions of browsers."""
    return {name: numbers[name] for name in numbers if name != "browser_version"}


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_rows_without_visitor_or_of_other_kind_or_site_are_skipped(
    fresh: TestSite, tmp_path: Path
) -> None:
    (row, *_) = rows_of(random_visits(1))
    rows = [
        row,
        {**row, "event_id": "", "session_id": ""},
        {**row, "event_id": "", "event_type": 5},
        {**row, "event_id": "", "website_id": "w2"},
        {**row, "event_id": "", "created_at": "soon"},
        {**row, "event_id": "", "created_at": "1990-01-01 00:00:00"},
        {**row, "event_id": "", "url_path": "/\0"},
    ]
    file = tmp_path / "website_event.csv"
    file.write_text(csv_text(COLUMNS, rows))
    summary = await import_files(fresh, "umami", file)
    assert (summary.lines, summary.stored, summary.problems) == (7, 1, [])
    assert summary.skipped == {
        **{"no_visitor": 1, "kind": 1, "other_site": 1, "malformed": 1},
        **{"TOO_LATE": 1, "NUL_CHARACTER": 1},
    }
    other = await import_files(fresh, "umami", file, origin="w2")
    assert other.skipped["other_site"] == 3
    assert other.stored == 1


async def test_dry_run_counts_and_stores_nothing(fresh: TestSite, tmp_path: Path) -> None:
    visits = random_visits(2)
    files = write(tmp_path, visits)
    dry = await import_files(fresh, "umami", *files, dry_run=True)
    assert dry.stored == sum(len(visit.actions) for visit in visits)
    totals = (await fresh.ask("timeseries", interval="month", **APRIL))["totals"]
    assert (totals["visits"], totals["pageviews"]) == (0, 0)
    assert (await import_files(fresh, "umami", *files)).stored == dry.stored


async def test_export_gives_numbers_of_oracle_and_second_import_none(
    fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(3)
    files = write(tmp_path, visits)
    summary = await import_files(fresh, "umami", *files)
    assert (summary.skipped, summary.problems) == ({}, [])
    assert told(await counted(fresh)) == told(expected(visits))
    again = await import_files(fresh, "umami", *files)
    assert (again.stored, again.duplicates) == (0, summary.stored)
    assert told(await counted(fresh)) == told(expected(visits))


async def test_zip_with_both_files_has_properties_of_events(
    fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(4)
    bundle = tmp_path / "export.zip"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in write(tmp_path, visits):
            archive.write(file, f"umami/{file.name}")
        archive.writestr("__MACOSX/._website_event.csv", b"\0\1")
    summary = await import_files(fresh, "umami", bundle)
    assert summary.problems == []
    assert told(await counted(fresh)) == told(expected(visits))
    purchases = expected(visits)["events"]["purchase"]
    rows = (await fresh.ask("events", name="purchase", property="gift", **APRIL))["rows"]
    assert [(row["value"], row["custom_events"]) for row in rows] == [("true", purchases)]


async def test_rows_without_ids_are_told_apart_by_all_of_their_values(
    fresh: TestSite, tmp_path: Path
) -> None:
    (row, *_) = rows_of(random_visits(5))
    rows = [{**row, "event_id": ""}] * 3
    file = tmp_path / "website_event.csv"
    file.write_text(csv_text(COLUMNS, rows))
    assert (await import_files(fresh, "umami", file)).stored == 3
    assert (await import_files(fresh, "umami", file)).duplicates == 3
