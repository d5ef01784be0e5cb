"""Work that is done by the clock, by one process of all: the one that holds the leader's lock."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection

from api.db.database import Database

log = logging.getLogger("analytics.jobs")

LEADER_LOCK = 20261126

FOLLOWER_SECONDS = 5.0
"""How often a process that does not lead asks whether it can."""

TICK_SECONDS = 1.0

Work = Callable[[AsyncConnection[Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds, on a connection in autocommit."""

    name: str
    every: float
    work: Work


async def run_forever(database: Database, jobs: Sequence[Job]) -> None:
    """Leads when nobody else does, and starts over when the database went away."""
    while True:
        try:
            async with await database.connect() as connection:
                if await leads(connection):
                    await lead(connection, jobs)
        except psycopg.Error as error:
            log.warning("jobs: the database is away: %s", type(error).__name__)
        except Exception:
            log.exception("jobs: starting over")
        await asyncio.sleep(FOLLOWER_SECONDS)


async def leads(connection: AsyncConnection[Any]) -> bool:
    """Whether this connection got the leader's lock; it is kept until the connection ends."""
    cursor = await connection.execute("select pg_try_advisory_lock(%s)", [LEADER_LOCK])
    return await cursor.fetchone() == (True,)


async def lead(connection: AsyncConnection[Any], jobs: Sequence[Job]) -> None:
    """Does each job when it is due, until the connection is lost."""
    due = dict.fromkeys(jobs, 0.0)
    while not connection.broken:
        for job in [job for job in jobs if due[job] <= time.monotonic()]:
            await attempt(connection, job)
            due[job] = time.monotonic() + job.every
        await asyncio.sleep(TICK_SECONDS)


async def run_once(database: Database, jobs: Sequence[Job]) -> None:
    """One round of every job, for those who have a cron. Waits for nobody."""
    async with await database.connect() as connection:
        for job in jobs:
            await attempt(connection, job)


async def attempt(connection: AsyncConnection[Any], job: Job) -> None:
    """Does one job; what fails is logged and tried again at its next time."""
    started = time.monotonic()
    try:
        result = await job.work(connection)
        log.debug("job %s: %s in %.2f s", job.name, result, time.monotonic() - started)
    except psycopg.Error as error:
        log.warning("job %s failed: %s", job.name, error)
