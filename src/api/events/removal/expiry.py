"""Expiry of raw data: rows older than a site's retention setting are removed, and rollups stay.

Two steps. First the line (`site.raw_data_since`) moves, and only over buckets that every rollup has
stored and nobody marked; from then on nothing behind it is marked, recomputed, imported or read
from base tables. A minute later at the earliest, in another round, the rows go: whole partitions
where no site needs them, else an hour of one site at a time.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncCursor

from api.db import sql_files
from api.db.engine import Engine
from api.db.partitions import Span, empty_partition, spans
from api.db.sql_files import Fragment
from api.events.write.sql import Connection
from api.events.write.visits import LONGEST_VISIT
from api.rollups.changes import is_refreshing, mark_regained, needs_raw_data
from api.rollups.locks import block_writers
from settings import LEAST_RETENTION_DAYS

log = logging.getLogger("analytics.retention")

SQL = Path(__file__).parent / "sql"

STEPS_AT_ONCE = 2000
"""Transactions of one round. Each deletes an hour of a site; the other jobs wait meanwhile."""

SETTLE = timedelta(minutes=1)
"""How long no line may have moved before rows behind lines are removed. A process reads lines again
within seconds, and until then queries raw data behind a line that has moved."""

STUCK_AFTER = timedelta(days=1)
"""A line that has been due for so long needs somebody to look at it."""

MOST_STUCK = 20
"""How many sites with stuck lines are listed: /readyz is public, and asks about all sites."""

NOT_RUN = "the job that removes it has not run"

BRIEFLY = "set local lock_timeout = '500ms'"
"""Writers wait meanwhile, so long reports are not waited for."""


@dataclass(frozen=True, slots=True)
class Aging:
    """A time table whose rows expire."""

    table: LiteralString
    time: LiteralString
    longer: timedelta = timedelta(0)
    """How far behind the line they are removed."""


AGING = (
    Aging("event", "time"),
    # The visit of an event that is not removed may have begun before the line.
    Aging("visit", "started", longer=LONGEST_VISIT),
    Aging("bot_event", "time"),
    Aging("web_vital", "time"),
    Aging("js_error", "time"),
)


async def expire(
    connection: Connection, engine: Engine, days: int, now: datetime, settle: timedelta = SETTLE
) -> int:
    """One round. `days` is the retention of sites without a setting, 0 is for ever.
    Returns how many transactions it took to remove what had expired."""
    have_settled = await is_true(connection, "lines_have_settled", {"settle": settle})
    removed = await remove_rows(connection, engine) if have_settled else 0
    for site, line in await due_lines(connection, days, now):
        await move_line(connection, site, line)
    for stuck in await stuck_lines(connection, days, now):
        log.warning("expired raw data is not removed: %s", stuck)
    return removed


async def remove_rows(connection: Connection, engine: Engine) -> int:
    """Removes the rows behind lines. Returns how many transactions it took."""
    removed = 0
    for aging in AGING:
        removed += await empty_partitions(connection, engine, aging)
        removed += await delete_rows(connection, aging, STEPS_AT_ONCE - removed)
    await execute(connection, "delete_expired_unopened", {})
    return removed


async def due_lines(
    connection: Connection, days: int, now: datetime
) -> Sequence[tuple[int, datetime]]:
    """The sites with raw data older than their retention, and where their lines have to be."""
    return await (await execute(connection, "due_lines", {"days": days, "now": now})).fetchall()


async def stuck_lines(connection: Connection, days: int, now: datetime) -> Sequence[str]:
    """Which lines have been due for a day and did not move, and why: a text about each of the
    first sites, and how many more there are."""
    stuck: list[str] = []
    due = await due_lines(connection, days, now - STUCK_AFTER)
    for site, line in due[:MOST_STUCK]:
        reasons = await needs_raw_data(connection, site, line) or [NOT_RUN]
        stuck.append(f"site {site}, before {line:%Y-%m-%d}: {', '.join(reasons)}")
    if len(due) > MOST_STUCK:
        stuck.append(f"and {len(due) - MOST_STUCK} more sites")
    return stuck


async def move_line(connection: Connection, site: int, line: datetime) -> bool:
    """Moves the line of a site here, if all of its buckets behind it are stored and clean. Writers
    are blocked meanwhile, and see the new line when they mark buckets afterwards."""
    async with connection.transaction():
        await block_writers(connection)
        if reasons := await needs_raw_data(connection, site, line):
            log.info("site %s: raw data before %s stays: %s", site, line, ", ".join(reasons))
            return False
        await execute(connection, "move_line", {"site": site, "line": line})
        return True


async def put_lines_right(connection: Connection) -> None:
    """Moves lines back that a wrong clock moved to where no retention may put them."""
    ahead = await execute(connection, "lines_ahead", {"least": LEAST_RETENTION_DAYS})
    for (site,) in await ahead.fetchall():
        if line := await regain(connection, site):
            log.warning("site %s: its line lay ahead of the clock and is %s now", site, line)


async def regain(connection: Connection, site: int) -> datetime | None:
    """Moves the line of a site back as far as its raw data is still whole. Returns where it is
    then; None when it stays where it is."""
    found = await answer(connection, "line_back", {"site": site})
    if found is None:
        return None
    (line,) = found
    async with connection.transaction():
        await block_writers(connection)
        moved = await answer(connection, "move_line_back", {"site": site, "line": line})
        if moved is None:
            return None
        (before,) = moved
        await mark_regained(connection, site, line, before)
    return line


async def empty_partitions(connection: Connection, engine: Engine, aging: Aging) -> int:
    """Empties the partitions in which no site needs anything any more, the oldest first: what is
    left is whole from its beginning on. Returns how many."""
    emptied = 0
    for span in await spans(connection, engine, aging.table):
        try:
            emptied += await empty_if_expired(connection, engine, aging, span)
        except psycopg.errors.LockNotAvailable:
            log.info("%s of %s is being read", aging.table, span.lower)
            break
    return emptied


async def empty_if_expired(
    connection: Connection, engine: Engine, aging: Aging, span: Span
) -> bool:
    """Empties a partition, unless a site needs something in it. Writers are blocked meanwhile."""
    values = {"lower": span.lower, "upper": span.upper, "longer": aging.longer}
    if not await is_true(connection, "partition_has_expired", values, aging):
        return False
    async with connection.transaction():
        await block_writers(connection)
        await connection.execute(BRIEFLY)
        if await is_refreshing(connection):
            return False
        if not await is_true(connection, "partition_has_expired", values, aging):
            return False
        await empty_partition(connection, engine, aging.table, span)
        return True


async def delete_rows(connection: Connection, aging: Aging, steps: int) -> int:
    """Deletes what has expired, site by site, the oldest first. Returns how many steps it took."""
    cursor = await connection.execute(
        "select id, raw_data_since - %s from site where raw_data_since is not null order by id",
        [aging.longer],
    )
    done = 0
    for site, line in await cursor.fetchall():
        while done < steps and await delete_oldest(connection, aging, site, line):
            done += 1
    return done


async def delete_oldest(connection: Connection, aging: Aging, site: int, line: datetime) -> bool:
    """Deletes the oldest hour of a site that has expired. Returns whether there was one."""
    async with connection.transaction():
        if await is_refreshing(connection):
            return False
        return await delete_hour(connection, aging, site, line)


async def delete_hour(connection: Connection, aging: Aging, site: int, line: datetime) -> bool:
    """Deletes the rows of the first hour of a site that has any, up to a line. Returns whether
    there were any."""
    values = {"site": site, "line": line}
    oldest = await answer(connection, "oldest_expired_hour", values, aging)
    if oldest is None:
        return False
    lower, upper = oldest
    values = {"site": site, "lower": lower, "upper": upper}
    await execute(connection, "delete_hour", values, aging)
    return True


async def execute(
    connection: Connection, name: str, values: Mapping[str, Any], aging: Aging | None = None
) -> AsyncCursor[Any]:
    """Runs the .sql file of this name. Its slots get the table and the column of its time."""
    slots = {"table": Fragment(aging.table), "time": Fragment(aging.time)} if aging else None
    return await sql_files.execute(connection, SQL / f"{name}.sql", values, slots)


async def answer(
    connection: Connection, name: str, values: Mapping[str, Any], aging: Aging | None = None
) -> tuple[Any, ...] | None:
    return await (await execute(connection, name, values, aging)).fetchone()


async def is_true(
    connection: Connection, name: str, values: Mapping[str, Any], aging: Aging | None = None
) -> bool:
    return await answer(connection, name, values, aging) == (True,)
