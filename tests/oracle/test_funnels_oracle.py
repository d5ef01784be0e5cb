"""The oracle's walk through a funnel against going through every choice of events there is."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from oracle.funnels import in_any_order, in_order, strictly_in_order
from oracle.steps import Goal
from oracle.telling import NOON
from oracle.visits import Event

MINUTE = timedelta(minutes=1)

walks = st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc")), max_size=8)
goals = st.lists(st.sampled_from(["/a", "/b", "/*"]), min_size=1, max_size=3)
windows = st.integers(1, 20).map(lambda minutes: minutes * MINUTE)


def events_of(walk: Sequence[tuple[int, str]]) -> list[Event]:
    """Page views at these minutes."""
    told = [
        Event(UUID(int=number), NOON + minute * MINUTE, "ann", page=f"/{page}")
        for number, (minute, page) in enumerate(walk)
    ]
    return sorted(told, key=lambda event: event.order)


def choices(
    events: Sequence[Event], goals: Sequence[Goal], until: timedelta
) -> list[tuple[Event, ...]]:
    """Every way of choosing events for the first so many goals, in order, within a window."""
    found: list[tuple[Event, ...]] = [()]
    for goal in goals:
        found += [
            (*chosen, event)
            for chosen in found
            for event in events
            if len(chosen) == goals.index(goal)
            and goal.fits(event)
            and (not chosen or event.order > chosen[-1].order)
            and event.time - (chosen or (event,))[0].time <= until
        ]
    return found


@given(walk=walks, pages=goals, window=windows)
def test_no_choice_of_events_gets_further_or_is_sooner(
    walk: list[tuple[int, str]], pages: list[str], window: timedelta
) -> None:
    events = events_of(walk)
    wanted = [Goal(f"{number}", page=page) for number, page in enumerate(pages)]
    reached = in_order(events, wanted, window)
    best = choices(events, wanted, window)
    assert len(reached) == max(map(len, best))
    for step, event in enumerate(reached, start=1):
        ends = [chosen[-1] for chosen in best if len(chosen) == step]
        assert event == min(ends, key=lambda one: one.order)


@given(walk=walks, pages=goals, window=windows)
def test_stricter_order_gets_no_further(
    walk: list[tuple[int, str]], pages: list[str], window: timedelta
) -> None:
    events = events_of(walk)
    wanted = [Goal(f"{number}", page=page) for number, page in enumerate(pages)]
    strict, loose, free = (
        len(mode(events, wanted, window)) for mode in (strictly_in_order, in_order, in_any_order)
    )
    assert strict <= loose <= free
