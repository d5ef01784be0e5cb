"""Invitations: a link makes somebody a member, once."""

import asyncio
from typing import Any

import httpx
import pytest

from administering import Person, join, register, trail, with_key
from api.auth.keys import Scope
from api.db.database import Database
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine


@pytest.fixture(scope="module")
async def people(client: httpx.AsyncClient) -> dict[str, Person]:
    return {name: await register(client) for name in ("owner", "admin", "editor", "guest")}


@pytest.fixture
async def key(people: dict[str, Person], database: Database) -> str:
    """A site with an owner, an admin and an editor."""
    key = (await people["owner"].create(name="Shop"))["key"]
    for role in ("admin", "editor"):
        await join(database, key, people[role], role)
    return key


async def invite(who: Person, key: str, **body: Any) -> dict[str, Any]:
    made = await who.ask("POST", f"/sites/{key}/invitations", json={"role": "viewer"} | body)
    assert made.status_code == 201, made.text
    return made.json()


async def look(who: Person, token: str) -> httpx.Response:
    return await who.client.post("/api/invitations/look", json={"token": token})


async def accept(who: Person, token: str) -> httpx.Response:
    return await who.ask("POST", "/invitations/accept", json={"token": token})


async def test_invited_account_becomes_member_once(
    people: dict[str, Person], key: str, database: Database
) -> None:
    made = await invite(people["admin"], key, role="editor")
    token, guest = made["token"], people["guest"]
    assert made["url"].endswith(f"/invite#{token}")
    seen = (await look(guest, token)).json()
    assert seen == {
        "site": key,
        "name": "Shop",
        "domain": key,
        "role": "editor",
        "email": "",
        "expires_at": made["expires_at"],
    }
    assert (await guest.client.post("/api/invitations/accept", json={"token": token})).is_error
    assert await guest.role(key) is None
    assert (await accept(guest, token)).json() == seen
    assert await guest.role(key) == "editor"
    for gone in (await look(guest, token), await accept(people["admin"], token)):
        assert is_refusal(gone, "NOT_FOUND")
        assert gone.status_code == 404
    told = {"invitation": made["id"], "role": "editor"}
    assert await trail(database, "invited", key) == [(people["admin"].number, told)]
    assert await trail(database, "invitation_accepted", key) == [(guest.number, told)]


async def test_token_is_shown_once_and_stored_nowhere(
    people: dict[str, Person], key: str, database: Database
) -> None:
    made = await invite(people["owner"], key)
    listed = await people["admin"].ask("GET", f"/sites/{key}/invitations")
    assert [one["id"] for one in listed.json()] == [made["id"]]
    assert made["token"] not in listed.text
    for table in ("invitation", "audit_log"):
        rows = await change(database, f"select t::text from {table} t")
        assert rows
        assert not [row for row in rows if made["token"] in row[0]]


@pytest.mark.parametrize(
    ("inviter", "role", "status"),
    [
        ("owner", "owner", 201),
        ("owner", "admin", 201),
        ("admin", "owner", 403),
        ("admin", "admin", 403),
        ("admin", "editor", 201),
        ("editor", "viewer", 403),
        ("guest", "viewer", 404),
    ],
)
async def test_invitations_are_made_and_revoked_by_those_who_may(
    people: dict[str, Person], key: str, inviter: str, role: str, status: int
) -> None:
    path = f"/sites/{key}/invitations"
    body = {"role": role}
    assert (await people[inviter].ask("POST", path, json=body)).status_code == status
    made = await invite(people["owner"], key, role=role)
    revoked = await people[inviter].ask("DELETE", f"{path}/{made['id']}")
    assert revoked.status_code == (204 if status == 201 else status)
    left = (await look(people["guest"], made["token"])).status_code
    assert left == (404 if status == 201 else 200)


