"""Notifications over WebSocket, from real processes: who may watch, and that all pages hear."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from people import PASSWORD
from processes import PATIENCE, PATIENT, Service, database_of, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two worker processes on an embedded database, without the demo site."""
    folder = tmp_path_factory.mktemp("notifications") / "data"
    with running(folder, WORKERS="2", DEMO="false", **PATIENT) as service:
        yield service


def ask(service: Service, path: str, token: str = "", **body: Any) -> dict[str, Any]:
    """What the service answers to a POST below /api."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(f"{service.base}/api{path}", json=body, headers=headers, timeout=60)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def token(service: Service) -> str:
    """The login of a new account."""
    email = f"{uuid4()}@test.example"
    ask(service, "/auth/register", email=email, password=PASSWORD)
    return ask(service, "/auth/login", username=email, password=PASSWORD)["access_token"]


def watch(service: Service, token: str, **more: Any) -> websockets.connect:
    """The WebSocket of notifications."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"ws://127.0.0.1:{service.port}/api/notifications/ws"
    return websockets.connect(address, additional_headers=headers, **more)


async def until_told(socket: websockets.ClientConnection, unread: int) -> dict[str, Any]:
    """The message in which so many are unread."""
    async with asyncio.timeout(PATIENCE):
        while True:
            inbox = json.loads(await socket.recv())
            if inbox["unread"] == unread:
                return inbox


def submit(service: Service, token: str) -> None:
    """Submits a job about a new site of the account, of which it will be told."""
    site = ask(service, "/sites", token, domain=f"{uuid4().hex[:12]}.example")["key"]
    ask(service, "/jobs", token, report="pages", params={"site": site, "days": 1})


def refusal_of(raised: pytest.ExceptionInfo[InvalidStatus]) -> tuple[int, str]:
    """The status and the code of a handshake that was refused."""
    response = raised.value.response
    return response.status_code, json.loads(response.body)["error"]


async def test_handshake_without_login_is_refused(service: Service, token: str) -> None:
    key = ask(service, "/keys", token, name="x", scopes=["stats:read"])["secret"]
    for given, told in (
        ("", (401, "UNAUTHENTICATED")),
        ("nonsense", (401, "UNAUTHENTICATED")),
        (key, (403, "FORBIDDEN")),
    ):
        with pytest.raises(InvalidStatus) as refusal:
            await watch(service, given)
        assert refusal_of(refusal) == told


async def test_handshake_of_page_of_other_origin_is_refused(service: Service, token: str) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        with pytest.raises(InvalidStatus) as refusal:
            await watch(service, token, origin=origin)
        assert refusal_of(refusal) == (403, "FORBIDDEN")


async def test_every_page_of_account_is_told_whichever_worker_it_is_at(
    service: Service, token: str
) -> None:
    email = f"{uuid4()}@test.example"
    ask(service, "/auth/register", email=email, password=PASSWORD)
    other = ask(service, "/auth/login", username=email, password=PASSWORD)["access_token"]
    pages = [await watch(service, token) for _ in range(6)]
    async with watch(service, other) as stranger:
        assert json.loads(await stranger.recv()) == {
            "unread": 0,
            "rows": [],
            "page": {"next": None},
            "running": [],
        }
        for page in pages:
            await until_told(page, 0)
        submit(service, token)
        shown = [await until_told(page, 1) for page in pages]
        assert all(inbox == shown[0] for inbox in shown)
        (row,) = shown[0]["rows"]
        assert (row["kind"], row["data"]) == ("job_done", {"report": "pages"})
        ask(service, "/notifications/read", token, ids=[row["id"]])
        for page in pages:
            assert (await until_told(page, 0))["rows"][0]["read_at"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stranger.recv(), 0.5)
    for page in pages:
        await page.close()


async def test_page_goes_on_after_database_cut_all_connections(
    service: Service, token: str
) -> None:
    async with watch(service, token) as page:
        await until_told(page, 0)
        with psycopg.connect(database_of(service.data_dir)) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'analytics' and pid <> pg_backend_pid()"
            )
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    submit(service, token)
                    break
                except (AssertionError, httpx.HTTPError):
                    await asyncio.sleep(0.3)
        await until_told(page, 1)


async def test_message_that_is_too_long_ends_the_connection(service: Service, token: str) -> None:
    async with watch(service, token) as page:
        await page.send("x" * 5000)
        with pytest.raises(ConnectionClosed) as closed:
            await until_told(page, -1)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_database_is_listened_to_only_while_a_page_is_open(
    service: Service, token: str
) -> None:
    query = "select count(*) from pg_stat_activity where query = 'listen notifications'"
    with psycopg.connect(database_of(service.data_dir), autocommit=True) as connection:
        async with watch(service, token) as page, asyncio.timeout(PATIENCE):
            await page.recv()
            while connection.execute(query).fetchone() == (0,):
                await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            while connection.execute(query).fetchone() != (0,):
                await asyncio.sleep(0.05)
