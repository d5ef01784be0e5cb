"""Any metrics by any dimensions, as POST /api/analytics/query answers them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oracle.conversions import amount_of, newcomers
from oracle.filters import Clause, Filter, of_events
from oracle.periods import GREENWICH, Range, bucket_of
from oracle.site import Site, visitors_of
from oracle.visits import Event, Visit, exact_sum

Key = tuple[str, ...]
LABELS = {"minute": "%Y-%m-%d %H:%M:00", "hour": "%Y-%m-%d %H:%M:00"}
GOAL = "event:goal"


@dataclass(frozen=True)
class Question:
    """What is asked."""

    site: Site
    span: Range
    dimensions: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    zone: ZoneInfo = GREENWICH

    @property
    def filter(self) -> Filter:
        """The clauses as a filter."""
        return Filter(self.site, self.clauses, self.zone)

    @property
    def of_events(self) -> bool:
        """Whether it is about events, rather than visits."""
        return any(of_events(key) for key in self.dimensions)

    @property
    def without_goals(self) -> "Question":
        """The same, whoever reached a goal or not."""
        return replace(
            self,
            dimensions=tuple(key for key in self.dimensions if key != GOAL),
            clauses=tuple(clause for clause in self.clauses if clause[1] not in (GOAL, "goal")),
        )

    def visits(self) -> list[Visit]:
        """The visits that it is about."""
        visits = self.site.visits_in(self.span)
        return [visit for visit in visits if self.filter.has_visit_with_event(visit)]

    def events(self) -> list[Event]:
        """The events that it is about."""
        return self.filter.events(self.site.actions_in(self.span))

    def keys_of_visit(self, visit: Visit) -> set[Key]:
        """The group of a visit."""
        return {tuple(self.value_of_visit(visit, key, visit.started) for key in self.dimensions)}

    def keys_of_event(self, event: Event) -> set[Key]:
        """The groups of an event: one for each goal that it reaches, where goals are asked for."""
        return set(product(*(self.values_of_event(event, key) for key in self.dimensions)))

    def values_of_event(self, event: Event, key: str) -> list[str]:
        """What an event has of a dimension."""
        if of_events(key):
            return self.filter.values_of_event(event, key)
        return [self.value_of_visit(self.site.visit_of(event), key, event.time)]

    def value_of_visit(self, visit: Visit, key: str, time: datetime) -> str:
        """What a visit has of a dimension, and a time of one of time."""
        kind, _, name = key.partition(":")
        if kind == "time":
            name = name or suitable_interval(self.span)
            start = bucket_of(time, name, self.zone).astimezone(self.zone)
            return start.strftime(LABELS.get(name, "%Y-%m-%d"))
        return self.filter.value_of_visit(visit, key)


def suitable_interval(span: Range) -> str:
    """The width of the buckets of `time`, where none is named."""
    length = span.upper - span.lower
    if length <= timedelta(hours=48):
        return "hour"
    if length <= timedelta(days=40):
        return "day"
    return "week" if length <= timedelta(weeks=52) else "month"


@dataclass(frozen=True)
class Group:
    """The visits and the events with the same values."""

    question: Question
    key: Key
    visits: Sequence[Visit]
    events: Sequence[Event]

    @property
    def views(self) -> list[Event]:
        """The page views among the events."""
        return [event for event in self.events if event.is_view]

    @property
    def page(self) -> str:
        """The page that the group is about."""
        return self.key[self.question.dimensions.index("event:page")]


def stats(question: Question, metrics: Sequence[str]) -> dict[Key, list[Any]]:
    """The metrics of each group."""
    found = groups(question, any(metric in OF_EVENTS for metric in metrics))
    return {group.key: [METRICS[metric](group) for metric in metrics] for group in found}


def groups(question: Question, of_events: bool) -> list[Group]:
    """Every group of which there is something to tell; without dimensions, the only one. A group
    with events alone tells nothing of visits."""
    events = question.events() if of_events or question.of_events else []
    keys = set() if question.dimensions else {()}
    keys |= {key for event in events for key in question.keys_of_event(event)}
    visits = [] if question.of_events else question.visits()
    keys |= {key for visit in visits for key in question.keys_of_visit(visit)}
    return [group_of(question, key) for key in sorted(keys)]


def group_of(question: Question, key: Key) -> Group:
    """A group. Asked by a dimension of events, its visits are those with such events."""
    events = [event for event in question.events() if key in question.keys_of_event(event)]
    if question.of_events:
        visits = list({question.site.visit_of(event): None for event in events})
    else:
        visits = [visit for visit in question.visits() if key in question.keys_of_visit(visit)]
    return Group(question, key, visits, events)


def rounded(number: Decimal | None, places: int) -> Any:
    """A number as it is shown, whichever way halves go."""
    half = 0.5 * 10**-places + 1e-9
    return None if number is None else pytest.approx(float(number), rel=0, abs=half)


def ratio(part: int | Decimal, whole: int) -> Decimal | None:
    """A part of a whole; unknown when there is no whole."""
    return Decimal(part) / whole if whole else None


def per_cent(part: int, whole: int, places: int = 1) -> Any:
    """A part in per cent."""
    return rounded(Decimal(100 * part) / whole, places) if whole else None


def revenue(group: Group) -> float | None:
    """What was paid, where it can be added up."""
    orders = orders_of(group)
    return float(amount_of(orders)) if len({o.currency for o in orders}) == 1 else None


def orders_of(group: Group) -> list[Event]:
    """The events with an amount."""
    return [event for event in group.events if event.revenue is not None]


def total_revenue(group: Group) -> Any:
    """What was paid, with its currency."""
    total = revenue(group)
    return None if total is None else amount(group, total)


def average_revenue(group: Group) -> Any:
    """What was paid for an order, with its currency."""
    total = revenue(group)
    return None if total is None else amount(group, total / len(orders_of(group)))


def amount(group: Group, value: float) -> dict[str, Any]:
    """An amount in the only currency of a group; how it is written is not said here."""
    places = pytest.approx(value, rel=0, abs=0.005 + 1e-9)
    return {"value": places, "currency": orders_of(group)[0].currency}


def percentage(group: Group) -> Any:
    """Visitors by those of all groups together."""
    question = replace(group.question, dimensions=())
    things = question.events() if group.question.of_events else question.visits()
    return per_cent(visitors(group), visitors_of(things))


def entries(group: Group) -> list[Visit]:
    """The visits with a page view; where pages are asked for, those that entered on the page."""
    if not group.question.of_events:
        return [visit for visit in group.visits if visit.path]
    return at_the_edge(group, lambda visit: visit.entry)


def stays(group: Group) -> Sequence[Visit]:
    """The visits of a group; where pages are asked for, those that entered on the page."""
    return entries(group) if group.question.of_events else group.visits


def at_the_edge(group: Group, edge: Callable[[Visit], str]) -> list[Visit]:
    """The visits in the range that belong to the group but for the page, which is their edge."""
    question = group.question
    others = [key for key in question.dimensions if key != "event:page"]
    wanted = [value for value, key in zip(group.key, question.dimensions, strict=True)
              if key != "event:page"]  # fmt: skip
    return [
        visit
        for visit in question.visits()
        if visit.path
        and edge(visit) == group.page
        and wanted == [question.value_of_visit(visit, key, visit.started) for key in others]
    ]


def exit_rate(group: Group) -> Any:
    """Visits that ended on the page by views of it."""
    return per_cent(len(at_the_edge(group, lambda visit: visit.exit)), len(group.views))


def time_on_page(group: Group) -> Any:
    """Mean seconds of the page views of which anything is known."""
    found = [group.question.site.visit_of(view).seconds_on(view) for view in group.views]
    known = [seconds for seconds in found if seconds is not None]
    return rounded(ratio(sum(known, Decimal(0)), len(known)), 0)


def scroll_depth(group: Group) -> Any:
    """Mean depth of the page views of which one is known, in per cent."""
    found = [group.question.site.visit_of(view).depth_of(view) for view in group.views]
    known = [Decimal(repr(100 * depth)) for depth in found if depth is not None]
    return rounded(ratio(sum(known, Decimal(0)), len(known)), 0)


def conversion_rate(group: Group) -> Any:
    """Visitors by all visitors of the range."""
    everybody = replace(group.question.without_goals, dimensions=())
    return per_cent(visitors(group), visitors_of(everybody.visits()), 2)


def group_conversion_rate(group: Group) -> Any:
    """Visitors by all visitors of the same group."""
    question = group.question.without_goals
    pairs = zip(group.key, group.question.dimensions, strict=True)
    key = tuple(value for value, name in pairs if name != GOAL)
    return per_cent(visitors(group), visitors(group_of(question, key)), 2)


def visitors(group: Group) -> int:
    """Distinct visitors."""
    return visitors_of(group.events if group.question.of_events else group.visits)


OF_EVENTS = ("pageviews", "events", "revenue", "total_revenue", "average_revenue")
"""Metrics that are counted at the time of an event, wherever its visit began."""

METRICS: dict[str, Callable[[Group], Any]] = {
    "visitors": visitors,
    "visits": lambda group: len(group.visits),
    "pageviews": lambda group: len(group.views),
    "events": lambda group: len(group.events),
    "bounce_rate": lambda group: per_cent(
        sum(visit.bounced for visit in entries(group)), len(entries(group))
    ),
    "visit_duration": lambda group: rounded(
        ratio(exact_sum(visit.seconds for visit in stays(group)), len(stays(group))), 0
    ),
    "views_per_visit": lambda group: rounded(
        ratio(sum(len(visit.path) for visit in stays(group)), len(stays(group))), 2
    ),
    "revenue": revenue,
    "total_revenue": total_revenue,
    "average_revenue": average_revenue,
    "percentage": percentage,
    "new_visitors": lambda group: newcomers(group.question.site, group.visits)["new_visitors"],
    "returning_visitors": lambda group: newcomers(group.question.site, group.visits)[
        "returning_visitors"
    ],
    "conversion_rate": conversion_rate,
    "group_conversion_rate": group_conversion_rate,
    "time_on_page": time_on_page,
    "scroll_depth": scroll_depth,
    "exit_rate": exit_rate,
}
