"""The bell of those who edit a site tells of imports and exports that commands have done."""

from typing import Any

import httpx
import pytest

from api.db.database import Database
from api.sites.directory import Sites
from cli.notices import tell_of_export, tell_of_import
from conftest import TestSite
from people import Person
from submitting import change

pytestmark = pytest.mark.any_engine

JOIN = "insert into membership (user_id, site_id, role) select %s, id, %s from site where key = %s"


async def told(person: Person) -> list[tuple[str, Any]]:
    """Kinds and data of what an account was told, oldest first."""
    rows = (await person.ask("GET", "/notifications")).json()["rows"]
    return [(row["kind"], row["data"]) for row in reversed(rows)]


@pytest.mark.parametrize("role", ["editor", "viewer", None])
async def test_editors_are_told_of_imports_and_exports(
    client: httpx.AsyncClient, database: Database, site: TestSite, role: str | None
) -> None:
    person, owner = await Person(client).register(), await Person(client).register()
    await change(database, JOIN, owner.number, "owner", site.key)
    if role:
        await change(database, JOIN, person.number, role, site.key)
    found = await Sites(database).find(site.key)
    await tell_of_import(database, found, "umami", 0)
    await tell_of_import(database, found, "umami", 7)
    for rows in (5, 6):
        await tell_of_import(database, found, "log", rows)
    await tell_of_export(database, found, 12)
    expected = [
        ("import_done", {"source": "umami", "rows": 7}),
        ("import_done", {"source": "log", "rows": 5}),
        ("export_done", {"rows": 12}),
    ]
    assert await told(owner) == expected
    assert await told(person) == (expected if role == "editor" else [])


async def test_superusers_are_told_where_nobody_edits_the_site(
    client: httpx.AsyncClient, database: Database, site: TestSite
) -> None:
    await change(
        database,
        "delete from membership using site where site_id = site.id and key = %s",
        site.key,
    )
    person = await Person(client).register()
    await change(database, "update app_user set is_superuser = true where id = %s", person.number)
    await tell_of_export(database, await Sites(database).find(site.key), 3)
    assert await told(person) == [("export_done", {"rows": 3})]
    await change(database, "update app_user set is_superuser = false where id = %s", person.number)
