"""Runs background jobs, in one process of all: the one that holds the leader's lock."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection

from api.db.database import REPORT_SECONDS, Database
from api.db.runs import asked_for, begin_run, end_run, note_interrupted

log = logging.getLogger("analytics.jobs")

LEADER_LOCK = 20261126

FOLLOWER_SECONDS = 5.0
"""How often a process that is not the leader tries to become it."""

TICK_SECONDS = 1.0

Work = Callable[[AsyncConnection[Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Job:
    """Work to do every `every` seconds, on a connection in autocommit. What it returns is noted as
    its result; what is nothing (None, 0, False) is no news."""

    name: str
    every: float
    work: Work


async def run_forever(database: Database, jobs: Sequence[Job], lock: int = LEADER_LOCK) -> None:
    """Runs the jobs while this process is the leader, else tries to become it. Survives all
    errors."""
    await lead_forever(database, lock, lambda connection: lead(connection, jobs))


async def lead_forever(database: Database, lock: int, work: Work) -> None:
    """Does the work on a connection that holds this advisory lock: in one process of all. Another
    one takes over when that connection ends. Survives all errors."""
    while True:
        try:
            async with await database.connect() as connection:
                if await leads(connection, lock):
                    await work(connection)
        except psycopg.Error as error:
            log.warning("jobs: the database is unavailable: %s", type(error).__name__)
        except Exception:
            log.exception("jobs: failed, trying again")
        await asyncio.sleep(FOLLOWER_SECONDS)


async def leads(connection: AsyncConnection[Any], lock: int) -> bool:
    """Whether this connection has taken the advisory lock, which it holds until it ends."""
    cursor = await connection.execute("select pg_try_advisory_lock(%s)", [lock])
    return await cursor.fetchone() == (True,)


async def lead(connection: AsyncConnection[Any], jobs: Sequence[Job]) -> None:
    """Runs each job when it is due or somebody asks for it, until the connection is lost."""
    await limit_lock_waits(connection)
    names = [job.name for job in jobs]
    await note_interrupted(connection, names)
    due = dict.fromkeys(jobs, 0.0)
    while not connection.broken:
        asked = await asked_for(connection, names)
        for job in jobs:
            if job.name in asked or due[job] <= time.monotonic():
                await attempt(connection, job)
                due[job] = time.monotonic() + job.every
        await asyncio.sleep(TICK_SECONDS)


async def limit_lock_waits(connection: AsyncConnection[Any]) -> None:
    """Makes a background job wait for a lock no longer than a report of a request may hold it. The
    question of a submitted job may hold it for ten minutes, and the other jobs would wait."""
    await connection.execute(
        "select set_config('lock_timeout', %s, false)", [f"{REPORT_SECONDS:g}s"]
    )


async def run_once(database: Database, jobs: Sequence[Job]) -> None:
    """Runs every job once, whichever process is the leader: for installations that use cron."""
    async with await database.connect() as connection:
        await limit_lock_waits(connection)
        for job in jobs:
            await attempt(connection, job)


async def attempt(connection: AsyncConnection[Any], job: Job) -> None:
    """Runs one job, and notes what became of it. An error is logged, and the job runs again at its
    next time."""
    started = time.monotonic()
    await begin_run(connection, job.name, job.every)
    result, failure = None, None
    try:
        result = await job.work(connection)
        log.debug("job %s: %s in %.2f s", job.name, result, time.monotonic() - started)
    except psycopg.Error as error:
        failure = error
        log.warning("job %s failed: %s", job.name, error)
    except Exception as error:
        failure = error
        log.exception("job %s failed", job.name)
    await end_run(connection, job.name, job.every, result, failure)
