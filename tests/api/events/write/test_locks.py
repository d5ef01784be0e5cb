"""Several processes write to one site: they take turns, and whoever waits for theirs takes along
what comes meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.db.database import Database
from api.events.write.locks import SITE_LOCKS
from api.sites.directory import Sites
from conftest import TestSite, make_site
from exposition import numbers_of

WAITING = "select from pg_locks where locktype = 'advisory' and classid = %s and not granted"


@asynccontextmanager
async def others_writing(database: Database, site: TestSite) -> AsyncIterator[None]:
    """Another process's turn on a site, for as long as the block lasts."""
    number = (await Sites(database).find(site.key)).number
    async with await database.connect() as connection:
        await connection.execute("select pg_advisory_lock(%s, %s)", [SITE_LOCKS, number])
        yield


async def until_somebody_waits(database: Database) -> None:
    """Waits until somebody waits for a site."""
    async with await database.connect() as connection:
        while not (await connection.execute(WAITING, [SITE_LOCKS])).rowcount:
            await asyncio.sleep(0.01)


async def test_requests_waiting_for_lock_are_one_group_commit(
    site: TestSite, app: FastAPI, database: Database
) -> None:
    before = await numbers_of(app)
    async with others_writing(database, site):
        sent = [asyncio.create_task(site.send({"page": "/first"}))]
        await until_somebody_waits(database)
        sent += [asyncio.create_task(site.send({"page": "/more"})) for _ in range(5)]
        while (await numbers_of(app))["analytics_waiting_events",] < len(sent):
            await asyncio.sleep(0.01)
    await asyncio.gather(*sent)
    after = await numbers_of(app)
    grown = {key: value - before.get(key, 0) for key, value in after.items()}
    assert grown["analytics_batch_seconds_count",] == 1
    assert grown["analytics_batch_events_sum",] == 6
    assert (await site.ask("timeseries"))["totals"]["pageviews"] == 6


async def test_site_waiting_for_lock_does_not_delay_others(
    site: TestSite, database: Database
) -> None:
    other = await make_site(f"{site.key}-b", site.client, site.admin, site.database)
    async with others_writing(database, site):
        waiting = asyncio.create_task(site.send({"page": "/"}))
        await until_somebody_waits(database)
        for _ in range(3):
            assert (await other.send({"page": "/"}))["accepted"] == 1
        assert not waiting.done()
    assert (await waiting)["accepted"] == 1


async def test_request_that_gave_up_waiting_is_not_stored(
    site: TestSite, database: Database
) -> None:
    refused = {"site": site.key, "page": "/refused"}
    async with others_writing(database, site):
        assert (await site.client.post("/api/events/", json=refused)).status_code == 503
    assert (await site.send({"page": "/later"}))["accepted"] == 1
    rows = (await site.ask("pages"))["rows"]
    assert [(row["page"], row["pageviews"]) for row in rows] == [("/later", 1)]
