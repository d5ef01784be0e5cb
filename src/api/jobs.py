"""The list of background jobs."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from api.administration.removal import remove_deleted_sites
from api.auth.logins import delete_old_logins
from api.auth.trail import delete_old_entries
from api.db.clock import confirmed_time, database_time, read_clock
from api.db.columnstore import compress_chunks
from api.db.engine import Engine
from api.db.partitions import ensure_partitions, months_ahead
from api.db.scheduler import Job, Work
from api.events.changes.log import prune_changes
from api.events.enrich.identity import delete_old_salts
from api.events.rejected.store import delete_old_rejected
from api.events.removal.expiry import expire, put_lines_right
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.rollups.row_expiry import expire_rows
from api.sites.models import utc_now
from api.sql_access.roles import cancel_long_statements
from api.submitted.store import delete_old_jobs
from settings import Settings

MINUTE = 60.0
HOUR = 60 * MINUTE

Delete = Callable[[AsyncConnection[Any], datetime], Awaitable[object]]
"""Deletes what is older than a time."""


def jobs_for(engine: Engine, settings: Settings) -> Sequence[Job]:
    """The background jobs for this server. Those that remove data use the confirmed time."""

    async def partitions(connection: AsyncConnection[Any]) -> None:
        await ensure_partitions(connection, engine, months_ahead(utc_now()))

    async def rollups(connection: AsyncConnection[Any]) -> int:
        now = await database_time(connection)
        return await refresh_rollups(connection, engine, ROLLUPS, now, everything=False)

    async def rows_of_rollups(connection: AsyncConnection[Any]) -> None:
        if now := await confirmed_time(connection):
            await expire_rows(connection, engine, ROLLUPS, now)

    async def columnstore(connection: AsyncConnection[Any]) -> int:
        return await compress_chunks(connection, engine)

    async def raw_data(connection: AsyncConnection[Any]) -> None:
        await put_lines_right(connection)
        if now := await confirmed_time(connection):
            await expire(connection, engine, settings.retention_days, now)

    async def sites(connection: AsyncConnection[Any]) -> int:
        return await remove_deleted_sites(connection, engine)

    return (
        Job("read the clock", 5 * MINUTE, read_clock),
        Job("create partitions ahead", HOUR, partitions),
        Job("refresh rollups", MINUTE / 4, rollups),
        Job("remove expired rows of rollups", HOUR / 4, rows_of_rollups),
        Job("remove expired raw data", HOUR / 4, raw_data),
        Job("move old chunks to the columnstore", HOUR, columnstore),
        Job("remove deleted sites", MINUTE / 4, sites),
        Job("cancel long statements of SQL roles", MINUTE / 4, cancel_long_statements),
        *deletions(settings),
    )


def deletions(settings: Settings) -> Sequence[Job]:
    """The jobs that delete what is old."""
    return (
        Job("delete old salts", HOUR / 4, older(delete_old_salts)),
        Job("delete old logins", HOUR, older(delete_old_logins)),
        Job("delete old rejected events", HOUR, older(delete_old_rejected, settings.rejected_days)),
        Job("delete old changes of raw data", HOUR, older(prune_changes, settings.changes_days)),
        Job("delete old submitted jobs", HOUR / 4, older(delete_old_jobs)),
        Job("delete old audit log", HOUR, older(delete_old_entries, settings.audit_days)),
    )


def older(delete: Delete, days: int = 0) -> Work:
    """Deletes what is older than so many days, once the time is confirmed."""

    async def work(connection: AsyncConnection[Any]) -> None:
        if now := await confirmed_time(connection):
            await delete(connection, now - timedelta(days=days))

    return work
