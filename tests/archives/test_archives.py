"""A site is exported, wiped and imported, and every report answers the same."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from api.administration.removal import remove_deleted_sites
from api.analytics.goals.store import MAX_GOALS
from api.analytics.segments.store import MAX_SEGMENTS
from api.db.database import Database
from api.db.engine import Profile
from api.errors import Conflict
from api.sites import directory
from api.sites.models import Site, utc_now
from archives import reading
from archives.load import Wanted, import_archive
from archives.manifest import MANIFEST, ArchivedSite, Manifest
from archives.parts import TABLES
from archives.reading import BadArchive, opened
from archiving import (
    MINUTE,
    MONTH,
    START,
    answers,
    bring_in,
    export,
    fill,
    installation,
    view,
    wipe,
)
from conftest import TestSite, refresh, save_goal, servers
from expiry import age, day, keep, settle
from oracle import reports
from oracle.telling import NOON as ORACLE_NOON
from oracle.telling import TEN_DAYS, ask, check, event, tell
from servers import fresh_database
from submitting import change

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that is deleted and imported again has other settings at once."""
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 0.0)


@pytest.fixture
async def full(site: TestSite) -> TestSite:
    await fill(site)
    return site


async def rows_stored(database: Database, key: str) -> list[Any]:
    """How many rows the tables have of a site."""
    counts = ", ".join(
        f"(select count(*) from {table.name} where site_id = site.id)" for table in TABLES
    )
    return await change(database, f"select {counts} from site where key = %s", key)


async def discard(database: Database) -> None:
    """Removes what an import that failed has stored."""
    await change(database, "update site set deleted_at = now() where key like 'import-%'")
    async with await database.connect() as connection:
        while await remove_deleted_sites(connection, database.engine, timedelta(0)):
            pass


def rewritten(file: Path, target: Path, name: str, text: bytes | None) -> Path:
    """A copy of an archive in which a file has other bytes, or is missing."""
    with ZipFile(file) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        if text is not None:
            new.writestr(name, text)
    return target


def manifest_with(file: Path, **changes: Any) -> bytes:
    """The manifest of an archive with other values."""
    with ZipFile(file) as archive:
        return json.dumps(json.loads(archive.read(MANIFEST)) | changes).encode()


def events_of(file: Path) -> list[bytes]:
    """The lines of events in an archive."""
    with ZipFile(file) as archive:
        return archive.read("event.ndjson").splitlines(keepends=True)


def at(lines: list[bytes], time: str, more: str = "") -> bytes:
    """Lines of which the first is a row of this time."""
    return f'{{"time":"{time}"{more}}}\n'.encode() + b"".join(lines[1:])


def nested(lines: list[bytes]) -> bytes:
    """Lines of which the first has a value that is nested more deeply than PostgreSQL reads."""
    deep = b"[" * 20_000 + b"]" * 20_000
    return lines[0].replace(b"{", b'{"more":' + deep + b",", 1) + b"".join(lines[1:])


