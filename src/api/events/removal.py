"""Visitors who are taken out of every number, for whatever reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from api.auth.models import User
from api.events.statements import Connection, execute
from api.events.writer import announcement
from api.sites.models import Site

REMOVED: tuple[LiteralString, ...] = ("events", "visits", "visitors")


async def remove(connection: Connection, site: Site, visitors: Sequence[int]) -> dict[str, int]:
    """Deletes visitors with all that they did, and marks the rollup buckets that counted them.
    Returns how much there was. Whoever calls it has the turn of the site."""
    values = {"site": site.number, "visitors": visitors}
    await execute(connection, "mark_removed", values)
    await execute(connection, "note_visitor_numbers", values)
    removed: dict[str, int] = dict.fromkeys(REMOVED, 0)
    for visitor in visitors:
        for what in REMOVED:
            gone = await execute(connection, f"remove_{what}", {**values, "visitor": visitor})
            removed[what] += gone.rowcount
    await execute(connection, "announce", {"payload": announcement([site.number])})
    return removed


async def record(
    connection: Connection, action: str, site: Site, by: User, counts: Mapping[str, int]
) -> tuple[int, datetime]:
    """The audit line of a removal, which says how much and not of whom: its number and time."""
    line = {"actor": by.id, "action": action, "site": site.number, "detail": Jsonb(counts)}
    row = await (await execute(connection, "record_removal", line)).fetchone()
    assert row
    return row["id"], row["at"]
