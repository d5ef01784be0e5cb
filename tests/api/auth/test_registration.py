"""Who may register, how often, and under which addresses; and passwords that are forgotten."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from api.auth.tokens import hash_of
from api.db.database import Database
from main import build_app
from people import PASSWORD, Person
from processes import free_port
from refusals import is_refusal
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine

STRANGER = "203.0.113.7"

NEW = "another good password"


@asynccontextmanager
async def installation(
    settings: Settings, address: str = STRANGER, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with these settings."""
    app = build_app(settings.model_copy(update=changes))
    transport = httpx.ASGITransport(app, client=(address, 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def register(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"email": f"{uuid4()}@test.example", "password": PASSWORD, **more}
    return await client.post("/api/auth/register", json=body)


LOOK_ALIKES = (
    *("admin@localhost.", "\uff41dmin@localhost", "\u0430dmin@localhost", "admin@l\u043ecalhost"),
    *("admin\u200b@localhost", "admin@localhost\u00ad", "admin@local host", "<admin@localhost>"),
    *('"admin"@localhost', "admin@@localhost", "@localhost", "admin@", "admin@-localhost"),
    *("admin@localhost\nBcc: x@y.example", "adm\u0131n@localhost", "a,b@localhost"),
)


async def test_email_that_looks_like_another_is_refused(client: httpx.AsyncClient) -> None:
    for email in LOOK_ALIKES:
        answer = await register(client, email=email)
        assert answer.status_code == 422, email
        assert [problem["where"] for problem in answer.json()["problems"]] == ["email"]
    for email in ("ADMIN@TEST.example", " admin@test.example "):
        assert is_refusal(await register(client, email=email), "CONFLICT")
    fine = await register(client, email="O'Neil+x_y.z@xn--bcher-kva.example")
    assert fine.json()["email"] == "o'neil+x_y.z@xn--bcher-kva.example"


@pytest.mark.parametrize("password", ["password", "Password123", "some-analyst1"])
async def test_easy_password_is_refused_with_hint(client: httpx.AsyncClient, password: str) -> None:
    answer = await register(client, password=password, username="some-analyst")
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["where"] == "password"
    assert "use three or four words" in problem["problem"]


async def invite(database: Database, lasts: str) -> str:
    """The token of an invitation to a new site that lasts for some time."""
    token = uuid4().hex
    site = "insert into site (key, domain, name) values (%s, 'x.example', 'x') returning id"
    ((number,),) = await change(database, site, f"inviting-{token}")
    insert = """
        insert into invitation (site_id, role, hash, expires_at)
        values (%s, 'viewer', %s, now() + %s::interval)
    """
    await change(database, insert, number, hash_of(token), lasts)
    return token


async def test_registration_takes_living_invitation(settings: Settings, database: Database) -> None:
    good, late = await invite(database, "1 day"), await invite(database, "-1 second")
    async with installation(settings, registration="invite") as client:
        for invitation in (None, late, "x", good.upper()):
            refused = await register(client, invitation=invitation)
            assert is_refusal(refused, "FORBIDDEN"), invitation
        assert (await register(client, invitation=good)).status_code == 201
    async with installation(settings, registration="closed") as client:
        assert is_refusal(await register(client, invitation=good), "FORBIDDEN")
    async with installation(settings) as client:
        assert is_refusal(await register(client, invitation=late), "FORBIDDEN")


async def test_registrations_of_a_network_are_limited(settings: Settings) -> None:
    async with installation(settings, registrations=4, workers=2) as client:
        assert (await register(client, email="x")).status_code == 422
        for _ in range(2):
            assert (await register(client, email="admin@test.example")).status_code == 409
        refused = await register(client)
        assert is_refusal(refused, "TOO_MANY_REQUESTS")
        assert int(refused.headers["retry-after"]) > 60
        for path, body in (("forgot", {"username": "x"}), ("reset", {"token": "x"})):
            answer = await client.post(
                f"/api/auth/password/{path}",
                json=body | ({"password": NEW} if path == "reset" else {}),
            )
            assert answer.status_code == 429
    async with installation(settings, "2001:db8::1", registrations=1) as client:
        assert (await register(client)).status_code == 201
        client._transport.client = ("2001:db8::2", 1)  # type: ignore[attr-defined]
        assert (await register(client)).status_code == 429
    async with installation(settings, "127.0.0.1", registrations=1) as client:
        assert [(await register(client)).status_code for _ in range(2)] == [201, 201]


class Inbox(Message):
    """Keeps what a mail server receives."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, dict[str, Any]]]:
    """A mail server without encryption, and the settings to use it."""
    kept, port = Inbox(), free_port()
    server = Controller(kept, hostname="127.0.0.1", port=port)
    server.start()
    mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "stats@test.example"}
    yield kept, mail | {"smtp_tls": "off"}
    server.stop()


async def forget(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/api/auth/password/forgot", json={"username": name})


async def test_forgotten_password_is_reset_by_email(
    settings: Settings, inbox: tuple[Inbox, dict[str, Any]]
) -> None:
    kept, mail = inbox
    async with installation(settings, **mail) as client:
        person = await Person(client).register()
        answers = [await forget(client, name) for name in (person.name, "nobody-has-it")]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json() == {"by_email": True, "valid_seconds": 3600}
        await forget(client, person.email)  # within five minutes
        (message,) = kept.messages
        assert (message["To"], message["From"]) == (person.email, "stats@test.example")
        token = message.get_payload(decode=True).decode().partition("#reset=")[2].split()[0]
        body = {"token": token, "password": NEW}
        easy = await client.post(
            "/api/auth/password/reset", json=body | {"password": f"{person.name}1"}
        )
        assert easy.status_code == 422
        for status in (204, 401):
            answer = await client.post("/api/auth/password/reset", json=body)
            assert answer.status_code == status
        assert not await person.is_logged_in()
        assert (await person.log_in()).status_code == 401
        assert (await person.log_in(password=NEW)).status_code == 200


async def test_reset_token_ends_with_time_password_and_account(
    settings: Settings, client: httpx.AsyncClient, database: Database
) -> None:
    endings = (
        "update one_time_token set expires_at = now() where user_id = %s",
        "update one_time_token set purpose = 'other' where user_id = %s",
        "update app_user set is_active = false where id = %s",
    )
    for ending in endings:
        person = await Person(client).register()
        insert = "insert into one_time_token values (%s, %s, 'password', now() + '1 hour')"
        await change(database, insert, hash_of(person.name), person.number)
        await change(database, ending, person.number)
        body = {"token": person.name, "password": NEW}
        refused = await client.post("/api/auth/password/reset", json=body)
        assert is_refusal(refused, "UNAUTHENTICATED"), ending


async def test_mail_goes_nowhere_without_encryption_that_was_asked_for(
    settings: Settings, inbox: tuple[Inbox, dict[str, Any]]
) -> None:
    kept, mail = inbox
    for tls in ("starttls", "tls"):
        async with installation(settings, **mail | {"smtp_tls": tls}) as client:
            person = await Person(client).register()
            assert (await forget(client, person.name)).status_code == 202
    assert kept.messages == []
    async with installation(settings) as client:
        answer = await forget(client, person.name)
        assert answer.json() == answer.json() | {"by_email": False}
