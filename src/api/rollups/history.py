"""What rollups store of expired raw data: taken out of a database, and into another one.

Nobody computes these rows again. So they are stored as they are, and only by a rollup that is
declared as the one that computed them; of another one the rows are missing then, as they are where
a rollup is added after raw data has expired.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from api.rollups.available import stored_rollups
from api.rollups.locks import block_writers, exclusive
from api.rollups.model import Rollup
from api.rollups.statements import Connection, execute, fetch_value
from api.rollups.watermark import move_watermark

BUSY_SECONDS = 0.2
"""How long to wait for a rollup that is being refreshed, before it is tried again."""


async def kept_for_ever(connection: Connection, rollups: Sequence[Rollup]) -> Sequence[Rollup]:
    """The rollups whose rows are kept for ever and are stored as this process declares them, each
    with the time from which on it is complete."""
    stored = await stored_rollups(connection)
    return [
        replace(rollup, complete_since=known["complete_since"])
        for rollup in rollups
        if rollup.retention is None
        if (known := stored.get(rollup.name)) and known["fingerprint"] == rollup.fingerprint
    ]


@asynccontextmanager
async def not_refreshed(connection: Connection, rollup: Rollup) -> AsyncGenerator[None]:
    """Waits until nobody refreshes the rollup, which holds until the end of the block: a refresh
    that has read the rows of a bucket would replace what is stored meanwhile."""
    while True:
        async with exclusive(connection, rollup) as is_exclusive:
            if is_exclusive:
                yield
                return
        await asyncio.sleep(BUSY_SECONDS)


async def take_over_history(
    connection: Connection,
    rollups: Sequence[Rollup],
    complete_since: Mapping[str, datetime | None],
    line: datetime,
    now: datetime,
) -> Sequence[str]:
    """Makes rollups answer with rows that were stored from before the line of a site.
    `complete_since` has the rollups whose rows came, and from when on these are complete, None for
    always. Returns the names of those whose rows did not come."""
    missing = [
        rollup.name
        for rollup in rollups
        if rollup.retention is None and rollup.name not in complete_since
    ]
    incomplete = {**complete_since, **dict.fromkeys(missing, line)}
    for name, since in incomplete.items():
        if since is not None:
            await execute(connection, "raise_complete_since", {"name": name, "since": since})
    for rollup in rollups:
        if rollup.retention is None:
            await reach(connection, rollup, line, now)
    return missing


async def reach(connection: Connection, rollup: Rollup, line: datetime, now: datetime) -> None:
    """Moves the watermark of a rollup up to a line, unless it is past it: rows after the watermark
    are not read."""
    if await fetch_value(connection, "is_behind", {"name": rollup.name, "line": line}):
        async with connection.transaction():
            await block_writers(connection)
            await move_watermark(connection, rollup, line, now)
