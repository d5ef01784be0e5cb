"""Whether raw data goes when its time has come."""

from datetime import timedelta

from api.events.retention import due_lines
from api.events.statements import Connection

OVERDUE = timedelta(days=1)
"""How late it may go: the job comes every quarter of an hour, and waits for refreshes."""


async def stuck_expiry(connection: Connection, days: int) -> int:
    """How many sites have raw data that should have gone long ago, by the clock of the database.
    Sites that say nothing keep it for so many days."""
    cursor = await connection.execute("select now() - %s", [OVERDUE])
    ((then,),) = await cursor.fetchall()
    return len(await due_lines(connection, days, then))
