"""/readyz: whether a write can be committed, and what else is to be said."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.db.database import Database
from api.db.engine import Profile
from api.db.probe import Probe
from api.errors import Unavailable
from api.events.removal.expiry import expire
from api.sites.models import utc_now
from bootstrap import create_defaults, migrated_database
from chaos.server import Server
from conftest import SECRET, TestSite, ready, refresh
from disks import small_disk
from main import build_app
from processes import post, running
from settings import Settings


async def one(database: Database, question: str) -> Any:
    """The single value that a question has for an answer."""
    async with await database.connect() as connection:
        ((value,),) = await (await connection.execute(question.encode())).fetchall()
        return value


async def run(database: Database, statement: str) -> None:
    """Changes something behind the back of the service."""
    async with await database.connect() as connection:
        await connection.execute(statement.encode())


async def test_ready_service_names_its_engine(client: httpx.AsyncClient, profile: Profile) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"status", "engine", "warnings"}
    assert (told["status"], told["engine"]) == ("ready", profile.value)


COUNTED = """
create table counted (at timestamptz);
create function count_write() returns trigger language plpgsql as $$
    begin insert into counted values (now()); return null; end $$;
create trigger counted after insert or update on write_probe
    for each row execute function count_write();
"""


async def test_concurrent_readiness_checks_share_one_write(
    client: httpx.AsyncClient, database: Database
) -> None:
    await asyncio.sleep(1.1)  # an answer from a moment ago is good for them, too
    await run(database, COUNTED)
    try:
        for wave in (1, 2):
            answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
            assert {answer.status_code for answer in answers} == {200}
            assert await one(database, "select count(*) from counted") == wave
            await asyncio.sleep(1.1)
    finally:
        await run(database, "drop function count_write cascade; drop table counted")


async def test_readiness_write_leaves_nothing_behind(database: Database) -> None:
    relations = "select count(*) from pg_class"
    async with Probe(database.url, 60) as probe:
        await probe.write()
        before = await one(database, relations)
        for _ in range(2000):
            connection = await probe.write()
        size = await connection.execute("select pg_relation_size('pg_temp.room_probe')")
        assert await size.fetchone() == (0,)
        assert await one(database, relations) == before
    assert await one(database, "select pg_relation_size('write_probe')") <= 2 * 8192
    assert await one(database, "select count(*) from write_probe") == 1


async def test_role_without_temporary_tables_is_ready(database: Database) -> None:
    role = "nobody_special"
    alter = "do $$ begin execute format('{}', current_database()); end $$"
    await run(database, f"create role {role} login; grant all on write_probe to {role}")
    await run(database, alter.format("revoke temp on database %I from public"))
    try:
        async with Probe(database.url.replace("postgres:", f"{role}:", 1), 60) as probe:
            await probe.write()
    finally:
        await run(database, alter.format("grant temp on database %I to public"))
        await run(database, f"revoke all on write_probe from {role}; drop role {role}")


async def test_read_only_database_is_not_ready(database: Database) -> None:
    alter = "do $$ begin execute format('alter database %I {}', current_database()); end $$"
    await run(database, alter.format("set default_transaction_read_only = on"))
    try:
        with pytest.raises(Unavailable) as refusal:
            await ready(database)
        assert refusal.value.detail == "The database is read-only."
    finally:
        async with await database.connect() as connection:
            await connection.execute("set default_transaction_read_only = off")
            await connection.execute(alter.format("reset default_transaction_read_only").encode())
    await ready(database)


async def test_database_that_is_not_migrated_is_not_ready(database: Database) -> None:
    await run(database, "alter table write_probe rename to elsewhere")
    try:
        with pytest.raises(Unavailable) as refusal:
            await ready(database)
        assert refusal.value.detail == "The database is not migrated yet."
    finally:
        await run(database, "alter table elsewhere rename to write_probe")


@pytest.fixture
async def settled(database: Database) -> None:
    """No site of another test has anything left to do."""
    await refresh(database)
    async with await database.connect() as connection:
        await expire(connection, database.engine, 0, utc_now())


@pytest.mark.usefixtures("settled")
async def test_refresh_that_is_hours_behind_is_warning(site: TestSite, database: Database) -> None:
    last_week = (utc_now() - timedelta(days=6)).isoformat()
    await site.send({"page": "/", "visitor_id": 1, "time": last_week}, {"page": "/"})
    await refresh(database)
    assert (await ready(database)).warnings == []
    await run(
        database,
        "update rollup_state set watermark = watermark - interval '4 hours' where name = 'traffic'",
    )
    await run(database, "update site set created_at = now()")
    assert (await ready(database)).warnings == []  # a new installation fills its rollups
    await run(database, "update site set created_at = created_at - interval '3 hours'")
    assert (await ready(database)).warnings == ["Rollups whose refresh is hours behind: traffic."]
    await refresh(database)
    assert (await ready(database)).warnings == []


@pytest.mark.usefixtures("settled")
async def test_dirty_bucket_that_is_hours_old_is_warning(
    site: TestSite, database: Database
) -> None:
    long_ago = (utc_now() - timedelta(days=30)).isoformat()
    await refresh(database)
    await run(database, "update rollup_state set refreshed_at = refreshed_at - interval '1 day'")
    await site.send({"page": "/", "visitor_id": 1, "time": long_ago})
    # It was marked a moment ago, which is not late, however long nothing was refreshed.
    assert (await ready(database)).warnings == []
    await run(database, "update rollup_dirty set due_at = due_at - interval '3 hours'")
    (warning,) = (await ready(database)).warnings
    assert warning.startswith("Rollups whose refresh is hours behind: ")
    assert "traffic" in warning
    await refresh(database)
    assert (await ready(database)).warnings == []


@pytest.mark.usefixtures("settled")
async def test_expired_raw_data_that_is_not_removed_is_warning(
    site: TestSite, database: Database
) -> None:
    old = utc_now() - timedelta(days=60)
    await site.send({"page": "/", "visitor_id": 1, "time": old.isoformat()})
    await refresh(database)
    assert (await ready(database)).warnings == []
    body = {"days": 30}
    kept = await site.client.put(f"/api/sites/{site.key}/retention", json=body, headers=site.admin)
    assert kept.status_code == 200
    (late,) = (await ready(database)).warnings
    assert late.startswith("Expired raw data is not being removed: site ")
    assert late.endswith("the job that removes it has not run.")
    async with await database.connect() as connection:
        await expire(connection, database.engine, 0, utc_now())
    assert (await ready(database)).warnings == []


async def test_failed_check_of_backlog_is_warning(database: Database) -> None:
    await run(database, "alter table site rename to elsewhere")
    try:
        told = await ready(database)
    finally:
        await run(database, "alter table elsewhere rename to site")
    assert told.warnings == ["It could not be checked whether rollups or expiry are behind."]


def await_status(base: str, status: int) -> httpx.Response:
    """The answer of /readyz when it has this status; one from a moment ago may have another."""
    for _ in range(600):
        answer = httpx.get(f"{base}/readyz", timeout=60)
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_embedded_server_on_full_disk_is_not_ready(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", megabytes=400) as disk,
        running(disk.path / "data", DEMO="false") as service,
    ):
        disk.fill(free_megabytes=40)
        assert post(service.base, {"page": "/"}) == 201
        asked = await_status(service.base, 503)
        assert asked.json()["error"] == "UNAVAILABLE"
        assert asked.json()["detail"].startswith("The disk of the embedded database is full: ")
        assert int(asked.headers["retry-after"]) > 0
        disk.empty()
        assert await_status(service.base, 200).json()["status"] == "ready"


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application on this database."""
    # A full disk is told at once; a busy machine is not to be taken for it.
    settings = Settings(database_url=url, secret_key=SECRET, jobs=False, answer_within_seconds=60)
    async with migrated_database(settings) as database:
        await create_defaults(database, settings)
    app: FastAPI = build_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def statuses(client: httpx.AsyncClient, events: list[dict[str, str]]) -> tuple[int, int]:
    """What events hear, and whoever asks whether the service is ready."""
    await asyncio.sleep(1.1)  # an answer from before is not good any more
    sent = await client.post("/api/events/", json=events)
    asked = await client.get("/readyz")
    return sent.status_code, asked.status_code


async def test_server_on_full_disk_is_not_ready_and_events_get_503(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=400) as disk:
        server = Server(disk.path / "data")
        server.start()
        try:
            async with serving(server.url) as client:
                events = [{"page": f"/{n}", "session_id": f"s{n}"} for n in range(500)]
                assert await statuses(client, events) == (201, 200)
                disk.fill()
                assert await statuses(client, events) == (503, 503)
                asked = await client.get("/readyz")
                assert asked.json()["detail"] == "The disk of the database is full."
                disk.empty()
                assert await statuses(client, events) == (201, 200)
        finally:
            disk.empty()
            server.stop()
