"""What a visit is, in the plainest code there is: the measure that the service is held against.

Shares nothing with the service. Everything here is brute force over lists, written to be read and
found obviously right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

LONGEST_GAP = timedelta(minutes=30)
SAME_ID_MEANS_SAME_EVENT = timedelta(days=7)


@dataclass(frozen=True)
class Event:
    """Something that happened, as a sender tells it."""

    id: UUID
    time: datetime
    visitor: str
    name: str = "pageview"
    page: str = "/"
    session: str | None = None
    duration: float | None = None
    interactive: bool = True
    source: str = ""
    screen: str = ""
    title: str = ""
    revenue: str | None = None
    currency: str | None = None
    props: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def wire(self) -> dict[str, Any]:
        """The event as it is posted."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "time": self.time.isoformat(),
            "user_id" if self.user else "visitor_id": self.visitor,
            "name": self.name,
            "page": self.page,
            "interactive": self.interactive,
            "utm_source": self.source,
            "screen": self.screen,
            "title": self.title,
        }
        if self.session is not None:
            body["session_id"] = self.session
        if self.duration is not None:
            body["duration"] = self.duration
        if self.revenue is not None:
            body["revenue"] = {"amount": self.revenue, "currency": self.currency}
        if self.props is not None:
            body["props"] = dict(self.props)
        return body

    @property
    def user(self) -> str | None:
        """The name by which the site knows the visitor; of some it knows none."""
        return self.visitor if self.visitor.startswith("user") else None

    @property
    def order(self) -> tuple[datetime, UUID]:
        """Events are in the order of their times; of simultaneous ones, of their ids."""
        return self.time, self.id

    @property
    def lasted(self) -> timedelta:
        """Its duration, none being zero."""
        return timedelta(seconds=self.duration or 0)

    @property
    def is_view(self) -> bool:
        """Whether a page was viewed."""
        return self.name == "pageview"

    @property
    def is_custom(self) -> bool:
        """Whether the site itself named what happened."""
        return self.name not in ("pageview", "engagement")

    @property
    def is_action(self) -> bool:
        """Whether the visitor did anything: what reports call an event."""
        return self.name != "engagement"

    @property
    def earliest(self) -> datetime:
        """When it began: engagement is told at its end, everything else just happens."""
        return self.time - self.lasted if self.name == "engagement" else self.time

    @property
    def latest(self) -> datetime:
        """The moment until which this event kept the visitor on the site."""
        return self.time if self.name == "engagement" else self.time + self.lasted


@dataclass(frozen=True)
class Visit:
    """The events of one visit, in order. The first thing in it is an action."""

    events: tuple[Event, ...]

    @property
    def first(self) -> Event:
        """What the visit began with."""
        return next(event for event in self.events if event.is_action)

    @property
    def visitor(self) -> str:
        """Whose visit it is."""
        return self.events[0].visitor

    @property
    def session(self) -> str | None:
        """The sender's own name for it."""
        return self.events[0].session

    @property
    def source(self) -> str:
        """Where it came from: what its first action says."""
        return self.first.source

    @property
    def screen(self) -> str:
        """What it was seen on: what its first action says."""
        return self.first.screen

    @property
    def started(self) -> datetime:
        """The time of its first action."""
        return self.first.time

    @property
    def ended(self) -> datetime:
        """The end of its last event; of simultaneous last events, the latest end."""
        last = self.events[-1].time
        return max(event.latest for event in self.events if event.time == last)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.started).total_seconds()

    @property
    def views(self) -> list[Event]:
        """The page views, in order."""
        return [event for event in self.events if event.is_view]

    def seconds_on(self, view: Event) -> Decimal | None:
        """Engaged seconds of a page view, else the time until the next; of the last, unknown."""
        following = next((other for other in self.views if other.order > view.order), None)
        told = [
            event.duration
            for event in self.events
            if event.duration
            and (event is view or (event.name == "engagement" and event.page == view.page))
            and event.order >= view.order
            and (following is None or event.order < following.order)
        ]
        if told:
            return exact_sum(told)
        if following is None:
            return None
        return exact_sum([(following.time - view.time).total_seconds()])

    def depth_of(self, view: Event) -> float | None:
        """The largest scroll depth told of a page view until the next, as a part of the page."""
        following = next((other for other in self.views if other.order > view.order), None)
        told = [
            (event.props or {}).get("scroll")
            for event in self.events
            if event.name == "engagement"
            and event.page == view.page
            and event.order > view.order
            and (following is None or event.order < following.order)
        ]
        depths = [depth for depth in told if type(depth) in (int, float) and 0 <= depth <= 100]
        return max(depths) / 100 if depths else None

    @property
    def path(self) -> list[str]:
        """The pages viewed, in order."""
        return [view.page for view in self.views]

    @property
    def entry(self) -> str:
        """The first page, '' without any."""
        return self.path[0] if self.path else ""

    @property
    def exit(self) -> str:
        """The last page, '' without any."""
        return self.path[-1] if self.path else ""

    @property
    def interactions(self) -> int:
        """How often the visitor did something other than view a page."""
        return sum(event.is_custom and event.interactive for event in self.events)

    @property
    def bounced(self) -> bool:
        """Whether one page was viewed and nothing else done."""
        return len(self.path) == 1 and self.interactions == 0


def exact_sum(numbers: Iterable[float]) -> Decimal:
    """The sum of numbers as they were told."""
    return sum((Decimal(repr(number)) for number in numbers), Decimal(0))


def stored(arrivals: Sequence[Event]) -> list[Event]:
    """What is left of the events in order of arrival: of those with one id, the first."""
    kept: list[Event] = []
    told: dict[UUID, list[datetime]] = defaultdict(list)
    for event in arrivals:
        earlier = told[event.id]
        if all(abs(event.time - time) > SAME_ID_MEANS_SAME_EVENT for time in earlier):
            earlier.append(event.time)
            kept.append(event)
    return kept


def visits_of(events: Sequence[Event]) -> list[Visit]:
    """The visits that these events of one site make, earliest first."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    visitors: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.order):
        if event.session is not None:
            sessions[event.session].append(event)
        else:
            visitors[event.visitor].append(event)
    parts = list(sessions.values())
    for group in visitors.values():
        parts += cut_at_gaps(group)
    visits = [Visit(tuple(begun)) for part in parts if (begun := from_first_action(part))]
    return sorted(visits, key=lambda visit: visit.first.order)


def from_first_action(events: Sequence[Event]) -> list[Event]:
    """What is left of events in order without the engagement before the first action; without any
    action nothing, as a visit is not begun by looking at a page that was open before."""
    actions = [event.time for event in events if event.is_action]
    return [event for event in events if actions and event.time >= min(actions)]


def cut_at_gaps(events: Sequence[Event]) -> list[list[Event]]:
    """Events in order, parted wherever nothing was going on for more than half an hour.

    Going backwards, `since` is the moment from which it is known that the visitor was there.
    """
    parts = [[events[-1]]]
    since = events[-1].earliest
    for event in reversed(events[:-1]):
        if since - event.time > LONGEST_GAP:
            parts.append([])
            since = event.earliest
        parts[-1].append(event)
        since = min(since, event.earliest)
    return [part[::-1] for part in parts]
