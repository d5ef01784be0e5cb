"""Visits: consecutive events of one visitor without a gap of more than 30 minutes.

An event happens at its time, but engagement, which is reported at its end, lasts from
`engaged_from` to its time. A visit is built by merging: each event is a visit by itself, and the
visit of two events is the merger of both. So the order of arrival does not matter: a late event
joins the visit that it lies in or next to, and where it closes the gap between two visits they
become one.

Only an action, a page view or a custom event, opens a visit. Engagement before it is in no visit,
but links what comes before it with what follows. It is merged in the same way, into an unopened
visit, which is kept apart until an action comes late that opens it. What an unopened visit reaches
over, the visit after it reaches over, too (`engaged_from`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid4

from msgspec import Struct

from api.events.models import ENGAGEMENT, Context, Event

TIMEOUT = timedelta(minutes=30)
"""The longest gap between two events of one visit."""

LONGEST_VISIT = timedelta(days=7)
"""Longer activity is several visits: that of an event is found in the 7 days before it."""

LONG_VISIT = timedelta(hours=6)
"""Longer visits are flagged, for queries that look for visits that go on from before a range (see
timeseries_of_visits.sql)."""

LONGEST_SESSION = timedelta(hours=24)
"""The longest time between two events with the same session_id that are one visit."""


class PageMark(Struct, frozen=True, order=True):
    """A page view, ordered by time, then event id."""

    at: datetime
    id: UUID
    page: str


class Visit(Struct):
    """One visit, or an unopened one. Each field is a sum, a first or a last of its events, so they
    can be merged."""

    id: UUID
    site_id: int
    visitor_id: int
    session_id: str | None
    started: datetime
    engaged_from: datetime
    """Earlier than `started` if engagement began before the first action, in the visit or not."""
    first_id: UUID
    last_event: datetime
    ended: datetime
    pageviews: int
    events: int
    interactive_events: int
    revenue: Decimal
    entry: PageMark | None
    exit: PageMark | None
    context: Context | None = None
    """The context of its first event; None for a stored visit whose first event has not changed."""
    visitor_number: int = -1
    first_seen: datetime | None = None
    """The first visit of its visitor; it and `visitor_number` are set before it is stored."""
    stored_started: datetime | None = None
    """`started` of the stored row; None for a new visit."""
    stored_unopened: bool = False
    """Whether it is stored as an unopened visit."""
    last_change: int | None = None
    """The number of the late change (see api.rollups.late_log) that it is part of."""
    merged_into: "Visit | None" = None

    def absorb(self, other: "Visit") -> None:
        """Adds the events of another visit to this one."""
        if other.first < self.first:
            self.started, self.first_id = other.started, other.first_id
            self.context = other.context
        self.engaged_from = min(self.engaged_from, other.engaged_from)
        self.last_event, self.ended = max(
            (self.last_event, self.ended), (other.last_event, other.ended)
        )
        self.pageviews += other.pageviews
        self.events += other.events
        self.interactive_events += other.interactive_events
        self.revenue += other.revenue
        self.entry = min(filter(None, (self.entry, other.entry)), default=None)
        self.exit = max(filter(None, (self.exit, other.exit)), default=None)

    @property
    def is_opened(self) -> bool:
        """Whether it has an action. Without any it is no visit (yet)."""
        return self.events > 0

    @property
    def first(self) -> tuple[bool, datetime, int]:
        """What visits are ordered by: the time of the action that opened it, then its id. Unopened
        ones come last, by their first event."""
        return not self.is_opened, self.started, self.first_id.int

    @property
    def begins_anew(self) -> bool:
        """Whether it is stored, and has another first event now."""
        return self.stored_started is not None and self.context is not None

    @property
    def final(self) -> "Visit":
        """The visit that this one was merged into, directly or not, or itself."""
        return self.merged_into.final if self.merged_into else self


class Move(NamedTuple):
    """The events between two times that a stored visit gives to another."""

    source: Visit
    target: Visit
    lower: datetime
    upper: datetime


class Handover(NamedTuple):
    """A stored visit whose visitor changes, and the times of its first and last event."""

    visit: Visit
    stored_visitor_id: int
    """The visitor id in the stored row, before the change."""
    lower: datetime
    upper: datetime


def visit_of(event: Event, visitor_id: int, visit_id: UUID) -> Visit:
    """The visit that consists of this event alone."""
    mark = PageMark(event.time, event.id, event.page) if event.is_pageview else None
    return Visit(
        id=visit_id,
        site_id=event.site_id,
        visitor_id=visitor_id,
        session_id=event.session_id,
        started=event.time,
        engaged_from=event.engaged_from,
        first_id=event.id,
        last_event=event.time,
        ended=event.ended,
        pageviews=int(event.is_pageview),
        events=int(event.is_pageview or event.is_custom),
        interactive_events=int(event.is_custom and event.interactive),
        revenue=event.revenue or Decimal(0),
        entry=mark,
        exit=mark,
        context=event.context,
    )


class Assignment:
    """Assigns each event of a batch to a visit, starting from the stored visits."""

    def __init__(self, stored: Iterable[Visit]) -> None:
        self.by_visitor: dict[int, list[Visit]] = defaultdict(list)
        self.by_session: dict[tuple[int, str], list[Visit]] = defaultdict(list)
        self.changed: dict[UUID, Visit] = {}
        self.unopened: dict[UUID, Visit] = {}
        """Changed ones that are unopened."""
        self.absorbed: list[Visit] = []
        """Stored visits that became part of others."""
        self.moves: list[Move] = []
        self.handovers: dict[UUID, Handover] = {}
        for visit in stored:
            self.timeline(visit.site_id, visit.session_id, visit.visitor_id).append(visit)

    def timeline(self, site_id: int, session_id: str | None, visitor_id: int) -> list[Visit]:
        """The visits that an event can join: of its session or, without one, of its visitor."""
        if session_id is None:
            return self.by_visitor[visitor_id]
        return self.by_session[site_id, session_id]

    def assign(self, events: Sequence[Event]) -> list[tuple[Event, Visit]]:
        in_time = sorted(range(len(events)), key=lambda index: in_order(events[index]))
        visits = {index: self.assign_one(events[index]) for index in in_time}
        return [(event, visits[index].final) for index, event in enumerate(events)]

    def assign_one(self, event: Event) -> Visit:
        """The visit that the event joins or begins. It may be merged into another one later."""
        visitor_id = self.visitor_of(event)
        timeline = self.timeline(event.site_id, event.session_id, visitor_id)
        if event.session_id is None:
            self.gather(event, visitor_id)
        near = in_session(timeline, event) if event.session_id else touching(timeline, event)
        opened = [visit for visit in near if visit.is_opened]
        own = visit_of(event, opened[0].visitor_id if opened else visitor_id, uuid4())
        unopened = [visit for visit in near if not visit.is_opened]
        (opened if own.is_opened else unopened).append(own)
        timeline.append(own)
        if opened:
            host = self.merge_all(opened, own, timeline)
            self.changed[host.id] = host
            unopened = [visit for visit in unopened if not self.open(host, visit, own, timeline)]
        if unopened:
            host = self.merge_all(unopened, own, timeline)
            self.unopened[host.id] = host
        return own.final

    def visitor_of(self, event: Event) -> int:
        """The visitor id: that of the day before while a visit of it continues over midnight."""
        earlier = event.earlier_visitor_id
        if earlier is not None and touching(self.by_visitor.get(earlier, ()), event):
            return earlier
        return event.visitor_id

    def gather(self, event: Event, visitor_id: int) -> None:
        """Moves visits that an event belongs to, but are stored under the same person's hash of
        a later day, to the visitor of the event."""
        for other_id in (event.visitor_id, event.later_visitor_id):
            if other_id is None or other_id == visitor_id:
                continue
            for visit in touching(self.by_visitor.get(other_id, ()), event):
                self.by_visitor[other_id].remove(visit)
                self.by_visitor[visitor_id].append(visit)
                self.hand_over(visit, visitor_id)

    def hand_over(self, visit: Visit, visitor_id: int) -> None:
        if visit.stored_started or visit.stored_unopened:
            stored = Handover(visit, visit.visitor_id, visit.started, visit.last_event)
            self.handovers.setdefault(visit.id, stored)
        visit.visitor_id = visitor_id
        (self.changed if visit.is_opened else self.unopened)[visit.id] = visit

    def merge_all(self, visits: Sequence[Visit], own: Visit, timeline: list[Visit]) -> Visit:
        """The first of these visits, with the others merged into it; `own` in any case."""
        host = visits[0]
        for other in visits[1:]:
            if other is own or fit(host, other):
                self.merge(host, other, timeline)
        return host

    def open(self, host: Visit, unopened: Visit, own: Visit, timeline: list[Visit]) -> bool:
        """Gives a visit that part of an unopened one which comes after its first action. Returns
        whether that is all of it."""
        host.engaged_from = min(host.engaged_from, unopened.engaged_from)
        if unopened.last_event < host.started or not (unopened is own or fit(host, unopened)):
            return False
        if unopened.started >= host.started:
            self.merge(host, unopened, timeline)
            return True
        self.move(unopened, host, host.started)
        last = unopened.last_event, unopened.ended
        host.last_event, host.ended = max((host.last_event, host.ended), last)
        unopened.last_event = unopened.ended = host.started
        return False

    def merge(self, host: Visit, other: Visit, timeline: list[Visit]) -> None:
        host.absorb(other)
        other.merged_into = host
        timeline.remove(other)
        self.changed.pop(other.id, None)
        self.unopened.pop(other.id, None)
        if other.stored_started or other.stored_unopened:
            self.absorbed.append(other)
            self.move(other, host, other.started)

    def move(self, source: Visit, target: Visit, lower: datetime) -> None:
        self.moves.append(Move(source, target, lower, source.last_event))


def in_order(event: Event) -> tuple[datetime, bool, int]:
    """What events are ordered by: time, then id. Engagement comes after simultaneous actions: it is
    in the visit that they open."""
    return event.time, event.name == ENGAGEMENT, event.id.int


def fit(host: Visit, other: Visit) -> bool:
    """Whether two visits can be one: of one visitor, which only sessions are not, and not longer
    than LONGEST_VISIT."""
    last, started = max(host.last_event, other.last_event), min(host.started, other.started)
    return host.visitor_id == other.visitor_id and last - started <= LONGEST_VISIT


def touching(timeline: Iterable[Visit], event: Event) -> list[Visit]:
    """The visits that the event is at most TIMEOUT away from, the earliest first."""
    near = [
        visit
        for visit in timeline
        if visit.engaged_from - TIMEOUT <= event.time
        and event.engaged_from <= visit.last_event + TIMEOUT
        and span_with(visit, event) <= LONGEST_VISIT
    ]
    return sorted(near, key=lambda visit: visit.first) if len(near) > 1 else near


def span_with(visit: Visit, event: Event) -> timedelta:
    return max(visit.last_event, event.time) - min(visit.started, event.time)


def in_session(timeline: Iterable[Visit], event: Event) -> list[Visit]:
    """The latest visit of a session that the event fits into (LONGEST_SESSION), then the latest
    unopened one; at most one of each."""
    fitting = [visit for visit in timeline if span_with(visit, event) <= LONGEST_SESSION]
    latest = {visit.is_opened: visit for visit in sorted(fitting, key=lambda visit: visit.first)}
    return [*latest.values()]
