"""Rollups are synced from their declarations: once, and again only when something changed."""

from dataclasses import replace

from api.analytics.rollups import FACTS, ROLLUPS
from api.db.database import Database
from api.db.sync import sync_rollups
from conftest import TestSite


async def function_of(database: Database, name: str) -> int:
    """The identity of the function that reports read a source through."""
    async with await database.connect() as connection:
        cursor = await connection.execute("select oid from pg_proc where proname = %s", [name])
        row = await cursor.fetchone()
    assert row
    return row[0]


async def sync(database: Database, rollups: tuple[object, ...] = ROLLUPS) -> None:
    """What a start does."""
    async with await database.connect() as connection:
        await sync_rollups(connection, database.engine, FACTS, rollups)  # pyright: ignore


async def test_a_second_start_touches_nothing(database: Database) -> None:
    before = await function_of(database, "traffic")
    await sync(database)
    assert await function_of(database, "traffic") == before


async def test_a_changed_declaration_is_rebuilt_and_right_at_once(site: TestSite) -> None:
    await site.send({"page": "/", "visitor_id": 1, "time": "2026-03-10T10:00:00Z"})
    await site.refresh()
    day = {"from": "2026-03-10", "to": "2026-03-10"}
    before = await site.ask("pages", **day)
    changed = tuple(
        replace(rollup, measures=("pageviews", "engaged", "custom_events"))
        if rollup.name == "pages"
        else rollup
        for rollup in ROLLUPS
    )
    try:
        await sync(site.database, changed)
        assert await site.ask("pages", **day) == before
        await site.refresh()
        assert await site.ask("pages", **day) == before
    finally:
        await sync(site.database)
    await site.refresh()
    assert await site.ask("pages", **day) == before
