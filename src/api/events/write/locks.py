"""Locks of sites: only one transaction at a time changes what is stored of a site."""

from collections.abc import Collection
from datetime import datetime

from api.db.timeouts import WritingConnection
from api.events.write.sql import Connection, Cursor, execute
from api.rollups.locks import WRITERS_LOCK

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""


async def begin_with_locks(connection: WritingConnection, sites: Collection[int]) -> datetime:
    """Begins a transaction that locks these sites, in one round trip. Returns when it began, by the
    server's clock."""
    async with connection.pipeline():
        await connection.execute("begin")
        cursor = await lock_sites(connection, sites)
    row = await cursor.fetchone()
    assert row
    began = row["began"]
    if connection.latest and began < connection.latest:
        # The clock went back. A kept plan leaves out chunks by the time at which it was made (see
        # RECENT_EVENTS): one that was made later than now may leave out the newest.
        await connection.execute("discard plans")
    connection.latest = began
    return began


async def lock_sites(connection: Connection, sites: Collection[int]) -> Cursor:
    """Locks these sites until the end of the transaction."""
    values = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)}
    return await execute(connection, "lock_sites", values)
