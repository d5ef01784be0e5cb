"""What the writer reads before it writes: all that a batch can belong to, and little else."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.db.database import Database
from api.db.partitions import ensure_partitions
from api.events.write.existing import existing_sql
from api.events.write.locks import begin_with_locks
from api.events.write.sql import Connection
from api.sites.models import utc_now
from conftest import TestSite

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKS = 12
NOTHING = {"sent": "[]", "spans": "[]", "visitors": "[]", "sites": "[1]"}

FILL = """
insert into visit (
    visitor_id, started, id, site_id, visitor_number, first_seen, engaged_from, last_event, ended,
    pageviews, events, interactive_events, first_id
)
select n, at, gen_random_uuid(), 1, n, at, at, at, at, 1, 1, 0, gen_random_uuid()
from generate_series(0, %s) n, lateral (select now() - n * interval '7 days') of (at)
"""


def at(time: datetime, **more: Any) -> dict[str, Any]:
    """A page view of the one visitor at this time."""
    return {"time": time.isoformat(), "page": "/", "visitor_id": "ann", **more}


async def visits_of(site: TestSite) -> list[tuple[UUID, int]]:
    """The stored visits of a site, and how many events each has."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select visit_id, count(*) from event join site on site.id = site_id"
            " where key = %s group by 1",
            [site.key],
        )
        return await cursor.fetchall()


@pytest.mark.parametrize("age", [DAY, 6.9 * DAY], ids=str)
async def test_new_event_with_the_id_of_one_days_ago_is_a_duplicate(
    site: TestSite, age: timedelta
) -> None:
    now, number = utc_now(), str(uuid4())
    assert (await site.send(at(now - age, id=number)))["accepted"] == 1
    assert (await site.send(at(now, id=number)))["duplicate"] == 1
    assert len(await visits_of(site)) == 1


async def test_new_event_joins_visit_that_began_days_ago(site: TestSite) -> None:
    now = utc_now()
    times = [*(now - days * DAY for days in (6.9, 6, 5, 4, 3, 2, 1)), now - HOUR / 2]
    await site.send(at(times[0]))
    for before, time in pairwise(times):
        seconds = (time - before).total_seconds()
        await site.send(at(time, name="engagement", duration=seconds))
    await site.send(at(now))
    assert [events for _, events in await visits_of(site)] == [len(times) + 1]


async def test_new_event_joins_session_that_began_yesterday(site: TestSite) -> None:
    now = utc_now()
    await site.send(at(now - 23 * HOUR, session_id="s"))
    await site.send(at(now, session_id="s"))
    assert [events for _, events in await visits_of(site)] == [2]


async def chunks_in_plan(connection: Connection, *, is_new: bool) -> int:
    """How many partitions or chunks of visits the plan of this lookup has."""
    asked = existing_sql(ids=False, observed=False, near=True, sessions=False, is_new=is_new)
    cursor = await connection.execute(f"explain {asked}", NOTHING)
    return sum("visit_pkey" in line for (line,) in await cursor.fetchall())


async def test_lookup_for_new_events_leaves_old_chunks_out(database: Database) -> None:
    weeks = [utc_now() - week * 7 * DAY for week in range(WEEKS)]
    async with (
        database.writer() as connection,
        connection.transaction(force_rollback=True),
    ):
        await ensure_partitions(connection, database.engine, weeks)
        await connection.execute(FILL, [WEEKS - 1])
        found = {new: await chunks_in_plan(connection, is_new=new) for new in (True, False)}
    if database.engine.hypertables:  # PostgreSQL leaves partitions out when it runs the plan
        assert found[True] <= 3
        assert found[False] >= WEEKS


async def test_server_keeps_the_plan_of_what_a_batch_reads(database: Database) -> None:
    asked = existing_sql(ids=True, observed=True, near=True, sessions=True, is_new=True)
    async with await database.connect() as connection:
        for _ in range(8):
            await connection.execute(asked, NOTHING, prepare=True)
        cursor = await connection.execute(
            "select custom_plans from pg_prepared_statements where statement like '%last_number%'"
        )
        assert await cursor.fetchall() == [(5,)]


@pytest.mark.parametrize("ahead", [timedelta(0), DAY], ids=["right", "ahead"])
async def test_kept_plans_are_discarded_after_the_clock_went_back(
    database: Database, ahead: timedelta
) -> None:
    said: list[str | None] = []
    async with database.writer() as connection:
        await connection.execute("set client_min_messages = log")
        await connection.execute("set log_statement = 'all'")
        connection.add_notice_handler(lambda diagnostic: said.append(diagnostic.message_primary))
        connection.latest = await begin_with_locks(connection, []) + ahead
        await connection.execute("commit")
        await begin_with_locks(connection, [])
        await connection.execute("rollback")
        await connection.execute("reset all")
    assert any("discard plans" in (text or "") for text in said) is bool(ahead)
