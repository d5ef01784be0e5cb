"""Locks of sites: only one transaction at a time changes what is stored of a site."""

from collections.abc import Collection
from datetime import datetime

from api.events.write.sql import Connection, execute
from api.rollups.locks import WRITERS_LOCK

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""


async def lock_sites(connection: Connection, sites: Collection[int]) -> datetime:
    """Locks these sites until the end of the transaction. Returns when that began, by the server's
    clock."""
    values = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)}
    row = await (await execute(connection, "lock_sites", values)).fetchone()
    assert row
    return row["began"]
