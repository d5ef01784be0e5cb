"""What is imported of GoatCounter's CSV export."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from product_visits import (
    APRIL,
    Visit,
    counted,
    csv_text,
    expected,
    import_files,
    random_visits,
    visits_by,
)

from api.db.database import Database
from conftest import TestSite
from oracle.telling import fresh_site

COLUMNS = (
    *("2Path", "Title", "Event", "UserAgent", "Browser", "System", "Session", "Bot", "Referrer"),
    *("Referrer scheme", "Screen size", "Location", "FirstVisit", "Date"),
)
OLD_COLUMNS = (
    *("1Path", "Title", "Event", "Bot", "Session", "FirstVisit", "Referrer", "Referrer scheme"),
    *("Browser", "Screen size", "Location", "Date"),
)

BROWSERS = {"Chrome": "Chrome", "Firefox": "Firefox", "Safari": "Safari", "Edge": "Edge"}
SYSTEMS = {"Windows": "Windows 10", "iOS": "iOS 17.4", "Android": "Android 14"}

TOLD = (
    *("visitors", "visits", "pageviews", "bounce_rate", "pages", "country", "browser"),
    *("browser_version", "os", "referrer", "events"),
)
"""The numbers that the export has; it tells no device, campaign and revenue."""


def rows_of(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """The visits as rows of the export."""
    return [
        {
            "2Path": action.page if action.kind == "view" else action.what,
            "Title": "A title, of a page",
            "Event": "false" if action.kind == "view" else "true",
            "Browser": f"{BROWSERS[visit.browser]} {visit.version}",
            "System": SYSTEMS[visit.os],
            "Session": f"session {visit.visitor}",
            "Bot": number % 2,
            "Referrer": f"www.{visit.referrer}/post" if visit.referrer and not number else "",
            "Referrer scheme": "h" if visit.referrer and not number else "",
            "Screen size": "1920,1080,2",
            "Location": f"{visit.country}-BY" if number else visit.country,
            "FirstVisit": str(not number).lower(),
            "Date": action.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for visit in visits
        for number, action in enumerate(visit.actions)
    ]


def told(numbers: dict[str, Any]) -> dict[str, Any]:
    """The numbers that the export has."""
    return {name: numbers[name] for name in TOLD}


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_export_of_unknown_version_is_refused(fresh: TestSite, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(csv_text(COLUMNS, rows_of(random_visits(1))).replace("2Path", "9Path"))
    summary = await import_files(fresh, "goatcounter", file)
    (problem,) = summary.problems
    assert problem.startswith(f"{file} begins with a column '9Path'")
    assert "1Path or 2Path" in problem
    assert summary.stored == 0


async def test_export_gives_numbers_of_oracle_and_second_import_none(
    fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(2)
    file = tmp_path / "goatcounter-export.csv.gz"
    file.write_bytes(gzip.compress(csv_text(COLUMNS, rows_of(visits)).encode()))
    summary = await import_files(fresh, "goatcounter", file)
    assert (summary.skipped, summary.problems, summary.bots) == ({}, [], 0)
    assert told(await counted(fresh)) == told(expected(visits))
    again = await import_files(fresh, "goatcounter", file)
    assert (again.stored, again.duplicates) == (0, summary.stored)
    assert told(await counted(fresh)) == told(expected(visits))


async def test_columns_of_first_version_are_read_by_their_names(
    fresh: TestSite, tmp_path: Path
) -> None:
    visits = random_visits(3)
    file = tmp_path / "export.csv"
    old = [{"1Path": row["2Path"], **row} for row in rows_of(visits)]
    kept = [{name: row[name] for name in OLD_COLUMNS} for row in old]
    file.write_text(csv_text(OLD_COLUMNS, kept))
    assert (await import_files(fresh, "goatcounter", file)).problems == []
    numbers, wanted = told(await counted(fresh)), told(expected(visits))
    assert numbers.pop("os") == {"": len(visits)}
    assert wanted.pop("os")
    assert numbers == wanted


async def test_bots_are_kept_apart_and_sources_named_by_their_scheme(
    fresh: TestSite, tmp_path: Path
) -> None:
    (row, *_) = rows_of(random_visits(4))
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    rows = [
        {**row, "Session": "a", "Bot": 5},
        {**row, "Session": "b", "Referrer": "Google", "Referrer scheme": "g"},
        {**row, "Session": "c", "Referrer": "newsletter", "Referrer scheme": "c"},
        {**row, "Session": "d", "Referrer": "", "Referrer scheme": "", "UserAgent": firefox},
        {**row, "Session": "", "Referrer": "", "Referrer scheme": ""},
        {**row, "Session": "", "Referrer": "", "Referrer scheme": ""},
    ]
    file = tmp_path / "export.csv"
    file.write_text(csv_text(COLUMNS, rows))
    summary = await import_files(fresh, "goatcounter", file)
    assert (summary.stored, summary.bots) == (6, 1)
    assert await visits_by(fresh, "traffic-sources", "source") == {
        **{"Google": 1, "newsletter": 1, "": 3},
    }
    channels = await visits_by(fresh, "traffic-sources", "channel")
    assert channels["Organic Search"] == 1
    totals = (await fresh.ask("timeseries", interval="month", **APRIL))["totals"]
    assert (totals["visitors"], totals["visits"]) == (5, 5)
    assert (await visits_by(fresh, "devices", "browser_version"))["145"] == 1


async def test_copy_of_export_in_one_command_adds_nothing(fresh: TestSite, tmp_path: Path) -> None:
    rows = rows_of(random_visits(5))
    for name in ("export.csv", "copy.csv"):
        (tmp_path / name).write_text(csv_text(COLUMNS, [*rows, rows[0]]))
    files = tmp_path / "export.csv", tmp_path / "copy.csv"
    summary = await import_files(fresh, "goatcounter", *files)
    assert (summary.stored, summary.duplicates) == (len(rows) + 1, len(rows) + 1)
