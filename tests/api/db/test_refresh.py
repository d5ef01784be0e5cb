"""Rollups are synced from their declarations: once, and again only when something changed. Then
there are two forms, both exact, until the new one knows all that the old one does."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from api.analytics import run
from api.analytics.rollups import EVENTS, FACTS, ROLLUPS
from api.db import forms
from api.db.database import Database
from api.db.forms import served, stored_forms
from api.db.refresh import advance_watermark, forget
from api.db.rollup import Rollup
from api.db.sync import retire_forms, sync_rollups
from api.sites.models import utc_now
from conftest import TestSite, ready, refresh

DAY = {"from": "2026-03-10", "to": "2026-03-10", "timezone": "UTC"}
SEEN = {"page": "/", "visitor_id": 1, "time": "2026-03-10T10:00:00Z"}


def changed(**how: Any) -> tuple[Rollup, ...]:
    """The declarations, with those of pages changed."""
    return tuple(replace(rollup, **how) if rollup.name in PAGES else rollup for rollup in ROLLUPS)


PAGES = ("hourly_pages", "pages", "weekly_pages")


MORE = changed(measures=("pageviews", "engaged", "custom_events"))


async def function_of(database: Database, name: str) -> int:
    """The identity of the function that reports read a source through."""
    async with await database.connect() as connection:
        cursor = await connection.execute("select oid from pg_proc where proname = %s", [name])
        row = await cursor.fetchone()
    assert row
    return row[0]


async def sync(database: Database, rollups: Sequence[Rollup] = ROLLUPS) -> None:
    """What a start does."""
    async with await database.connect() as connection:
        await sync_rollups(connection, database.engine, FACTS, rollups)
    forms.remembered.clear()


async def retire(database: Database, rollups: Sequence[Rollup] = ROLLUPS) -> int:
    """What the job does, some minutes later."""
    async with await database.connect() as connection:
        later = utc_now() + timedelta(minutes=5)
        dropped = 0
        while round_of := await retire_forms(connection, database.engine, rollups, later):
            dropped += round_of
    forms.remembered.clear()
    return dropped


async def forms_of_pages(database: Database) -> list[str]:
    """Their names."""
    async with await database.connect() as connection:
        found = await stored_forms(connection)
    return [form.rollup.name for form in found if form.title == "pages"]


async def forget_what_expired(database: Database) -> None:
    """As if no site of any test had ever lost raw data."""
    async with await database.connect() as connection:
        await connection.execute("update rollup_state set since = '-infinity'")
        await connection.execute("update site set kept_since = null")


@pytest.fixture
async def declared_anew(database: Database) -> AsyncIterator[Database]:
    """A database in which declarations change; in the end they are what they were."""
    await forget_what_expired(database)
    assert await forms_of_pages(database) == ["pages"]
    yield database
    await forget_what_expired(database)
    await sync(database)
    await refresh(database)
    await retire(database)


async def test_a_second_start_touches_nothing(database: Database) -> None:
    before = await function_of(database, "traffic")
    await sync(database)
    assert await function_of(database, "traffic") == before


async def test_a_changed_declaration_is_filled_beside_the_old_form_and_takes_its_place(
    site: TestSite, declared_anew: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = declared_anew
    await site.send(SEEN)
    await site.refresh()
    before = await site.ask("pages", **DAY)
    monkeypatch.setattr(run, "ROLLUPS", MORE)
    await sync(database, MORE)
    both = await forms_of_pages(database)
    assert len(both) == 2
    assert await retire(database, MORE) == 0
    for answering in ("pages", both[1]):
        best = [rollup for rollup in await served(database, MORE) if rollup.title == "pages"]
        assert best[0].name == answering
        assert await site.ask("pages", **DAY) == before
        await site.send(SEEN | {"id": f"{site.key} {answering}"})
        before = await site.ask("pages", **DAY)
        assert before["rows"] == (await site.ask("pages", source="base", **DAY))["rows"]
        await refresh(database)
        forms.remembered.clear()
    assert await retire(database, MORE) == len(PAGES)
    assert await forms_of_pages(database) == both[1:]
    answer = await site.ask("pages", **DAY)
    assert answer == before
    assert "rollup:pages" in answer["source"]
    async with await database.connect() as connection:
        cursor = await connection.execute("select sum(custom_events) from pages")
        assert await cursor.fetchone() == (0,)
    assert (await ready(database)).rollups == "current"


async def test_a_rebuild_that_would_lose_history_leaves_the_old_form_in_its_place(
    site: TestSite, declared_anew: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = declared_anew
    await site.send(SEEN, SEEN | {"time": "2026-06-10T10:00:00Z"})
    await site.refresh()
    before = await site.ask("pages", **DAY)
    async with await database.connect() as connection:
        line = "2026-06-01T00:00:00Z"
        await connection.execute("update site set kept_since = %s where key = %s", [line, site.key])
        await connection.execute(
            "delete from event using site where site.id = site_id and key = %s and time < %s",
            [site.key, line],
        )
    monkeypatch.setattr("api.sites.directory.REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(run, "ROLLUPS", MORE)
    await sync(database, MORE)
    for _ in range(2):
        assert await site.ask("pages", **DAY) == before
        await refresh(database)
        assert await retire(database, MORE) == 0
    told = await ready(database)
    assert told.rollups == "two forms of: hourly_pages, pages, weekly_pages"
    june = await site.ask("pages", **{**DAY, "from": "2026-06-10", "to": "2026-06-10"})
    assert [row["pageviews"] for row in june["rows"]] == [1]
    # Both are kept up: the old one goes on where the new one begins.
    await site.send(SEEN | {"time": "2026-06-11T10:00:00Z"})
    await refresh(database)
    whole = await site.ask("pages", **{**DAY, "to": "2026-06-30"})
    assert [row["pageviews"] for row in whole["rows"]] == [3]


async def test_an_old_form_answers_only_what_still_means_the_same(
    declared_anew: Database,
) -> None:
    database = declared_anew
    other = replace(EVENTS, measures={**EVENTS.measures, "engaged": "1"})
    for how, still in [
        ({"fact": other}, ("pageviews",)),
        ({"measures": ("pageviews", "custom_events")}, ("pageviews", "engaged")),
        ({"condition": "name = 'pageview'"}, None),
    ]:
        await sync(database, changed(**how))
        old = [form for form in await served(database, changed(**how)) if form.name == "pages"]
        assert [form.measures for form in old] == ([still] if still else [])
        await sync(database)
        await refresh(database)
        await retire(database)


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
async def test_a_watermark_stops_only_between_two_buckets(site: TestSite, rollup: Rollup) -> None:
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


BRIEF = [rollup for rollup in ROLLUPS if rollup.keep]
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
async def test_rows_that_are_of_no_use_any_more_go_and_are_read_from_base_tables(
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
        assert rollup.keep
        await forget(connection, site.database.engine, rollup, seen + rollup.keep)
        assert await kept(connection, rollup, site) == [1, 1]
        later = seen + rollup.keep + timedelta(hours=1)
        await forget(connection, site.database.engine, rollup, later)
        assert await kept(connection, rollup, site) == [0, 1]


async def test_what_is_imported_behind_them_does_not_bring_them_back(site: TestSite) -> None:
    seen = utc_now() - timedelta(days=20)
    await site.send({"page": "/", "visitor_id": 1, "time": seen.isoformat()})
    await site.refresh()
    async with await site.database.connect() as connection:
        for rollup in BRIEF:
            assert await kept(connection, rollup, site) == [0, 1]
    hour = {"from": seen.isoformat(), "to": (seen + timedelta(hours=1)).isoformat()}
    answer = await site.ask("pages", **hour)
    assert [row["pageviews"] for row in answer["rows"]] == [1]
