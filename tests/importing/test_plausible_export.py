"""What is kept of Plausible's export: numbers of days, in no other number, and once."""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from plausible_files import FILES, Rows, random_export, write

from api.db.database import Database
from api.sites.directory import Sites
from conftest import TestSite
from importing.products.aggregates import Kept, keep_export, read_export
from oracle.telling import fresh_site
from submitting import change

MAY = {"from": "2024-05-01", "to": "2024-05-31", "timezone": "UTC"}

DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "source": ("sources", "source"),
    "medium": ("sources", "utm_medium"),
    "campaign": ("sources", "utm_campaign"),
    "page": ("pages", "page"),
    "entry_page": ("entry_pages", "entry_page"),
    "exit_page": ("exit_pages", "exit_page"),
    "country": ("locations", "country"),
    "region": ("locations", "region"),
    "device": ("devices", "device"),
    "browser": ("browsers", "browser"),
    "os_version": ("operating_systems", "operating_system_version"),
    "event": ("custom_events", "name"),
}
"""Dimensions of the report, and the file and the column that each is."""


def summed(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What rows of a file add up to, under the names of the report."""
    found = list(rows)
    sums: dict[str, int] = defaultdict(int)
    for row in found:
        for column, value in row.items():
            if isinstance(value, int):
                sums[{"entrances": "visits", "exits": "visits"}.get(column, column)] += value
    visits = sums.get("visits")
    has_visits = visits and "bounces" in sums
    return {
        "visitors": sums.get("visitors"),
        "visits": visits,
        "pageviews": sums.get("pageviews"),
        "bounce_rate": pytest.approx(sums["bounces"] / visits) if has_visits else None,
        "visit_duration_seconds": (
            pytest.approx(sums["visit_duration"] / visits) if has_visits else None
        ),
        "events": sums.get("events"),
    }


def by_value(rows: Sequence[Mapping[str, Any]], column: str) -> dict[str, dict[str, Any]]:
    """The sums for each value of a column; devices are in lower case in the report."""
    shown = {str(row[column]): row for row in rows}
    return {
        value.lower() if column == "device" else value: summed(
            row for row in rows if row[column] == value
        )
        for value in shown
    }


async def keep(site: TestSite, *files: Path) -> Kept:
    """Imports files as one command does."""
    target, kept = await Sites(site.database).find(site.key), Kept()
    async for _ in keep_export(site.database, target, [*map(str, files)], kept):
        pass
    return kept


async def imports_of(site: TestSite) -> list[dict[str, Any]]:
    """The imports of the site."""
    answer = await site.client.get(f"/api/sites/{site.key}/imports", headers=site.admin)
    assert answer.status_code == 200
    return answer.json()


async def erase(site: TestSite, identity: object) -> int:
    """Erases an import; the status."""
    path = f"/api/sites/{site.key}/imports/{identity}"
    return (await site.client.delete(path, headers=site.admin)).status_code


async def assert_report_is(site: TestSite, exported: Rows) -> None:
    """Compares all answers with what the rows add up to."""
    answer = await site.ask("imported", **MAY)
    days = by_value([{**row, "date": str(row["date"])} for row in exported["visitors"]], "date")
    assert answer["engine"] == "imported_day"
    assert [row["day"] for row in answer["rows"]] == sorted(days)
    for row in answer["rows"]:
        assert {name: row[name] for name in row if name != "day"} == days[row["day"]]
    assert answer["totals"] == summed(exported["visitors"])
    for dimension, (kind, column) in DIMENSIONS.items():
        found = await site.ask("imported", dimension=dimension, **MAY)
        told = {row.pop(dimension): row for row in found["rows"]}
        assert told == by_value(exported[kind], column), dimension
        assert found["totals"] == answer["totals"]


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def test_file_with_wrong_columns_is_refused_with_all_of_its_archive(
    fresh: TestSite, tmp_path: Path
) -> None:
    exported = random_export(1)
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(write(file, exported), "a") as archive:
        archive.writestr("imported_pages_20240601_20240602.csv", "date,page\n2024-06-01,/\n")
    good = write(tmp_path / "good.zip", exported)
    kept = await keep(fresh, file, good)
    (problem,) = kept.problems
    assert problem.startswith(f"{file} cannot be read: imported_pages_20240601_20240602.csv")
    assert "has no column hostname, pageviews, visitors, visits" in problem
    assert problem.endswith("nothing of it is kept")
    assert [row["name"] for row in await imports_of(fresh)] == ["good.zip"]
    await assert_report_is(fresh, exported)


async def test_damaged_archive_leaves_earlier_import_as_it_was(
    fresh: TestSite, tmp_path: Path
) -> None:
    exported = random_export(2)
    await keep(fresh, write(tmp_path / "first.zip", exported))
    damaged = write(tmp_path / "second.zip", random_export(3))
    data = damaged.read_bytes()
    damaged.write_bytes(data.replace(b"Windows", b"Windowz"))
    kept = await keep(fresh, damaged)
    assert len(kept.problems) == 1
    assert kept.rows == {}
    await assert_report_is(fresh, exported)


async def test_rows_that_cannot_be_read_are_skipped_and_other_files_named(
    fresh: TestSite, tmp_path: Path
) -> None:
    heading = ",".join(FILES["visitors"])
    bad = ["x,1,1,1,1,1", "2024-05-03,-1,1,1,1,1", "2024-05-03,1e3,1,1,1,1", "2024-05-03"]
    bad += [f"2024-05-03,{'9' * 30},1,1,1,1", "2024-05-03,٣,1,1,1,1"]
    file = tmp_path / "imported_visitors.csv"
    file.write_text("\n".join([heading, *bad, "2024-05-03,5,6,1,5,50"]))
    other = tmp_path / "imported_moods.csv"
    other.write_text("date,mood\n2024-05-03,good\n")
    kept = await keep(fresh, file, other)
    assert (kept.rows, kept.skipped) == ({"visitors": 1}, {"malformed": 6})
    assert (kept.unknown, kept.problems) == (["imported_moods.csv"], [])
    assert (kept.first_day, kept.last_day) == (date(2024, 5, 3), date(2024, 5, 3))
    assert [row["name"] for row in await imports_of(fresh)] == ["imported_visitors.csv"]


def test_dry_run_counts_the_same_rows(tmp_path: Path) -> None:
    file, kept = write(tmp_path / "export.zip", random_export(4)), Kept()
    assert [*read_export([str(file)], kept)][-1] == kept.rows.total()
    assert kept.rows == {kind: 5 if kind == "visitors" else 20 for kind in FILES}
    assert (kept.first_day, kept.last_day) == (date(2024, 5, 3), date(2024, 5, 7))


async def test_report_adds_up_rows_and_second_import_changes_nothing(
    fresh: TestSite, tmp_path: Path
) -> None:
    exported = random_export(5)
    file = write(tmp_path / "export.zip", exported)
    for _ in range(2):
        kept = await keep(fresh, file)
        assert (kept.problems, kept.skipped, kept.unknown) == ([], {}, [])
        await assert_report_is(fresh, exported)
        assert len(await imports_of(fresh)) == 1


async def test_later_export_replaces_days_that_both_have(fresh: TestSite, tmp_path: Path) -> None:
    first, second = random_export(6, days=5), random_export(7, days=3)
    await keep(fresh, write(tmp_path / "first.zip", first))
    await keep(fresh, write(tmp_path / "second.zip", second))
    fourth = date(2024, 5, 6)
    both = {
        kind: second[kind] + [row for row in first[kind] if row["date"] >= fourth] for kind in FILES
    }
    await assert_report_is(fresh, both)
    newest, older = await imports_of(fresh)
    assert (newest["name"], newest["first_day"]) == ("second.zip", "2024-05-03")
    assert (older["name"], older["first_day"]) == ("first.zip", str(fourth))

    assert await erase(fresh, uuid4()) == 404
    assert await erase(fresh, newest["id"]) == 204
    left = {kind: [row for row in first[kind] if row["date"] >= fourth] for kind in FILES}
    await assert_report_is(fresh, left)


async def test_import_of_other_site_is_neither_listed_nor_erased(
    fresh: TestSite, site: TestSite, tmp_path: Path
) -> None:
    await keep(fresh, write(tmp_path / "export.zip", random_export(8)))
    (only,) = await imports_of(fresh)
    assert await imports_of(site) == []
    assert await erase(site, only["id"]) == 404
    assert (await site.ask("imported", **MAY))["rows"] == []
    assert len(await imports_of(fresh)) == 1


async def test_imported_numbers_are_in_no_other_report(fresh: TestSite, tmp_path: Path) -> None:
    await keep(fresh, write(tmp_path / "export.zip", random_export(9)))
    totals = (await fresh.ask("timeseries", interval="day", **MAY))["totals"]
    assert (totals["visitors"], totals["visits"], totals["pageviews"]) == (0, 0, 0)
    assert (await fresh.ask("pages", **MAY))["rows"] == []


async def test_imported_numbers_stay_where_raw_data_has_expired(
    fresh: TestSite, tmp_path: Path
) -> None:
    exported = random_export(10)
    await keep(fresh, write(tmp_path / "export.zip", exported))
    since = "update site set raw_data_since = '2026-01-05' where key = %s"
    await change(fresh.database, since, fresh.key)
    await assert_report_is(fresh, exported)


async def test_days_that_range_touches_are_answered_whole(fresh: TestSite, tmp_path: Path) -> None:
    await keep(fresh, write(tmp_path / "export.zip", random_export(11)))
    span = {"from": "2024-05-04T23:59:00Z", "to": "2024-05-06T00:00:00Z", "timezone": "UTC"}
    rows = (await fresh.ask("imported", **span))["rows"]
    assert [row["day"] for row in rows] == ["2024-05-04", "2024-05-05"]
    rows = (await fresh.ask("imported", **{**span, "timezone": "Asia/Tokyo"}))["rows"]
    assert [row["day"] for row in rows] == ["2024-05-05", "2024-05-06"]


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"dimension": "channel"}, "dimension"),
        ({"limit": "0"}, "limit"),
        ({"filters": "[]"}, "filters"),
    ],
)
async def test_parameter_that_report_lacks_is_refused(
    params: dict[str, str], where: str, fresh: TestSite
) -> None:
    asked = {"site": fresh.key, **params}
    answer = await fresh.client.get("/api/analytics/imported", params=asked, headers=fresh.admin)
    assert answer.status_code == 422
    assert where in answer.text
