"""Submitted jobs in the database, as their owners see them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, delete, select

from api.auth.callers import Caller
from api.auth.models import User
from api.db.database import Database
from api.errors import Conflict, NotFound, TooManyRequests
from api.events.write.sql import Connection
from api.submitted.models import Body, Status, SubmittedJob
from api.submitted.statements import SQL, execute

MOST_UNFINISHED = 10
"""How many jobs of an account may be queued or running."""

MOST_JOBS = 1000
MOST_BYTES = 1024**3
"""How many jobs an account may have at all, and bytes of results: beyond them it has to delete some
or to wait until they expire."""

RETRY_SECONDS = 60.0


async def submit(database: Database, new: SubmittedJob) -> SubmittedJob:
    """Stores a job; that of an earlier request with the same id and body, if there is one. Raises
    Conflict for the id of another one, and TooManyRequests."""
    async with database.session() as session:
        # One request of an account at a time, so that limits hold and an id is taken once.
        await session.execute(
            select(User.id).where(User.id == new.user_id).with_for_update(key_share=True)
        )
        if found := await same_in(session, new.user_id, new.id, new.body):
            return found
        await refuse_surplus(session, new.user_id)
        session.add(new)
    return new


def is_own(caller: Caller) -> ColumnElement[bool]:
    """Whether a job is one of the caller's account, about a site that its key is good for."""
    own = col(SubmittedJob.user_id) == caller.account.number
    if caller.only_site is None:
        return own
    return and_(own, col(SubmittedJob.site_id) == caller.only_site)


async def find_same(database: Database, user: int, job: UUID, body: Body) -> SubmittedJob | None:
    """The job of an earlier request with the same id and body, if there is one. Raises Conflict for
    another body."""
    async with database.session() as session:
        return await same_in(session, user, job, body)


async def same_in(session: AsyncSession, user: int, job: UUID, body: Body) -> SubmittedJob | None:
    asked = select(SubmittedJob).where(SubmittedJob.user_id == user, SubmittedJob.id == job)
    found = (await session.execute(asked)).scalars().first()
    if found and found.body != body:
        raise Conflict("You have a job with this id that asks for something else.")
    return found


async def refuse_surplus(session: AsyncSession, user: int) -> None:
    unfinished = col(SubmittedJob.status).in_((Status.QUEUED, Status.RUNNING))
    counts = select(
        func.count().filter(unfinished),
        func.count(),
        func.sum(SubmittedJob.bytes),
    ).where(SubmittedJob.user_id == user)
    waiting, kept, size = (await session.execute(counts)).one()
    if waiting >= MOST_UNFINISHED:
        detail = f"{MOST_UNFINISHED} of your jobs are not finished; wait for one, or delete one."
        raise TooManyRequests(detail, RETRY_SECONDS)
    if kept >= MOST_JOBS or int(size or 0) >= MOST_BYTES:
        raise TooManyRequests("You have too many results; please delete some.", RETRY_SECONDS)


async def find_job(database: Database, caller: Caller, job: UUID) -> SubmittedJob:
    """The caller's job with this id. Raises NotFound."""
    asked = select(SubmittedJob).where(is_own(caller), SubmittedJob.id == job)
    async with database.session() as session:
        found = (await session.execute(asked)).scalars().first()
    if found is None:
        raise NotFound("There is no such job, or it is not yours.")
    return found


async def jobs_of(
    database: Database, caller: Caller, before: UUID | None, limit: int
) -> Sequence[SubmittedJob]:
    """The caller's jobs, newest first; those submitted before another one. Raises NotFound."""
    asked = select(SubmittedJob).where(is_own(caller))
    if before:
        earlier = col(SubmittedJob.number) < (await find_job(database, caller, before)).row
        asked = asked.where(earlier)
    asked = asked.order_by(col(SubmittedJob.number).desc()).limit(limit)
    async with database.session() as session:
        return (await session.execute(asked)).scalars().all()


async def delete_job(database: Database, job: SubmittedJob) -> None:
    """Deletes a job and its result. One that runs is stopped."""
    async with database.session() as session:
        await session.execute(delete(SubmittedJob).where(col(SubmittedJob.number) == job.row))


async def parts_of(database: Database, job: SubmittedJob) -> AsyncIterator[bytes]:
    """The result of a job, part by part. No connection is held between two parts, however slowly
    they are read."""
    number = 0
    while rows := await database.rows(SQL / "part.sql", {"job": job.row, "number": number}):
        yield rows[0]["bytes"]
        number += 1


async def delete_old_jobs(connection: Connection, now: datetime) -> None:
    """Deletes the jobs, with results, that had expired by a time."""
    await execute(connection, "delete_old", {"now": now})
