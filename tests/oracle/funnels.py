"""Funnels: how far visitors, or visits, get, and who they are."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import GREENWICH, Range
from oracle.site import Site, share
from oracle.steps import Goal, goal_of
from oracle.visits import Event, Visit

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What is asked of a funnel."""

    steps: Sequence[str]
    hours: float = 168
    unit: str = "visitor"
    mode: str = "ordered"
    clauses: Sequence[Clause] = ()
    zone: ZoneInfo = GREENWICH

    @property
    def window(self) -> timedelta:
        """How long it may take from the first step to the last."""
        return timedelta(hours=self.hours)


@dataclass(frozen=True)
class Walker:
    """A visitor, or a visit: the events, and of each step that was got to, the first that did."""

    events: Sequence[Event]
    reached: Sequence[Event]
    entered: Event | None


def walkers(site: Site, span: Range, asked: Asked) -> list[Walker]:
    """Everybody who did anything that the filters leave."""
    chosen = Filter(site, tuple(asked.clauses), asked.zone)
    events = chosen.events_of_visits(site.actions_in(span))
    owner: Callable[[Event], Visit | str] = (
        site.visit_of if asked.unit == "visit" else lambda event: event.visitor
    )
    units: dict[Visit | str, list[Event]] = {}
    for event in events:
        units.setdefault(owner(event), []).append(event)
    return [walker(group, site, asked) for group in units.values()]


def walker(events: Sequence[Event], site: Site, asked: Asked) -> Walker:
    """How far one gets whose events these are."""
    goals = [goal_of(step, site.goals) for step in asked.steps]
    ways = {"ordered": in_order, "strict": strictly_in_order, "any": in_any_order}
    reached = ways[asked.mode](events, goals, asked.window)
    first = goals if asked.mode == "any" else goals[:1]
    entered = next((e for e in events if any(goal.fits(e) for goal in first)), None)
    return Walker(events, reached, entered)


def in_order(events: Sequence[Event], goals: Sequence[Goal], window: timedelta) -> list[Event]:
    """Of each step, the first event that got there in any attempt."""
    return earliest(attempts_in_order(events, goals, window))


def attempts_in_order(
    events: Sequence[Event], goals: Sequence[Goal], window: timedelta
) -> list[list[Event]]:
    """Every start is tried; from there, each step at the first chance after the one before."""
    attempts: list[list[Event]] = []
    for number, start in enumerate(events):
        if goals[0].fits(start):
            attempt = [start]
            for event in events[number + 1 :]:
                within = event.time <= start.time + window
                if len(attempt) < len(goals) and goals[len(attempt)].fits(event) and within:
                    attempt.append(event)
            attempts.append(attempt)
    return attempts


def waits_in_order(
    events: Sequence[Event], goals: Sequence[Goal], window: timedelta, step: int
) -> list[float]:
    """The seconds that this step took in the attempt that reached it first, or none if no attempt
    did. Of several that did so with the same event, the one that started last counts."""
    attempts = attempts_in_order(events, goals, window)
    reached = earliest(attempts)[step - 1 : step]
    return [
        (there.time - previous).total_seconds()
        for there in reached
        for ways in [[way for way in attempts if way[step - 1 : step] == [there]]]
        for latest in [max(way[0].time for way in ways)]
        for previous in [min(way[step - 2].time for way in ways if way[0].time == latest)]
    ]


def strictly_in_order(
    events: Sequence[Event], goals: Sequence[Goal], window: timedelta
) -> list[Event]:
    """Every start is tried; from there, the very next event has to be the next step."""
    attempts = []
    for number in range(len(events)):
        attempt: list[Event] = []
        for goal, event in zip(goals, events[number:], strict=False):
            if not goal.fits(event) or event.time > events[number].time + window:
                break
            attempt.append(event)
        attempts.append(attempt)
    return earliest(attempts)


