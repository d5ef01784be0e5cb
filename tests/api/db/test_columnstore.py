"""Chunks in the columnstore: what goes in late, what is sent again, what is read."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.analytics.execute import parse_query, plan_answer
from api.analytics.reports import REPORTS
from api.db.columnstore import compression_jobs, sync_columnstore
from api.db.database import Database
from api.db.sql_files import statement
from api.sites.directory import Sites
from api.sites.models import utc_now
from conftest import TestSite, all_rows

NEVER = timedelta(0)
DAY = timedelta(days=1)

ASKED = ("timeseries", "pages", "sessions", "traffic-sources", "events", "retention", "paths")


@pytest.fixture
def community(database: Database) -> Database:
    """A database that has a columnstore."""
    if not database.engine.continuous_aggregates:
        pytest.skip("only TimescaleDB Community has a columnstore")
    return database


async def compress(database: Database) -> int:
    """Puts every chunk of the time tables in the columnstore; how many there are. The policy may
    be doing the same."""
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select show_chunks(name::regclass, older_than => now() - interval '20 days')::text"
            " from unnest(array['event', 'visit']) name"
        )
        chunks = [name for (name,) in await cursor.fetchall()]
        for name in chunks:
            with suppress(psycopg.errors.DuplicateObject):
                await connection.execute("select compress_chunk(%s::regclass, true)", [name])
        return len(chunks)


async def answers(site: TestSite, span: dict[str, str], **more: Any) -> list[Any]:
    """Every report about these days."""
    found = [await site.ask(report, **all_rows(report), **span, **more) for report in ASKED]
    return [(answer["rows"], answer["totals"]) for answer in found]


async def test_old_chunks_are_compressed_by_policy(community: Database) -> None:
    async with await community.connect() as connection:
        for after in (40 * DAY, NEVER, 30 * DAY):
            await sync_columnstore(connection, community.engine, after)
            await sync_columnstore(connection, community.engine, after)
            for table in ("event", "visit", "bot_event", "web_vital", "js_error"):
                jobs = await compression_jobs(connection, table)
                assert [age for _, age in jobs] == ([after] if after else [])


async def test_late_and_repeated_events_in_compressed_chunks_are_exact(
    site: TestSite, community: Database
) -> None:
    start = (utc_now() - 40 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    span = {"from": f"{start - DAY:%Y-%m-%d}", "to": f"{start + 3 * DAY:%Y-%m-%d}"}

    def view(minutes: int, **more: Any) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "time": (start + timedelta(minutes=minutes)).isoformat(),
            "visitor_id": "ann",
            "page": f"/{minutes}",
            **more,
        }

    first = [view(0), view(50), view(1500), view(5, visitor_id="bob", utm_source="letter")]
    await site.send(*first)
    await site.refresh()
    assert await compress(community) > 0
    before = await answers(site, span)
    assert (await site.send(*first))["duplicate"] == len(first)
    assert await answers(site, span) == before
    # One event bridges two visits, one begins a visitor's time earlier, one is a new visitor's.
    late = [view(25), view(-30, visitor_id="bob"), view(7, visitor_id="cid", name="Buy")]
    assert (await site.send(*late))["accepted"] == len(late)
    assert (await site.send(*late))["duplicate"] == len(late)
    healed = await answers(site, span)
    assert healed == await answers(site, span, engine="base")
    assert healed != before
    sessions = (await site.ask("sessions", **span))["rows"]
    assert sorted(row["path"] for row in sessions) == [
        [], ["/-30"], ["/0", "/25", "/50"], ["/1500"], ["/5"]
    ]  # fmt: skip
    await site.refresh()
    assert await answers(site, span) == healed


async def test_concurrent_copies_of_one_event_in_compressed_chunk_are_stored_once(
    site: TestSite, community: Database
) -> None:
    time = (utc_now() - 40 * DAY).isoformat()
    await site.send({"time": time, "visitor_id": "first", "page": "/"})
    await compress(community)
    event = {"id": str(uuid4()), "time": time, "visitor_id": "ann", "page": "/"}
    accounts = await asyncio.gather(*(site.send(event) for _ in range(50)))
    assert sum(account["accepted"] for account in accounts) == 1
    assert sum(account["duplicate"] for account in accounts) == 49


async def test_change_decompresses_only_rows_it_touches(
    site: TestSite, community: Database
) -> None:
    start = (utc_now() - 45 * DAY).replace(hour=1, minute=0, second=0, microsecond=0)
    span = {"from": f"{start - DAY:%Y-%m-%d}", "to": f"{start + 3 * DAY:%Y-%m-%d}"}

    def view(number: int, minutes: int = 0, **more: Any) -> dict[str, Any]:
        time = start + timedelta(seconds=40 * number, minutes=minutes)
        return {"time": time.isoformat(), "visitor_id": f"v{number}", "page": "/", **more}

    for first in range(0, 4_000, 1_000):
        await site.send(*(view(number) for number in range(first, first + 1_000)))
    await site.refresh()
    await compress(community)
    await site.send(view(7, minutes=-31), view(9, minutes=10), view(11, minutes=-3))
    (row,) = (await site.ask("sessions", order="started:asc", limit=1, **span))["rows"]
    headers, path = site.admin, f"/api/sites/{site.key}"
    found = {"visit_id": row["visit_id"]}
    assert (await site.client.post(f"{path}/bots", json=found, headers=headers)).is_success
    body = {"visitor_id": "v21"}
    erased = await site.client.post(f"{path}/erasures", json=body, headers=headers)
    assert erased.json()["events"] == 1
    assert await answers(site, span) == await answers(site, span, engine="base")
    assert (await site.ask("timeseries", **span))["totals"]["visits"] == 4_000 - 2
    assert await visits_outside(community, start) < 2_000


async def visits_outside(database: Database, time: datetime) -> int:
    """How many visits of the chunk of this time are not, or no longer, in the columnstore."""
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select format('%%I.%%I', chunk_schema, chunk_name)"
            " from timescaledb_information.chunks where hypertable_name = 'visit'"
            " and %s between range_start and range_end",
            [time],
        )
        ((chunk,),) = await cursor.fetchall()
        await connection.execute("set timescaledb.enable_transparent_decompression = off")
        cursor = await connection.execute(f"select count(*) from only {chunk}")
        ((count,),) = await cursor.fetchall()
        return count


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan in JSON, and all below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def scans(site: TestSite, name: str, **params: str) -> list[dict[str, Any]]:
    """The scans of compressed chunks in the plans of a report: of its rows and of its totals."""
    report = next(report for report in REPORTS if report.name == name)
    asked = report.params.model_validate({**params, "days": 50})
    model = await Sites(site.database).find(site.key)
    query = await parse_query(site.database, report, asked, model)
    found: list[dict[str, Any]] = []
    async with await site.database.connect() as connection:
        for plan in plan_answer(report, query)[0][1]:
            text, values = statement(plan.path, plan.slots).text, {**plan.values}
            for slot in plan.slots.values():
                values |= slot.values
            cursor = await connection.execute(f"explain (format json) {text}", values)
            row = await cursor.fetchone()
            assert row is not None
            found += nodes(row[0][0]["Plan"])
    return [node for node in found if node.get("Custom Plan Provider") == "ColumnarScan"]


@pytest.mark.parametrize(
    ("report", "params"),
    [
        ("timeseries", {"interval": "day"}),
        ("traffic-sources", {"dimension": "campaign"}),
        ("devices", {"dimension": "screen"}),
        ("pages", {}),
        ("sessions/series", {"interval": "day"}),
    ],
)
async def test_filters_are_evaluated_by_batch_in_compressed_chunks(
    site: TestSite, community: Database, report: str, params: dict[str, str]
) -> None:
    start = (utc_now() - 40 * DAY).isoformat()
    await site.send(*({"time": start, "visitor_id": f"{n}", "page": f"/{n}"} for n in range(50)))
    assert await compress(community) > 0
    filters = json.dumps([["is", "country", ["DE", ""]], ["is", "browser", [""]]])
    found = await scans(site, report, filters=filters, **params)
    assert any("country" in node.get("Vectorized Filter", "") for node in found)
    by_row = [node["Filter"] for node in found if "Filter" in node]
    assert [text for text in by_row if "country" in text or "browser" in text] == []
