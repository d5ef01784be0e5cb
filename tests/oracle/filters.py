"""Whether a visit or an event is one that filters let through, clause by clause.

A clause on events asked of a visit means that the visit has such an event; a clause on visits asked
of an event, that its visit is such a one.
"""

import re
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
Leaf = Callable[[str, str, list[str], bool], bool]

NEGATIVE = "_not"
OF_EVENTS = ("page", "event", "title", "goal", "props")

SHOWN_AS = {"visit:source": {"": "Direct / None"}}
"""What Plausible shows for values, by its own names of dimensions."""


@dataclass(frozen=True)
class Filter:
    """Clauses that must all hold on a site, with times local to a zone."""

    site: Site
    clauses: tuple[Clause, ...] = ()
    zone: ZoneInfo = GREENWICH

    def has_visit(self, visit: Visit) -> bool:
        """Whether a visit is let through."""
        return all(self.holds(c, self.leaf_of_visit(visit), visit) for c in self.clauses)

    def has_event(self, event: Event) -> bool:
        """Whether an event is let through."""
        visit = self.site.visit_of(event) if self.site.is_in_visit(event) else None
        return all(self.holds(c, self.leaf_of_event(event), visit) for c in self.clauses)

    def has_visit_with_event(self, visit: Visit) -> bool:
        """Whether a visit is let through by Plausible, which has one event pass all clauses."""
        if any(is_on_events(clause) for clause in self.clauses):
            return any(self.has_event(event) for event in visit.events if event.is_action)
        return self.has_visit(visit)

    def holds(self, clause: Clause, leaf: Leaf, visit: Visit | None) -> bool:
        """Whether a clause holds for a visit or for an event of it, given how plain ones are
        asked. A clause on visits, whatever it says, does not hold for an event without one."""
        if visit is None and not is_on_events(clause):
            return False
        match clause:
            case ["not", part]:
                return not self.holds(part, leaf, visit)
            case ["and", parts]:
                return all(self.holds(part, leaf, visit) for part in parts)
            case ["or", parts]:
                return any(self.holds(part, leaf, visit) for part in parts)
            case ["has_done", part]:
                assert visit
                actions = [event for event in visit.events if event.is_action]
                return any(self.holds(part, self.leaf_of_event(e), visit) for e in actions)
            case ["has_not_done", part]:
                return not self.holds(["has_done", part], leaf, visit)
            case [operator, key, values, *rest]:
                case_matters = rest != [{"case_sensitive": False}]
                plain = operator.removesuffix(NEGATIVE)
                return leaf(plain, key, values, case_matters) == (plain == operator)
        raise AssertionError(clause)

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

        def leaf(operator: str, key: str, values: list[str], case_matters: bool) -> bool:
            asked = operator, key, values, case_matters
            if of_events(key):
                return any(self.leaf_of_event(event)(*asked) for event in visit.events)
            return compare(operator, self.value_of_visit(visit, key), values, case_matters)

        return leaf

    def leaf_of_event(self, event: Event) -> Leaf:
        """How a plain clause is asked of an event."""

        def leaf(operator: str, key: str, values: list[str], case_matters: bool) -> bool:
            if not of_events(key):
                visit = self.site.visit_of(event)
                return self.leaf_of_visit(visit)(operator, key, values, case_matters)
            found = self.values_of_event(event, key)
            return any(compare(operator, value, values, case_matters) for value in found)

        return leaf

    def value_of_visit(self, visit: Visit, key: str) -> str:
        """What a visit has of a dimension."""
        local = visit.started.astimezone(self.zone)
        value = {
            "source": visit.source,
            "screen": visit.screen,
            "entry_page": visit.entry,
            "exit_page": visit.exit,
            "visitor_type": "new" if self.site.is_first(visit) else "returning",
            "weekday": str(local.isoweekday()),
            "hour": f"{local.hour:02}",
        }[key.removeprefix("visit:")]
        return SHOWN_AS.get(key, {}).get(value, value)

    def values_of_event(self, event: Event, key: str) -> list[str]:
        """What an event has of a dimension: of goals, as many as it reaches."""
        name = key.removeprefix("event:")
        if name == "goal":
            return [goal.name for goal in self.site.goals.values() if goal.fits(event)]
        if name.startswith("props:"):
            props = event.props or {}
            prop = name.removeprefix("props:")
            none = "(none)" if key.startswith("event:") else ""
            return [as_text(props[prop])] if prop in props else [none]
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


def is_on_events(clause: Clause) -> bool:
    """Whether it asks something of events themselves, rather than of their visits."""
    match clause:
        case ["has_done" | "has_not_done", _]:
            return False
        case ["not", part]:
            return is_on_events(part)
        case ["and" | "or", parts]:
            return any(map(is_on_events, parts))
        case [_, key, *_]:
            return of_events(key)
    raise AssertionError(clause)


def compare(operator: str, value: str, values: list[str], case_matters: bool) -> bool:
    """Whether a value is (contains, matches) any of those."""
    if operator == "matches":
        flags = re.ASCII | (0 if case_matters else re.IGNORECASE)
        return any(re.search(text, value, flags) for text in values)
    if not case_matters:
        value, values = value.casefold(), [text.casefold() for text in values]
    if operator == "is":
        return value in values
    if operator == "contains":
        return any(text in value for text in values)
    assert operator == "matches_wildcard"
    return any(page_fits(value, pattern) for pattern in values)
