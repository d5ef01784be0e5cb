"""Monthly partitions of the base tables on plain PostgreSQL. Hypertables create their chunks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, sql

from api.db.engine import Engine
from api.db.sql_files import execute

SQL = Path(__file__).parent / "sql"

TIME_TABLES = ("event", "visit", "bot_event", "web_vital", "js_error")

MONTHS_AHEAD = 2

LOCK = 20261123
"""Advisory lock of the creation of partitions; it belongs to a transaction."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time range [lower, upper) of a partition or chunk."""

    lower: datetime
    upper: datetime


def month_of(time: datetime) -> datetime:
    """The first instant of the UTC month in which this time lies."""
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    return month_of(month + timedelta(days=32))


def months_ahead(now: datetime) -> list[datetime]:
    """The months that need a partition now: from last month (for late events) to two ahead."""
    months = [month_of(month_of(now) - timedelta(days=1))]
    for _ in range(MONTHS_AHEAD + 1):
        months.append(month_after(months[-1]))
    return months


async def ensure_partitions(
    connection: AsyncConnection[Any], engine: Engine, times: Iterable[datetime]
) -> None:
    """Creates the monthly partitions that rows of these times need, unless they exist."""
    months = sorted({month_of(time) for time in times})
    if engine.hypertables or not months:
        return
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        for month in months:
            for table in TIME_TABLES:
                await connection.execute(create_partition(table, month))


def create_partition(table: str, month: datetime) -> sql.Composed:
    return sql.SQL(
        "create table if not exists {} partition of {} for values from ({}) to ({})"
    ).format(
        sql.Identifier(f"{table}_{month:%Y_%m}"),
        sql.Identifier(table),
        sql.Literal(month.isoformat()),
        sql.Literal(month_after(month).isoformat()),
    )


async def spans(connection: AsyncConnection[Any], engine: Engine, table: str) -> Sequence[Span]:
    """The partitions or chunks of a table, oldest first."""
    if engine.hypertables:
        cursor = await execute(connection, SQL / "chunks.sql", {"table": table})
        return [Span(lower, upper) for lower, upper in await cursor.fetchall()]
    cursor = await execute(connection, SQL / "partitions.sql", {"table": table})
    names = [name for (name,) in await cursor.fetchall()]
    months = [datetime.strptime(f"{name[-7:]}+0000", "%Y_%m%z") for name in names]
    return [Span(month, month_after(month)) for month in months]


async def empty_partition(
    connection: AsyncConnection[Any], engine: Engine, table: str, span: Span
) -> None:
    """Removes all rows of a partition or chunk at once. A chunk is dropped, and created again when
    needed; a partition is truncated, because writers rely on those that they have seen."""
    if engine.hypertables:
        await connection.execute(
            "select drop_chunks(%s::regclass, older_than => %s, newer_than => %s)",
            [table, span.upper, span.lower],
        )
    else:
        name = sql.Identifier(f"{table}_{span.lower:%Y_%m}")
        await connection.execute(sql.SQL("truncate {}").format(name))
