"""What users of a site are answered is the same, byte for byte, whatever other sites have."""

import asyncio
import re
from uuid import uuid4

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from api.auth.keys import Scope
from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Role, Site
from api.sql_access.roles import create_sql_role, revoke_sql_role
from conftest import TestSite, make_site
from permissions import World, account, key_of, make_world
from submitting import change
from tenants import DAY, fill, questions
from websocket_clients import PATIENCE, Socket

pytestmark = pytest.mark.any_engine

OF_NOW = re.compile(
    rb'"(?:time|visit(?:or)?s_now|(?:pageview_)?minutes)":(?:"[^"]*"|[0-9]+|\[[^]]*\])'
)
"""The first five parts of a live snapshot change with the minute."""

LAST_USED = re.compile(rb'"last_used_at":(?:null|"[^"]*")|"last_network":(?:null|"[^"]*")')
"""So does what is told of the use of an API key, which one of the callers has."""

OTHER = "othertenant"
"""A word that no text of the product has."""

Answers = dict[str, tuple[int, bytes]]


async def answers(site: TestSite, world: World) -> Answers:
    """What users, a key and a share link of the site are answered."""
    found: Answers = {}
    for caller in ("owner", "key_read", "share"):
        for method, address, body in questions(site.key, world.event, world.visit):
            sent = {"json": body} if body else {}
            headers = world.headers[caller]
            answer = await site.client.request(method, address, headers=headers, **sent)
            told = LAST_USED.sub(b"", answer.content)
            told = OF_NOW.sub(b"", told, count=5) if "realtime" in address else told
            found[f"{caller} {address}"] = answer.status_code, told
    return found


async def first_message(app: FastAPI, site: TestSite) -> bytes:
    """The first message of the live numbers, without what depends on the time of asking."""
    socket = Socket(app, "/api/realtime/ws", site.admin, site=site.key)
    assert await socket.status() == 101
    async with asyncio.timeout(PATIENCE):
        message = await socket.sent.get()
    await socket.leave()
    return OF_NOW.sub(b"", message["text"].encode(), count=5)


async def read_by_role(database: Database, role: str, password: str) -> dict[str, list[str]]:
    """All rows of all views, as a login role of the database reads them."""
    address = make_conninfo(database.url, user=role, password=password)
    async with await AsyncConnection.connect(address) as connection:
        views = await connection.execute(
            "select viewname from pg_views where schemaname = 'analytics'"
        )
        found: dict[str, list[str]] = {}
        for (view,) in await views.fetchall():
            rows = await connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier(view))
            )
            found[view] = sorted(map(str, await rows.fetchall()))
    return found


async def add_tenant(own: TestSite, name: str) -> tuple[TestSite, Site]:
    """Another site with the same history but for its own words, users, keys and jobs."""
    other = await make_site(f"{own.key}{name}", own.client, own.admin, own.database)
    found = await Sites(own.database).find(other.key)
    owner, headers = await account(own.database, (found, Role.OWNER))
    await key_of(own.database, owner, Scope.ADMIN)
    shares = f"/api/sites/{other.key}/shares"
    await own.client.post(shares, json={"name": name}, headers=headers)
    job = {"report": "pages", "params": {"site": other.key}}
    assert (await own.client.post("/api/jobs", json=job, headers=headers)).status_code == 202
    await fill(other, name)
    return other, found


async def test_answers_are_same_with_and_without_other_site(
    site: TestSite, database: Database
) -> None:
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    world = await make_world(database, site.send, await Sites(database).find(site.key))
    await fill(site, "mine")
    before = await answers(site, world)
    other, _ = await add_tenant(site, OTHER)
    after = await answers(site, world)
    assert len(before) > 250
    assert sum(status == 200 for status, _ in before.values()) > 200
    assert [asked for asked in before if before[asked] != after[asked]] == []
    assert not [asked for asked, (_, told) in after.items() if OTHER.encode() in told]
    assert (await other.ask("pages", **{"from": DAY, "to": DAY}))["totals"]["visits"] == 4


async def test_socket_and_role_say_same_with_and_without_other_site(
    app: FastAPI, site: TestSite, database: Database
) -> None:
    await fill(site, "mine")
    role = f"tenant_{uuid4().hex[:8]}"
    password = await create_sql_role(database, role, [await Sites(database).find(site.key)])
    try:
        before = await first_message(app, site), await read_by_role(database, role, password)
        await add_tenant(site, OTHER)
        after = await first_message(app, site), await read_by_role(database, role, password)
    finally:
        await revoke_sql_role(database, role)
    assert b"/now-mine" in before[0]
    assert len(before[1]) == 11
    assert all(before[1].values())
    assert before == after
    assert OTHER not in str(after)
