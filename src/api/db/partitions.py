"""Monthly partitions of the time tables on plain PostgreSQL. Hypertables make their own chunks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, sql

from api.db.engine import Engine

TIME_TABLES = ("event", "visit", "bot_event")

MONTHS_AHEAD = 2

LOCK = 20261123
"""Serialises the creation of partitions; transaction-level."""


def month_of(time: datetime) -> datetime:
    """The first instant of the UTC month in which this time lies."""
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    """The month that follows."""
    return month_of(month + timedelta(days=32))


def months_ahead(now: datetime) -> list[datetime]:
    """The months that must exist before anybody writes: last month (late events) to two ahead."""
    months = [month_of(month_of(now) - timedelta(days=1))]
    for _ in range(MONTHS_AHEAD + 1):
        months.append(month_after(months[-1]))
    return months


async def ensure_partitions(
    connection: AsyncConnection[Any], engine: Engine, times: Iterable[datetime]
) -> None:
    """Creates the partitions that these times need, where they are not there yet."""
    months = sorted({month_of(time) for time in times})
    if engine.hypertables or not months:
        return
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        for month in months:
            for table in TIME_TABLES:
                await connection.execute(create_partition(table, month))


def create_partition(table: str, month: datetime) -> sql.Composed:
    """The DDL of one month of one table, e.g. event_2026_11."""
    return sql.SQL(
        "create table if not exists {} partition of {} for values from ({}) to ({})"
    ).format(
        sql.Identifier(f"{table}_{month:%Y_%m}"),
        sql.Identifier(table),
        sql.Literal(month.isoformat()),
        sql.Literal(month_after(month).isoformat()),
    )
