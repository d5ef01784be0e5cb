"""Logins at an OpenID Connect provider: the whole way, and what an attacker may send."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from time import time
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyotp.totp import TOTP

from api.auth.oidc.provider import BETWEEN_FETCHES, KEPT_SECONDS, Provider
from api.auth.tokens import hash_of
from api.db.database import Database
from main import build_app
from oidc_provider import (
    CLIENT,
    EC_KEY,
    OTHER_KEY,
    RSA_KEY,
    Browser,
    Claims,
    TestProvider,
    public,
    running_provider,
    signed,
)
from people import PASSWORD, Person
from refusals import is_refusal
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine


@pytest.fixture(scope="module")
def served() -> Iterator[TestProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def application(settings: Settings, served: TestProvider) -> AsyncIterator[Any]:
    known = {"test": {"issuer": served.issuer, "title": "Test & Co", **CLIENT}}
    given = settings.model_dump(exclude={"oidc_providers"})
    changed = {"oidc_providers": known, "base_url": "http://test", "login_tries": 0}
    app = build_app(Settings(**(given | changed)))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def browser(application: Any, served: TestProvider) -> AsyncIterator[Browser]:
    """A browser of somebody new; provider and settings are as usual."""
    served.reset()
    usual = application.state.settings
    own: Provider = application.state.providers["test"]
    application.state.providers["test"] = Provider("test", own.settings)
    transport = httpx.ASGITransport(application, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Browser(client, served)
    application.state.settings = usual


def allow(browser: Browser, **changed: Any) -> None:
    """Changes settings of the installation until the end of the test."""
    transport: Any = browser.client._transport
    state = transport.app.state
    state.settings = state.settings.model_copy(update=changed)


async def trail_of(database: Database, **about: Any) -> list[Any]:
    """The actions of the audit log, oldest first."""
    ((column, value),) = about.items()
    rows = await change(
        database,
        f"select action, detail from audit_log where {column} = %s order by id",
        value,
    )
    return [tuple(row) for row in rows]


async def test_first_login_makes_account_and_next_ones_find_it(
    browser: Browser, database: Database
) -> None:
    page = await browser.client.get("/login", params={"next": "/goals"})
    assert 'data-provider="test">Log in with Test &amp; Co<' in page.text
    begun = await browser.begin(next="/goals?site=x")
    cookie = begun.headers["set-cookie"].lower()
    assert all(
        part in cookie for part in ("httponly", "samesite=lax", "path=/login", "max-age=600")
    )
    browser.claims = {"name": "Ada\0 Lovelace", "aud": ["analytics"]}
    first = await browser.come_back(begun.json()["address"])
    assert (first.status_code, first.headers["location"]) == (303, "/goals?site=x")
    me = (await browser.me()).json()
    assert (me["email"], me["full_name"]) == (browser.email, "Ada  Lovelace")
    assert not me["is_superuser"]

    browser.claims = {"email": "other@provider.example", "email_verified": False}
    again = await browser.log_in()
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert (await browser.me()).json() == me
    assert await trail_of(database, actor=me["id"]) == [
        ("registered", {"provider": "test"}),
        ("logged_in_from_new_network", {"provider": "test"}),
        ("logged_in", {"provider": "test"}),
    ]
    by_password = {"username": browser.email, "password": PASSWORD}
    refused = await browser.client.post("/api/auth/login", json=by_password)
    assert is_refusal(refused, "UNAUTHENTICATED")


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "rsa"})


def signed_by_public_key(claims: Claims) -> str:
    """HS256 with the text of the public key as shared secret; made by hand, as no library does."""
    key = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "JWT", "kid": "rsa"}
    parts = [part_of(header), part_of(claims)]
    digest = hmac.digest(key, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()])


def part_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def changing(**changed: Any) -> Any:
    """Signs the claims with these changes; None takes one away."""

    def sign(claims: Claims) -> str:
        other = claims | changed
        return signed({name: value for name, value in other.items() if value is not None})

    return sign


PAST = round(time()) - 3600

FORGED = {
    "another nonce": changing(nonce="x"),
    "no nonce": changing(nonce=None),
    "nonce that is no text": changing(nonce=["x"]),
    "nonce of half a character": lambda claims: signed(claims | {"nonce": "\ud800"}),
    "another audience": changing(aud="somebody-else"),
    "another audience for this party": changing(aud="somebody-else", azp="analytics"),
    "no audience": changing(aud=None),
    "several audiences": changing(aud=["analytics", "somebody-else"]),
    "another client": changing(aud=["analytics", "x"], azp="somebody-else"),
    "another party": changing(azp="somebody-else"),
    "another issuer": changing(iss="https://accounts.example"),
    "no issuer": changing(iss=None),
    "expired": changing(exp=PAST),
    "no expiry": changing(exp=None),
    "not yet": changing(iat=round(time()) + 3600),
    "no subject": changing(sub=None),
    "empty subject": changing(sub=""),
    "long subject": changing(sub="x" * 256),
    "subject that cannot be stored": changing(sub="x\0"),
    "no algorithm": unsigned,
    "the public key as a secret": signed_by_public_key,
    "another key": lambda claims: signed(claims, OTHER_KEY),
    "an unknown key": lambda claims: signed(claims, OTHER_KEY, kid="x"),
    "another signature": lambda claims: signed(claims, RSA_KEY, "RS512"),
    "the wrong kind of key": lambda claims: signed(claims, EC_KEY, "ES256"),
    "nonsense": lambda claims: "x.y.z",
    "deep nonsense": lambda claims: part_of({"alg": "RS256", "kid": "rsa"}) + "." + "W1tb" * 9000,
}


async def test_forged_id_token_is_refused_and_recorded(
    browser: Browser, database: Database
) -> None:
    for name, sign in FORGED.items():
        browser.provider.sign = sign
        before = len(await trail_of(database, action="login_failed"))
        refused = await browser.log_in()
        assert (refused.status_code, "location" in refused.headers) == (401, False), name
        assert "did not confirm" in refused.text or "no such key" in refused.text, name
        assert (await browser.me()).status_code == 401, name
        failed = (await trail_of(database, action="login_failed"))[before:]
        assert failed == [("login_failed", {"provider": "test"})], name
    browser.provider.sign = signed
    assert (await browser.log_in()).status_code == 303


async def test_answer_that_belongs_to_another_flow_is_refused(browser: Browser) -> None:
    address = (await browser.begin()).json()["address"]
    assert (await browser.come_back(address, state="x")).status_code == 401
    assert (await browser.come_back(address)).status_code == 401, "the cookie is used up"
    address = (await browser.begin()).json()["address"]
    browser.client.cookies.clear()
    assert (await browser.come_back(address)).status_code == 401
    stolen = (await browser.begin()).json()["address"]
    await browser.begin()
    assert (await browser.come_back(stolen)).status_code == 401
    address = (await browser.begin()).json()["address"]
    assert (await browser.come_back(address, code="")).status_code == 401
    address = (await browser.begin()).json()["address"]
    assert (await browser.come_back(address, iss="https://other.example")).status_code == 401
    address = (await browser.begin()).json()["address"]
    assert (await browser.come_back(address, iss=browser.provider.issuer)).status_code == 303
    assert (await browser.client.get("/login/other/callback")).status_code == 404
    assert (await browser.me()).status_code == 200


async def test_missing_issuer_is_refused_where_provider_names_itself(browser: Browser) -> None:
    browser.provider.metadata = {"authorization_response_iss_parameter_supported": True}
    assert (await browser.log_in()).status_code == 401


async def test_code_is_good_once(browser: Browser) -> None:
    address = (await browser.begin()).json()["address"]
    kept = dict(browser.client.cookies)
    claims = {"sub": browser.subject, "email": browser.email, "email_verified": True}
    query = browser.provider.authorize(address, **claims)
    statuses: list[int] = []
    for _ in range(2):
        browser.client.cookies = httpx.Cookies(kept)
        answer = await browser.client.get("/login/test/callback", params=query)
        statuses.append(answer.status_code)
    assert statuses == [303, 401]


async def test_account_is_not_taken_over_by_its_address(
    browser: Browser, client: httpx.AsyncClient
) -> None:
    person = await Person(client).register()
    browser.claims = {"email": person.email.upper()}
    refused = await browser.log_in()
    assert (refused.status_code, "link this provider there" in refused.text) == (403, True)
    assert (await browser.me()).status_code == 401


async def test_account_is_made_for_verified_address_only(browser: Browser) -> None:
    for claims in (
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": ""},
        {"email": "a@b@c"},
        {"email": ["a@b.example"]},
    ):
        browser.claims = claims
        assert (await browser.log_in()).status_code == 403, claims
        assert (await browser.me()).status_code == 401, claims


async def test_registration_decides_whether_account_is_made(
    browser: Browser, database: Database
) -> None:
    good, late = uuid4().hex, uuid4().hex
    for token, lasts in ((good, "1 day"), (late, "-1 second")):
        await change(
            database,
            "insert into invitation (site_id, role, hash, expires_at)"
            " select id, 'viewer', %s, now() + %s::interval from site where key = 'default'",
            *(hash_of(token), lasts),
        )
    allow(browser, registration="closed")
    assert (await browser.log_in(invitation=good)).status_code == 403
    allow(browser, registration="invite")
    for invitation in (None, late, "x"):
        assert (await browser.log_in(invitation=invitation)).status_code == 403
    assert (await browser.log_in(invitation=good)).status_code == 303
    allow(browser, registration="closed")
    assert (await browser.log_in()).status_code == 303, "who has an account needs no invitation"


async def linked(browser: Browser, password: str = PASSWORD) -> httpx.Response:
    """Begins to link the provider to the account that is logged in."""
    return await browser.client.post(
        "/api/auth/identities/test",
        json={"password": password, "next": "/goals"},
        headers={"Origin": "http://test"},
    )


async def log_in_by_password(browser: Browser, person: Person, **more: Any) -> httpx.Response:
    browser.client.cookies.clear()
    body = {"username": person.name, "password": PASSWORD} | more
    return await browser.client.post("/api/auth/login", json=body)


async def test_account_is_linked_by_whoever_is_logged_in(
    browser: Browser, client: httpx.AsyncClient, database: Database
) -> None:
    person = await Person(client).register()
    await log_in_by_password(browser, person)
    assert is_refusal(await linked(browser, "wrong password"), "FORBIDDEN")
    begun = await linked(browser)
    done = await browser.come_back(begun.json()["address"])
    assert (done.status_code, done.headers["location"]) == (303, "/goals")
    (listed,) = (await browser.client.get("/api/auth/identities")).json()
    assert (listed["provider"], listed["title"]) == ("test", "Test & Co")
    assert listed["linked_at"] is not None

    allow(browser, registration="closed")
    assert (await browser.log_in()).status_code == 303
    assert (await browser.me()).json()["id"] == person.number

    other = await Person(client).register()
    await log_in_by_password(browser, other)
    taken = await browser.come_back((await linked(browser)).json()["address"])
    assert taken.status_code == 409
    unlinked = await person.ask("DELETE", "/auth/identities/test")
    assert unlinked.status_code == 404, "the other application knows no such provider"
    headers = {"Origin": "http://test"}
    await log_in_by_password(browser, person)
    for status in (204, 404):
        gone = await browser.client.delete("/api/auth/identities/test", headers=headers)
        assert gone.status_code == status
    assert (await browser.log_in()).status_code == 403
    actions = [action for action, _ in await trail_of(database, actor=person.number)]
    assert actions.count("identity_linked") == actions.count("identity_unlinked") == 1


async def test_link_needs_the_login_that_asked_for_it(
    browser: Browser, client: httpx.AsyncClient
) -> None:
    victim, attacker = [await Person(client).register() for _ in range(2)]
    await log_in_by_password(browser, attacker)
    address = (await linked(browser)).json()["address"]
    flow = browser.client.cookies["analytics_provider"]
    await log_in_by_password(browser, victim)
    browser.client.cookies.set("analytics_provider", flow)
    refused = await browser.come_back(address)
    assert (refused.status_code, "Log in to your account first" in refused.text) == (401, True)
    (listed,) = (await browser.client.get("/api/auth/identities")).json()
    assert listed["linked_at"] is None


async def test_last_way_to_log_in_is_not_unlinked(browser: Browser) -> None:
    await browser.log_in()
    headers = {"Origin": "http://test"}
    kept = await browser.client.delete("/api/auth/identities/test", headers=headers)
    assert is_refusal(kept, "CONFLICT")
    assert (await browser.log_in()).status_code == 303


async def test_second_factor_is_asked_after_provider(browser: Browser, database: Database) -> None:
    await browser.log_in()
    number = (await browser.me()).json()["id"]
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    on = "update app_user set totp_secret = %s, totp_since = now() where id = %s"
    await change(database, on, secret, number)
    page = await browser.log_in(next="/goals")
    assert page.status_code == 200
    assert (await browser.me()).status_code == 401
    pending = page.text.partition('data-pending="')[2].partition('"')[0]
    given = {"pending": pending, "code": "000000"}
    path = "/api/auth/login/code"
    assert is_refusal(await browser.client.post(path, json=given), "WRONG_CODE")
    assert (await trail_of(database, actor=number))[-1] == ("login_failed", {})
    given["code"] = TOTP(secret).now()
    for token in ("", "x", pending[:-4]):
        refused = await browser.client.post(path, json=given | {"pending": token})
        assert is_refusal(refused, "UNAUTHENTICATED")
    done = await browser.client.post(path, json=given)
    assert done.status_code == 200, done.text
    assert (await browser.me()).json()["id"] == number
    again = await browser.client.post(path, json=given)
    assert is_refusal(again, "WRONG_CODE")


async def test_account_that_is_not_active_is_refused(browser: Browser, database: Database) -> None:
    await browser.log_in()
    number = (await browser.me()).json()["id"]
    await change(database, "update app_user set is_active = false where id = %s", number)
    assert (await browser.log_in()).status_code == 401


async def test_keys_are_fetched_again_for_unknown_id_but_not_often(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await browser.log_in()).status_code == 303
    provider = browser.provider
    provider.keys = [public(RSA_KEY, "rsa"), public(EC_KEY, "ec")]
    provider.sign = lambda claims: signed(claims, EC_KEY, "ES256", "ec")
    for _ in range(3):
        assert (await browser.log_in()).status_code == 401
    assert provider.asked.count("/keys") == 1
    monkeypatch.setattr("api.auth.oidc.provider.BETWEEN_FETCHES", 0.0)
    assert (await browser.log_in()).status_code == 303
    assert (provider.asked.count("/keys"), BETWEEN_FETCHES < KEPT_SECONDS) == (2, True)
    for _ in range(2):
        assert (await browser.log_in()).status_code == 303
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_provider_that_answers_wrongly_is_away(browser: Browser) -> None:
    provider = browser.provider
    transport: Any = browser.client._transport
    state = transport.app.state
    with running_provider() as elsewhere:
        target, elsewhere.issuer = elsewhere.issuer, provider.issuer
        for changed in (
            {"issuer": "https://other.example"},
            {"token_endpoint": "http://other.example/token"},
            {"token_endpoint": None},
            {"id_token_signing_alg_values_supported": ["HS256", "none"]},
            {"padding": "x" * 300_000},
        ):
            state.providers["test"] = Provider("test", state.providers["test"].settings)
            provider.metadata = changed
            away = await browser.begin()
            assert is_refusal(away, "UNAVAILABLE"), changed
        asked = len(provider.asked)
        assert is_refusal(await browser.begin(), "UNAVAILABLE")
        assert len(provider.asked) == asked, "it is left alone for a while"
        state.providers["test"] = Provider("test", state.providers["test"].settings)
        provider.metadata, provider.redirects = {}, target
        assert is_refusal(await browser.begin(), "UNAVAILABLE")
        assert elsewhere.asked == []


async def test_attempts_at_a_provider_are_limited_by_network(browser: Browser) -> None:
    transport: Any = browser.client._transport
    tries = transport.app.state.login_tries.by_network
    tries.size, tries.per_second = 2.0, 1e-6
    browser.provider.sign = unsigned
    statuses = [(await browser.log_in()).status_code for _ in range(3)]
    transport.client = ("127.0.0.1", 4711)
    statuses += [(await browser.log_in()).status_code for _ in range(3)]
    tries.size = 0.0
    tries.levels.clear()
    assert statuses == [401, 401, 429, 401, 401, 401], "this machine may be a proxy"
