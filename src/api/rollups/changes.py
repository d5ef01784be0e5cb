"""What the writer of events tells rollups: changes behind the watermark, in their tables.

A change is logged, so that readers add it to stored rows; or the buckets that it touches are marked
dirty. Who may do which: `api.events.write.late_changes`. All of it happens in the transaction that
changes the base tables.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from api.rollups.locks import REFRESH_LOCK
from api.rollups.statements import Connection, execute, fetch_value

Key = tuple[int, datetime, UUID]
"""Of a row of `event` or `visit`: visitor, time or start, id."""

Hour = tuple[str, int, datetime]
"""A base table, a site, and an hour of it: the finest bucket there is."""


async def log_visits(connection: Connection, change: int, sign: int, visits: Sequence[Key]) -> None:
    """Logs visits as they are stored at this moment: -1 before a change, +1 after it."""
    if visits:
        await execute(connection, "log_visits", {"change": change, "sign": sign} | columns(visits))


async def log_events(connection: Connection, change: int, events: Sequence[Key]) -> None:
    """Logs events as they are stored. They never change, so they are only added."""
    if events:
        await execute(connection, "log_events", {"change": change} | columns(events))


def columns(keys: Sequence[Key]) -> dict[str, list[object]]:
    visitors, times, ids = zip(*keys, strict=True)
    return {"visitors": list(visitors), "times": list(times), "ids": list(ids)}


async def mark_visitor_departures(connection: Connection, change: int) -> None:
    """Marks the buckets whose visitor bitmaps lost somebody by a change that is logged."""
    await execute(connection, "mark_visitor_departures", {"change": change})


async def mark_hours(connection: Connection, hours: Collection[Hour]) -> None:
    """Marks the buckets in which these hours lie. What is logged of the hours is dropped."""
    values = {
        "sources": [source for source, _, _ in hours],
        "sites": [site for _, site, _ in hours],
        "hours": [hour for _, _, hour in hours],
    }
    await execute(connection, "mark_hours", values)


async def mark_removed(connection: Connection, site: int, visitors: Sequence[int]) -> None:
    """Marks the buckets that count these visitors, before they are deleted."""
    await execute(connection, "mark_removed", {"site": site, "visitors": visitors})


async def mark_regained(
    connection: Connection, site: int, line: datetime, before: datetime
) -> None:
    """Marks the buckets of a site after its line has moved back to `line` from `before`."""
    await execute(connection, "mark_regained", {"site": site, "line": line, "before": before})


async def needs_raw_data(connection: Connection, site: int, line: datetime) -> Sequence[str]:
    """What rollups still have to read of a site's raw data before a time, in words; mostly nothing.
    Then that raw data may be removed: it is summed up."""
    cursor = await execute(connection, "needs_raw_data", {"site": site, "line": line})
    return [reason for (reason,) in await cursor.fetchall()]


async def is_refreshing(connection: Connection) -> bool:
    """Whether a rollup is being refreshed. If none is, none can be until the end of the
    transaction."""
    return await fetch_value(connection, "is_refreshing", {"key": REFRESH_LOCK}) is not False
