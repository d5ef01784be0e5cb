"""Locks of sites: only one transaction at a time changes what is stored of a site."""

from collections.abc import Collection

from api.events.write.sql import Connection, execute
from api.rollups.locks import WRITERS_LOCK

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""


async def lock_sites(connection: Connection, sites: Collection[int]) -> None:
    """Locks these sites until the end of the transaction. Begins the transaction if needed, in the
    same round trip."""
    values = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)}
    async with connection.pipeline():
        await execute(connection, "lock_sites", values)
