"""Removes the rows of sites that were deleted: a background job, batch by batch.

Since the COMMIT that deleted a site nobody reads it, and no writer adds to it. First its events and
visits go, then what rollups store of it, then everything else, and its own row at last. The job may
stop anywhere: the next round goes on.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

from api.db import sql_files
from api.db.engine import Engine
from api.db.sql_files import Fragment
from api.events.removal.expiry import AGING, delete_hour
from api.events.write.sql import Connection
from api.rollups.definitions import ROLLUPS
from api.rollups.deleted_site import RollupBusy, remove_site

log = logging.getLogger("analytics.sites")

SQL = Path(__file__).parent / "sql"

BATCHES_AT_ONCE = 500
"""Transactions of one round: the other jobs wait meanwhile."""

SETTLE = timedelta(seconds=30)
"""How long after it was deleted the rows of a site begin to go. Processes may know it for
REMEMBER_SECONDS, and store jobs and rejected events for it so long."""

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with rows of sites, and how many of them are deleted at a time."""

    table: LiteralString
    most: int


ROWS = (
    Rows("visitor", 10_000),
    Rows("raw_change", 10_000),
    Rows("rejected_event", 1_000),
    Rows("imported_day", 10_000),
    Rows("submitted_job", 10),  # A result has up to a hundred parts of a mebibyte.
)


async def remove_deleted_sites(
    connection: Connection, engine: Engine, settle: timedelta = SETTLE
) -> int:
    """One round. Returns in how many batches rows were removed."""
    batches = 0
    for site in await deleted_sites(connection, settle):
        async with aclosing(remove_rows(connection, engine, site)) as removed:
            async for _ in removed:
                batches += 1
                if batches == BATCHES_AT_ONCE:
                    return batches
    return batches


async def deleted_sites(connection: Connection, settle: timedelta) -> Sequence[int]:
    cursor = await sql_files.execute(connection, SQL / "deleted_sites.sql", {"settle": settle})
    return [site for (site,) in await cursor.fetchall()]


async def remove_rows(connection: Connection, engine: Engine, site: int) -> AsyncGenerator[None]:
    """Removes all rows of a deleted site, and yields after each batch."""
    for aging in AGING:
        while await delete_hour(connection, aging, site, FOREVER):
            yield
    try:
        async with aclosing(remove_site(connection, engine, ROLLUPS, site)) as removed:
            async for _ in removed:
                yield
    except RollupBusy as busy:
        log.info("site %s: its rows stay a little longer: %s is busy", site, busy)
        return
    for rows in ROWS:
        while await delete_some(connection, rows, site):
            yield
    await sql_files.execute(connection, SQL / "delete_site.sql", {"site": site})
    log.info("site %s: everything of it is gone", site)


async def delete_some(connection: Connection, rows: Rows, site: int) -> bool:
    """Deletes some rows of a site. Returns whether there were any."""
    slots = {"table": Fragment(rows.table)}
    values = {"site": site, "most": rows.most}
    done = await sql_files.execute(connection, SQL / "delete_some.sql", values, slots)
    return done.rowcount > 0
