"""Who may open WebSockets, how many, and for how long."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.administration import live_trail
from api.auth import sockets
from api.db.database import Database
from api.notifications import routing as notifications
from api.realtime import routing
from conftest import ADMIN, TestSite
from submitting import change
from websocket_clients import Socket

pytestmark = pytest.mark.any_engine

LIVE = "/api/realtime/ws"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two WebSockets are allowed, and looked at ten times a second."""
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 2)
    for module in (routing, live_trail, notifications):
        monkeypatch.setattr(module, "RECHECK_SECONDS", 0.1)


async def opened(app: FastAPI, *given: Any, **more: Any) -> Socket:
    """A WebSocket that is accepted."""
    socket = Socket(app, *given, **more)
    assert await socket.status() == 101
    return socket


async def test_account_has_so_many_sockets_wherever_it_is(
    app: FastAPI, admin: dict[str, str], site: TestSite
) -> None:
    first = await opened(app, LIVE, admin, site=site.key)
    second = await opened(app, "/api/audit/live", admin, "198.51.100.4")
    assert await Socket(app, LIVE, admin, "198.51.100.5", site=site.key).status() == 429
    for path in ("/api/audit/live", "/api/notifications/ws"):
        assert await Socket(app, path, admin).status() == 429
    stranger = await opened(app, LIVE, {}, site=site.key)
    await first.leave()
    third = await opened(app, LIVE, admin, site=site.key)
    for socket in (second, third, stranger):
        await socket.leave()
    assert not app.state.sockets.opened


async def test_address_without_login_has_so_many_sockets(app: FastAPI, site: TestSite) -> None:
    several = [await opened(app, LIVE, {}, site=site.key) for _ in range(2)]
    assert await Socket(app, LIVE, {}, site=site.key).status() == 429
    several += [await opened(app, LIVE, {}, "198.51.100.4", site=site.key)]
    several += [await opened(app, LIVE, {}, "127.0.0.1", site=site.key) for _ in range(3)]
    for socket in several:
        await socket.leave()


@pytest.mark.parametrize("path", [LIVE, "/api/audit/live", "/api/notifications/ws"])
async def test_socket_is_closed_when_its_login_ends(
    app: FastAPI, client: httpx.AsyncClient, site: TestSite, database: Database, path: str
) -> None:
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    body = {"username": ADMIN.email, "password": ADMIN.password}
    login = await client.post("/api/auth/login", json=body)
    client.cookies.clear()
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    query = {"site": site.key} if path == LIVE else {}
    socket = await opened(app, path, headers, **query)
    await client.post("/api/auth/logout", headers=headers)
    assert await socket.closed() == routing.POLICY_VIOLATION
