"""API keys: what they are good for, for whom, and for how long."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.auth.keys import MOST_NETWORKS
from api.db.database import Database
from conftest import TestSite
from refusals import is_refusal
from submitting import Account, change

pytestmark = pytest.mark.any_engine

OLD = {"page": "/old", "time": "2020-02-02T00:00:00Z"}

Headers = dict[str, str]


def headers_of(key: dict[str, Any]) -> Headers:
    """The headers with which a key is used."""
    return {"Authorization": f"Bearer {key['secret']}"}


async def make_key(
    account: Account, *scopes: str, status: int = 201, **more: Any
) -> dict[str, Any]:
    """Makes a key of this account, or is refused."""
    body = {"name": "a key", "scopes": scopes} | more
    answer = await account.client.post("/api/keys", json=body, headers=account.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(account: Account, path: str = "/api/keys") -> Sequence[dict[str, Any]]:
    """The keys that an account sees."""
    answer = await account.client.get(path, headers=account.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def number_of(account: Account) -> int:
    """The id of an account."""
    me = await account.client.get("/api/auth/me", headers=account.headers)
    return me.json()["id"]


async def make_member(site: TestSite, account: Account, role: str | None) -> None:
    """Gives an account a role on a site, or takes it away."""
    user, key = await number_of(account), site.key
    where = "where user_id = %s and site_id = (select id from site where key = %s)"
    await change(site.database, f"delete from membership {where}", user, key)
    if role:
        await change(
            site.database,
            "insert into membership select %s, id, %s from site where key = %s",
            user,
            role,
            key,
        )


@pytest.fixture
async def private(site: TestSite) -> TestSite:
    """A site that only its members may read."""
    await change(site.database, "update site set visibility = 'private' where key = %s", site.key)
    return site


@pytest.fixture
async def owner(private: TestSite, account: Account) -> Account:
    """An account that owns the site."""
    await make_member(private, account, "owner")
    return account


async def read(site: TestSite, headers: Headers) -> int:
    """What a report of the site answers."""
    answer = await site.client.get(f"/api/analytics/pages?site={site.key}", headers=headers)
    return answer.status_code


async def send_old(site: TestSite, headers: Headers) -> httpx.Response:
    """Sends what only a trusted sender may say."""
    event = OLD | {"site": site.key, "id": str(uuid4())}
    return await site.client.post("/api/events/", json=event, headers=headers)


async def test_secret_is_shown_once(owner: Account) -> None:
    made = await make_key(owner, "stats:read", name=" nightly export ", expires_in_days=30)
    assert made["secret"].startswith("ak_")
    assert len(made["secret"]) == 46
    (found,) = [key for key in await listed(owner) if key["id"] == made["id"]]
    assert found == {name: made[name] for name in made if name != "secret"}
    assert found["name"] == "nightly export"
    assert made["secret"].startswith(found["prefix"])
    assert len(found["prefix"]) < 10
    assert (found["last_used_at"], found["last_network"], found["site"]) == (None, None, None)
    assert found["expires_at"] > found["created_at"]


BAD = (
    {},
    {"name": "x", "scopes": []},
    {"name": "x", "scopes": ["everything"]},
    {"name": " ", "scopes": ["admin"]},
    {"name": "x" * 101, "scopes": ["admin"]},
    {"name": "x", "scopes": ["admin"], "expires_in_days": 0},
    {"name": "x", "scopes": ["admin"], "expires_in_days": 10**9},
    {"name": "x", "scopes": ["admin"], "user_id": 1},
)


async def test_bad_key_is_refused(account: Account) -> None:
    for body in BAD:
        answer = await account.client.post("/api/keys", json=body, headers=account.headers)
        assert answer.status_code == 422, body
        assert is_refusal(answer, "INVALID")


async def test_each_scope_does_what_it_says_and_no_more(private: TestSite, owner: Account) -> None:
    for scopes, reads, sends, administers in (
        (["stats:read"], 200, 403, 403),
        (["events:write"], 404, 201, 403),
        (["stats:read", "events:write"], 200, 201, 403),
        (["admin"], 200, 201, 200),
    ):
        headers = headers_of(await make_key(owner, *scopes))
        assert await read(private, headers) == reads
        assert (await send_old(private, headers)).status_code == sends
        path = f"/api/sites/{private.key}/rejected"
        told = await private.client.get(path, headers=headers)
        assert told.status_code == (administers if reads == 200 else 404), scopes


async def test_key_of_one_site_is_no_good_for_another(
    private: TestSite, owner: Account, site: TestSite, client: httpx.AsyncClient
) -> None:
    other = TestSite(f"{site.key}-other", client, site.admin, site.database)
    copied = "insert into site (key, domain, name) values (%s, 'other.example', 'Other')"
    await change(site.database, copied, other.key)
    await make_member(other, owner, "owner")
    headers = headers_of(await make_key(owner, "admin", site=private.key))
    assert [await read(each, headers) for each in (private, other)] == [200, 404]
    assert (await send_old(private, headers)).status_code == 201
    refused = await send_old(other, headers)
    assert is_refusal(refused, "UNKNOWN_SITE")
    beside = [OLD | {"site": each.key} for each in (private, other)]
    report = (await site.client.post("/api/events/", json=beside, headers=headers)).json()
    assert (report["accepted"], len(report["rejected"])) == (1, 1)
    await assert_jobs_of_other_site_are_hidden(owner, other, headers)


async def assert_jobs_of_other_site_are_hidden(
    owner: Account, other: TestSite, headers: Headers
) -> None:
    asked = {"report": "pages", "params": {"site": other.key}}
    made = await owner.client.post("/api/jobs", json=asked, headers=owner.headers)
    assert made.status_code == 202
    path = f"/api/jobs/{made.json()['id']}"
    assert (await owner.client.get(path, headers=owner.headers)).status_code == 200
    for method, hidden in (("GET", path), ("GET", f"{path}/result"), ("DELETE", path)):
        answer = await owner.client.request(method, hidden, headers=headers)
        assert answer.status_code == 404
    assert (await owner.client.get("/api/jobs", headers=headers)).json() == []


async def test_key_ends_with_role_of_its_account(private: TestSite, owner: Account) -> None:
    headers = headers_of(await make_key(owner, "admin"))
    assert await read(private, headers) == 200
    await make_member(private, owner, "viewer")
    path = f"/api/sites/{private.key}/rejected"
    assert (await private.client.get(path, headers=headers)).status_code == 403
    assert (await send_old(private, headers)).status_code == 404
    await make_member(private, owner, None)
    assert await read(private, headers) == 404


async def test_key_that_is_not_good_is_refused_by_every_route(
    private: TestSite, owner: Account, database: Database
) -> None:
    good = await make_key(owner, "admin")
    spoilt = "update api_key set expires_at = now() - interval '1 second' where id = %s"
    expired = await make_key(owner, "admin", expires_in_days=1)
    await change(database, spoilt, expired["id"])
    revoked = await make_key(owner, "admin")
    url = f"/api/keys/{revoked['id']}"
    assert await read(private, headers_of(revoked)) == 200
    assert (await owner.client.delete(url, headers=owner.headers)).status_code == 204
    assert (await owner.client.delete(url, headers=owner.headers)).status_code == 404
    wrong = {"secret": good["secret"][:-1]}
    for headers in map(headers_of, (expired, revoked, wrong, {"secret": "ak_"})):
        assert await read(private, headers) == 401
        refused = await send_old(private, headers)
        assert is_refusal(refused, "UNAUTHENTICATED")
        assert refused.headers["access-control-allow-origin"] == "*"
    assert await read(private, headers_of(good)) == 200
    assert expired["id"] in [key["id"] for key in await listed(owner)]
    assert revoked["id"] not in [key["id"] for key in await listed(owner)]


async def test_no_key_makes_keys_or_touches_account(private: TestSite, owner: Account) -> None:
    made = await make_key(owner, "admin", "stats:read", "events:write", site=private.key)
    for method, path, body in (
        ("POST", "/api/keys", {"name": "x", "scopes": ["stats:read"]}),
        ("GET", "/api/keys", None),
        ("DELETE", f"/api/keys/{made['id']}", None),
        ("GET", f"/api/sites/{private.key}/keys", None),
        ("DELETE", f"/api/sites/{private.key}/keys/{made['id']}", None),
    ):
        answer = await owner.client.request(method, path, json=body, headers=headers_of(made))
        assert is_refusal(answer, "FORBIDDEN"), path


async def test_key_for_site_needs_role_of_its_scope(private: TestSite, account: Account) -> None:
    for role, made in (
        (None, [404, 404, 404]),
        ("viewer", [201, 403, 403]),
        ("editor", [201, 201, 403]),
        ("admin", [201, 201, 201]),
    ):
        await make_member(private, account, role)
        for scope, status in zip(("stats:read", "events:write", "admin"), made, strict=True):
            await make_key(account, scope, status=status, site=private.key)


async def test_site_admin_sees_and_revokes_keys_of_site_only(
    private: TestSite, owner: Account, stranger: Account
) -> None:
    await make_member(private, stranger, "viewer")
    limited = await make_key(stranger, "stats:read", site=private.key)
    unlimited = await make_key(stranger, "stats:read")
    path = f"/api/sites/{private.key}/keys"
    assert [key["id"] for key in await listed(owner, path)] == [limited["id"]]
    hidden = await owner.client.get(path, headers=stranger.headers)
    assert hidden.status_code == 403
    for number, status in ((unlimited["id"], 404), (limited["id"], 204), (limited["id"], 404)):
        answer = await owner.client.delete(f"{path}/{number}", headers=owner.headers)
        assert answer.status_code == status
    assert await read(private, headers_of(limited)) == 401
    assert await read(private, headers_of(unlimited)) == 200
    foreign = await owner.client.delete(f"/api/keys/{unlimited['id']}", headers=owner.headers)
    assert foreign.status_code == 404


async def actions_about(database: Database, key: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the audit log tells of a key."""
    asked = "select action, network from audit_log where detail ->> 'key' = %s::text order by id"
    return await change(database, asked, key["id"])