async def test_damaged_archives_are_refused_and_leave_no_site(
    full: TestSite, tmp_path: Path
) -> None:
    file = await export(full, tmp_path / "whole.zip")
    lines = events_of(file)
    site = json.loads(manifest_with(file))["site"]
    parts = json.loads(manifest_with(file))["parts"]
    twice = [parts[0] | {"columns": [*parts[0]["columns"], parts[0]["columns"][0]]}, *parts[1:]]
    unknown = [parts[0] | {"columns": [*parts[0]["columns"], "shoe_size"]}, *parts[1:]]
    bad = {
        "no zip": None,
        "cut off": None,
        "no manifest": (MANIFEST, None),
        "no JSON": (MANIFEST, b"{"),
        "nested deeply": (MANIFEST, b"[" * 100_000),
        "no text": (MANIFEST, b'{"form": "\xff"}'),
        "another form": (MANIFEST, manifest_with(file, form=2)),
        "another field": (MANIFEST, manifest_with(file, planet="Mars")),
        "no filters": (MANIFEST, manifest_with(file, segments=[{"name": "s", "filters": "x"}])),
        "many goals": (
            MANIFEST,
            manifest_with(file, goals=[{"name": f"g{n}", "page": "/"} for n in range(201)]),
        ),
        "no zone": (MANIFEST, manifest_with(file, site=site | {"timezone": "Mars/Olympus"})),
        "another column": (MANIFEST, manifest_with(file, parts=unknown)),
        "another part": (MANIFEST, manifest_with(file, parts=[parts[0] | {"name": "salt"}])),
        "same part": (MANIFEST, manifest_with(file, parts=[*parts, parts[0]])),
        "same column": (MANIFEST, manifest_with(file, parts=twice)),
        "rows missing": ("event.ndjson", b"".join(lines[:-1])),
        "rows too many": ("event.ndjson", b"".join([*lines, lines[0].replace(b"-", b"-")])),
        "cut row": ("event.ndjson", b"".join(lines)[:-2]),
        "no time": ("event.ndjson", b"{}\n" + b"".join(lines[1:])),
        "first time": ("event.ndjson", at(lines, "0001-01-01T00:00:00+14:00")),
        "last time": ("event.ndjson", at(lines, "9999-12-31T23:59:59-14:00")),
        "old time": ("event.ndjson", at(lines, "1994-12-31T00:00:00Z")),
        "time ahead": ("event.ndjson", at(lines, f"{utc_now() + timedelta(days=2):%FT%TZ}")),
        "row nested deeply": ("event.ndjson", at(lines, "2026-01-01T00:00:00Z", "[" * 100_000)),
        "value nested deeply": ("event.ndjson", nested(lines)),
        "NUL": ("event.ndjson", b"".join(lines).replace(b'"name":"', b'"name":"\\u0000')),
        "no row": ("event.ndjson", b"[]\n" + b"".join(lines[1:])),
        "no number": ("event.ndjson", b"".join(lines).replace(b'"visit_id":"', b'"visit_id":"x')),
        "no file": ("event.ndjson", None),
    }
    for name, changed in bad.items():
        target = tmp_path / f"{name}.zip"
        if changed:
            rewritten(file, target, *changed)
        elif name == "no zip":
            target.write_bytes(b"no zip")
        else:
            target.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(BadArchive):
            await bring_in(full.database, target, f"{full.key}-bad")
        found = await change(full.database, "select 1 from site where key = %s", f"{full.key}-bad")
        assert found == [], name
        await discard(full.database)


@pytest.mark.parametrize(
    "values",
    [
        *({"goals": [1] * 20_000}, {"rollups": {f"r{number}": 1 for number in range(20_000)}}),
        *({"goals": [[[]] * 10_000]}, {f"field{number}": 1 for number in range(20_000)}),
    ],
    ids=["values", "names", "lists", "fields"],
)
def test_manifest_with_many_values_is_refused_before_they_are_checked(
    values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Manifest, "model_validate", None)
    target = tmp_path / "full.zip"
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(values))
    with pytest.raises(BadArchive, match="more than 10,000 values"), opened(target):
        pass


def test_manifest_of_site_with_all_it_may_have_has_fewer_values() -> None:
    goal = {"name": "g", "event": "e", "page": "/", "props": dict.fromkeys(map(str, range(10)), 1)}
    segment = {"name": "s", "filters": "[]"}
    parts = [{"name": "p", "columns": ["c"] * 40, "rows": 1}] * 60
    site = {"hostnames": ["h"] * 100, **dict.fromkeys(ArchivedSite.model_fields, 1)}
    whole = {"site": site, "goals": [goal] * MAX_GOALS, "segments": [segment] * MAX_SEGMENTS}
    assert not reading.has_too_many_values({**whole, "parts": parts})


async def test_names_of_other_sites_are_refused(full: TestSite, tmp_path: Path) -> None:
    file = await export(full, tmp_path / "site.zip")
    with pytest.raises(Conflict):
        await bring_in(full.database, file, full.key)
    assert await change(full.database, "select 1 from archive_import i join site s"
                        " on s.id = i.site_id where s.key like 'import-%%'", ) == []  # fmt: skip


