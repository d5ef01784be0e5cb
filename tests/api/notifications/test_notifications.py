"""What accounts are told of: by whom, once, in the transaction of what happened, and until it is
read."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import dashboard
from api.db.database import Database
from api.notifications.models import Kind, Notice
from api.notifications.store import KEPT_DAYS, delete_old_notifications, notify, notify_in
from api.submitted.runner import MOST_ATTEMPTS, Runner, answer_once
from conftest import TestSite
from people import Person
from refusals import is_refusal
from submitting import Account, answer_jobs, change, hide

pytestmark = pytest.mark.any_engine


@pytest.fixture
async def person(client: httpx.AsyncClient) -> Person:
    """A new account, which was told of nothing."""
    return await Person(client).register()


async def inbox(person: Person, query: str = "") -> dict[str, Any]:
    """What an account was told of."""
    answer = await person.ask("GET", f"/notifications{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(person: Person) -> list[tuple[str, Any]]:
    """Kinds and data of what an account was told, oldest first."""
    rows = (await inbox(person))["rows"]
    return [(row["kind"], row["data"]) for row in reversed(rows)]


async def tell(database: Database, *people: Person, occurrence: str | None = None) -> None:
    """Tells people something, by the function that other packages call."""
    notice = Notice(Kind.GOAL_REACHED, data={"goal": "Order"}, occurrence=occurrence)
    async with await database.connect() as connection:
        await notify(connection, notice, [person.number for person in people])


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"ids": None}, {"ids": [1], "until": 1}, {"ids": ["x"]}, {"until": 0}),
        *({"until": 2**63}, {"ids": [1] * 101}, {"ids": [1], "user_id": 1}, []),
    ],
)
async def test_unclear_request_to_mark_as_read_is_refused(person: Person, body: Any) -> None:
    answer = await person.ask("POST", "/notifications/read", body)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")


async def test_notifications_of_others_are_neither_shown_nor_marked(
    client: httpx.AsyncClient, database: Database, person: Person
) -> None:
    stranger = await Person(client).register()
    await tell(database, person)
    (row,) = (await inbox(person))["rows"]
    assert (await inbox(stranger))["rows"] == []
    for body in ({"ids": [row["id"]]}, {"until": 2**62}):
        assert (await stranger.ask("POST", "/notifications/read", body)).status_code == 200
    assert (await inbox(person))["unread"] == 1


async def test_notifications_of_site_are_hidden_from_former_member(
    database: Database, person: Person, site: TestSite
) -> None:
    join = "insert into membership (user_id, site_id, role) values (%s, %s, 'viewer')"
    number = (await change(database, "select id from site where key = %s", site.key))[0][0]
    await change(database, join, person.number, number)
    notice = Notice(Kind.GOAL_REACHED, site=number, data={"goal": "Order"})
    async with await database.connect() as connection:
        await notify(connection, notice, [person.number])
    await tell(database, person)

    async def seen() -> tuple[list[str | None], int]:
        found = await inbox(person)
        return [row["site"] for row in found["rows"]], found["unread"]

    assert await seen() == ([None, site.key], 2)
    await hide(database, site.key)
    assert await seen() == ([None], 1)
    await change(database, "update site set visibility = 'members' where id = %s", number)
    assert await seen() == ([None, site.key], 2)
    await change(database, "update site set visibility = 'private' where id = %s", number)
    await change(database, join, person.number, number)
    assert await seen() == ([None, site.key], 2)


async def test_transaction_that_is_rolled_back_tells_nothing(
    database: Database, person: Person
) -> None:
    notice = Notice(Kind.GOAL_REACHED)

    with suppress(RuntimeError):
        async with await database.connect() as connection, connection.transaction():
            await notify(connection, notice, [person.number])
            raise RuntimeError
    with suppress(RuntimeError):
        async with database.session() as session:
            await notify_in(session, notice, [person.number])
            raise RuntimeError
    assert await told(person) == []
    async with database.session() as session:
        await notify_in(session, notice, [person.number])
    assert await told(person) == [("goal_reached", {})]


async def test_occurrence_is_told_once_to_each_active_account(
    client: httpx.AsyncClient, database: Database, person: Person
) -> None:
    second, gone = await Person(client).register(), await Person(client).register()
    await change(database, "update app_user set is_active = false where id = %s", gone.number)
    once = str(uuid4())
    await tell(database, person, occurrence=once)
    await tell(database, person, second, gone, occurrence=once)
    assert [len(await told(one)) for one in (person, second)] == [1, 1]
    found = await change(database, "select * from notification where user_id = %s", gone.number)
    assert found == []
    for _ in range(2):
        await tell(database, person)
    assert len(await told(person)) == 3


async def test_list_goes_on_by_pages_and_counts_all_that_is_unread(
    database: Database, person: Person
) -> None:
    for _ in range(5):
        await tell(database, person)
    first = await inbox(person, "?limit=3")
    rest = await inbox(person, f"?limit=3&before={first['page']['next']}")
    numbers = [row["id"] for row in first["rows"] + rest["rows"]]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(first["rows"]), len(rest["rows"]), rest["page"]["next"]) == (3, 2, None)
    assert first["unread"] == rest["unread"] == 5
    answer = await person.ask("POST", "/notifications/read", {"ids": numbers[:1]})
    assert answer.json() == {"unread": 4}
    answer = await person.ask("POST", "/notifications/read", {"until": numbers[2]})
    assert answer.json() == {"unread": 1}
    left = await inbox(person, "?unread=true")
    assert [row["id"] for row in left["rows"]] == [numbers[1]]
    assert [row["read_at"] is None for row in (await inbox(person))["rows"]] == [
        *(False, True, False, False, False)
    ]


async def test_old_notifications_are_deleted(database: Database, person: Person) -> None:
    for _ in range(2):
        await tell(database, person)
    kept, old = (await inbox(person))["rows"]
    await change(
        database,
        "update notification set created_at = now() - %s where id = %s",
        *(timedelta(days=KEPT_DAYS, hours=1), old["id"]),
    )
    async with await database.connect() as connection:
        before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        await delete_old_notifications(connection, before)
    assert (await inbox(person))["rows"] == [kept]


async def owner_of_jobs(account: Account) -> Person:
    """The account that submits jobs. What it was told before has been read."""
    person = Person(account.client, headers=account.headers)
    await person.ask("POST", "/notifications/read", {"until": 2**62})
    return person


async def unread(person: Person) -> list[dict[str, Any]]:
    return (await inbox(person, "?unread=true"))["rows"]


async def test_owner_is_told_of_the_end_of_job_once(
    account: Account, site: TestSite, database: Database
) -> None:
    person = await owner_of_jobs(account)
    done = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database))
    failed = (await account.submitted("devices", params={"site": site.key}))["id"]
    assert len(await unread(person)) == 1
    await hide(database, site.key)
    await answer_jobs(Runner(database))
    await answer_once(database, Runner(database))
    assert await unread(person) == []
    await account.join(database, site.key)
    second, first = await unread(person)
    assert first == {
        "id": first["id"],
        "kind": "job_done",
        "site": site.key,
        "site_name": f"{site.key}.example",
        "data": {"report": "pages"},
        "link": f"/api/jobs/{done}/result",
        "created_at": (await account.job(done))["finished_at"],
        "read_at": None,
    }
    assert (await account.client.get(first["link"], headers=account.headers)).status_code == 200
    assert (second["kind"], second["link"]) == ("job_failed", "")
    assert second["data"] == {"report": "devices", "error": "UNKNOWN_SITE"}
    assert (await account.job(failed))["status"] == "failed"


async def test_owner_is_told_of_job_that_was_interrupted_too_often(
    account: Account, site: TestSite, database: Database
) -> None:
    person = await owner_of_jobs(account)
    await account.submitted(params={"site": site.key})
    cut = "update submitted_job set status = 'running', attempts = %s"
    await change(database, cut, MOST_ATTEMPTS)
    await answer_jobs(Runner(database))
    (row,) = await unread(person)
    assert (row["kind"], row["data"]["error"]) == ("job_failed", "FAULT")


async def test_program_with_api_key_is_not_told_of_its_jobs(
    account: Account, site: TestSite, database: Database
) -> None:
    person = await owner_of_jobs(account)
    body = {"name": "x", "scopes": ["stats:read"]}
    key = await account.client.post("/api/keys", json=body, headers=account.headers)
    by_key = Account(account.client, {"Authorization": f"Bearer {key.json()['secret']}"})
    await by_key.submitted(params={"site": site.key})
    await answer_jobs(Runner(database))
    assert await unread(person) == []


def test_dashboard_has_words_for_every_kind() -> None:
    static = Path(dashboard.__file__).parent / "static"
    words = (static / "text" / "notifications.js").read_text()
    assert {*re.findall(r"^  (\w+): \(", words, re.MULTILINE)} == {*Kind}
