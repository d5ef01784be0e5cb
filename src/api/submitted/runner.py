"""Answers submitted jobs, one at a time for the whole installation, so that they leave the database
to reports that are asked directly, and to events.

The process that holds RUNNER_LOCK answers them. Everything that it stores of a job goes through the
connection that holds the lock, so a process that has lost the lock cannot store anything; and a job
that is `running` when a process gets the lock was interrupted.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Response
from fastapi.responses import StreamingResponse
from psycopg.errors import ForeignKeyViolation
from psycopg_pool import PoolTimeout, TooManyRequests
from sqlalchemy.exc import TimeoutError as EngineTimeout

from api.auth.access import site_of_member
from api.auth.callers import Caller
from api.auth.keys import find_key_by_id
from api.auth.models import User
from api.db.database import Database
from api.db.scheduler import lead_forever, leads
from api.db.timeouts import read_exception
from api.errors import (
    DATABASE_AWAY,
    AnalyticsError,
    Fault,
    TooMuchAsked,
    Unauthenticated,
    Unavailable,
)
from api.events.write.sql import Connection
from api.notifications.store import announce
from api.sites.directory import Sites, unknown_site
from api.submitted.kinds import KINDS, Kind, parse_question
from api.submitted.models import Status
from api.submitted.notices import tell_owner
from api.submitted.progress import JobProgress
from api.submitted.statements import execute

log = logging.getLogger("analytics.submitted")

RUNNER_LOCK = 20261129
"""Advisory lock of the process that answers submitted jobs."""

PART_BYTES = 1024 * 1024

MOST_RESULT_BYTES = 256 * 1024 * 1024

LONGEST_SECONDS = 3600.0
"""How long all questions of a job may take together."""

KEPT = timedelta(days=1)
"""How long a finished job and its result are kept."""

MOST_ATTEMPTS = 3

TICK_SECONDS = 1.0
"""How often to look whether there is a job, and whether one that runs has been deleted; and to tell
how far it is."""

PAUSE_SECONDS = 15.0
"""How long to wait when the database had no connection for a job."""


BUSY = (PoolTimeout, TooManyRequests, EngineTimeout, Unavailable)
"""What is raised when the database has no connection to give."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that was begun."""

    number: int
    user_id: int
    id: UUID
    site_id: int
    report: str
    params: str
    attempts: int
    key_id: int | None


@dataclass(frozen=True, slots=True)
class Runner:
    """Answers submitted jobs of this database."""

    database: Database
    kinds: Mapping[str, Kind[Any]] = field(default_factory=lambda: KINDS)
    most_bytes: int = MOST_RESULT_BYTES
    longest_seconds: float = LONGEST_SECONDS

    async def run_waiting(self, connection: Connection) -> None:
        """Answers the jobs that are queued, until there is none, on a connection that has the
        lock."""
        await take_back(connection)
        while job := await claim(connection):
            await self.run(connection, job)

    async def run(self, connection: Connection, job: Claimed) -> None:
        """Answers a job, tells its owner how far it is, and stops when it is deleted meanwhile.
        Raises psycopg.Error when the connection is lost."""
        progress = JobProgress(job.number)
        work = asyncio.create_task(self.produce(connection, job, progress))
        work.add_done_callback(read_exception)
        try:
            while not (await asyncio.wait([work], timeout=TICK_SECONDS))[0]:
                if not await is_wanted(connection, job):
                    await announce(connection, job.user_id)
                    return
                await progress.tell(connection)
        finally:
            work.cancel()
            await asyncio.wait([work])
        if error := work.exception():
            await self.record(connection, job, error)

    async def record(self, connection: Connection, job: Claimed, error: BaseException) -> None:
        """Records why there is no answer. A job is queued again when the database is at fault: when
        it had no connection for it, this was no attempt."""
        match error:
            case TimeoutError():
                hours = f"{self.longest_seconds / 3600:g}"
                await fail(connection, job, TooMuchAsked(f"This takes more than {hours} hours."))
            case AnalyticsError() if not isinstance(error, Unavailable):
                await fail(connection, job, error)
            case ForeignKeyViolation():
                pass  # The job was deleted.
            case _ if isinstance(error, BUSY):
                await execute(connection, "requeue", {"number": job.number})
                await asyncio.sleep(PAUSE_SECONDS)
            case _ if isinstance(error, DATABASE_AWAY):
                await take_back(connection)
                await asyncio.sleep(PAUSE_SECONDS)
            case _:
                log.error("job %s failed", job.id, exc_info=error)
                await fail(connection, job, Fault())

    async def produce(self, connection: Connection, job: Claimed, progress: JobProgress) -> None:
        """Stores the answer. Raises AnalyticsError, and TimeoutError."""
        async with (
            asyncio.timeout(self.longest_seconds),
            self.database.for_long_questions() as database,
        ):
            response = progress.response = await self.answer(database, job)
            size = await self.store(connection, job, chunks_of(response))
        headers = json.dumps({**response.headers, "content-length": str(size)})
        await finish(connection, job, Status.DONE, headers=headers, bytes=size)

    async def answer(self, database: Database, job: Claimed) -> Response:
        """The answer to a job, if its account, and the key that submitted it, may still read the
        site."""
        question = parse_question(job.report, json.loads(job.params), self.kinds)
        caller = await caller_of(database, job)
        site = await site_of_member(Sites(database), caller, question.params.site)
        if site.number != job.site_id:
            raise unknown_site(question.params.site)  # Another site has the name now.
        return await question.answer(database, site)

    async def store(
        self, connection: Connection, job: Claimed, chunks: AsyncIterator[bytes]
    ) -> int:
        """Stores the bytes of an answer in parts. Returns how many bytes there are."""
        size = number = 0
        await execute(connection, "clear", {"number": job.number})
        async for part in in_parts(chunks, PART_BYTES):
            size += len(part)
            if size > self.most_bytes:
                raise TooMuchAsked(
                    f"The result is longer than {self.most_bytes} bytes. Ask for a shorter range."
                )
            values = {"job": job.number, "number": number, "bytes": part}
            await execute(connection, "add_part", values)
            number += 1
        return size


