"""Sites over HTTP: who creates, finds, changes and deletes them."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from administering import Person, join, register, trail, with_key
from api.auth.keys import Scope
from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Site
from conftest import TestSite
from refusals import is_refusal
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine


@pytest.fixture(scope="module")
async def owner(client: httpx.AsyncClient) -> Person:
    return await register(client)


@pytest.fixture(scope="module")
async def other(client: httpx.AsyncClient) -> Person:
    return await register(client)


async def test_site_is_created_with_its_owner_and_defaults(
    owner: Person, other: Person, database: Database
) -> None:
    domain = f"{uuid4().hex}.Example"
    made = await owner.ask("POST", "/sites", json={"domain": domain})
    assert made.status_code == 201
    told = made.json()
    assert told.pop("created_at")
    assert told == {
        "key": domain.lower(),
        "domain": domain.lower(),
        "name": domain.lower(),
        "timezone": "UTC",
        "visibility": "private",
        "is_demo": False,
        "hostnames": [],
        "ingest_key_required": False,
        "page_rules": [],
        "role": "owner",
    }
    key = told["key"]
    assert (await owner.ask("GET", f"/sites/{key}")).json() == made.json()
    assert await owner.role(key) == "owner"
    assert is_refusal(await other.ask("GET", f"/sites/{key}"), "UNKNOWN_SITE")
    assert await trail(database, "site_created", key) == [(owner.number, {"key": key})]


async def test_site_keeps_all_that_it_is_created_with(owner: Person) -> None:
    given = {
        "key": f"K-{uuid4()}",
        "domain": f"{uuid4().hex}.example:8080",
        "name": "My site",
        "timezone": "Europe/Berlin",
        "visibility": "public",
    }
    told = await owner.create(**given)
    assert {name: told[name] for name in given} == given | {"key": given["key"].lower()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "a b"),
        ("key", "-a"),
        ("key", "a/b"),
        ("key", "a" * 101),
        ("key", "é"),
        ("domain", ""),
        ("domain", "https://a.example"),
        ("domain", "a.example/"),
        ("domain", "a.example:123456"),
        ("domain", "a" * 201),
        ("name", "a" * 101),
        ("name", "a\0"),
        ("timezone", "Europe/Atlantis"),
        ("timezone", "localtime"),
        ("visibility", "everybody"),
        ("owner", 1),
        ("is_demo", True),
        ("retention_days", 30),
        ("id", 1),
    ],
)
async def test_bad_site_is_refused_with_its_field(owner: Person, field: str, value: Any) -> None:
    body = {"domain": f"{uuid4().hex}.example", field: value}
    refused = await owner.ask("POST", "/sites", json=body)
    assert refused.status_code == 422
    assert is_refusal(refused, "INVALID")
    assert [problem["where"] for problem in refused.json()["problems"]] == [field]


async def test_names_of_other_sites_are_refused(owner: Person, other: Person) -> None:
    """Events for one site must not end up with another that took its domain for a key."""
    site = await owner.create(key=f"k{uuid4().hex}")
    for body in (
        {"key": site["key"], "domain": "new.example"},
        {"key": site["domain"], "domain": "new.example"},
        {"key": f"k{uuid4().hex}", "domain": site["domain"].upper()},
        {"domain": site["key"]},
    ):
        refused = await other.ask("POST", "/sites", json=body)
        assert refused.status_code == 409
        assert is_refusal(refused, "CONFLICT")
    own = await other.create()
    moved = await other.ask("PATCH", f"/sites/{own['key']}", json={"domain": site["domain"]})
    assert moved.status_code == 409
    again = await other.ask("PATCH", f"/sites/{own['key']}", json={"domain": own["domain"]})
    assert again.status_code == 200


async def test_one_of_parallel_creations_of_a_key_succeeds(owner: Person, other: Person) -> None:
    key = f"k{uuid4().hex}"
    body = {"key": key, "domain": f"{key}.example"}
    people = [owner, other] * 4
    answers = await asyncio.gather(*(one.ask("POST", "/sites", json=body) for one in people))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_account_owns_limited_number_of_sites(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.create()
    monkeypatch.setattr("api.administration.sites.MOST_OWNED", 1)
    refused = await owner.ask("POST", "/sites", json={"domain": f"{uuid4().hex}.example"})
    assert refused.status_code == 409


async def test_creation_takes_login_or_admin_key_of_all_sites(
    client: httpx.AsyncClient, owner: Person, database: Database
) -> None:
    body = {"domain": f"{uuid4().hex}.example"}
    assert (await client.post("/api/sites", json=body)).status_code == 401
    own = await Sites(database).find((await owner.create())["key"])
    for scopes, site_id in (
        ([Scope.READ], None),
        ([Scope.WRITE], None),
        ([Scope.READ, Scope.WRITE], None),
        ([Scope.ADMIN], own.number),
    ):
        key = await with_key(database, owner, *scopes, site_id=site_id)
        assert (await key.ask("POST", "/sites", json=body)).status_code == 403
    key = await with_key(database, owner, Scope.ADMIN)
    assert (await key.create())["role"] == "owner"


async def test_setting_leaves_creation_to_superusers(
    app: FastAPI, settings: Settings, owner: Person, admin: dict[str, str]
) -> None:
    app.state.settings = settings.model_copy(update={"sites_by": "superusers"})
    try:
        refused = await owner.ask("POST", "/sites", json={"domain": f"{uuid4().hex}.example"})
        assert is_refusal(refused, "FORBIDDEN")
        superuser = Person(owner.client, 0, "", admin)
        await superuser.create()
    finally:
        app.state.settings = settings


async def test_list_has_sites_that_caller_may_read_with_role(
    client: httpx.AsyncClient, owner: Person, other: Person, database: Database
) -> None:
    word = f"w{uuid4().hex}"
    made = {
        kind: (await owner.create(domain=f"{kind}.{word}.example", visibility=kind))["key"]
        for kind in ("private", "members", "public")
    }

    async def listed(who: Person, **params: Any) -> dict[str, str]:
        found = await who.ask("GET", "/sites", params={"search": word.upper(), **params})
        assert found.status_code == 200, found.text
        return {site["key"]: site["role"] for site in found.json()}

    assert await listed(owner) == dict.fromkeys(sorted(made.values()), "owner")
    assert await listed(other) == {made["members"]: "viewer"}
    with_public = {made["members"]: "viewer", made["public"]: "viewer"}
    assert await listed(other, public=True) == with_public
    await join(database, made["private"], other, "editor")
    assert await listed(other) == {made["private"]: "editor", made["members"]: "viewer"}
    reading = await with_key(database, other, Scope.READ)
    assert await listed(reading) == {made["private"]: "viewer", made["members"]: "viewer"}
    number = (await Sites(database).find(made["private"])).number
    of_one = await with_key(database, other, Scope.READ, Scope.ADMIN, site_id=number)
    assert await listed(of_one) == {made["private"]: "editor"}
    assert await listed(of_one, public=True) == {
        made["private"]: "editor",
        made["public"]: "viewer",
    }
    sending = await with_key(database, other, Scope.WRITE)
    assert (await sending.ask("GET", "/sites")).status_code == 403
    assert (await client.get("/api/sites")).status_code == 401


async def test_list_has_pages_and_takes_search_literally(owner: Person) -> None:
    word = f"w{uuid4().hex}"
    keys = sorted([(await owner.create(key=f"{word}-{n}", name="50%_"))["key"] for n in range(5)])
    found: list[str] = []
    while True:
        params = {"search": word, "limit": 2, "after": found[-1] if found else ""}
        page = (await owner.ask("GET", "/sites", params=params)).json()
        if not page:
            break
        assert len(page) <= 2
        found += [site["key"] for site in page]
    assert found == keys
    for search, number in (("50%_", 5), ("0%_", 5), ("5_", 0), ("5%%", 0), ("\\", 0)):
        listed = (await owner.ask("GET", "/sites", params={"search": search})).json()
        assert len(listed) == number, search


async def test_change_sets_only_what_is_given(owner: Person, database: Database) -> None:
    site = await owner.create(name="Old", timezone="Europe/Berlin")
    path = f"/sites/{site['key']}"
    for given in (
        {},
        {"name": "New"},
        {"timezone": "Asia/Tokyo"},
        {"visibility": "members"},
        {"domain": f"{uuid4().hex}.example"},
        {"hostnames": ["a.example", "*.b.example"], "ingest_key_required": True},
        {"hostnames": [], "ingest_key_required": False},
        {"page_rules": ["slash", "index", "session"]},
        {"page_rules": []},
        {"name": None},
    ):
        changed = await owner.ask("PATCH", path, json=given)
        assert changed.status_code == 200, changed.text
        site |= {name: value for name, value in given.items() if value is not None}
        assert changed.json() == site
        assert (await owner.ask("GET", path)).json() == site
    unnamed = await owner.ask("PATCH", path, json={"name": ""})
    assert unnamed.json()["name"] == site["domain"]
    told = await trail(database, "site_changed", site["key"])
    assert [detail for _, detail in told][:2] == [{"name": "New"}, {"timezone": "Asia/Tokyo"}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "other"),
        ("is_demo", True),
        ("identified", True),
        ("raw_data_since", "2020-01-01"),
        ("deleted_at", None),
        ("timezone", "Mars/Base"),
        ("hostnames", ["a b"]),
        ("hostnames", ["*"]),
        ("hostnames", ["a.*.b"]),
        ("hostnames", ["a.example"] * 101),
        ("ingest_key_required", "maybe"),
        ("page_rules", ["slashes"]),
        ("page_rules", "slash"),
        ("page_rules", ["slash"] * 21),
    ],
)
async def test_bad_change_is_refused(owner: Person, field: str, value: Any) -> None:
    site = await owner.create()
    refused = await owner.ask("PATCH", f"/sites/{site['key']}", json={field: value})
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["where"].startswith(field)


@pytest.mark.parametrize(
    ("role", "reads", "changes", "deletes"),
    [
        ("viewer", 200, 403, 403),
        ("editor", 200, 403, 403),
        ("admin", 200, 200, 403),
        ("owner", 200, 200, 204),
        ("", 404, 404, 404),
    ],
)
async def test_role_decides_what_member_may_do(
    owner: Person,
    other: Person,
    database: Database,
    role: str,
    reads: int,
    changes: int,
    deletes: int,
) -> None:
    key = (await owner.create())["key"]
    if role:
        await join(database, key, other, role)
    reading = await with_key(database, other, Scope.READ, Scope.WRITE)
    for who, statuses in (
        (reading, (reads, 404 if not role else 403, 404 if not role else 403)),
        (other, (reads, changes, deletes)),
    ):
        found = [
            (await who.ask("GET", f"/sites/{key}")).status_code,
            (await who.ask("PATCH", f"/sites/{key}", json={"name": "N"})).status_code,
            (await who.ask("DELETE", f"/sites/{key}", params={"confirm": key})).status_code,
        ]
        assert found == [*statuses]


async def test_change_of_visibility_is_known_at_once(
    client: httpx.AsyncClient, owner: Person
) -> None:
    site = await owner.create(visibility="public")
    path = f"/api/analytics/pages?site={site['key']}"
    for visibility, status in (("private", 401), ("public", 200), ("private", 401)):
        body = {"visibility": visibility}
        await owner.ask("PATCH", f"/sites/{site['key']}", json=body)
        assert (await client.get(path)).status_code == status


class SlowSites(Sites):
    """Answers a look-up only when it may."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.has_read, self.may_answer = asyncio.Event(), asyncio.Event()

    async def look_up(self, names: Any) -> dict[str, Site | None]:
        found = await super().look_up(names)
        self.has_read.set()
        await self.may_answer.wait()
        return found


