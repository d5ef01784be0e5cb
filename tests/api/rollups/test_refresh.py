"""Rollups are synced from their declarations: once, and again only when something changed. Then
base tables answer until the stored rows are there again."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from api.analytics import execute
from api.db.database import Database
from api.rollups import available
from api.rollups.definitions import FACTS, ROLLUPS
from api.rollups.model import Rollup
from api.rollups.refresh import refresh_rollups
from api.rollups.row_expiry import expire_rows
from api.rollups.sync import HistoryWouldBeLost, sync_rollups
from api.rollups.watermark import advance_watermark
from api.sites.models import utc_now
from conftest import TestSite, refresh

DAY = {"from": "2026-03-10", "to": "2026-03-10", "timezone": "UTC"}
SEEN = {"page": "/", "visitor_id": 1, "time": "2026-03-10T10:00:00Z"}


def changed(**how: Any) -> tuple[Rollup, ...]:
    """The declarations, with those of pages changed."""
    made: dict[str, Rollup] = {}
    for rollup in ROLLUPS:
        narrower = made[rollup.built_from.name] if rollup.built_from else None
        changes = {**how, "built_from": narrower} if rollup.name in PAGES else {}
        made[rollup.name] = replace(rollup, **changes)
    return tuple(made.values())


PAGES = ("hourly_pages", "pages", "weekly_pages")


MORE = changed(measures=("pageviews", "engaged_seconds", "custom_events"))
MORE_PAGES = next(rollup for rollup in MORE if rollup.name == "pages")


async def sync(database: Database, rollups: Sequence[Rollup] = ROLLUPS) -> None:
    """What a start does."""
    async with await database.connect() as connection:
        await sync_rollups(connection, database.engine, FACTS, rollups)


async def forget_what_expired(database: Database) -> None:
    """As if no site of any test had ever lost raw data."""
    async with await database.connect() as connection:
        await connection.execute("update rollup_state set complete_since = '-infinity'")
        await connection.execute("update site set raw_data_since = null")


@pytest.fixture
async def declared_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A database in which declarations change; in the end they are what they were."""
    monkeypatch.setattr(available, "REMEMBER_SECONDS", 0.0)
    await forget_what_expired(database)
    yield database
    await forget_what_expired(database)
    await sync(database)
    await refresh(database)


async def test_second_start_keeps_stored_rows(site: TestSite, declared_anew: Database) -> None:
    await site.send(SEEN)
    await site.refresh()
    before = await site.ask("pages", **DAY)
    assert "rollup:pages" in before["engine"]
    await sync(declared_anew)
    assert await site.ask("pages", **DAY) == before


