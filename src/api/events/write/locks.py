"""Locks of sites: only one transaction at a time changes what is stored of a site."""

from collections.abc import Collection
from datetime import datetime

from api.events.write.sql import Connection, Cursor, execute
from api.rollups.locks import WRITERS_LOCK

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""


async def begin_with_locks(connection: Connection, sites: Collection[int]) -> datetime:
    """Begins a transaction that locks these sites, in one round trip. Returns when it began, by the
    server's clock."""
    async with connection.pipeline():
        await connection.execute("begin")
        cursor = await lock_sites(connection, sites)
    row = await cursor.fetchone()
    assert row
    return row["began"]


async def lock_sites(connection: Connection, sites: Collection[int]) -> Cursor:
    """Locks these sites until the end of the transaction."""
    values = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)}
    return await execute(connection, "lock_sites", values)
