"""Accounts: who gets in, and what nobody gets out."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from api.auth.security import ALGORITHM, AUDIENCE
from api.sites.directory import Sites
from api.sites.models import utc_now
from conftest import ADMIN, SECRET
from refusals import allowed_in

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
    [{"is_admin": True}, {"id": 1}, {"password_hash": "x"}, {"role": "owner"}, {"site_ids": [1]}],
)
async def test_registration_with_rights_is_refused(client: httpx.AsyncClient, extra: Any) -> None:
    answer = await register(client, "greedy@test.example", **extra)
    assert answer.status_code == 422
    assert allowed_in(answer) == {"email", "name", "password"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "x", "password": PASSWORD},
        {"email": "a@b", "password": "short"},
        {"email": "a@b", "password": "é" * 40},
        {"email": "a@b", "password": "with a \0 in it"},
        {"email": "a\0@b", "password": PASSWORD},
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


async def test_wrong_password_and_unknown_user_get_same_answer(client: httpx.AsyncClient) -> None:
    wrong = {"email": ADMIN.email, "password": "not the password"}
    unknown = {"email": "nobody@test.example", "password": "not the password"}
    answers = [await client.post("/api/auth/login", json=body) for body in (wrong, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_registered_user_logs_in_and_reads_own_account(client: httpx.AsyncClient) -> None:
    made = await register(client, "me@test.example", name="Me")
    assert made.status_code == 201
    headers = await bearer(client, "me@test.example")
    me = (await client.get("/api/auth/me", headers=headers)).json()
    assert me == made.json()
    assert set(me) == {"id", "email", "name", "is_admin", "created_at"}
    assert me["is_admin"] is False


def forged(secret: str = SECRET, algorithm: str = ALGORITHM, **changes: Any) -> str:
    """A token that is wrong in one way, and valid for long; None leaves a claim out."""
    now = utc_now()
    later = now + timedelta(days=2)
    claims = {"sub": "1", "aud": AUDIENCE, "iat": now, "exp": later} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm)


HEADERS = (
    *(b"[" * 40_000, b"[" * 40_000 + b"]" * 40_000, b'{"alg":' * 6_000, b"\xff", b"9" * 5_000),
    *(b'{"alg":[]}', b'{"alg":{}}', b'{"alg":"HS256","crit":[1e999]}', b'{"alg":"HS256","kid":{}}'),
)
"""Of tokens that nobody has signed."""


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        forged("another secret that is long enough, too"),
        forged(None, "none"),  # pyright: ignore[reportArgumentType]
        forged(algorithm="HS384"),
        forged(exp=utc_now() - timedelta(minutes=5)),
        forged(iat=utc_now() + timedelta(days=1)),
        forged(aud="something else"),
        forged(sub="not a number"),
        forged(sub="999999"),
        *(
            forged(sub=sub)
            for sub in ("0", "-1", str(2**31), str(2**63), str(-(2**63) - 1), "9" * 5000, "1e9")
        ),
        *(forged(exp=exp) for exp in (1e999, "9" * 5000, [], float("nan"))),
        *(forged(**{claim: 1e999}) for claim in ("iat", "nbf", "aud")),
        *(f"{b64encode(header).decode()}.e30.e30" for header in HEADERS),
        *(forged(**{claim: None}) for claim in ("sub", "aud", "iat", "exp")),
    ],
)
async def test_forged_token_is_refused(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "UNAUTHENTICATED")


async def test_login_cookie_is_accepted_from_own_origin_only(client: httpx.AsyncClient) -> None:
    body = {"email": ADMIN.email, "password": ADMIN.password}
    answer = await client.post("/api/auth/login", json=body)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await client.get("/api/auth/me")).status_code == 200
    foreign = {"Origin": "https://evil.example"}
    assert (await client.get("/api/auth/me", headers=foreign)).status_code == 401
    client.cookies.clear()


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
