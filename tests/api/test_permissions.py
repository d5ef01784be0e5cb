"""Every route with every kind of caller, as the table in `permissions` has it."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, WebSocketRoute

from api.administration.share_store import create_share
from api.db.database import Database
from api.sites.directory import Sites
from conftest import SECRET, TestSite
from main import build_app
from permissions import (
    CALLERS,
    NEEDS,
    REDIRECTED,
    ROWS,
    SAMPLE,
    Route,
    Row,
    World,
    bearer,
    board,
    expected,
    link_to,
    make_world,
    rule,
)
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine

application = build_app(Settings(secret_key=SECRET))
document = application.openapi()


def routes() -> Iterator[Route]:
    """The application's own table of routes. HEAD is answered as GET."""
    for route in iter_route_contexts(application.routes):
        path = str(route.path)
        if isinstance(route.original_route, WebSocketRoute):
            yield "WEBSOCKET", path
        elif isinstance(route.original_route, Mount):
            yield "GET", path
        else:
            yield from ((method, path) for method in route.methods or () if method != "HEAD")


def test_every_route_has_row() -> None:
    found = {*routes()}
    missing = [f'    ("{method}", "{path}"): Row("…"),' for method, path in found - ROWS.keys()]
    words = f"add to ROWS in tests/permissions.py (needs: {', '.join(NEEDS)}):\n"
    assert not missing, words + "\n".join(sorted(missing))
    assert not ROWS.keys() - found, "these routes are gone: remove their rows"
    assert len(found) > 60


@pytest.fixture
async def world(site: TestSite, database: Database) -> World:
    """A private site, and everybody who may ask."""
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    return await make_world(database, site.send, await Sites(database).find(site.key))


def filled(part: Any, site: str) -> Any:
    """A query or a body with the name of the site, and a new one for what must be unique."""
    text = json.dumps(part).replace("{site}", site).replace("{unique}", str(uuid4()))
    return json.loads(text)


def status_of(route: Route, row: Row, caller: str) -> int:
    """The status that a caller is to get."""
    told = expected(row.need)[caller]
    is_known = caller not in ("nobody", "share")
    return (REDIRECTED.get(route, row.ok) if is_known else row.ok) if told == "ok" else int(told)


async def asked(site: TestSite, world: World, route: Route, row: Row, caller: str) -> int:
    """The status that a caller gets; of a batch that of its line."""
    method, path = route
    named = {"key": site.key, "event_id": world.event, "visit": world.visit}
    named |= await row.fresh(world)
    path = re.sub(r"\{(\w+)\}", lambda found: str(named[found[1]]), path)
    path += "/x/live.js" if path == "/static" else ""
    query, headers = filled(row.query, site.key), world.headers[caller]
    if method == "WEBSOCKET":
        return await handshake(application_of(site), path, query, headers)
    body = {"json": filled(row.body, site.key)} if row.body is not None else {}
    answer = await site.client.request(method, path, params=query, headers=headers, **body)
    is_lines = answer.headers.get("content-type") == "application/x-ndjson"
    return answer.json()["status"] if is_lines else answer.status_code


def application_of(site: TestSite) -> FastAPI:
    transport: Any = site.client._transport
    return transport.app


