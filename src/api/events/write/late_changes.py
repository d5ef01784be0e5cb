"""What a batch changes behind the watermark, where rollups have stored buckets.

A few late rows are logged: as they were with -1, as they are with +1, under the number of the
change, which is stored in the rows, too. Rollups add the log to their stored rows when they are
read. Imported hours are marked dirty instead, and so are hours that a visit moves out of: no
remaining row in them carries the number of the change.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.events.models import Event
from api.events.write.sql import Connection, as_json, execute
from api.events.write.visitors import Visitor
from api.events.write.visits import Visit
from api.rollups.schedule import LONGEST_LATE

MOST_LOGGED = 20
"""Rows of one hour in one batch; with more of them it is cheaper to compute the hour again."""

Hour = tuple[str, int, datetime]
"""A base table, a site, and an hour of it: the finest bucket there is."""


@dataclass(frozen=True, slots=True)
class Late:
    """What changes behind the watermark, and how it is logged or marked."""

    number: int
    """Of the change. The lock of a site makes its changes commit in the order of their numbers."""
    logged: Collection[Hour]
    marked: Collection[Hour]
    events: Sequence[tuple[Event, Visit]]
    before: Sequence[tuple[Visit, datetime]]
    """Stored visits that change, and their stored starts."""
    after: Sequence[Visit]
    """Visits as they will be stored."""

    async def log_before(self, connection: Connection) -> None:
        """Logs the visits as they are stored before the change."""
        await self.log_visits(connection, -1, self.before)

    async def log_after(self, connection: Connection) -> None:
        """Logs the visits and the events as they are stored now, and marks hours."""
        await self.log_visits(connection, +1, [(visit, visit.started) for visit in self.after])
        await self.log_events(connection)
        if self.marked:
            await mark_hours(connection, self.marked)
        if self.before:
            await execute(connection, "mark_visitor_departures", {"number": self.number})

    async def log_visits(
        self, connection: Connection, sign: int, visits: Sequence[tuple[Visit, datetime]]
    ) -> None:
        """Logs visits as they are stored, found by these starts."""
        logged = [(v, time) for v, time in visits if hour_of_visit(v, time) in self.logged]
        if not logged:
            return
        values = {
            "number": self.number,
            "sign": sign,
            "visitors": [visit.visitor_id for visit, _ in logged],
            "starteds": [time for _, time in logged],
            "ids": [visit.id for visit, _ in logged],
        }
        await execute(connection, "log_visits", values)

    async def log_events(self, connection: Connection) -> None:
        """Logs the events, which are all new."""
        logged = [(e, visit) for e, visit in self.events if hour_of_event(e) in self.logged]
        if not logged:
            return
        values = {
            "number": self.number,
            "visitors": [visit.visitor_id for _, visit in logged],
            "times": [event.time for event, _ in logged],
            "ids": [event.id for event, _ in logged],
        }
        await execute(connection, "log_events", values)


async def mark_hours(connection: Connection, hours: Collection[Hour]) -> None:
    touched = [{"source": source, "site_id": site, "time": hour} for source, site, hour in hours]
    await execute(connection, "mark_dirty", {"touched": as_json(touched)})


async def mark_removed(connection: Connection, site: int, visitors: Sequence[int]) -> None:
    """Marks the rollup buckets that count these visitors, before they are deleted."""
    await execute(connection, "mark_removed", {"site": site, "visitors": visitors})


async def mark_regained(
    connection: Connection, site: int, line: datetime, before: datetime
) -> None:
    """Marks the rollup buckets of a site after its line has moved back to `line` from `before`."""
    await execute(connection, "mark_regained", {"site": site, "line": line, "before": before})


def find_late(
    events: Sequence[tuple[Event, Visit]],
    changed: Sequence[Visit],
    absorbed: Sequence[Visit],
    visitors: Sequence[Visitor],
    number: int,
    watermark: datetime | None,
) -> Late | None:
    """What of a batch lies behind the watermark; mostly nothing. Sets the rows' `last_change`."""
    if watermark is None:
        return None
    late = [(event, visit) for event, visit in events if event.time < watermark]
    after = [visit for visit in changed if visit.started < watermark]
    before = [
        (visit, visit.stored_started)
        for visit in (*changed, *absorbed)
        if visit.stored_started and visit.stored_started < watermark
    ]
    # Hours of visits that are not their visitor's first any more.
    moved = [
        ("visit", visitor.site_id, hour_of(visitor.moved_from))
        for visitor in visitors
        if visitor.moved_from and visitor.moved_from < watermark
    ]
    if not (late or after or before or moved):
        return None
    for event, _ in late:
        event.last_change = number
    for visit in after:
        visit.last_change = number
    touched = Counter(hour_of_event(event) for event, _ in late)
    touched.update(hour_of_visit(visit, visit.started) for visit in after)
    touched.update(hour_of_visit(visit, started) for visit, started in before)
    marked = hours_left(before) | set(moved) | crowded_or_old(touched)
    return Late(number, touched.keys() - marked, marked, late, before, after)


def hours_left(before: Sequence[tuple[Visit, datetime]]) -> set[Hour]:
    """The hours out of which a visit moves: it starts earlier, or is part of another."""
    return {
        hour
        for visit, started in before
        if (hour := hour_of_visit(visit, started)) != hour_of_visit(visit, visit.final.started)
    }


def crowded_or_old(touched: Counter[Hour]) -> set[Hour]:
    """The hours that an import rather than a late event changes."""
    oldest = datetime.now(UTC) - LONGEST_LATE
    return {hour for hour, rows in touched.items() if rows > MOST_LOGGED or hour[2] < oldest}


def hour_of_event(event: Event) -> Hour:
    return "event", event.site_id, hour_of(event.time)


def hour_of_visit(visit: Visit, started: datetime) -> Hour:
    return "visit", visit.site_id, hour_of(started)


def hour_of(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
