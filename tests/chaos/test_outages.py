"""The database is away, frozen, slow, or at the other end of a broken network.

Whoever sends hears so within two seconds and may come again; what was acknowledged is there, and
when the fault is over everything works again by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from bootstrap import create_defaults, migrated_database
from chaos.proxy import COMMITTED, Mode, Proxy
from chaos.server import Server
from conftest import SECRET
from main import build_app
from settings import Settings

pytestmark = pytest.mark.alone

PATIENCE = 2.0
"""Within which a sender hears something."""

GRACE = 0.5
"""What a busy test machine may add to that."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that only these tests use, since they break it."""
    with TemporaryDirectory(prefix="analytics-chaos-") as folder:
        server = Server(Path(folder))
        server.start()
        yield server
        server.stop()


@dataclass
class World:
    """A service, its database, and the network between them."""

    server: Server
    proxy: Proxy
    app: FastAPI
    client: httpx.AsyncClient
    acknowledged: set[str]

    async def send(self) -> int:
        """Sends one event, once; the status. Nobody waits longer than they were promised."""
        name = str(uuid4())
        started = time.monotonic()
        answer = await self.client.post("/api/events/", json={"id": name, "page": "/"})
        assert time.monotonic() - started < PATIENCE + GRACE
        assert answer.status_code in (200, 201, 503), answer.text
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        else:
            self.acknowledged.add(name)
        return answer.status_code

    async def send_many(self, number: int) -> list[int]:
        """Sends many events at the same time; the statuses."""
        return await asyncio.gather(*(self.send() for _ in range(number)))

    async def recovers(self, seconds: float) -> None:
        """Waits until events are stored again."""
        deadline = time.monotonic() + seconds
        while await self.send() == 503:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert set(await self.send_many(10)) == {201}
        assert (await self.client.get("/readyz")).status_code == 200

    def stored(self) -> set[str]:
        """The ids that are in the database, none of them twice."""
        with psycopg.connect(self.server.url) as connection:
            rows = connection.execute("select id::text from event").fetchall()
        assert len(set(rows)) == len(rows)
        return {name for (name,) in rows}


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    """A service that reaches its database through the proxy."""
    async with Proxy(server.socket) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}{urlsplit(server.url).path}"
        settings = Settings(database_url=url, secret_key=SECRET, jobs=False)
        async with migrated_database(settings) as database:
            await create_defaults(database, settings)
        async with serving(settings) as app:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                world = World(server, proxy, app, client, set())
                assert set(await world.send_many(20)) == {201}
                yield world
                assert world.acknowledged <= world.stored()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, started."""
    app = build_app(settings)
    async with app.router.lifespan_context(app):
        yield app


async def test_frozen_server_gets_503_in_time(world: World) -> None:
    world.server.freeze()
    try:
        assert set(await world.send_many(30)) == {503}
        started = time.monotonic()
        ready, login, alive = await asyncio.gather(
            world.client.get("/readyz"),
            world.client.post("/api/auth/login", json={"email": "a@b.c", "password": "x" * 8}),
            world.client.get("/healthz"),
        )
        assert time.monotonic() - started < PATIENCE + GRACE
        assert [ready.status_code, login.status_code, alive.status_code] == [503, 503, 200]
    finally:
        world.server.thaw()
    await world.recovers(5)


async def test_cut_idle_connections_are_replaced_unnoticed(world: World) -> None:
    world.proxy.cut()
    await asyncio.sleep(0.1)
    assert set(await world.send_many(30)) == {201}
    assert (await world.client.get("/readyz")).status_code == 200


@pytest.mark.parametrize("seconds", [0, 0.005, 0.01, 0.02, 0.05])
async def test_write_interrupted_by_cut_connection_is_retried(world: World, seconds: float) -> None:
    sending = asyncio.gather(*(world.send() for _ in range(50)))
    await asyncio.sleep(seconds)
    world.proxy.cut()
    assert set(await sending) == {201}


@pytest.mark.parametrize("own", [{}, {"id": "an-id-of-its-own"}])
async def test_commit_without_reply_is_not_stored_twice(world: World, own: dict[str, str]) -> None:
    page = f"/{uuid4()}"
    world.proxy.never_arrives = COMMITTED
    answer = await world.client.post("/api/events/", json=[{"page": page, **own}])
    assert not world.proxy.never_arrives
    report = answer.json()
    assert (report["accepted"], report["duplicate"]) == (1, 0)
    with psycopg.connect(world.server.url) as connection:
        query = "select count(*) from event where page = %s"
        assert connection.execute(query, [page]).fetchone() == (1,)


@pytest.mark.parametrize("mode", [Mode.CUT, Mode.STALL])
async def test_failed_network_gets_503_in_time(world: World, mode: Mode) -> None:
    await world.proxy.set(mode)
    assert set(await world.send_many(30)) == {503}
    assert (await world.client.get("/readyz")).status_code == 503
    await world.proxy.set(Mode.PASS)
    await world.recovers(5)


async def test_half_open_connections_are_given_up(world: World) -> None:
    await world.proxy.set(Mode.HALF_OPEN)
    assert set(await world.send_many(10)) == {503}
    await world.proxy.set(Mode.PASS)
    await world.recovers(20)


async def test_slow_network_delays_events_and_loses_none(world: World) -> None:
    world.proxy.delay = 0.01
    await world.proxy.set(Mode.SLOW)
    assert set(await world.send_many(20)) == {201}
    for world.proxy.delay in (0.15, 0.3, 0.45, 0.6):  # at some of which it is nearly in time
        assert set(await world.send_many(20)) <= {201, 503}
    world.proxy.delay = 1.0
    assert set(await world.send_many(20)) == {503}
    await world.proxy.set(Mode.PASS)
    await world.recovers(20)


async def test_killed_and_restarted_server_is_found_again(world: World) -> None:
    sending = asyncio.create_task(world.send_many(30))
    world.server.kill()
    assert set(await world.send_many(10)) == {503}
    await sending
    await asyncio.to_thread(world.server.start)
    await world.recovers(10)


async def test_full_queue_is_refused_at_once(world: World) -> None:
    world.server.freeze()
    try:
        body = [{"page": "/"}] * 1000
        answers = await asyncio.gather(
            *(world.client.post("/api/events/", json=body) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} == {503}
        assert any("waiting" in answer.json()["detail"] for answer in answers)
    finally:
        world.server.thaw()
    await world.recovers(10)
