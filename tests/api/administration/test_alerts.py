"""Alerts about what looks like an attack, and the audit log as it grows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.administration.alerts import Alerts, alert_once, alert_secret
from api.auth.trail import Action, record
from api.db.database import Database
from api.submitted.receivers import Receivers
from api.submitted.webhooks import Webhooks
from people import PASSWORD, Person
from receiving import Receiver, is_signed, receiving
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine

NETWORK = "198.51.100.0/24"


@pytest.fixture
async def receiver(database: Database) -> AsyncIterator[Receiver]:
    """A receiver of alerts that takes the second message. Nothing before is told."""
    await change(
        database,
        "insert into alert (entry, next_call_at) select id, null from audit_log"
        " on conflict (entry) do update set next_call_at = null",
    )
    async with receiving("503 Later", "200 OK") as receiver:
        yield receiver


async def tell(database: Database, settings: Settings, receiver: Receiver, *allowed: str) -> None:
    """Sends the alerts that are due."""
    own = settings.model_copy(update={"alert_webhook": receiver.url})
    await alert_once(database, Alerts(own, Webhooks(own, Receivers(allowed))))


async def make_due(database: Database) -> None:
    """Lets the time pass until alerts are sent again."""
    later = "update alert set next_call_at = now() where next_call_at is not null"
    await change(database, later)


async def add(database: Database, action: Action, actor: int | None = None, **more: Any) -> None:
    async with database.session() as session:
        await record(session, action, actor, network=NETWORK, **more)


async def test_alert_is_sent_until_it_is_taken_and_never_again(
    client: httpx.AsyncClient, database: Database, settings: Settings, receiver: Receiver
) -> None:
    person = await Person(client).register()
    given = {"username": person.name, "password": PASSWORD}
    login = (await client.post("/api/auth/login", json=given)).json()
    client.cookies.clear()
    used = {"refresh_token": login["refresh_token"]}
    for status in (200, 401, 401):
        assert (await client.post("/api/auth/refresh", json=used)).status_code == status
    for _ in range(3):
        await tell(database, settings, receiver, receiver.host)
        await make_due(database)
    first, second = receiver.received
    for message in (first, second):
        assert is_signed(alert_secret(settings.secret), message)
    assert first.message == second.message
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    data = first.message["data"]
    assert first.message["type"] == "security.token_reused"
    assert (data["actor"], data["network"], data["site"]) == (person.name, "203.0.113.0/24", None)
    assert login["refresh_token"] not in first.body.decode()


async def test_attack_is_one_alert_and_first_login_none(
    client: httpx.AsyncClient, database: Database, settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = ["200 OK"]
    person = await Person(client).register()
    for _ in range(3):
        await add(database, Action.LOGIN_BLOCKED, person.number)
        await tell(database, settings, receiver, receiver.host)
    await add(database, Action.LOGIN_FAILED, person.number)
    await add(database, Action.LOGGED_IN_FROM_NEW_NETWORK, person.number)
    await add(database, Action.KEY_FROM_NEW_NETWORK, person.number, key=7)
    await tell(database, settings, receiver, receiver.host)
    told = sorted(message.message["type"] for message in receiver.received)
    assert told == [
        "security.key_from_new_network",
        "security.logged_in_from_new_network",
        "security.login_blocked",
    ]
    ids = {message.headers["webhook-id"] for message in receiver.received}
    assert len(ids) == 3


async def test_alert_of_transaction_that_ends_late_is_not_missed(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = ["200 OK"]
    async with database.session() as session:
        await record(session, Action.TOKEN_REUSED, None, network=NETWORK)
        await add(database, Action.TOKEN_REUSED)
        await tell(database, settings, receiver, receiver.host)
        assert len(receiver.received) == 1
    await tell(database, settings, receiver, receiver.host)
    assert len(receiver.received) == 2


async def test_alert_goes_to_no_address_that_is_not_allowed(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    await add(database, Action.TOKEN_REUSED)
    await tell(database, settings, receiver)
    assert receiver.connections == 0


class Watching:
    """A WebSocket to the audit log."""

    def __init__(self, app: FastAPI, headers: dict[str, str]) -> None:
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.received.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/api/audit/live",
            "query_string": b"",
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
            "client": ("203.0.113.7", 1),
            "extensions": {"websocket.http.response": {}},
        }
        self.task = asyncio.ensure_future(app(scope, self.received.get, self.sent.put))

    async def next_of(self, network: str) -> dict[str, Any]:
        """The next entry from a network."""
        async with asyncio.timeout(60):
            while True:
                message = await self.sent.get()
                entry = json.loads(message.get("text") or "{}")
                if entry.get("network") == network:
                    return entry

    async def leave(self) -> None:
        self.received.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(60):
            await self.task


async def test_superuser_sees_each_entry_once_as_it_is_added(
    app: FastAPI, admin: dict[str, str], database: Database
) -> None:
    watching = Watching(app, admin)
    assert (await watching.sent.get())["type"] == "websocket.accept"
    network = "192.0.2.0/24"
    for number in range(3):
        async with database.session() as session:
            await record(session, Action.LOGIN_FAILED, None, network=network, number=number)
        entry = await watching.next_of(network)
        assert (entry["action"], entry["detail"]) == ("login_failed", {"number": number})
    await watching.leave()
