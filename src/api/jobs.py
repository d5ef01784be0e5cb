"""The list of background jobs."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from api.administration.removal import remove_deleted_sites
from api.alerts.deliver import Deliveries
from api.alerts.evaluate import evaluate_rules
from api.alerts.first_goals import notice_first_goals
from api.alerts.store import KEPT_DAYS as OCCURRENCE_DAYS
from api.alerts.store import delete_old_occurrences
from api.auth.logins import delete_old_logins
from api.auth.trail import delete_old_entries
from api.db.clock import confirmed_time, database_time, read_clock
from api.db.columnstore import compress_chunks
from api.db.database import Database
from api.db.engine import Engine
from api.db.partitions import ensure_partitions, months_ahead
from api.db.scheduler import Job, Work
from api.email_reports.send import Reports, add_due
from api.events.changes.log import prune_changes
from api.events.enrich.identity import delete_old_salts
from api.events.rejected.store import delete_old_rejected
from api.events.removal.expiry import expire, put_lines_right
from api.notifications.store import KEPT_DAYS, delete_old_notifications
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.rollups.row_expiry import expire_rows
from api.sites.models import utc_now
from api.sql_access.roles import cancel_long_statements
from api.submitted.store import delete_old_jobs
from api.submitted.webhooks import Webhooks
from settings import Settings

MESSAGES_LOCK = 20261161
"""Advisory lock of the process that runs the jobs which ask reports and send messages."""

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


def messaging_jobs(database: Database, settings: Settings, webhooks: Webhooks) -> Sequence[Job]:
    """The background jobs that ask reports or send messages. They may take long, so they have a
    loop of their own, and rollups are refreshed meanwhile."""
    deliveries, reports = Deliveries(settings, webhooks), Reports(database, settings)

    async def rules(connection: AsyncConnection[Any]) -> int:
        return await evaluate_rules(connection, database, utc_now())

    async def goals(connection: AsyncConnection[Any]) -> int:
        return await notice_first_goals(connection, utc_now())

    async def email_reports(connection: AsyncConnection[Any]) -> int:
        if not settings.smtp_host:
            return 0
        await add_due(connection, utc_now())
        return await reports.send_due(connection)

    return (
        Job("look at alert rules", MINUTE, rules),
        Job("notice goals that are reached", MINUTE, goals),
        Job("send messages about alerts", MINUTE / 12, deliveries.send_due),
        Job("send e-mail reports", MINUTE, email_reports),
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
        Job("delete old notifications", HOUR, older(delete_old_notifications, KEPT_DAYS)),
        Job("delete old alerts", HOUR, older(delete_old_occurrences, OCCURRENCE_DAYS)),
    )


def older(delete: Delete, days: int = 0) -> Work:
    """Deletes what is older than so many days, once the time is confirmed."""

    async def work(connection: AsyncConnection[Any]) -> None:
        if now := await confirmed_time(connection):
            await delete(connection, now - timedelta(days=days))

    return work
