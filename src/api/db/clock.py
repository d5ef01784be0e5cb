"""The time by which data is removed.

Raw data, salts, rejected events and short-lived rollup rows are removed by age. A clock that is
wrong for a moment (a machine that starts without its time, a bad time server) must not remove them:
they cannot be restored. So jobs use one clock, the database's. It is written down every few
minutes, and data is removed by the newest reading that another one, 1 to 25 hours older, confirms.
After a jump of the clock nothing is removed for an hour.
"""

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from api.db.sql_files import execute

log = logging.getLogger("analytics.clock")

Connection = AsyncConnection[Any]

SQL = Path(__file__).parent / "sql"


async def database_time(connection: Connection) -> datetime:
    """The time of the database's clock."""
    ((now,),) = await (await connection.execute("select now()")).fetchall()
    return now


async def read_clock(connection: Connection) -> None:
    """Stores a reading of the database's clock. Logs a warning if the clock has gone back since an
    earlier reading, which had been ahead."""
    ((ahead,),) = await (await execute(connection, SQL / "read_clock.sql")).fetchall()
    if ahead:
        log.warning("the clock of the database was ahead: it had been %s", ahead)


async def confirmed_time(connection: Connection) -> datetime | None:
    """The time by which data may be removed; None while no reading is confirmed."""
    ((confirmed,),) = await (await execute(connection, SQL / "confirmed_time.sql")).fetchall()
    return confirmed
