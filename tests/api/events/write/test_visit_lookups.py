"""The writer finds visits by their keys, also where the planner has no statistics to go by."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.db.database import Database
from api.events.write.sql import SQL, as_json
from api.sites.models import utc_now

VISITS = 3000
WANTED = 200

FILL = """
insert into visit (
    visitor_id, started, id, site_id, visitor_number, session_id, first_seen, engaged_from,
    last_event, ended,
    pageviews, events, interactive_events, first_id
)
select n, at, gen_random_uuid(), 1, n, %s || n, at, at, at, at, 1, 1, 0, gen_random_uuid()
from generate_series(1, %s) n, lateral (select now() - n * interval '1 second') of (at)
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and all below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.parametrize(
    ("name", "prefix", "key", "wanted"),
    [
        ("visits_of_sessions", "s", "session_id", [f"s{n}" for n in range(WANTED)]),
        ("visits_near", None, "visitor_id", list(range(WANTED))),
    ],
)
async def test_visits_are_looked_up_by_index_without_statistics(
    database: Database, name: str, prefix: str | None, key: str, wanted: list[Any]
) -> None:
    now = utc_now()
    spans = [{key: value, "site_id": 1, "lower": now, "upper": now} for value in wanted]
    values = {"spans": as_json(spans)}
    question = SQL.text(name)
    async with (
        database.writer() as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute(FILL, [prefix, VISITS])
        cursor = await connection.execute(f"explain (analyze, format json) {question}", values)
        row = await cursor.fetchone()
    assert row
    read = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes(row[0][0]["Plan"])
    )
    assert read < 10 * WANTED
