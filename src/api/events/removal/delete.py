"""Deletes visitors with all that is stored of them, and records how many rows that were."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import LiteralString

from psycopg.types.json import Jsonb

from api.auth.models import User
from api.events.changes.log import note_removal
from api.events.write.sql import Connection, SqlFolder
from api.events.write.visitors import note_numbers
from api.events.write.writer import announce
from api.rollups.changes import mark_removed
from api.sites.models import Site

execute = SqlFolder(Path(__file__).parent / "sql").execute

DELETED: tuple[LiteralString, ...] = ("events", "visits", "visitors")

OBSERVATIONS: tuple[LiteralString, ...] = ("web_vitals", "js_errors")
"""Kinds that are counted as one."""


async def delete_visitors(
    connection: Connection, site: Site, visitors: Sequence[int]
) -> dict[str, int]:
    """Deletes visitors with their events, visits and observations, and marks the rollup buckets
    that counted them. Returns the number of rows by kind. The caller has locked the site."""
    values = {"site": site.number, "visitors": visitors}
    await mark_removed(connection, site.number, visitors)
    await note_numbers(connection, site.number)
    await note_removal(connection, site.number, visitors)
    deleted: dict[str, int] = dict.fromkeys((*DELETED, "observations"), 0)
    for visitor, kind in product(visitors, (*DELETED, *OBSERVATIONS)):
        cursor = await execute(connection, f"delete_{kind}", {**values, "visitor": visitor})
        deleted["observations" if kind in OBSERVATIONS else kind] += cursor.rowcount
    await execute(connection, "delete_unopened", values)
    await announce(connection, [site.number])
    return deleted


async def record(
    connection: Connection, action: str, site: Site, by: User, counts: Mapping[str, int]
) -> tuple[int, datetime]:
    """Writes an entry of the audit log for a removal: how much was removed, but not of whom.
    Returns the number and the time of the entry."""
    entry = {"actor": by.id, "action": action, "site": site.number, "detail": Jsonb(counts)}
    row = await (await execute(connection, "record_removal", entry)).fetchone()
    assert row
    return row["id"], row["at"]
