"""Logins: which tokens are valid, for what, and for how long."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from api.auth.tokens import ALGORITHM, Claims, Purpose, Tokens, key_for
from api.db.database import Database
from api.errors import Unauthenticated
from api.sites.models import utc_now
from conftest import ADMIN, SECRET
from submitting import change

pytestmark = pytest.mark.any_engine

CREDENTIALS = {"username": ADMIN.email, "password": ADMIN.password}

OTHER_SECRET = "another secret that is long enough, too"

HEADERS = (
    *(b"[" * 40_000, b"[" * 40_000 + b"]" * 40_000, b'{"alg":' * 6_000, b"\xff", b"9" * 5_000),
    *(b'{"alg":[]}', b'{"alg":{}}', b'{"alg":"HS256","crit":[1e999]}', b'{"alg":"HS256","kid":{}}'),
)
"""Of tokens that nobody has signed."""

NUMBERS = ("0", "-1", str(2**31), str(2**63), str(-(2**63) - 1), "9" * 5000, "1e9", "not a number")

MINUTE = timedelta(minutes=1)


async def log_in(client: httpx.AsyncClient) -> dict[str, Any]:
    """A login of the administrator, without the cookie."""
    answer = await client.post("/api/auth/login", json=CREDENTIALS)
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    return answer.json()


async def status(client: httpx.AsyncClient, token: str) -> int:
    """What a route answers that takes a login."""
    answer = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200 or answer.json()["error"] == "UNAUTHENTICATED"
    return answer.status_code


def forged(
    claims: dict[str, Any],
    key: Any = key_for(SECRET, Purpose.ACCESS),
    algorithm: str = ALGORITHM,
    **changes: Any,
) -> str:
    """The token of a login with changes; None leaves a claim out."""
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


async def test_forged_tokens_are_refused(client: httpx.AsyncClient) -> None:
    good = (await log_in(client))["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    now = utc_now()
    assert await status(client, forged(claims)) == 200
    assert await status(client, forged(claims, exp=now - timedelta(seconds=10))) == 200  # leeway
    refused = [
        *("nonsense", "a.b.c", f"{good}x", good[:-2]),
        forged(claims, OTHER_SECRET),
        forged(claims, SECRET),
        *(forged(claims, key_for(SECRET, kind)) for kind in Purpose if kind != Purpose.ACCESS),
        forged(claims, None, "none"),
        *(forged(claims, algorithm=algorithm) for algorithm in ("HS384", "HS512")),
        forged(claims, exp=now - 2 * MINUTE),
        forged(claims, iat=now + 2 * MINUTE),
        forged(claims, nbf=now + 2 * MINUTE),
        *(forged(claims, aud=kind) for kind in ("something else", Purpose.COOKIE)),
        *(forged(claims, sub=sub) for sub in NUMBERS),
        *(forged(claims, sid=sid) for sid in ("", "nonsense", str(uuid4()), 7, [], {})),
        *(forged(claims, exp=exp) for exp in (1e999, "9" * 5000, [], float("nan"))),
        *(forged(claims, **{claim: 1e999}) for claim in ("iat", "nbf", "aud")),
        *(f"{b64encode(header).decode()}.e30.e30" for header in HEADERS),
        *(forged(claims, **{claim: None}) for claim in claims),
    ]
    assert len(refused) > 40
    assert [token for token in refused if await status(client, token) != 401] == []


def test_token_of_secret_before_is_read_and_of_none_else() -> None:
    claims, later = Claims(1, uuid4()), utc_now() + MINUTE
    old = Tokens([OTHER_SECRET]).issue(Purpose.ACCESS, claims, later)
    assert Tokens([SECRET, OTHER_SECRET]).read(Purpose.ACCESS, old) == claims
    with pytest.raises(Unauthenticated):
        Tokens([SECRET]).read(Purpose.ACCESS, old)
    with pytest.raises(Unauthenticated):
        Tokens([SECRET, OTHER_SECRET]).read(Purpose.COOKIE, old)


async def test_refresh_token_is_good_once_and_its_second_use_ends_login(
    client: httpx.AsyncClient,
) -> None:
    first = await log_in(client)
    renewed = await client.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert renewed.status_code == 200
    second = renewed.json()
    assert await status(client, second["access_token"]) == 200
    again = await client.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert again.status_code == 401
    assert await status(client, second["access_token"]) == 401
    late = await client.post("/api/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert late.status_code == 401


async def test_refresh_token_that_is_used_many_times_at_once_leaves_no_login(
    client: httpx.AsyncClient,
) -> None:
    first = await log_in(client)
    body = {"refresh_token": first["refresh_token"]}
    answers = await asyncio.gather(*(client.post("/api/auth/refresh", json=body) for _ in range(6)))
    renewed = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(renewed) <= 1
    for token in (first, *renewed):
        assert await status(client, token["access_token"]) == 401


NOBODYS = "4f0b7a52-3a7c-4d1e-9c0e-5b8a3c1d2e4f"


@pytest.mark.parametrize("text", ["", "x", f"{NOBODYS}.x", NOBODYS, "a.b.c", "é" * 200])
async def test_unknown_refresh_token_is_refused(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.post("/api/auth/refresh", json={"refresh_token": text})
    assert answer.status_code == 401


async def test_logout_ends_login_at_once_and_no_other(client: httpx.AsyncClient) -> None:
    ended, kept = await log_in(client), await log_in(client)
    headers = {"Authorization": f"Bearer {ended['access_token']}"}
    assert (await client.post("/api/auth/logout", headers=headers)).status_code == 204
    assert await status(client, ended["access_token"]) == 401
    assert await status(client, kept["access_token"]) == 200
    refreshed = await client.post(
        "/api/auth/refresh", json={"refresh_token": ended["refresh_token"]}
    )
    assert refreshed.status_code == 401


async def test_account_that_is_not_active_is_refused_like_unknown_one(
    client: httpx.AsyncClient, database: Database
) -> None:
    person = {"username": "leaver", "email": "leaver@test.example", "password": "secure123"}
    await client.post("/api/auth/register", json=person)
    given = {"username": "leaver", "password": "secure123"}
    token = (await client.post("/api/auth/login", json=given)).json()["access_token"]
    client.cookies.clear()
    await change(database, "update app_user set is_active = false where username = 'leaver'")
    assert await status(client, token) == 401
    inactive = await client.post("/api/auth/login", json=given)
    unknown = await client.post("/api/auth/login", json=given | {"username": "nobody"})
    assert inactive.status_code == unknown.status_code == 401
    assert inactive.json() == unknown.json()


async def test_cookie_is_read_for_own_pages_only(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", json=CREDENTIALS)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    own, foreign = {"Origin": "http://test"}, {"Origin": "https://evil.example"}
    for headers, got, posted in ((own, 200, 200), (foreign, 401, 401), ({}, 200, 401)):
        assert (await client.get("/api/auth/me", headers=headers)).status_code == got
        sent = await client.post("/api/jobs", json={"report": "pages"}, headers=headers)
        assert sent.status_code == (202 if posted == 200 else 401)
    token = client.cookies["analytics_login"]
    access = answer.json()["access_token"]
    client.cookies.clear()
    assert await status(client, token) == 401
    client.cookies["analytics_login"] = access
    assert (await client.get("/api/auth/me")).status_code == 401
    client.cookies.clear()


async def test_token_says_whose_it_is(client: httpx.AsyncClient, admin: dict[str, str]) -> None:
    answer = await client.get("/api/auth/verify", headers=admin)
    assert answer.json() == {"valid": True, "username": ADMIN.email}
    assert (await client.get("/api/auth/verify")).status_code == 401


async def test_token_says_nothing_that_its_account_may_not_know(client: httpx.AsyncClient) -> None:
    """Tokens are not encrypted: see docs/decisions/tokens.md."""
    token = (await log_in(client))["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"sub", "sid", "aud", "jti", "iat", "exp"}
    assert claims["sub"].isdecimal()
    assert ADMIN.email not in str(claims)
