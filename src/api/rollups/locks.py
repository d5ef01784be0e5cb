"""Who waits for whom while rollups are refreshed.

A writing transaction holds WRITERS_LOCK shared; moving a watermark takes it exclusively, so that no
writer that saw the old watermark can commit behind the new one without a mark. Whoever refreshes a
rollup holds its lock for as long.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection

from api.rollups.model import Rollup

log = logging.getLogger("analytics.rollups")

Connection = AsyncConnection[Any]

WRITERS_LOCK = 20261124

REFRESH_LOCK = 7302
"""First key of the locks of those who refresh; the second is the rollup's."""


async def block_writers(connection: Connection) -> None:
    """Makes writers wait for the end of this transaction, which must not be far."""
    await connection.execute("set local lock_timeout = '5s'")
    await connection.execute("select pg_advisory_xact_lock(%s)", [WRITERS_LOCK])


@asynccontextmanager
async def exclusive(connection: Connection, rollup: Rollup) -> AsyncGenerator[bool]:
    """Whether nobody else refreshes this rollup for as long as the block lasts: two at once would
    both delete and both insert. A session lock, so that a killed refresh frees it."""
    key = [REFRESH_LOCK, rollup.name]
    cursor = await connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", key)
    got = await cursor.fetchone() == (True,)
    try:
        yield got
    except psycopg.errors.LockNotAvailable as error:
        log.info("rollup %s is busy: %s", rollup.name, error)
    finally:
        if got and not connection.broken:
            await connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", key)
