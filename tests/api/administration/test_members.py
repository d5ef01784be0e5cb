"""Members of a site: who gives and takes which role, and who stays."""

import asyncio
from typing import Any

import httpx
import pytest

from administering import Person, join, register, trail, with_key
from api.auth.keys import Scope
from api.db.database import Database
from api.sites.directory import Sites
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine

ROLES = ("owner", "admin", "editor", "viewer")


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> dict[str, Person]:
    """One account for each role, and a stranger; the editor has a name."""
    named = {role: await register(client) for role in (*ROLES, "stranger")}
    return named | {"editor": await register(client, username="ed", full_name="Ed Itor")}


@pytest.fixture
async def key(people: dict[str, Person], database: Database) -> str:
    """A site on which each has their role."""
    key = (await people["owner"].create())["key"]
    for role in ROLES[1:]:
        await join(database, key, people[role], role)
    return key


def member(key: str, who: Person) -> str:
    return f"/sites/{key}/members/{who.number}"


async def role_of(who: Person, key: str, database: Database) -> str:
    """The role that is stored of a member."""
    wanted = "select role from membership join site on id = site_id where key = %s and user_id = %s"
    ((role,),) = await change(database, wanted, key, who.number)
    return role


async def test_members_are_listed_with_addresses_for_admins_only(
    people: dict[str, Person], key: str
) -> None:
    for role in ROLES:
        answer = await people[role].ask("GET", f"/sites/{key}/members")
        listed = {one["account"]: one for one in answer.json()}
        assert {one["role"] for one in listed.values()} == {*ROLES}
        editor = listed[people["editor"].number]
        assert (editor["username"], editor["full_name"]) == ("ed", "Ed Itor")
        is_admin = role in ("owner", "admin")
        assert ("@" in answer.text) == is_admin
        assert (editor["email"] is not None) == is_admin
    assert (await people["stranger"].ask("GET", f"/sites/{key}/members")).status_code == 404


async def test_members_of_public_site_are_for_members_only(
    client: httpx.AsyncClient, people: dict[str, Person], key: str, database: Database
) -> None:
    await people["owner"].ask("PATCH", f"/sites/{key}", json={"visibility": "public"})
    path = f"/sites/{key}/members"
    assert (await people["stranger"].ask("GET", path)).status_code == 403
    assert (await client.get(f"/api{path}")).status_code == 401
    gone = await people["stranger"].ask("DELETE", member(key, people["viewer"]))
    assert gone.status_code == 403
    other = (await Sites(database).find("default")).number
    of_other_site = await with_key(database, people["viewer"], Scope.ADMIN, site_id=other)
    assert (await of_other_site.ask("GET", path)).status_code == 403
    left = await of_other_site.ask("DELETE", member(key, people["viewer"]))
    assert left.status_code == 403


async def test_members_have_pages(people: dict[str, Person], key: str) -> None:
    path, found = f"/sites/{key}/members", list[int]()
    while True:
        params = {"limit": 3, "after": found[-1] if found else 0}
        page = (await people["viewer"].ask("GET", path, params=params)).json()
        if not page:
            break
        found += [one["account"] for one in page]
    assert found == sorted(people[role].number for role in ROLES)


MAY_GIVE = {
    "owner": {(before, after) for before in ROLES for after in ROLES},
    "admin": {(before, after) for before in ROLES[2:] for after in ROLES[2:]},
}
"""Which roles (before, after) each may give."""


@pytest.mark.parametrize("giver", [*ROLES, "stranger"])
async def test_role_is_given_by_those_who_may(
    people: dict[str, Person], key: str, database: Database, giver: str
) -> None:
    subject = people["stranger" if giver != "stranger" else "viewer"]
    refused = 404 if giver == "stranger" else 403
    for before in ROLES:
        for after in ROLES:
            await join(database, key, subject, before)
            body = {"role": after}
            answer = await people[giver].ask("PUT", member(key, subject), json=body)
            may = (before, after) in MAY_GIVE.get(giver, set())
            assert answer.status_code == (204 if may else refused), (before, after)
            assert await role_of(subject, key, database) == (after if may else before)


