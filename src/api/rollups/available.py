"""The rollups that can answer: those that are stored as this process declares them."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api.db.database import Database, lend
from api.db.sql_files import text_of
from api.rollups.model import Rollup
from api.rollups.statements import SQL

REMEMBER_SECONDS = 5.0


async def available_rollups(database: Database, declared: Sequence[Rollup]) -> Sequence[Rollup]:
    """The declared rollups that may answer, filled ones before others, each with the time from
    which on it is complete. What is stored is remembered for a moment."""
    known = database.stored_rollups
    if known is None or time.monotonic() - known[0] > REMEMBER_SECONDS:
        async with lend(database.reading) as connection:
            known = time.monotonic(), await stored_rollups(connection)
        database.stored_rollups = known
    answering = [
        (stored, replace(rollup, complete_since=stored["complete_since"]))
        for rollup in declared
        if (stored := known[1].get(rollup.name)) and stored["fingerprint"] == rollup.fingerprint
    ]
    answering.sort(key=lambda pair: not pair[0]["is_ready"])
    return [rollup for _, rollup in answering]


async def stored_rollups(connection: AsyncConnection[Any]) -> dict[str, dict[str, Any]]:
    """Fingerprint, whether it was ever filled, and first complete time of each stored rollup, by
    name."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(text_of(SQL / "stored_rollups.sql"))
    return {row["name"]: row for row in await cursor.fetchall()}


async def as_stored(
    connection: AsyncConnection[Any], rollups: Sequence[Rollup]
) -> tuple[Sequence[Rollup], bool]:
    """Those that are stored as this process declares them, and whether these are all that are
    stored. An old process that still runs beside a new release must not write its rows into what
    that has stored."""
    stored = await stored_rollups(connection)
    current = [
        rollup
        for rollup in rollups
        if rollup.name in stored and stored[rollup.name]["fingerprint"] == rollup.fingerprint
    ]
    return current, len(current) == len(stored)
