"""Accounts, as superusers manage them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.auth.changes import change_user, delete_user, set_superuser
from api.auth.trail import Actor
from api.db.database import Database
from api.errors import Conflict
from conftest import ADMIN
from people import PASSWORD, Person
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine


@pytest.fixture
async def person(client: httpx.AsyncClient) -> Person:
    """Somebody who has registered and logged in."""
    return await Person(client).register()


class Office:
    """A superuser who asks about accounts."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def ask(self, method: str, path: str = "", body: Any = None, **params: Any) -> Any:
        return await self.client.request(
            method, f"/api/users{path}", json=body, params=params, headers=self.headers
        )


@pytest.fixture
def office(client: httpx.AsyncClient, admin: dict[str, str]) -> Office:
    """The administrator."""
    return Office(client, admin)


async def test_accounts_are_listed_page_by_page_and_found(office: Office) -> None:
    people = [await Person(office.client, f"listed-{n}").register() for n in range(3)]
    newest = (await office.ask("GET", q="LISTED-")).json()
    assert [user["username"] for user in newest] == [person.name for person in reversed(people)]
    assert newest[0].keys() == {
        *("id", "username", "email", "full_name", "is_superuser", "is_active", "created_at"),
    }
    page = (await office.ask("GET", q="listed-", limit=1, before=newest[0]["id"])).json()
    assert page == newest[1:2]
    for nothing in ("%", "_isted-", "no such account"):
        assert (await office.ask("GET", q=f"listed{nothing}")).json() == []
    one = await office.ask("GET", f"/{people[0].number}")
    assert one.json() == newest[2]
    assert (await office.ask("GET", "/9223372036854775807")).status_code == 404


@pytest.mark.parametrize(
    "route", ["GET ", "GET /1", "PATCH /1", "DELETE /1", "DELETE /1/second-factor"]
)
async def test_only_superusers_manage_accounts(person: Person, route: str) -> None:
    method, path = route.split(" ")
    body = {} if method == "PATCH" else None
    assert is_refusal(await person.ask(method, f"/users{path}", body), "FORBIDDEN")
    person.headers = {}
    assert is_refusal(await person.ask(method, f"/users{path}", body), "UNAUTHENTICATED")


async def test_account_is_changed(office: Office, person: Person, database: Database) -> None:
    wanted = {"full_name": "Bob", "email": f"bob-{person.email}", "username": f"bob-{person.name}"}
    changed = await office.ask("PATCH", f"/{person.number}", wanted)
    assert changed.status_code == 200
    assert changed.json() == changed.json() | wanted
    taken = await office.ask("PATCH", f"/{person.number}", {"email": ADMIN.email})
    assert is_refusal(taken, "CONFLICT")
    wanted = "select action, detail from audit_log where detail ->> 'user' = %s order by id"
    *_, last = await change(database, wanted, str(person.number))
    fields = ["email", "full_name", "username"]
    assert last == ("user_changed", {"user": person.number, "fields": fields})


FORBIDDEN = ("is_superuser", "id", "password_hash", "password", "totp_secret", "created_at", "role")


async def test_change_takes_no_other_field(
    office: Office, person: Person, database: Database
) -> None:
    row = "select u::text from app_user u where id = %s"
    before = await change(database, row, person.number)
    for field in FORBIDDEN:
        answer = await office.ask("PATCH", f"/{person.number}", {field: True, "full_name": "x"})
        assert answer.status_code == 422
    assert await change(database, row, person.number) == before


async def test_account_that_was_deactivated_gets_no_login_back(
    office: Office, person: Person
) -> None:
    off = await office.ask("PATCH", f"/{person.number}", {"is_active": False})
    assert off.json()["is_active"] is False
    assert not await person.is_logged_in()
    assert (await person.log_in()).status_code == 401
    await office.ask("PATCH", f"/{person.number}", {"is_active": True})
    assert not await person.is_logged_in()
    assert (await person.log_in()).status_code == 200