async def handshake(
    app: FastAPI, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> int:
    """The status of the handshake of a WebSocket, which is left at once."""
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "query_string": urlencode(query).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("203.0.113.7", 1),
        "extensions": {"websocket.http.response": {}},
    }
    received = iter(({"type": "websocket.connect"},))

    async def receive() -> Any:
        return next(received, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if not answered.done():
            answered.set_result(message)

    task = asyncio.ensure_future(app(scope, receive, send))
    async with asyncio.timeout(60):
        status = (await answered).get("status", 101)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return status


async def test_every_route_answers_each_caller_as_its_row_says(
    site: TestSite, world: World
) -> None:
    wrong: list[str] = []
    for route, row in ROWS.items():
        for caller in SAMPLE if row.need == "nothing" else CALLERS:
            wanted = status_of(route, row, caller)
            found = await asked(site, world, route, row, caller)
            if found != wanted:
                wrong.append(f"{' '.join(route)} for {caller}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


OF_ANYBODY = ("nothing", "sender")
"""What callers are answered that nobody knows."""


async def test_link_to_board_is_answered_by_no_other_route(site: TestSite, world: World) -> None:
    number = (await board(world))["number"]
    link = link_to(world.site)
    link.board_id = number
    secret = (await create_share(world.database, link))[1]
    world.headers["board"] = bearer(secret)
    answered: list[str] = []
    for route, row in ROWS.items():
        found = await asked(site, world, route, row, "board")
        if found not in (401, 403, 404) and row.need not in OF_ANYBODY:
            answered.append(f"{' '.join(route)}: {found}")
    assert not answered, "\n".join(answered)
    own = await site.client.get(f"/api/boards/{number}", headers=world.headers["board"])
    assert (own.status_code, own.json()["id"]) == (200, number)


GREEDY = {
    "id": 1,
    "role": "owner",
    "is_superuser": True,
    "is_active": True,
    "password_hash": "x",
    "site_id": 1,
    "user_id": 1,
    "created_at": "2020-01-01T00:00:00Z",
}
"""Fields that no request may set, unless its model declares them."""

KEPT = ("app_user", "login", "site", "membership", "invitation", "api_key", "share_link", "goal")
KEPT += ("submitted_job", "audit_log", "board", "board_item", "annotation")


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def write_models() -> Iterator[tuple[Route, tuple[str, ...], set[str]]]:
    """Each object in a JSON body: the route, its place in the body, and the fields it declares."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for place, fields in objects_in(body["schema"]) if body else ():
                yield (method.upper(), path), place, fields


def objects_in(
    schema: Mapping[str, Any], place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    schema = resolved(schema)
    for other in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from objects_in(other, place)
    fields = schema.get("properties", {})
    if fields and schema.get("additionalProperties") is not True:
        yield place, {*fields}
    for name, inner in fields.items():
        yield from objects_in(inner, (*place, name))


def with_extra(body: Any, place: tuple[str, ...], extra: Mapping[str, Any]) -> Any:
    """The body with more fields in the object at this place."""
    if not place:
        return {**(body or {}), **extra}
    name, *rest = place
    return {**(body or {}), name: with_extra((body or {}).get(name), tuple(rest), extra)}


async def rows_of(database: Database) -> dict[str, list[Any]]:
    """The contents of the tables of accounts, sites, roles and keys."""
    return {
        table: await change(database, f"select t::text from {table} t order by 1") for table in KEPT
    }


def value_of(named: Mapping[str, Any], place: re.Match[str]) -> str:
    """The value at a place in a path: 1 where none is named."""
    return str(named.get(place[1], 1))


async def test_no_write_model_takes_fields_that_it_does_not_declare(
    site: TestSite, world: World
) -> None:
    models = [*write_models()]
    assert len(models) > 15
    # Changes of a rule look for the rule first.
    of_rule = {"key": world.site.key, **await rule(world)}
    before = await rows_of(world.database)
    for route, place, declared in models:
        method, path = route
        named = of_rule if "/alerts/" in path else {"key": site.key}
        path = re.sub(r"\{(\w+)\}", partial(value_of, named), path)
        extra = {name: value for name, value in GREEDY.items() if name not in declared}
        for fields in (extra, *({name: extra[name]} for name in extra)):
            body = with_extra(filled(ROWS[route].body, site.key), place, fields)
            headers = world.headers["superuser"]
            answer = await site.client.request(method, path, json=body, headers=headers)
            told = {problem["where"] for problem in answer.json().get("problems", ())}
            wanted = {".".join((*place, name)) for name in fields}
            assert (answer.status_code, wanted - told) == (422, set()), (route, body, answer.text)
    assert await rows_of(world.database) == before