async def test_use_is_noted_once_a_minute_and_each_network_once(
    private: TestSite, owner: Account, app: FastAPI, database: Database
) -> None:
    made = await make_key(owner, "stats:read")

    async def use(address: str) -> dict[str, Any]:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            path = f"/api/analytics/pages?site={private.key}"
            assert (await client.get(path, headers=headers_of(made))).status_code == 200
        await app.state.key_uses.drain()
        (found,) = [key for key in await listed(owner) if key["id"] == made["id"]]
        return found

    first = await use("198.51.100.7")
    assert first["last_network"] == "198.51.100.0/24"
    assert (await use("198.51.100.8"))["last_used_at"] == first["last_used_at"]
    second = await use("2001:db8::1")
    assert second["last_network"] == "2001:db8::/48"
    assert second["last_used_at"] > first["last_used_at"]
    hour = "update api_key set last_used_at = last_used_at - interval '1 hour' where id = %s"
    await change(database, hour, made["id"])
    assert (await use("198.51.100.7"))["last_used_at"] > second["last_used_at"]
    assert await actions_about(database, made) == [
        ("key_created", "203.0.113.0/24"),
        ("key_from_new_network", "198.51.100.0/24"),
        ("key_from_new_network", "2001:db8::/48"),
    ]
    for number in range(MOST_NETWORKS):
        await use(f"192.0.{number}.1")
    (kept,) = await change(database, "select networks from api_key where id = %s", made["id"])
    assert len(kept[0]) == MOST_NETWORKS


