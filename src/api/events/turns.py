"""Taking turns: whoever changes what is stored of a site is alone with it until their COMMIT."""

from collections.abc import Collection

from api.events.statements import Connection, execute
from api.rollups.locks import WRITERS_LOCK

SITE_LOCKS = 7301
"""First key of the advisory locks of sites; the second is the site's id."""


async def wait_for_turn(connection: Connection, sites: Collection[int]) -> None:
    """Waits until nobody else changes these sites. Begins the transaction in which nobody will,
    unless it has begun, in the same round trip."""
    locks = {"writers": WRITERS_LOCK, "locks": SITE_LOCKS, "sites": sorted(sites)}
    async with connection.pipeline():
        await execute(connection, "lock", locks)