async def test_account_is_deleted_with_what_is_its_own(
    office: Office, person: Person, database: Database
) -> None:
    assert (await office.ask("DELETE", f"/{person.number}")).status_code == 204
    assert not await person.is_logged_in()
    assert (await office.ask("GET", f"/{person.number}")).status_code == 404
    assert (await office.ask("DELETE", f"/{person.number}")).status_code == 404
    assert not await change(database, "select 1 from login where user_id = %s", person.number)


async def own(database: Database, site: str, *people: Person) -> None:
    """Makes these the owners of a new site."""
    insert = "insert into site (key, domain, name) values (%s, 'x.example', 'x') returning id"
    ((number,),) = await change(database, insert, site)
    for person in people:
        await change(
            database, "insert into membership values (%s, %s, 'owner')", person.number, number
        )


async def test_only_owner_of_sites_is_not_deleted(
    office: Office, person: Person, database: Database
) -> None:
    other = await Person(office.client).register()
    shared, single = f"shared-{person.name}", f"single-{person.name}"
    await own(database, shared, person, other)
    await own(database, single, person)
    for refused in (
        await office.ask("DELETE", f"/{person.number}"),
        await person.ask("POST", "/auth/me/delete", {"password": PASSWORD}),
    ):
        assert refused.status_code == 409
        assert single in refused.json()["detail"]
        assert shared not in refused.json()["detail"]
    assert (await office.ask("DELETE", f"/{other.number}")).status_code == 204
    both = await office.ask("DELETE", f"/{person.number}")
    assert shared in both.json()["detail"]


async def test_two_owners_do_not_leave_site_together(
    office: Office, person: Person, database: Database
) -> None:
    other = await Person(office.client).register()
    await own(database, f"left-{person.name}", person, other)
    gone = [delete_user(database, one.number, Actor()) for one in (person, other)]
    done = await asyncio.gather(*gone, return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [Conflict]


@pytest.fixture
async def lone_superuser(database: Database, person: Person) -> AsyncIterator[Person]:
    """The only superuser, for as long as the test lasts."""
    others = "update app_user set is_superuser = false where is_superuser returning id"
    ids = [number for (number,) in await change(database, others)]
    this = "update app_user set is_superuser = %s where id = any(%s)"
    await change(database, this, True, [person.number])
    yield person
    await change(database, this, True, ids)
    await change(database, this, False, [person.number])


async def test_last_superuser_is_kept(lone_superuser: Person, database: Database) -> None:
    path = f"/users/{lone_superuser.number}"
    for refused in (
        await lone_superuser.ask("PATCH", path, {"is_active": False}),
        await lone_superuser.ask("DELETE", path),
        await lone_superuser.ask("POST", "/auth/me/delete", {"password": PASSWORD}),
    ):
        assert is_refusal(refused, "CONFLICT")
    with pytest.raises(Conflict):
        await set_superuser(database, lone_superuser.number, False, Actor())
    changed = await lone_superuser.ask("PATCH", path, {"is_active": True, "full_name": "Root"})
    assert changed.status_code == 200
    forced = await set_superuser(database, lone_superuser.number, False, Actor(), force=True)
    assert not forced.is_superuser


async def test_two_superusers_do_not_deactivate_each_other(
    lone_superuser: Person, database: Database
) -> None:
    other = await Person(lone_superuser.client).register()
    await set_superuser(database, other.number, True, Actor())
    numbers = (lone_superuser.number, other.number)
    off = [change_user(database, number, {"is_active": False}, Actor()) for number in numbers]
    done = await asyncio.gather(*off, return_exceptions=True)
    assert [type(one) for one in done if isinstance(one, Exception)] == [Conflict]
    await change(database, "update app_user set is_superuser = false where id = %s", other.number)


async def test_superuser_turns_second_factor_of_somebody_off(
    office: Office, person: Person, database: Database
) -> None:
    on = "update app_user set totp_secret = 'A', totp_since = now() where id = %s"
    await change(database, on, person.number)
    assert is_refusal(await person.log_in(), "SECOND_FACTOR_NEEDED")
    off = await office.ask("DELETE", f"/{person.number}/second-factor")
    assert off.status_code == 204
    assert (await person.log_in()).status_code == 200
    wanted = "select action from audit_log where detail ->> 'user' = %s order by id desc limit 1"
    assert await change(database, wanted, str(person.number)) == [("second_factor_off",)]