async def test_request_does_not_wait_for_note_of_use_nor_fail_with_it(
    private: TestSite, owner: Account, app: FastAPI, database: Database
) -> None:
    made = await make_key(owner, "stats:read", "events:write")
    async with await database.connect() as connection, connection.transaction():
        await connection.execute("select from api_key where id = %s for update", [made["id"]])
        assert await read(private, headers_of(made)) == 200
        assert (await send_old(private, headers_of(made))).status_code == 201
        assert made["id"] in app.state.key_uses.running
    await app.state.key_uses.drain()
    assert made["id"] not in app.state.key_uses.running


async def test_account_has_so_many_keys_at_most(
    stranger: Account, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = len(await listed(stranger))
    monkeypatch.setattr("api.administration.key_store.MOST_KEYS", kept + 1)
    made = await make_key(stranger, "stats:read")
    await make_key(stranger, "stats:read", status=409)
    await change(database, "update api_key set revoked_at = now() where id = %s", made["id"])
    await make_key(stranger, "stats:read")


async def test_database_holds_no_usable_key(owner: Account, database: Database) -> None:
    made = await make_key(owner, "admin")
    for table in ("api_key", "audit_log"):
        rows = await change(database, f"select t::text from {table} t")
        assert rows
        assert not [row for row in rows if made["secret"] in row[0]]