async def caller_of(database: Database, job: Claimed) -> Caller:
    """Who submitted a job. Raises Unauthenticated for an account that is not active, and for a key
    that was revoked, or has expired, since then."""
    if job.key_id is not None:
        user, key = await find_key_by_id(database, job.key_id)
        return Caller(user=user, key=key)
    async with database.session() as session:
        user = await session.get(User, job.user_id)
    if user is None or not user.is_active:
        raise Unauthenticated("The account does not exist any more.")
    return Caller(user=user)


async def chunks_of(response: Response) -> AsyncIterator[bytes]:
    """The bytes of a response, whether it is whole or a stream."""
    if not isinstance(response, StreamingResponse):
        yield bytes(response.body)
        return
    async for chunk in response.body_iterator:
        yield chunk.encode() if isinstance(chunk, str) else bytes(chunk)


async def in_parts(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same bytes in parts of this size; the last one may be shorter."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


async def claim(connection: Connection) -> Claimed | None:
    """The next job, which begins now; None if none is queued."""
    row = await (await execute(connection, "claim", {})).fetchone()
    return Claimed(**row) if row else None


async def take_back(connection: Connection) -> None:
    """Queues the jobs that were interrupted; those that were too often have failed."""
    refusal = Fault(f"The job was interrupted {MOST_ATTEMPTS} times before it was done.")
    values = {"most": MOST_ATTEMPTS, "kept": KEPT, "error": json.dumps(refusal.body())}
    async with connection.transaction():
        cursor = await execute(connection, "take_back", values)
        for job in await cursor.fetchall():
            if job["status"] == Status.FAILED:
                await tell_owner(connection, job)


async def is_wanted(connection: Connection, job: Claimed) -> bool:
    """Whether a job that runs has not been deleted."""
    values = {"number": job.number}
    return await (await execute(connection, "is_wanted", values)).fetchone() is not None


async def fail(connection: Connection, job: Claimed, refusal: AnalyticsError) -> None:
    log.info("job %s failed: %s", job.id, refusal.code)
    await execute(connection, "clear", {"number": job.number})
    await finish(connection, job, Status.FAILED, error=json.dumps(refusal.body()))


async def finish(
    connection: Connection,
    job: Claimed,
    status: Status,
    headers: str | None = None,
    bytes: int | None = None,
    error: str | None = None,
) -> None:
    result = {"headers": headers, "bytes": bytes, "error": error}
    values = {"number": job.number, "status": status, "kept": KEPT, **result}
    async with connection.transaction():
        cursor = await execute(connection, "finish", values)
        if ended := await cursor.fetchone():
            await tell_owner(connection, ended)


async def answer_forever(database: Database, runner: Runner) -> None:
    """Answers submitted jobs, in one process of all. Survives all errors."""

    async def work(connection: Connection) -> None:
        while not connection.broken:
            await runner.run_waiting(connection)
            await asyncio.sleep(TICK_SECONDS)

    await lead_forever(database, RUNNER_LOCK, work)


async def answer_once(database: Database, runner: Runner) -> None:
    """Answers the jobs that are queued, unless another process does."""
    async with await database.connect() as connection:
        if await leads(connection, RUNNER_LOCK):
            await runner.run_waiting(connection)