async def test_file_that_exists_is_not_overwritten(full: TestSite, tmp_path: Path) -> None:
    (tmp_path / "site.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        await export(full, tmp_path / "site.zip")
    assert (tmp_path / "site.zip").read_text() == "mine"


async def test_all_reports_are_the_same_after_export_wipe_and_import(
    full: TestSite, tmp_path: Path
) -> None:
    before, stored = await answers(full), await rows_stored(full.database, full.key)
    file = await export(full, tmp_path / "site.zip")
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["site.zip"]
    await wipe(full)
    done = await bring_in(full.database, file, full.key)
    assert done.keeps_ids
    assert (done.stored, done.before) == (done.total, 0)
    assert await rows_stored(full.database, full.key) == stored
    assert await answers(full) == before
    await refresh(full.database)
    assert await answers(full) == before


@pytest.mark.any_engine
async def test_segment_about_a_goal_that_was_deleted_is_kept_by_import(
    site: TestSite, tmp_path: Path
) -> None:
    goal = await save_goal(site, name="Gone", page="/gone")
    segment = {"site": site.key, "name": "Of it", "filters": '[["is", "goal", ["Gone"]]]'}
    answer = await site.client.post(
        "/api/segments", json=segment | {"shared": True}, headers=site.admin
    )
    assert answer.status_code == 201, answer.text
    gone = await site.client.delete(f"/api/goals/{goal['id']}", headers=site.admin)
    assert gone.status_code == 204
    file = await export(site, tmp_path / "site.zip")
    await bring_in(site.database, file, f"{site.key}-2")
    found = await site.client.get(
        "/api/segments", params={"site": f"{site.key}-2"}, headers=site.admin
    )
    kept = [(one["name"], one["filters"], one["shared"]) for one in found.json()]
    assert kept == [("Of it", segment["filters"], True)]


async def test_imported_numbers_are_those_of_oracle(site: TestSite, tmp_path: Path) -> None:
    told = await tell(
        site,
        [
            [event(ORACLE_NOON, "/a"), event(ORACLE_NOON + 50 * MINUTE, "/b", visitor="ben")],
            [event(ORACLE_NOON + 10 * MINUTE, "/c"), event(ORACLE_NOON - MINUTE, "/late")],
        ],
        refreshing=True,
    )
    file = await export(site, tmp_path / "site.zip")
    await wipe(site)
    await bring_in(site.database, file, site.key)
    for _ in range(2):
        answer = await ask(site, "timeseries", TEN_DAYS, interval="hour", timezone="UTC")
        check(answer["rows"], reports.timeseries(told, TEN_DAYS, "hour", "UTC"))
        check(answer["totals"], reports.totals(told, TEN_DAYS))
        await refresh(site.database)


def without(found: Any, *names: str) -> Any:
    """Answers without the values of these names, in an order that does not depend on them."""
    match found:
        case dict():
            return {k: without(v, *names) for k, v in found.items() if k not in names}
        case list():
            return sorted((without(one, *names) for one in found), key=json.dumps)
        case _:
            return found


async def test_site_beside_the_exported_one_has_its_own_visitors(
    full: TestSite, tmp_path: Path
) -> None:
    before = await answers(full)
    file = await export(full, tmp_path / "site.zip")
    done = await bring_in(full.database, file, f"{full.key}-2")
    assert not done.keeps_ids
    other = replace(full, key=f"{full.key}-2")
    assert without(await answers(other), "visitor_id") == without(before, "visitor_id")
    assert await answers(full) == before
    known = {row["visitor_id"] for row in before["visits"]}
    assert known.isdisjoint(row["visitor_id"] for row in (await answers(other))["visits"])


async def test_known_visitors_are_recognised_after_import(full: TestSite, tmp_path: Path) -> None:
    file = await export(full, tmp_path / "site.zip")
    await bring_in(full.database, file, f"{full.key}-2")
    other = replace(full, key=f"{full.key}-2")
    visitors = (await other.ask("timeseries", **MONTH))["totals"]["visitors"]
    again = [view(START + 9 * 24 * 60 * MINUTE, "v0"), view(START + 51 * MINUTE, "two", "/c")]
    for site in (other, full):
        await site.send(*again)
        totals = (await site.ask("timeseries", **MONTH))["totals"]
        assert totals["visitors"] == visitors
    ids = ("visitor_id", "visit_id", "id", "hostname")
    assert without(await answers(other), *ids) == without(await answers(full), *ids)


async def test_archive_is_stored_once(full: TestSite, tmp_path: Path) -> None:
    file = await export(full, tmp_path / "site.zip")
    await wipe(full)
    await bring_in(full.database, file, full.key)
    await full.send(view(START + 60 * MINUTE, "v1", "/since"))
    before = await answers(full)
    done = await bring_in(full.database, file, full.key)
    assert (done.stored, done.before, done.site) == (done.total, done.total, full.key)
    assert await answers(full) == before


async def test_interrupted_import_is_hidden_and_goes_on(
    full: TestSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BATCH_ROWS", 7)
    before = await answers(full)
    file = await export(full, tmp_path / "site.zip")
    await wipe(full)
    seen = attempts = 0
    while True:
        attempts += 1
        with opened(file) as archive:
            importing = import_archive(
                full.database, archive, Wanted(full.key, f"{full.key}.example")
            )
            steps = 0
            async for done in importing:
                steps += done.stored > seen
                if steps == 5 and not done.site:
                    break
            seen = done.stored
            await importing.aclose()
        if done.site:
            break
        answer = await full.client.get(
            "/api/analytics/pages", params={"site": full.key}, headers=full.admin
        )
        assert answer.status_code == 404
    assert attempts > 3
    assert 0 < done.before <= done.total == done.stored
    assert await answers(full) == before


async def test_two_imports_at_once_are_refused(full: TestSite, tmp_path: Path) -> None:
    file = await export(full, tmp_path / "site.zip")
    with opened(file) as archive:
        wanted = Wanted(f"{full.key}-2", f"{full.key}-2.example")
        first = import_archive(full.database, archive, wanted)
        await anext(first)
        with pytest.raises(Conflict):
            await bring_in(full.database, file, f"{full.key}-2")
        async for _ in first:
            pass


SUMMED_UP = [
    ("timeseries", {"interval": "day"}),
    ("timeseries", {"interval": "month"}),
    ("pages", {}),
    ("traffic-sources", {"dimension": "source"}),
    ("devices", {"dimension": "browser"}),
    ("locations", {"dimension": "country"}),
    ("retention", {"interval": "month", "periods": 12}),
    ("lifecycle", {"interval": "week"}),
    ("stickiness", {}),
]

LONG_AGO = (300, 200, 120, 65, 55, 54, 30, 9, 1)


async def summed_up(site: TestSite) -> list[Any]:
    """What rollups say of a year, and how the rest is refused."""
    span = {"from": day(310), "to": day(0), "timezone": "UTC"}
    found = [await site.ask(report, **span, **more) for report, more in SUMMED_UP]
    told: list[Any] = [(answer["rows"], answer["totals"]) for answer in found]
    for report in ("sessions", "events"):
        answer = await site.client.get(
            f"/api/analytics/{report}", params={"site": site.key, **span}, headers=site.admin
        )
        told.append((answer.status_code, answer.json().get("error")))
    recent = {"from": day(10), "to": day(0)}
    return [*told, await answers(site, **recent)]


async def send_year(site: TestSite) -> None:
    """Visits of a year, of which raw data is kept for some weeks."""
    await site.send(
        *(
            view(START.replace(hour=3) - (back - 12) * 24 * 60 * MINUTE, who, f"/{back % 3}",
                 utm_source="letter" if who == "ann" else "")
            for back in LONG_AGO
            for who in ("ann", "ben")
        )
    )  # fmt: skip
    await settle(site.database)
    await keep(site, 50)
    await age(site.database)


async def test_history_without_raw_data_is_the_same_after_import(
    site: TestSite, tmp_path: Path
) -> None:
    await send_year(site)
    before = await summed_up(site)
    assert before[0][1]["pageviews"] == 2 * len(LONG_AGO)
    assert (422, "EXPIRED") in before
    file = await export(site, tmp_path / "site.zip")
    await wipe(site)
    done = await bring_in(site.database, file, site.key)
    assert not done.missing
    assert await summed_up(site) == before
    await settle(site.database)
    await age(site.database)
    assert await summed_up(site) == before


async def test_history_comes_along_to_an_empty_installation(
    site: TestSite, tmp_path: Path, profile: Profile
) -> None:
    await send_year(site)
    before = await summed_up(site)
    file = await export(site, tmp_path / "site.zip")
    address = servers.address(profile)
    assert address is not None
    with fresh_database(address) as url:
        async with installation(url, profile is Profile.PLAIN) as elsewhere:
            await bring_in(elsewhere.database, file, site.key)
            imported = replace(elsewhere, key=site.key)
            assert await summed_up(imported) == before
            await settle(elsewhere.database)
            assert await summed_up(imported) == before


@pytest.mark.parametrize("others", [["traffic"], None])
async def test_history_of_other_declarations_is_never_answered_in_part(
    site: TestSite, tmp_path: Path, profile: Profile, others: list[str] | None
) -> None:
    await send_year(site)
    span = {"from": day(310), "to": day(0), "timezone": "UTC", "interval": "day"}
    before = await site.ask("timeseries", **span)
    assert "rollup:traffic" in before["engine"]
    file = await export(site, tmp_path / "site.zip")
    rollups = json.loads(manifest_with(file))["rollups"]
    for name in others or rollups:
        rollups[name]["fingerprint"] = "another"
    target = rewritten(file, tmp_path / "old.zip", MANIFEST, manifest_with(file, rollups=rollups))
    address = servers.address(profile)
    assert address is not None
    with fresh_database(address) as url:
        async with installation(url, profile is Profile.PLAIN) as elsewhere:
            done = await bring_in(elsewhere.database, target, site.key)
            assert done.missing == (others or [*rollups])
            answer = await elsewhere.client.get(
                "/api/analytics/timeseries",
                params={"site": site.key, **span},
                headers=elsewhere.admin,
            )
            told = answer.json()
            if others is None:
                assert (answer.status_code, told["error"]) == (422, "EXPIRED")
            else:
                assert "rollup:traffic" not in told["engine"]
                assert told["rows"] == before["rows"]


def test_archive_has_every_column_of_a_site() -> None:
    own = {"id", "deleted_at"}
    assert ArchivedSite.model_fields.keys() - {"number", "visitors_numbered"} == (
        Site.model_fields.keys() - own
    )


LEFT_OUT = {
    "rejected_event": "kept for two weeks, to be mended where they came from",
    "submitted_job": "of an account",
    "membership": "of an account",
    "invitation": "of an account",
    "api_key": "of an account",
    "share_link": "of an account",
    "goal": "in the manifest",
    "segment": "in the manifest",
    "imported_archive": "of another product, and can be imported again",
    "imported_day": "of another product, and can be imported again",
    "board": "of an account",
    "notification": "of an account",
    "alert_rule": "of the installation",
    "email_report": "of the installation",
    "annotation": "of the installation",
    "audit_log": "of the installation",
    "sql_role_site": "of the database server",
    "raw_change": "of copies of this installation's site",
    "archive_import": "of the installation",
    "late_event": "worked out again",
    "late_visit": "worked out again",
    "rollup_dirty": "worked out again",
}
"""The tables with rows of sites that are not exported as they are, and why."""


async def test_every_table_of_sites_is_exported_or_left_out_for_a_reason(
    database: Database,
) -> None:
    named = await change(
        database,
        "select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and not c.relispartition and a.attname = 'site_id' and c.relname not like '%\\_stored'",
    )
    exported = {table.name for table in TABLES}
    assert {name for (name,) in named} == exported | LEFT_OUT.keys()