async def test_lookup_from_before_a_change_is_not_cached(
    site: TestSite, database: Database
) -> None:
    sites = SlowSites(database)
    before = asyncio.create_task(sites.find(site.key))
    await sites.has_read.wait()
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    sites.forget()
    sites.may_answer.set()
    assert (await before).visibility == "public"
    assert (await sites.find(site.key)).visibility == "private"


async def test_default_site_is_made_private_and_stays(
    client: httpx.AsyncClient, admin: dict[str, str], other: Person, database: Database
) -> None:
    superuser = Person(client, 0, "", admin)
    assert await other.role("default") == "viewer"
    try:
        body = {"visibility": "private"}
        assert (await superuser.ask("PATCH", "/sites/default", json=body)).status_code == 200
        assert await other.role("default") is None
        refused = await superuser.ask("DELETE", "/sites/default", params={"confirm": "default"})
        assert is_refusal(refused, "CONFLICT")
    finally:
        await superuser.ask("PATCH", "/sites/default", json={"visibility": "members"})


async def test_deletion_needs_key_of_site(owner: Person) -> None:
    site = await owner.create(key=f"k{uuid4().hex}")
    for params in ({}, {"confirm": ""}, {"confirm": site["domain"]}, {"confirm": "yes"}):
        refused = await owner.ask("DELETE", f"/sites/{site['key']}", params=params)
        assert refused.status_code == 422
        assert [problem["where"] for problem in refused.json()["problems"]] == ["confirm"]
    assert await owner.role(site["key"]) == "owner"


async def test_retention_is_recorded_with_its_actor(owner: Person, database: Database) -> None:
    key = (await owner.create())["key"]
    path = f"/sites/{key}/retention"
    assert (await owner.ask("PUT", path, json={"days": 30})).json()["effective_days"] == 30
    assert (await owner.ask("GET", path)).json()["days"] == 30
    assert await trail(database, "retention", key) == [(owner.number, {"days": 30})]