def in_any_order(events: Sequence[Event], goals: Sequence[Goal], window: timedelta) -> list[Event]:
    """Every event is tried as the last one: how many steps were done in the window before it."""
    reached: list[Event] = []
    for number, last in enumerate(events):
        recent = [event for event in events[: number + 1] if event.time >= last.time - window]
        done = sum(any(goal.fits(event) for event in recent) for goal in goals)
        reached += [last] * (done - len(reached))
    return reached


def earliest(attempts: Sequence[Sequence[Event]]) -> list[Event]:
    """Of each step, the first event that got there in any attempt."""
    deepest = max(map(len, attempts), default=0)
    return [
        min((attempt[step] for attempt in attempts if step < len(attempt)), key=lambda e: e.order)
        for step in range(deepest)
    ]


def funnel(site: Site, span: Range, asked: Asked) -> list[Row]:
    """One row for each step; without the times between steps."""
    return step_rows(walkers(site, span, asked), asked.steps)


def step_rows(some: Sequence[Walker], steps: Sequence[str], **named: str) -> list[Row]:
    """One row for each step of these walkers."""
    counts = [sum(len(w.reached) > number for w in some) for number in range(len(steps))]
    return [
        {
            "step": number + 1,
            "label": step,
            "count": counts[number],
            "share_of_first": share(counts[number], counts[0]),
            "share_of_previous": share(counts[number], counts[max(number - 1, 0)]),
            "dropped": counts[max(number - 1, 0)] - counts[number],
        }
        | named
        for number, step in enumerate(steps)
    ]


def broken_down(site: Site, span: Range, asked: Asked, dimension: str, kept: int) -> list[Row]:
    """The rows of each of the most frequent values of the visit in which the walk began."""
    chosen = Filter(site, (), asked.zone)
    groups: dict[str, list[Walker]] = {}
    for one in walkers(site, span, asked):
        if one.entered is not None:
            value = chosen.value_of_visit(site.visit_of(one.entered), dimension)
            groups.setdefault(value, []).append(one)
    firsts = Counter({value: sum(bool(w.reached) for w in some) for value, some in groups.items()})
    values = sorted(firsts, key=lambda value: (-firsts[value], value))[:kept]
    return [
        row
        for value in values
        for row in step_rows(groups[value], asked.steps, **{dimension: value})
    ]


def seconds_between(some: Sequence[Walker], step: int) -> tuple[float, float] | None:
    """Median and 90th percentile of the seconds since the step before, in strict order, where the
    step before is the event before."""
    waits = []
    for one in some:
        if len(one.reached) >= step:
            there = one.reached[step - 1]
            before = one.events[list(one.events).index(there) - 1]
            waits.append((there.time - before.time).total_seconds())
    return quantiles(waits)


def quantiles(waits: Sequence[float]) -> tuple[float, float] | None:
    """Median and 90th percentile."""
    return (median(waits), percentile(waits, 0.9)) if waits else None


def percentile(numbers: Sequence[float], part: float) -> float:
    """The number below which this part of them lies, between two of them if need be."""
    ordered = sorted(numbers)
    place = part * (len(ordered) - 1)
    below = ordered[int(place)]
    above = ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place - int(place))


def latest(site: Site, span: Range, asked: Asked, event: Event) -> Event:
    """The last thing in the range that the same visitor did, or that was done in the same visit."""
    if asked.unit == "visit":
        return [e for e in site.visit_of(event).events if e.is_action and span.has(e.time)][-1]
    return [e for e in site.actions_in(span) if e.visitor == event.visitor][-1]


def people(site: Site, span: Range, asked: Asked, step: int, outcome: str) -> list[Row]:
    """Those who got to a step, or no further than it; the last to get there first."""
    rows = [
        {
            "user_id": one.events[0].user,
            "reached": len(one.reached),
            "reached_at": one.reached[-1].time,
            "last_seen": last.time,
            "last_page": last.page,
        }
        for one in walkers(site, span, asked)
        if len(one.reached) == step or (outcome == "reached" and len(one.reached) > step)
        for last in [latest(site, span, asked, one.events[0])]
    ]
    return sorted(rows, key=lambda row: row["reached_at"], reverse=True)
