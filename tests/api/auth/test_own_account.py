"""One's own account: changed, with another password, without other logins, and deleted."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.auth.logins import delete_old_logins
from api.auth.tokens import hash_of
from api.db.database import Database
from api.sites.models import utc_now
from people import PASSWORD, Person
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine

NEW = "another good password"


@pytest.fixture
async def person(client: httpx.AsyncClient) -> Person:
    """Somebody who has registered and logged in."""
    return await Person(client).register()


async def actions_of(database: Database, person: Person) -> list[str]:
    """What the audit log says that an account did."""
    wanted = "select action from audit_log where actor = %s order by id"
    return [action for (action,) in await change(database, wanted, person.number)]


async def test_own_account_is_changed_and_recorded(person: Person, database: Database) -> None:
    wanted = {"username": f"{person.name}-2", "full_name": "Ann"}
    changed = await person.ask("PATCH", "/auth/me", wanted)
    assert changed.status_code == 200
    assert changed.json() == changed.json() | wanted
    assert (await person.ask("GET", "/auth/me")).json() == changed.json()
    assert (await person.ask("PATCH", "/auth/me", {})).json() == changed.json()
    assert (await actions_of(database, person))[-1] == "user_changed"


async def test_own_change_takes_no_other_field(person: Person) -> None:
    for field in ("is_superuser", "is_active", "id", "password_hash", "totp_secret"):
        answer = await person.ask("PATCH", "/auth/me", {field: True})
        assert is_refusal(answer, "INVALID")
        assert answer.status_code == 422


async def test_new_email_takes_password_and_must_be_free(person: Person) -> None:
    other = await Person(person.client).register()
    email = {"email": f"new-{person.email}"}
    for given in ({}, {"password": "wrong"}):
        assert (await person.ask("PATCH", "/auth/me", email | given)).status_code == 403
    password = {"password": PASSWORD}
    taken = await person.ask("PATCH", "/auth/me", {"email": other.email.upper()} | password)
    assert is_refusal(taken, "CONFLICT")
    changed = await person.ask("PATCH", "/auth/me", email | password)
    assert changed.json()["email"] == email["email"]
    assert changed.json()["username"] == person.name
    assert (await person.log_in()).status_code == 200


async def test_name_that_is_the_email_follows_it(person: Person, database: Database) -> None:
    await change(database, "update app_user set username = email where id = %s", person.number)
    body = {"email": f"new-{person.email}", "password": PASSWORD}
    changed = (await person.ask("PATCH", "/auth/me", body)).json()
    assert changed["username"] == changed["email"] == body["email"]


async def test_reset_token_ends_when_password_or_email_is_changed(
    person: Person, database: Database
) -> None:
    insert = "insert into one_time_token values (%s, %s, 'password', now() + '1 hour')"
    for method, path, body in (
        ("PATCH", "/auth/me", {"email": f"new-{person.email}", "password": PASSWORD}),
        ("POST", "/auth/password", {"old_password": PASSWORD, "password": NEW}),
    ):
        token = uuid4().hex
        await change(database, insert, hash_of(token), person.number)
        assert (await person.ask(method, path, body)).is_success
        reset = {"token": token, "password": f"{NEW} x"}
        answer = await person.ask("POST", "/auth/password/reset", reset)
        assert is_refusal(answer, "UNAUTHENTICATED")


async def test_account_is_deleted_with_password_only(person: Person, database: Database) -> None:
    wrong = await person.ask("POST", "/auth/me/delete", {"password": "wrong"})
    assert wrong.status_code == 403
    gone = await person.ask("POST", "/auth/me/delete", {"password": PASSWORD})
    assert gone.status_code == 204
    assert not await person.is_logged_in()
    assert (await person.log_in()).status_code == 401
    for table in ("login", "app_user"):
        column = "id" if table == "app_user" else "user_id"
        assert not await change(
            database, f"select 1 from {table} where {column} = %s", person.number
        )
    assert (await actions_of(database, person))[-1] == "user_deleted"


async def test_new_password_ends_all_other_logins(person: Person) -> None:
    other = await person.new_login()
    wanted = {"old_password": PASSWORD, "password": NEW}
    changed = await person.ask("POST", "/auth/password", wanted)
    assert changed.status_code == 204
    assert await person.is_logged_in()
    assert not await person.is_logged_in(other)
    assert (await person.log_in()).status_code == 401
    assert (await person.log_in(password=NEW)).status_code == 200


async def test_new_password_is_refused_without_old_one_or_if_easy(person: Person) -> None:
    wrong = await person.ask("POST", "/auth/password", {"old_password": "x", "password": NEW})
    assert is_refusal(wrong, "FORBIDDEN")
    for easy in ("password1", f"{person.name}1", "short", "x" * 73):
        body = {"old_password": PASSWORD, "password": easy}
        answer = await person.ask("POST", "/auth/password", body)
        assert answer.status_code == 422
        assert [problem["where"] for problem in answer.json()["problems"]] == ["password"]
        assert easy not in answer.text.replace("passwords", "")
    assert await person.is_logged_in()
    assert (await person.log_in()).status_code == 200


async def test_wrong_old_passwords_are_limited(person: Person, app: Any) -> None:
    app.state.login_tries.by_both.take(person.name, 9)
    body = {"old_password": "wrong", "password": NEW}
    statuses = [(await person.ask("POST", "/auth/password", body)).status_code for _ in range(2)]
    assert statuses == [403, 429]


async def test_logins_are_listed_and_one_is_ended(person: Person) -> None:
    other = await person.new_login()
    listed = (await person.ask("GET", "/auth/logins")).json()
    assert [login["is_current"] for login in listed] == [False, True]
    assert listed[0].keys() == {
        *("id", "user_agent", "network", "created_at", "last_used_at", "expires_at"),
        "is_current",
    }
    assert listed[0]["network"] == "203.0.113.0/24"
    assert listed[0]["user_agent"].startswith("python-httpx")
    ended = await person.ask("DELETE", f"/auth/logins/{listed[0]['id']}")
    assert ended.status_code == 204
    assert not await person.is_logged_in(other)
    again = await person.ask("DELETE", f"/auth/logins/{listed[0]['id']}")
    assert again.status_code == 404


async def test_login_of_somebody_else_is_not_found(person: Person) -> None:
    other = await Person(person.client).register()
    (login,) = (await other.ask("GET", "/auth/logins")).json()
    for number in (login["id"], str(uuid4())):
        assert (await person.ask("DELETE", f"/auth/logins/{number}")).status_code == 404
    assert await other.is_logged_in()


async def test_all_other_logins_are_ended(person: Person, database: Database) -> None:
    others = [await person.new_login() for _ in range(2)]
    assert (await person.ask("DELETE", "/auth/logins")).json() == {"ended": 2}
    assert [await person.is_logged_in(other) for other in others] == [False, False]
    assert await person.is_logged_in()
    assert (await actions_of(database, person))[-1] == "logins_ended"


async def test_use_of_login_is_noted(person: Person, database: Database) -> None:
    back = "update login set last_used_at = now() - interval '1 hour' where user_id = %s"
    await change(database, back, person.number)
    before = utc_now()
    (login,) = (await person.ask("GET", "/auth/logins")).json()
    assert login["last_used_at"] >= before.isoformat()[:19]


async def test_old_logins_and_tokens_are_deleted(person: Person, database: Database) -> None:
    for _ in range(2):
        await person.new_login()
    expired, ended, _ = await change(
        database, "select id from login where user_id = %s order by id", person.number
    )
    await change(database, "update login set expires_at = now() where id = %s", *expired)
    old = "update login set revoked_at = now() - interval '8 days' where id = %s"
    await change(database, old, *ended)
    token = "insert into one_time_token values (%s, %s, 'password', now())"
    await change(database, token, uuid4().bytes, person.number)
    async with await database.connect() as connection:
        await delete_old_logins(connection, utc_now())
    for table, number in (("login", 1), ("one_time_token", 0)):
        left = await change(
            database, f"select count(*) from {table} where user_id = %s", person.number
        )
        assert left == [(number,)]


async def test_account_itself_is_closed_to_api_keys(person: Person, database: Database) -> None:
    insert = """
        insert into api_key (user_id, name, prefix, hash, scopes)
        values (%s, 'key', 'ak_', sha256(%s::bytea), '{admin}')
    """
    await change(database, insert, person.number, f"ak_{person.name}".encode())
    person.headers = {"Authorization": f"Bearer ak_{person.name}"}
    assert (await person.ask("GET", "/auth/me")).status_code == 200
    for method, path, body in (
        ("PATCH", "/auth/me", {"full_name": "x"}),
        ("POST", "/auth/me/delete", {"password": PASSWORD}),
        ("POST", "/auth/password", {"old_password": PASSWORD, "password": NEW}),
        ("GET", "/auth/logins", None),
        ("DELETE", "/auth/logins", None),
        ("GET", "/auth/second-factor", None),
        ("POST", "/auth/second-factor", {"password": PASSWORD}),
    ):
        assert (await person.ask(method, path, body)).status_code == 403, path
