"""All that happened on a site, and the few ways of counting that every report shares."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean

from oracle.periods import Range
from oracle.steps import Goal
from oracle.visits import Event, Visit, stored, visits_of


class Site:
    """Everything that happened on a site, from the events in the order in which they came in."""

    def __init__(self, arrivals: Sequence[Event], goals: Sequence[Goal] = ()) -> None:
        self.events = sorted(stored(arrivals), key=lambda event: event.order)
        self.visits = visits_of(self.events)
        self.goals = {goal.name: goal for goal in goals}
        self.since = {v.visitor: v.started for v in reversed(self.visits)}
        self.visit_with = {event.id: visit for visit in self.visits for event in visit.events}
        self.deeds: dict[str, list[Event]] = defaultdict(list)
        self.stays: dict[str, list[Visit]] = defaultdict(list)
        for event in filter(self.is_in_visit, self.events):
            self.deeds[event.visitor].append(event)
        for visit in self.visits:
            self.stays[visit.visitor].append(visit)

    def visits_in(self, span: Range) -> list[Visit]:
        """The visits that started in a range."""
        return [visit for visit in self.visits if span.has(visit.started)]

    def views_in(self, span: Range) -> list[Event]:
        """The page views in a range."""
        return [event for event in self.events if event.is_view and span.has(event.time)]

    def actions_in(self, span: Range) -> list[Event]:
        """What reports call events: all but engagement."""
        return [event for event in self.events if event.is_action and span.has(event.time)]

    @property
    def is_clear(self) -> bool:
        """Whether no visitor begins two visits at one moment, of which either may be the first."""
        return len({(v.visitor, v.started) for v in self.visits}) == len(self.visits)

    def is_in_visit(self, event: Event) -> bool:
        """Whether it happened in a visit: not so engagement that no action went before."""
        return event.id in self.visit_with

    def visit_of(self, event: Event) -> Visit:
        """The visit in which something happened."""
        return self.visit_with[event.id]

    def visits_by(self, visitor: str) -> list[Visit]:
        """All visits of a visitor, earliest first."""
        return self.stays.get(visitor, [])

    def events_by(self, visitor: str) -> list[Event]:
        """Everything that a visitor did in visits, in order."""
        return self.deeds.get(visitor, [])

    def is_first(self, visit: Visit) -> bool:
        """Whether nothing that the visitor ever did was before this visit."""
        return visit.started == self.since[visit.visitor]


def share(part: float, whole: float) -> float | None:
    """A part of a whole; unknown when there is no whole."""
    return part / whole if whole else None


def average(numbers: Sequence[float]) -> float | None:
    """The mean; unknown without any number."""
    return mean(numbers) if numbers else None


def bounce_rate(visits: Sequence[Visit]) -> float | None:
    """The bounces among the visits that viewed a page."""
    viewed = [visit for visit in visits if visit.path]
    return share(sum(visit.bounced for visit in viewed), len(viewed))


def names_of(things: Iterable[Visit] | Iterable[Event]) -> set[str]:
    """The different visitors."""
    return {thing.visitor for thing in things}


def visitors_of(things: Iterable[Visit] | Iterable[Event]) -> int:
    """How many different visitors."""
    return len(names_of(things))
