"""Accounts: who gets in, and what nobody gets out."""

from typing import Any

import httpx
import pytest

from api.sites.directory import Sites
from conftest import ADMIN
from refusals import allowed_in, is_refusal

pytestmark = pytest.mark.any_engine

PASSWORD = "a long enough password"


async def register(client: httpx.AsyncClient, email: str, **extra: Any) -> httpx.Response:
    """Tries to make an account."""
    return await client.post(
        "/api/auth/register", json={"email": email, "password": PASSWORD} | extra
    )


async def bearer(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    """Logs in; the headers to use, without the cookie."""
    answer = await client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.parametrize(
    "extra",
    [
        {"is_superuser": True},
        {"is_active": True},
        {"id": 1},
        {"password_hash": "x"},
        {"role": "owner"},
        {"site_ids": [1]},
    ],
)
async def test_registration_with_rights_is_refused(client: httpx.AsyncClient, extra: Any) -> None:
    answer = await register(client, "greedy@test.example", **extra)
    assert answer.status_code == 422
    fields = {"email", "full_name", "invitation", "password", "username"}
    assert allowed_in(answer) == fields


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "x", "password": PASSWORD},
        {"email": "a@b", "password": "short"},
        {"email": "a@b", "password": "é" * 40},
        {"email": "a@b", "password": "with a \0 in it"},
        {"email": "a\0@b", "password": PASSWORD},
        {"email": "=?utf-8?q?ann?=@b", "password": PASSWORD},
        {"email": ["a@b"], "password": PASSWORD},
    ],
)
async def test_bad_registration_is_refused_without_echo_of_password(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post("/api/auth/register", json=body)
    assert answer.status_code == 422
    assert str(body.get("password", PASSWORD)) not in answer.text


async def test_email_is_unique_regardless_of_case(client: httpx.AsyncClient) -> None:
    assert (await register(client, "Once@Test.example")).status_code == 201
    answer = await register(client, "once@test.EXAMPLE")
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT")


async def test_username_is_unique_and_never_address_of_somebody_else(
    client: httpx.AsyncClient,
) -> None:
    made = await register(client, "first@test.example", username="Analyst")
    assert made.json()["username"] == "analyst"
    again = await register(client, "second@test.example", username="analyst")
    assert (again.status_code, again.json()["error"]) == (409, "CONFLICT")
    taken = await register(client, "third@test.example", username="first@test.example")
    assert taken.status_code == 422


@pytest.mark.parametrize("name", ["me-too", "ME-TOO", "me-too@test.example", "Me-Too@Test.Example"])
async def test_login_takes_username_and_email(client: httpx.AsyncClient, name: str) -> None:
    await register(client, "me-too@test.example", username="me-too")
    for path, sent in (
        ("login", {"json": {"username": name}}),
        ("token", {"data": {"username": name}}),
    ):
        (fields,) = sent.values()
        fields["password"] = PASSWORD
        answer = await client.post(f"/api/auth/{path}", **sent)
        assert answer.status_code == 200, answer.text
    client.cookies.clear()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"content": b"username=a&password=b", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"json": {"username": "a", "password": "b"}}, 415),
        ({"data": {"username": "a"}}, 422),
        ({"data": {"username": "a", "password": "é" * 40}}, 422),
        ({"data": {"username": "a\0", "password": "b"}}, 422),
        ({"data": {"username": "nobody", "password": "b", "scope": "", "client_id": "x"}}, 401),
    ],
)
async def test_bad_password_form_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    answer = await client.post("/api/auth/token", **body)
    assert answer.status_code == status
    assert answer.json()["problems"] or status == 401


async def test_form_with_too_many_fields_is_refused(client: httpx.AsyncClient) -> None:
    form = {f"x{number}": "1" for number in range(30)} | {"username": "a", "password": "b"}
    refused = await client.post("/api/auth/token", data=form)
    assert is_refusal(refused, "INVALID")
    assert refused.json()["detail"] == "body: must have at most 20 fields"


async def test_wrong_password_and_unknown_user_get_same_answer(client: httpx.AsyncClient) -> None:
    wrong = {"email": ADMIN.email, "password": "not the password"}
    unknown = {"email": "nobody@test.example", "password": "not the password"}
    answers = [await client.post("/api/auth/login", json=body) for body in (wrong, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_registered_user_logs_in_and_reads_own_account(client: httpx.AsyncClient) -> None:
    made = await register(client, "me@test.example", full_name="Me")
    assert made.status_code == 201
    headers = await bearer(client, "me@test.example")
    me = (await client.get("/api/auth/me", headers=headers)).json()
    assert me == made.json()
    assert set(me) == {
        *("id", "username", "email", "full_name", "is_superuser", "is_active", "created_at"),
    }
    assert me["is_superuser"] is False


async def test_private_site_is_hidden_from_strangers(client: httpx.AsyncClient, app: Any) -> None:
    sites: Sites = app.state.sites
    await sites.create("private", "private.example")
    assert (await client.get("/api/analytics/pages?site=private")).status_code == 401
    assert (await client.get("/api/analytics/pages?site=no-such-site")).status_code == 401
    await register(client, "stranger@test.example")
    headers = await bearer(client, "stranger@test.example")
    private, absent = [
        await client.get(f"/api/analytics/pages?site={key}", headers=headers)
        for key in ("private", "no-such-site")
    ]
    assert private.status_code == absent.status_code == 404
    assert private.json()["error"] == absent.json()["error"] == "UNKNOWN_SITE"


async def test_default_site_is_open_to_every_user_and_to_nobody_else(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/api/analytics/pages")).status_code == 401
    await register(client, "member@test.example")
    headers = await bearer(client, "member@test.example")
    assert (await client.get("/api/analytics/pages", headers=headers)).status_code == 200


async def test_only_trusted_senders_backdate_events(
    client: httpx.AsyncClient, app: Any, admin: dict[str, str]
) -> None:
    old = {"page": "/old", "time": "2020-02-02T00:00:00Z"}
    assert (await client.post("/api/events/", json=old)).json()["error"] == "TOO_LATE"
    assert (await client.post("/api/events/", json=old, headers=admin)).status_code == 201
    bad = {"Authorization": "Bearer None"}
    assert (await client.post("/api/events/", json={"page": "/"}, headers=bad)).status_code == 201