async def test_changed_rollup_is_refilled_while_base_tables_answer(
    site: TestSite, declared_anew: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = declared_anew
    await site.send(SEEN)
    await site.refresh()
    before = await site.ask("pages", **DAY)
    assert "rollup:pages" in before["engine"]
    # A process of the old release neither reads what the new one stores nor refreshes it.
    await sync(database, MORE)
    old = await site.ask("pages", **DAY)
    assert (old["rows"], old["totals"]) == (before["rows"], before["totals"])
    assert "rollup:pages" not in old["engine"]
    await refresh(database)
    assert await stored(database, "pages", "custom_events") == []
    monkeypatch.setattr(execute, "ROLLUPS", MORE)
    assert (await site.ask("pages", **DAY))["rows"] == before["rows"]
    async with await database.connect() as connection:
        await refresh_rollups(connection, database.engine, MORE, utc_now())
    after = await site.ask("pages", **DAY)
    assert after == before
    assert {0} == set(await stored(database, "pages", "custom_events"))


async def stored(database: Database, rollup: str, measure: str) -> list[Any]:
    """The stored values of a measure."""
    async with await database.connect() as connection:
        cursor = await connection.execute(f"select {measure} from {rollup}_stored".encode())
        return [value for (value,) in await cursor.fetchall()]


async def test_changed_rollup_stops_start_where_raw_data_has_expired(
    site: TestSite, declared_anew: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = declared_anew
    await site.send(SEEN, SEEN | {"time": "2026-06-10T10:00:00Z"})
    await site.refresh()
    before = await site.ask("pages", **DAY)
    async with await database.connect() as connection:
        line = "2026-06-01T00:00:00Z"
        await connection.execute(
            "update site set raw_data_since = %s where key = %s", [line, site.key]
        )
        await connection.execute(
            "delete from event using site where site.id = site_id and key = %s and time < %s",
            [site.key, line],
        )
    monkeypatch.setattr("api.sites.directory.REMEMBER_SECONDS", 0.0)
    with pytest.raises(HistoryWouldBeLost, match="hourly_pages_2"):
        await sync(database, MORE)
    assert await site.ask("pages", **DAY) == before
    # Under a name of its own it is stored from the line on, and is found by who asks for more.
    added = replace(MORE_PAGES, name="pages_2", built_from=None)
    both = (*ROLLUPS, added)
    await sync(database, both)
    async with await database.connect() as connection:
        await refresh_rollups(connection, database.engine, both, utc_now())
    monkeypatch.setattr(execute, "ROLLUPS", (added, *ROLLUPS))
    assert await site.ask("pages", **DAY) == before
    june = await site.ask("pages", **{**DAY, "from": "2026-06-10", "to": "2026-06-10"})
    assert [row["pageviews"] for row in june["rows"]] == [1]
    assert "rollup:pages_2" in june["engine"]


async def test_removed_rollup_is_dropped(declared_anew: Database) -> None:
    database = declared_anew
    await sync(database, [rollup for rollup in ROLLUPS if rollup.name != "exit_visitors"])
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select to_regclass('exit_visitors_stored'), to_regclass('exit_visitors')"
        )
        assert await cursor.fetchone() == (None, None)


async def test_column_added_to_base_table_is_readable_after_next_start(
    declared_anew: Database,
) -> None:
    database = declared_anew
    async with await database.connect() as connection:
        for table in ("visit", "late_visit"):
            await connection.execute(
                f"alter table {table} add ad_network text not null default ''".encode()
            )
        try:
            await sync(database)
            await connection.execute("select ad_network from visits(1, '-infinity', 'infinity')")
        finally:
            for table in ("visit", "late_visit"):
                await connection.execute(f"alter table {table} drop ad_network cascade".encode())


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
async def test_watermark_stops_only_between_two_buckets(site: TestSite, rollup: Rollup) -> None:
    """Else the bucket in which it lies would be read as stored and as live."""
    async with (
        await site.database.connect() as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute(
            "update rollup_state set watermark = '2025-03-03Z' where name = %s", [rollup.name]
        )
        assert await advance_watermark(connection, rollup, utc_now())
        cursor = await connection.execute(
            "select watermark > '2025-03-03Z' and date_bin(width, watermark, '2000-01-03Z') ="
            " watermark from rollup_state where name = %s",
            [rollup.name],
        )
        assert await cursor.fetchone() == (True,)


BRIEF = [rollup for rollup in ROLLUPS if rollup.retention]
"""Those whose rows are of use for some days only."""


async def kept(connection: AsyncConnection[Any], rollup: Rollup, site: TestSite) -> list[int]:
    """How many rows of a site are stored, and how many are read."""
    counts: list[int] = []
    for rows in (f"{rollup.name}_stored", rollup.name):
        cursor = await connection.execute(
            f"select count(*) from {rows} r join site on site.id = site_id where key = %s",
            [site.key],
        )
        counts += [row[0] for row in await cursor.fetchall()]
    return counts


@pytest.mark.parametrize("rollup", BRIEF, ids=lambda rollup: rollup.name)
async def test_expired_rollup_rows_are_read_from_base_tables(
    site: TestSite, rollup: Rollup
) -> None:
    """All is rolled back, for what is forgotten never comes again."""
    seen = utc_now() - timedelta(hours=30)
    await site.send({"page": "/", "visitor_id": 1, "time": seen.isoformat()})
    await site.refresh()
    async with (
        await site.database.connect() as connection,
        connection.transaction(force_rollback=True),
    ):
        assert await kept(connection, rollup, site) == [1, 1]
        assert rollup.retention
        await expire_rows(connection, site.database.engine, [rollup], seen + rollup.retention)
        assert await kept(connection, rollup, site) == [1, 1]
        # Of a continuous aggregate whole chunks of five days go.
        later = seen + rollup.retention + timedelta(days=5, hours=1)
        await expire_rows(connection, site.database.engine, [rollup], later)
        assert await kept(connection, rollup, site) == [0, 1]


async def test_import_before_expired_rollup_rows_does_not_restore_them(site: TestSite) -> None:
    seen = utc_now() - timedelta(days=20)
    await site.send({"page": "/", "visitor_id": 1, "time": seen.isoformat()})
    await site.refresh()
    async with await site.database.connect() as connection:
        for rollup in BRIEF:
            assert await kept(connection, rollup, site) == [0, 1]
    hour = {"from": seen.isoformat(), "to": (seen + timedelta(hours=1)).isoformat()}
    answer = await site.ask("pages", **hour)
    assert [row["pageviews"] for row in answer["rows"]] == [1]