@pytest.mark.parametrize("remover", [*ROLES, "stranger"])
async def test_member_is_removed_by_those_who_may(
    people: dict[str, Person], key: str, database: Database, remover: str
) -> None:
    subject = people["stranger"] if remover != "stranger" else people["viewer"]
    below = {"owner": ROLES, "admin": ROLES[2:]}.get(remover, ())
    for role in ROLES:
        await join(database, key, subject, role)
        answer = await people[remover].ask("DELETE", member(key, subject))
        refused = 404 if remover == "stranger" else 403
        assert answer.status_code == (204 if role in below else refused), role
        assert (await subject.role(key) is None) == (role in below)


@pytest.mark.parametrize("role", ROLES[1:])
async def test_member_leaves(
    people: dict[str, Person], key: str, database: Database, role: str
) -> None:
    leaver = people[role]
    reading = await with_key(database, leaver, Scope.READ)
    assert (await reading.ask("DELETE", member(key, leaver))).status_code == 403
    assert await leaver.role(key) == role
    assert (await leaver.ask("DELETE", member(key, leaver))).status_code == 204
    assert await leaver.role(key) is None
    told = {"account": leaver.number, "role": role}
    assert await trail(database, "member_removed", key) == [(leaver.number, told)]


async def test_last_owner_stays(
    client: httpx.AsyncClient, admin: dict[str, str], people: dict[str, Person], key: str
) -> None:
    owner = people["owner"]
    for who in (owner, Person(client, 0, "", admin)):  # superusers, too
        for answer in (
            await who.ask("PUT", member(key, owner), json={"role": "admin"}),
            await who.ask("DELETE", member(key, owner)),
        ):
            assert answer.status_code == 409
            assert is_refusal(answer, "CONFLICT")
    assert await owner.role(key) == "owner"


async def test_one_of_two_owners_who_leave_at_once_stays(
    people: dict[str, Person], key: str, database: Database
) -> None:
    await join(database, key, people["admin"], "owner")
    both = (people["owner"], people["admin"])
    answers = await asyncio.gather(*(one.ask("DELETE", member(key, one)) for one in both))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_strangers_and_unknown_accounts_are_no_members(
    people: dict[str, Person], key: str
) -> None:
    for number in (people["stranger"].number, 2**62):
        path = f"/sites/{key}/members/{number}"
        for answer in (
            await people["owner"].ask("PUT", path, json={"role": "viewer"}),
            await people["owner"].ask("DELETE", path),
            await people["owner"].ask("POST", f"/sites/{key}/transfer", json={"account": number}),
        ):
            assert answer.status_code == 404
            assert answer.json()["detail"] == "The site has no such member."


async def test_site_is_transferred_to_member(
    people: dict[str, Person], key: str, database: Database
) -> None:
    owner, heir = people["owner"], people["viewer"]
    path, body = f"/sites/{key}/transfer", {"account": heir.number}
    for role in ("admin", "editor", "viewer"):
        assert (await people[role].ask("POST", path, json=body)).status_code == 403
    assert (await owner.ask("POST", path, json=body)).status_code == 204
    assert (await heir.role(key), await owner.role(key)) == ("owner", "admin")
    assert (await owner.ask("POST", path, json=body)).status_code == 403
    told = [(owner.number, {"account": heir.number})]
    assert await trail(database, "site_transferred", key) == told


@pytest.mark.parametrize(
    "body", [{}, {"role": "superuser"}, {"role": "viewer", "user_id": 1}, {"role": None}]
)
async def test_bad_role_is_refused(people: dict[str, Person], key: str, body: Any) -> None:
    answer = await people["owner"].ask("PUT", member(key, people["viewer"]), json=body)
    assert answer.status_code == 422
    assert await people["viewer"].role(key) == "viewer"


async def test_members_cannot_change_deleted_site(
    people: dict[str, Person], key: str, database: Database
) -> None:
    """A process may know a site for some seconds after another one has deleted it."""
    await people["owner"].role(key)
    await change(database, "update site set deleted_at = now() where key = %s", key)
    answer = await people["owner"].ask("PUT", member(key, people["viewer"]), json={"role": "admin"})
    assert is_refusal(answer, "UNKNOWN_SITE")
