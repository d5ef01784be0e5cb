"""Visits: consecutive events of one visitor without a gap of more than 30 minutes.

An event happens at its time, but engagement, which is reported at its end, lasts from
`engaged_from` to its time. A visit is built by merging: each event is a visit by itself, and the
visit of two events is the merger of both. So the order of arrival does not matter: a late event
joins the visit that it lies in or next to, and where it closes the gap between two visits they
become one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from msgspec import Struct

from api.events.models import Context, Event

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
    """One visit. Each field is a sum, a first or a last of its events, so visits can be merged."""

    id: UUID
    site_id: int
    visitor_id: int
    session_id: str | None
    started: datetime
    engaged_from: datetime
    """Earlier than `started` if the first event is engagement, which began before its time."""
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
    def first(self) -> tuple[datetime, int]:
        """The time of its first event, then its id: what visits are ordered by."""
        return self.started, self.first_id.int

    @property
    def begins_anew(self) -> bool:
        """Whether it is stored, and has another first event now."""
        return self.stored_started is not None and self.context is not None

    @property
    def final(self) -> "Visit":
        """The visit that this one was merged into, directly or not, or itself."""
        return self.merged_into.final if self.merged_into else self


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
        self.absorbed: list[Visit] = []
        for visit in stored:
            self.timeline(visit.site_id, visit.session_id, visit.visitor_id).append(visit)

    def timeline(self, site_id: int, session_id: str | None, visitor_id: int) -> list[Visit]:
        """The visits that an event can join: of its session or, without one, of its visitor."""
        if session_id is None:
            return self.by_visitor[visitor_id]
        return self.by_session[site_id, session_id]

    def assign(self, events: Sequence[Event]) -> list[tuple[Event, Visit]]:
        in_time = sorted(range(len(events)), key=lambda i: (events[i].time, events[i].id.int))
        visits = {index: self.assign_one(events[index]) for index in in_time}
        return [(event, visits[index].final) for index, event in enumerate(events)]

    def assign_one(self, event: Event) -> Visit:
        """The visit that the event joins or begins. It may be merged into another one later."""
        visitor_id = self.visitor_of(event)
        timeline = self.timeline(event.site_id, event.session_id, visitor_id)
        near = in_session(timeline, event) if event.session_id else touching(timeline, event)
        own = visit_of(event, visitor_id, near[0].id if near else uuid4())
        if not near:
            timeline.append(own)
            host = own
        else:
            host = near[0]
            host.absorb(own)
            for other in near[1:]:
                if other.last_event - host.started <= LONGEST_VISIT:
                    self.merge(host, other, timeline)
        self.changed[host.id] = host
        return host

    def visitor_of(self, event: Event) -> int:
        """The visitor id: that of the day before while a visit of it continues over midnight."""
        earlier = event.earlier_visitor_id
        goes_on = earlier is not None and touching(self.by_visitor.get(earlier, []), event)
        return earlier if earlier is not None and goes_on else event.visitor_id

    def merge(self, host: Visit, other: Visit, timeline: list[Visit]) -> None:
        host.absorb(other)
        other.merged_into = host
        timeline.remove(other)
        self.changed.pop(other.id, None)
        self.absorbed.append(other)


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
    """The latest visit of a session that the event fits into (LONGEST_SESSION); at most one."""
    fitting = [visit for visit in timeline if span_with(visit, event) <= LONGEST_SESSION]
    return sorted(fitting, key=lambda visit: visit.first)[-1:]
