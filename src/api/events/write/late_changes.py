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
from api.events.write.sql import Connection
from api.events.write.visitors import Visitor
from api.events.write.visits import Visit
from api.rollups import changes
from api.rollups.changes import Hour
from api.rollups.schedule import LONGEST_LATE

MOST_LOGGED = 20
"""Rows of one hour in one batch; with more of them it is cheaper to compute the hour again."""


@dataclass(frozen=True, slots=True)
class Late:
    """What changes behind the watermark, and how it is logged or marked."""

    change: int
    """The number of the change. The lock of a site makes its changes commit in the order of their
    numbers."""
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
        events = [
            (visit.visitor_id, event.time, event.id)
            for event, visit in self.events
            if hour_of_event(event) in self.logged
        ]
        await changes.log_events(connection, self.change, events)
        if self.marked:
            await changes.mark_hours(connection, self.marked)
        if self.before:
            await changes.mark_visitor_departures(connection, self.change)

    async def log_visits(
        self, connection: Connection, sign: int, visits: Sequence[tuple[Visit, datetime]]
    ) -> None:
        """Logs visits as they are stored; each comes with the start under which it is stored."""
        logged = [
            (visit.visitor_id, started, visit.id)
            for visit, started in visits
            if hour_of_visit(visit, started) in self.logged
        ]
        await changes.log_visits(connection, self.change, sign, logged)


def find_late(
    events: Sequence[tuple[Event, Visit]],
    changed: Sequence[Visit],
    absorbed: Sequence[Visit],
    visitors: Sequence[Visitor],
    change: int,
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
        event.last_change = change
    for visit in after:
        visit.last_change = change
    touched = Counter(hour_of_event(event) for event, _ in late)
    touched.update(hour_of_visit(visit, visit.started) for visit in after)
    touched.update(hour_of_visit(visit, started) for visit, started in before)
    marked = hours_left(before) | set(moved) | crowded_or_old(touched)
    return Late(change, touched.keys() - marked, marked, late, before, after)


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
