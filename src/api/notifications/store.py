"""Notifications in the database: added by whoever knows of something, listed, and marked as read.

`notify` runs in the transaction of what it tells of: nobody is told of what was rolled back, and
nobody misses what was committed.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession

from api.db.database import Database
from api.db.sql_files import execute
from api.notifications.models import Inbox, NextNotifications, Notice, NotificationOut, RunningJob

SQL = Path(__file__).parent / "sql"

CHANNEL = "notifications"
"""Where the number of an account is announced when its notifications have changed."""

KEPT_DAYS = 90
"""For how many days notifications are kept."""

FIRST_PAGE = 20

Connection = AsyncConnection[Any]


async def notify(connection: Connection, notice: Notice, users: Collection[int]) -> None:
    """Tells these accounts of something, once the transaction is committed. Accounts that are not
    active, or were told of the same occurrence, are left out."""
    values = {
        "kind": notice.kind,
        "site": notice.site,
        "data": json.dumps(dict(notice.data)),
        "link": notice.link,
        "occurrence": notice.occurrence,
        "users": [*users],
    }
    await execute(connection, SQL / "notify.sql", values)


async def notify_editors(connection: Connection, notice: Notice) -> None:
    """Tells those who edit the site that the notice is about; superusers, where nobody does."""
    found = await execute(connection, SQL / "editors.sql", {"site": notice.site})
    await notify(connection, notice, [user for (user,) in await found.fetchall()])


async def notify_in(session: AsyncSession, notice: Notice, users: Collection[int]) -> None:
    """Tells these accounts of something in the transaction of a session (see notify)."""
    raw = await (await session.connection()).get_raw_connection()
    assert raw.driver_connection is not None
    await notify(raw.driver_connection, notice, users)


async def inbox_of(
    database: Database,
    user: int,
    before: int | None = None,
    limit: int = FIRST_PAGE,
    unread: bool = False,
) -> Inbox:
    """A page of the notifications of an account, newest first; of those that it has not read with
    `unread`."""
    values = {"user": user, "before": before, "limit": limit, "unread": unread}
    rows = await database.rows(SQL / "list.sql", values)
    return Inbox(
        unread=await unread_of(database, user),
        rows=[NotificationOut.model_validate(row) for row in rows],
        page=NextNotifications(next=rows[-1]["id"] if len(rows) == limit else None),
        running=await running_jobs(database, user),
    )


async def running_jobs(database: Database, user: int) -> list[RunningJob]:
    """The jobs that an account has submitted and that run."""
    rows = await database.rows(SQL / "running.sql", {"user": user})
    return [RunningJob.model_validate(row) for row in rows]


async def announce(connection: Connection, user: int) -> None:
    """Has the open pages of an account read again what there is."""
    await execute(connection, SQL / "announce.sql", {"user": user})


async def unread_of(database: Database, user: int) -> int:
    """How many notifications an account has not read."""
    (row,) = await database.rows(SQL / "count_unread.sql", {"user": user})
    return row["unread"]


async def mark_read(
    database: Database, user: int, ids: Sequence[int] | None, until: int | None
) -> None:
    """Marks notifications of an account as read: those with these numbers, or all up to one."""
    values = {"user": user, "ids": None if ids is None else [*ids], "until": until}
    async with database.writer() as connection:
        await execute(connection, SQL / "mark_read.sql", values)


async def delete_old_notifications(connection: Connection, before: datetime) -> None:
    """Deletes the notifications from before a time."""
    await execute(connection, SQL / "delete_old.sql", {"before": before})
