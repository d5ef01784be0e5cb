"""Every question about a site names the site wherever it reads rows of sites.

The server's plan tells: each scan of a table that has the column `site_id` must have a condition on
it, or look up the rows of one visitor, whose id is a hash of the site, too. Other ways to join are
switched off, so that a join is a condition of the scan.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, LiteralString

import pytest
from psycopg import AsyncConnection
from test_slots import plans_of

from api.analytics.planner import Plan
from api.db.database import Database
from api.db.sql_files import Statement, statement
from api.sites.directory import Sites
from api.sites.models import utc_now
from conftest import EVERY_REPORT, TestSite
from permissions import make_world
from tenants import DAY, fill, questions

Node = Mapping[str, Any]
Asked = tuple[str, Mapping[str, Any]]
"""The text of a question and its values."""

NESTED = ("hashjoin", "mergejoin", "material", "memoize")
"""Switched off: what would test the condition of a join outside of the scan, or not at all."""

CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", "Vectorized Filter")

ASKED = {"chosen": "[]", "limit": 10, "offset": 0}
"""What a question is asked with when it is carried out."""

OF_SITE = re.compile(r"\bsite_id = ")
OF_VISITOR = re.compile(r"\bvisitor_id = ")

COLUMNS = """
select n.nspname, c.relname
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where a.attname = 'site_id' and not a.attisdropped
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The questions that the service asks of the database, in order."""
    found: list[Asked] = []
    run = Database.run

    async def noted(self: Database, question: Statement, values: Any, **more: Any) -> Any:
        found.append((question.text, {**values, **question.values}))
        return await run(self, question, values, **more)

    monkeypatch.setattr(Database, "run", noted)
    return found


async def connected(database: Database) -> AsyncConnection[Any]:
    """A connection on which joins are conditions of scans."""
    connection = await database.connect()
    for way in NESTED:
        await connection.execute(f"set enable_{way} = off")  # pyright: ignore
    return connection


async def tables_of_sites(connection: AsyncConnection[Any]) -> set[tuple[str, str]]:
    """Schema and name of everything with rows of sites: tables, and the parts that they have."""
    return {*await (await connection.execute(COLUMNS)).fetchall()}


async def plan_of(connection: AsyncConnection[Any], question: Asked) -> Node:
    text, values = question
    explained: LiteralString = f"explain (verbose, format json) {text}"  # pyright: ignore
    row = await (await connection.execute(explained, values)).fetchone()
    assert row is not None
    return row[0][0]["Plan"]


def scans(node: Node, around: str = "") -> Iterator[tuple[tuple[str, str], str]]:
    """Each innermost scan: schema and name of what it reads, and its conditions. Those of a node
    around it that reads the same, as TimescaleDB's nodes do, are conditions of it, too."""
    own = " ".join(str(node.get(name, "")) for name in CONDITIONS)
    inner = node.get("Plans", [])
    read = [part for part in inner if part["Parent Relationship"] in ("Outer", "Inner", "Member")]
    is_around = "Relation Name" in node or node["Node Type"].startswith("Bitmap")
    for part in inner:
        yield from scans(part, f"{around} {own}" if is_around and part in read else "")
    if "Relation Name" in node and not any("Relation Name" in part for part in read):
        yield (node["Schema"], node["Relation Name"]), f"{around} {own}"


def unlimited(plan: Node, of_sites: set[tuple[str, str]]) -> list[str]:
    """The scans of rows of sites that are not limited to one site."""
    return [
        f"{'.'.join(read)}: {conditions.strip() or 'no condition'}"
        for read, conditions in scans(plan)
        if read in of_sites and not OF_SITE.search(conditions) and not OF_VISITOR.search(conditions)
    ]


def of_plan(plan: Plan, values: Mapping[str, Any]) -> Asked:
    """The question of a plan with the values of this site and of a range that has data."""
    filled = statement(plan.path, plan.slots)
    bound = {**ASKED, **plan.values, **filled.values}
    return filled.text, {**bound, **{name: values[name] for name in values if name in bound}}


def every_plan(values: Mapping[str, Any]) -> Iterator[Asked]:
    """The questions of all reports in each of their forms, each text once."""
    plans = chain.from_iterable(map(plans_of, EVERY_REPORT))
    return iter(dict(of_plan(plan, values) for plan in plans).items())


async def test_every_question_names_site_wherever_it_reads_rows_of_sites(
    site: TestSite, database: Database, asked: list[Asked]
) -> None:
    found = await Sites(database).find(site.key)
    world = await make_world(database, site.send, found)
    await fill(site, "mine")
    for method, address, body in questions(site.key, world.event, world.visit):
        sent = {"json": body} if body else {}
        await site.client.request(method, address, headers=world.headers["owner"], **sent)
    over_http = [question for question in asked if "site" in question[1]]
    lower, now = datetime.fromisoformat(f"{DAY}T00:00:00+00:00"), utc_now()
    range_ = {"lower": lower, "first": lower, "upper": now, "until": now, "now": now}
    planned = every_plan({"site": found.number, **range_})
    wrong: dict[str, list[str]] = {}
    connection = await connected(database)
    async with connection:
        of_sites = await tables_of_sites(connection)
        seen: set[tuple[str, str]] = set()
        for question in {
            text: (text, values) for text, values in chain(planned, over_http)
        }.values():
            plan = await plan_of(connection, question)
            seen |= {read for read, _ in scans(plan)} & of_sites
            if faults := unlimited(plan, of_sites):
                wrong[question[0]] = faults
    assert len(over_http) > 80
    assert len(seen) > 15, "the questions read tables"
    assert not wrong, json.dumps(wrong, indent=1)
