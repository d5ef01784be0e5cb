"""The audit log: what it tells, to whom, and that nobody changes it."""

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.auth.trail import SECURITY, Action, delete_old_entries
from api.db.database import Database
from api.sites.models import utc_now
from conftest import TestSite
from submitting import change

pytestmark = pytest.mark.any_engine

PASSWORD = "a long enough password"


async def account(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """A new account: its name, and the headers of its login."""
    person = {"username": f"a{uuid4().hex}", "password": PASSWORD}
    await client.post("/api/auth/register", json=person | {"email": f"{uuid4()}@test.example"})
    login = await client.post("/api/auth/login", json=person)
    client.cookies.clear()
    return person["username"], {"Authorization": f"Bearer {login.json()['access_token']}"}


async def try_wrong(client: httpx.AsyncClient, name: str, times: int = 1) -> None:
    for _ in range(times):
        await client.post("/api/auth/login", json={"username": name, "password": "wrong"})


async def activity(client: httpx.AsyncClient, headers: dict[str, str], **asked: Any) -> Any:
    """What an account reads of itself."""
    answer = await client.get("/api/auth/activity", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def actions(page: Any) -> Sequence[str]:
    return [row["action"] for row in page["rows"]]


async def test_account_reads_who_logged_in_and_who_tried(client: httpx.AsyncClient) -> None:
    name, headers = await account(client)
    await try_wrong(client, name.upper())
    read = await activity(client, headers)
    assert actions(read) == [
        Action.LOGIN_FAILED,
        Action.LOGGED_IN_FROM_NEW_NETWORK,
        Action.REGISTERED,
    ]
    assert {row["network"] for row in read["rows"]} == {"203.0.113.0/24"}
    assert {row["actor"] for row in read["rows"]} == {name}
    assert read["page"] == {"next": None}
    await client.post("/api/auth/login", json={"username": name, "password": PASSWORD})
    client.cookies.clear()
    assert actions(await activity(client, headers))[0] == Action.LOGGED_IN


async def test_last_try_is_recorded_as_blocked(client: httpx.AsyncClient) -> None:
    name, headers = await account(client)
    await try_wrong(client, name, times=12)
    told = actions(await activity(client, headers, kind="security"))
    assert told == [
        Action.LOGIN_BLOCKED,
        *[Action.LOGIN_FAILED] * 9,
        Action.LOGGED_IN_FROM_NEW_NETWORK,
    ]


async def test_name_that_was_tried_is_not_kept(
    client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    await try_wrong(client, "hunter2-typed-into-the-wrong-field")
    answer = await client.get("/api/audit", params={"limit": 5}, headers=admin)
    assert actions(answer.json())[0] == Action.LOGIN_FAILED
    assert "hunter2" not in answer.text


async def test_list_goes_on_page_by_page_and_is_filtered(client: httpx.AsyncClient) -> None:
    name, headers = await account(client)
    await try_wrong(client, name, times=4)
    whole = (await activity(client, headers))["rows"]
    paged: list[Any] = []
    before: dict[str, int] = {}
    while page := await activity(client, headers, limit=2, **before):
        paged += page["rows"]
        if page["page"]["next"] is None:
            break
        before = {"before": page["page"]["next"]}
    assert paged == whole
    assert len(whole) == 6
    first, last = whole[-1]["at"], whole[0]["at"]
    assert (await activity(client, headers, since=last))["rows"] == whole[:1]
    assert (await activity(client, headers, until=last, since=first))["rows"] == whole[1:]
    only = await activity(client, headers, action=[Action.LOGIN_FAILED], kind="security")
    assert only["rows"] == whole[:4]
    assert (await activity(client, headers, action=[Action.ERASED], kind="security"))["rows"] == []


async def test_export_has_every_entry(client: httpx.AsyncClient) -> None:
    name, headers = await account(client)
    await try_wrong(client, name, times=2)
    answer = await client.get("/api/auth/activity", params={"format": "csv"}, headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    read = [*csv.DictReader(io.StringIO(answer.text))]
    told = (await activity(client, headers))["rows"]
    assert [row["action"] for row in read] == [row["action"] for row in told]
    assert [row["at"] for row in read] == [row["at"] for row in told]


async def test_export_for_spreadsheets_has_no_formulas(
    site: TestSite, admin: dict[str, str]
) -> None:
    link = {"name": "=1+1"}
    await site.client.post(f"/api/sites/{site.key}/shares", json=link, headers=admin)
    cells = {}
    for flavour in ("plain", "excel"):
        asked = {"format": "csv", "csv": flavour}
        path = f"/api/sites/{site.key}/audit"
        answer = await site.client.get(path, params=asked, headers=admin)
        (row,) = csv.DictReader(io.StringIO(answer.text))
        cells[flavour] = row["detail.name"]
    assert cells == {"plain": "=1+1", "excel": "'=1+1"}


async def test_site_admin_reads_what_happened_to_site_and_nobody_else_does(
    site: TestSite, admin: dict[str, str]
) -> None:
    path = f"/api/sites/{site.key}/audit"
    erased = await site.client.post(
        f"/api/sites/{site.key}/erasures", json={"user_id": "somebody"}, headers=admin
    )
    assert erased.status_code == 201
    read = await site.client.get(path, headers=admin)
    assert actions(read.json()) == [Action.ERASED]
    assert read.json()["rows"][0]["site"] == site.key
    _, stranger = await account(site.client)
    assert (await site.client.get(path, headers=stranger)).status_code == 403  # the site is public
    assert (await site.client.get(path)).status_code == 401
    for path in ("/api/audit", "/api/audit/security"):
        assert (await site.client.get(path, headers=stranger)).status_code == 403
        assert (await site.client.get(path)).status_code == 401


async def test_installation_is_filtered_by_account_site_and_network(
    site: TestSite, admin: dict[str, str]
) -> None:
    name, headers = await account(site.client)
    address = (await site.client.get("/api/auth/me", headers=headers)).json()["email"]
    made = {"domain": f"{name}.example"}
    assert (await site.client.post("/api/sites", json=made, headers=headers)).status_code == 201

    async def read(path: str = "audit", **asked: str) -> Sequence[str]:
        answer = await site.client.get(f"/api/{path}", params=asked, headers=admin)
        assert answer.status_code == 200, answer.text
        return actions(answer.json())

    own = [Action.SITE_CREATED, Action.LOGGED_IN_FROM_NEW_NETWORK, Action.REGISTERED]
    assert await read(account=name) == await read(account=address.upper()) == own
    assert await read(account=name, network="203.0.113.0/24") == own
    assert await read(account=name, network="203.0.113.0/25") == []
    assert await read(site=made["domain"]) == own[:1]
    assert await read(account=name, action=Action.REGISTERED) == own[2:]
    assert await read(account="nobody at all") == await read(site="no site") == []
    assert await read(f"sites/{made['domain']}/audit", account=name) == own[:1]
    assert await read(f"sites/{made['domain']}/audit", account="somebody else") == []
    for path in ("auth/activity?account=x", f"sites/{site.key}/audit?site=x"):
        refused = await site.client.get(f"/api/{path}", headers=admin)
        assert (refused.status_code, refused.json()["error"]) == (422, "INVALID")


async def test_security_events_are_counted_by_kind_and_network(
    client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    name, _ = await account(client)
    before = {row["action"]: row for row in await security(client, admin)}
    await try_wrong(client, name, times=3)
    after = {row["action"]: row for row in await security(client, admin)}
    failed = Action.LOGIN_FAILED
    assert after[failed]["events"] - before.get(failed, {"events": 0})["events"] == 3
    assert after[failed]["networks"][0]["network"] == "203.0.113.0/24"
    assert after.keys() <= SECURITY


async def security(client: httpx.AsyncClient, headers: dict[str, str]) -> Any:
    return (await client.get("/api/audit/security", params={"days": 1}, headers=headers)).json()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_log set action = 'nothing'",
        "delete from audit_log",
        "truncate audit_log",
    ],
)
async def test_rows_are_neither_changed_nor_deleted(
    client: httpx.AsyncClient, database: Database, statement: str
) -> None:
    await account(client)
    with pytest.raises(psycopg.errors.RaiseException):
        await change(database, statement)


async def test_entries_go_after_their_time(client: httpx.AsyncClient, database: Database) -> None:
    name, headers = await account(client)
    old = f"""insert into audit_log (at, actor, action)
        select now() - interval '90 days', id, 'erasure' from app_user
        where username = '{name}'"""
    await change(database, old)
    assert actions(await activity(client, headers))[0] == Action.ERASED
    async with await database.connect() as connection:
        await delete_old_entries(connection, utc_now() - timedelta(days=60))
    left = actions(await activity(client, headers))
    assert left == [Action.LOGGED_IN_FROM_NEW_NETWORK, Action.REGISTERED]
