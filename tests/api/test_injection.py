"""SQL in parameters and bodies stays text: none of it takes the lock that it asks for."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from test_out_of_range import (
    BODIES,
    EVENTS,
    MARK,
    address,
    changed,
    fault,
    first_paths,
    own,
    parameters,
)

from api.db.database import Database
from conftest import TestSite
from submitting import change

pytestmark = [pytest.mark.any_engine, pytest.mark.slow]

LOCK = 4_242_424_242
TAKES = f"pg_try_advisory_lock({LOCK})"
"""Also read only, and the connection of a pool keeps the lock for as long as it lives."""

ATTACKS = (
    *(TAKES, f"(select {TAKES})", f"1; select {TAKES}", f"1); select {TAKES}; --"),
    *(f"' or {TAKES} --", f"') or {TAKES} --", f"')) or {TAKES} --", f"'; select {TAKES}; --"),
    *(f'" or {TAKES} --', f"$$ or {TAKES} --", f"\\' or {TAKES} --", f"%' or {TAKES} --"),
    *(f"'||{TAKES}||'", f"' union select {TAKES}::text --", f"e.page or {TAKES}"),
    *(f"visits:desc, {TAKES}", f"visits desc; select {TAKES}", f"UTC' || {TAKES} || '"),
    *(f"x' and (select {TAKES}) is not null and 'x' = 'x", f"{{{TAKES}}}", f"%(site)s, {TAKES}"),
    *(f"/*{TAKES}*/", f":site or {TAKES}", f"'::text or {TAKES} or ''='", f"\x1a' or {TAKES} --"),
)
FILTERS = (
    *(f'[["is","page",["{TAKES}"]]]', f'[["is","page or {TAKES}",["x"]]]'),
    *(f'[["is","props:a\' or {TAKES} --",["x"]]]', f'[["contains","page",["%\' or {TAKES} --"]]]'),
    *(f'[["is","page",["x\' or {TAKES} --"]]]', f'[["or {TAKES}",[["is","page",["x"]]]]]'),
    *(f'[["is or {TAKES}","page",["x"]]]', f'[["matches","page",["\' or {TAKES} --"]]]'),
    *(f'[["is","goal",["x\' or {TAKES} --"]]]', f'[["has_done",["is","page",["\' or {TAKES}"]]]]'),
)


FEW = ATTACKS[::6]
"""For a parameter or a field whose name an earlier one has: both become SQL in one place mostly."""


async def taken(database: Database) -> list[Any]:
    """The locks that somebody took."""
    asked = "select pid from pg_locks where locktype = 'advisory'"
    high, low = divmod(LOCK, 2**32)
    return await change(database, f"{asked} and classid = %s and objid = %s", high, low)


async def test_lock_that_is_taken_is_seen(database: Database) -> None:
    async with await database.connect() as connection:
        await connection.execute(f"select {TAKES}")  # pyright: ignore
        assert await taken(database)
    assert not await taken(database)


async def test_sql_in_parameter_is_not_run(
    site: TestSite, app: FastAPI, database: Database
) -> None:
    await site.send(*EVENTS)
    faults: list[str] = []
    names: set[str] = set()
    for method, path, parameter in parameters(app):
        attacks = FEW if parameter["name"] in names else ATTACKS
        names.add(parameter["name"])
        for value in (*attacks, *(FILTERS if "filter" in parameter["name"] else ())):
            url = address(site, path, parameter, value)
            body = None if method == "get" else {}
            if said := await fault(site.client, method, url, headers=site.admin, json=body):
                faults.append(f"{method} {path} {parameter['name']}={value}: {said}")
    assert not faults, "\n".join(faults)
    assert not await taken(database)


@pytest.mark.parametrize("path", BODIES)
async def test_sql_in_body_is_not_run(
    site: TestSite, app: FastAPI, database: Database, path: str
) -> None:
    await site.send(*EVENTS)
    url = path.replace("{key}", site.key).replace("{account}", "1")
    url = url.replace("{user_id}", str(2**40)).replace("{number}", str(2**40))  # of nobody
    operations = app.openapi()["paths"][path].items()
    (method,) = [method.upper() for method, how in operations if "requestBody" in how]
    faults: list[str] = []
    for field, body in changed(own(site, BODIES[path])):
        for value in ATTACKS if first_paths()[field] == path else FEW:
            text = json.dumps(body).replace(json.dumps(MARK), json.dumps(value))
            sent = {"content": text, "headers": site.admin | {"Content-Type": "application/json"}}
            if said := await fault(site.client, method, url, **sent):
                faults.append(f"{text[:200]}: {said}")
    assert not faults, "\n".join(faults)
    assert not await taken(database)