async def test_invitations_of_other_sites_do_not_exist(people: dict[str, Person], key: str) -> None:
    guest = people["guest"]
    own = (await guest.create())["key"]
    made = await invite(people["owner"], key)
    answer = await guest.ask("DELETE", f"/sites/{own}/invitations/{made['id']}")
    assert answer.status_code == 404
    assert (await look(guest, made["token"])).status_code == 200
    assert (await guest.ask("GET", f"/sites/{own}/invitations")).json() == []


async def test_invitation_of_address_is_for_its_account_only(
    people: dict[str, Person], key: str
) -> None:
    guest = people["guest"]
    made = await invite(people["owner"], key, email=guest.email.upper())
    assert made["email"] == guest.email
    other = await accept(people["admin"], made["token"])
    assert is_refusal(other, "FORBIDDEN")
    assert guest.email not in other.text
    assert (await accept(guest, made["token"])).status_code == 200


async def test_member_gets_higher_role_only(people: dict[str, Person], key: str) -> None:
    low, high = await invite(people["owner"], key), await invite(people["owner"], key, role="admin")
    editor = people["editor"]
    assert is_refusal(await accept(editor, low["token"]), "CONFLICT")
    assert (await look(editor, low["token"])).status_code == 200
    assert (await accept(editor, high["token"])).status_code == 200
    assert await editor.role(key) == "admin"


@pytest.mark.parametrize(
    "lapse",
    [
        "update invitation set expires_at = now() where id = %(invitation)s",
        "update membership set role = 'editor' where user_id = %(admin)s",
        "delete from membership where user_id = %(admin)s",
        "update site set deleted_at = now() where key = %(key)s",
        "delete from invitation where id = %(invitation)s",
    ],
)
async def test_invitation_that_lapsed_does_not_exist(
    people: dict[str, Person], key: str, database: Database, lapse: str
) -> None:
    """Not even for an admin who made it, and lost the right to."""
    made = await invite(people["admin"], key)
    values = {"invitation": made["id"], "admin": people["admin"].number, "key": key}
    async with await database.connect() as connection:
        await connection.execute(lapse.encode(), values)
    for gone in (
        await look(people["guest"], made["token"]),
        await accept(people["guest"], made["token"]),
    ):
        assert gone.status_code == 404
    assert await people["guest"].role(key) is None


async def test_invitation_is_accepted_by_one_of_many_at_once(
    people: dict[str, Person], key: str
) -> None:
    made = await invite(people["owner"], key, role="owner")
    takers = [people[name] for name in ("admin", "editor", "guest")] * 2
    answers = await asyncio.gather(*(accept(one, made["token"]) for one in takers))
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 404]


async def test_invitation_takes_login_and_no_key(
    people: dict[str, Person], key: str, database: Database
) -> None:
    made = await invite(people["owner"], key)
    by_key = await with_key(database, people["guest"], Scope.ADMIN)
    assert (await accept(by_key, made["token"])).status_code == 403
    for token in ("", "x" * 200, "x" * 201, "\0", made["token"] + "x"):
        assert (await accept(people["guest"], token)).status_code in (404, 422)
    assert (await look(people["guest"], made["token"])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"role": "god"}, {"days": 0}, {"days": 31}, {"email": "nobody"}, {"site": "default"}],
)
async def test_bad_invitation_is_refused(people: dict[str, Person], key: str, body: Any) -> None:
    path = f"/sites/{key}/invitations"
    body = body if not body or "role" in body else {"role": "viewer"} | body
    assert (await people["owner"].ask("POST", path, json=body)).status_code == 422


async def test_open_invitations_are_limited(
    people: dict[str, Person], key: str, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr("api.administration.invitations.MOST_OPEN", 1)
    made = await invite(people["owner"], key)
    body = {"role": "viewer"}
    path = f"/sites/{key}/invitations"
    assert (await people["owner"].ask("POST", path, json=body)).status_code == 409
    await change(database, "update invitation set expires_at = now() where id = %s", made["id"])
    await invite(people["owner"], key)
