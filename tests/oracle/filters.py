"""Whether a visit or an event is one that filters let through, clause by clause.

A clause on events asked of a visit means that the visit has such an event; a clause on visits asked
of an event, that its visit is such a one.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from oracle.periods import GREENWICH
from oracle.site import Site
from oracle.steps import as_text, page_fits
from oracle.visits import Event, Visit

Clause = list[Any]
Leaf = Callable[[str, str, list[str]], bool]

NEGATIVE = "_not"
OF_EVENTS = ("page", "event", "title", "goal", "props")


@dataclass(frozen=True)
class Filter:
    """Clauses that must all hold on a site, with times local to a zone."""

    site: Site
    clauses: tuple[Clause, ...] = ()
    zone: ZoneInfo = GREENWICH

    def has_visit(self, visit: Visit) -> bool:
        """Whether a visit is let through."""
        return all(holds(clause, self.leaf_of_visit(visit)) for clause in self.clauses)

    def has_event(self, event: Event) -> bool:
        """Whether an event is let through."""
        return all(holds(clause, self.leaf_of_event(event)) for clause in self.clauses)

    def visits(self, visits: list[Visit]) -> list[Visit]:
        """Those of the visits that are let through."""
        return [visit for visit in visits if self.has_visit(visit)]

    def events(self, events: list[Event]) -> list[Event]:
        """Those of the events that are let through."""
        return [event for event in events if self.has_event(event)]

    def events_of_visits(self, events: list[Event]) -> list[Event]:
        """Those of the events whose visits are let through."""
        return [event for event in events if self.has_visit(self.site.visit_of(event))]

    def leaf_of_visit(self, visit: Visit) -> Leaf:
        """How a plain clause is asked of a visit."""

        def leaf(operator: str, key: str, values: list[str]) -> bool:
            if of_events(key):
                return any(self.leaf_of_event(e)(operator, key, values) for e in visit.events)
            return compare(operator, self.value_of_visit(visit, key), values)

        return leaf

    def leaf_of_event(self, event: Event) -> Leaf:
        """How a plain clause is asked of an event."""

        def leaf(operator: str, key: str, values: list[str]) -> bool:
            if not of_events(key):
                return self.leaf_of_visit(self.site.visit_of(event))(operator, key, values)
            found = self.values_of_event(event, key)
            return any(compare(operator, value, values) for value in found)

        return leaf

    def value_of_visit(self, visit: Visit, key: str) -> str:
        """What a visit has of a dimension."""
        local = visit.started.astimezone(self.zone)
        return {
            "source": visit.source,
            "screen": visit.screen,
            "entry_page": visit.entry,
            "exit_page": visit.exit,
            "visitor_type": "new" if self.site.is_first(visit) else "returning",
            "weekday": str(local.isoweekday()),
            "hour": f"{local.hour:02}",
        }[key.removeprefix("visit:")]

    def values_of_event(self, event: Event, key: str) -> list[str]:
        """What an event has of a dimension: of goals, as many as it reaches."""
        name = key.removeprefix("event:")
        if name == "goal":
            return [goal.name for goal in self.site.goals.values() if goal.fits(event)]
        if name.startswith("props:"):
            props = event.props or {}
            prop = name.removeprefix("props:")
            return [as_text(props[prop])] if prop in props else [""]
        return [{"page": event.page, "event": event.name, "name": event.name}[name]]


def chosen(site: Site, clauses: list[Clause]) -> Site:
    """The site with only those visits and events that the clauses let through."""
    some, let_through = copy(site), Filter(site, tuple(clauses))
    some.visits = let_through.visits(site.visits)
    some.events = let_through.events(site.events)
    return some


def of_events(key: str) -> bool:
    """Whether a dimension is one of events."""
    return key.startswith("event:") or key.partition(":")[0] in OF_EVENTS


def holds(clause: Clause, leaf: Leaf) -> bool:
    """Whether a clause holds, given how plain ones are asked."""
    match clause:
        case ["not", part]:
            return not holds(part, leaf)
        case ["and", parts]:
            return all(holds(part, leaf) for part in parts)
        case ["or", parts]:
            return any(holds(part, leaf) for part in parts)
        case [operator, key, values] if operator.endswith(NEGATIVE):
            return not leaf(operator.removesuffix(NEGATIVE), key, values)
        case [operator, key, values]:
            return leaf(operator, key, values)
    raise AssertionError(clause)


def compare(operator: str, value: str, values: list[str]) -> bool:
    """Whether a value is (contains, matches) any of those."""
    if operator == "is":
        return value in values
    if operator == "contains":
        return any(text in value for text in values)
    return any(page_fits(value, pattern) for pattern in values)
