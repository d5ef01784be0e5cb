"""Histories of sites as they are worst: around the edges of days and changes of clocks, late,
out of order, all at once, told twice; and questions about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from oracle.steps import Goal
from oracle.visits import Event

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

EDGES = {
    "Europe/Berlin": ["2025-03-30T01:00", "2025-10-26T01:00", "2024-12-31T23:00"],
    "Australia/Lord_Howe": ["2025-04-05T15:00", "2025-10-04T15:30", "2025-06-30T13:30"],
    "Asia/Kathmandu": ["2025-03-31T18:15", "2025-10-19T18:15", "2024-12-31T18:15"],
    "America/Santiago": ["2025-04-06T03:00", "2025-09-07T04:00"],
    "America/Havana": ["2025-03-09T05:00", "2025-11-02T05:00"],
    "UTC": ["2025-03-01T00:00", "2025-02-28T23:30", "2025-03-03T12:34"],
}
"""Instants around which the clocks, the day, the week, the month or the year change."""

GAPS = [
    timedelta(0),
    timedelta(microseconds=1),
    SECOND,
    MINUTE,
    10 * MINUTE,
    30 * MINUTE - timedelta(microseconds=1),
    30 * MINUTE,
    30 * MINUTE + timedelta(microseconds=1),
    31 * MINUTE,
    45 * MINUTE,
    60 * MINUTE,
    2 * HOUR,
    7 * HOUR,
    DAY,
    7 * DAY,
    25 * DAY,
]

PAGES = ["/", "/a", "/a/b", "/a/b/c", "/Z", "/pricing", "/ü"]
STEPS = ["/", "/a", "/a/*", "/a/**", "**", "/*", "/pricing", "signup", "click"]
SOURCES = ["", "", "alpha", "beta"]
SCREENS = ["", "1x1", "2x2"]
DURATIONS = [None, None, 0.0, 12.25, 60.0, 900.0, 1799.999, 1800.0, 5400.0]

KINDS: list[dict[str, Any]] = [
    *[{"name": "pageview"}] * 6,
    {"name": "engagement"},
    *[{"name": "engagement", "props": {"scroll": depth}} for depth in (0, 62.5, 100)],
    {"name": "engagement", "props": {"scroll": 100.5}},
    {"name": "engagement", "props": {"scroll": "80"}},
    {"name": "pageview", "props": {"plan": "pro"}},
    {"name": "signup"},
    {"name": "signup", "props": {"plan": "pro", "seats": 2}},
    {"name": "signup", "props": {"plan": "free", "seats": "2"}},
    {"name": "click", "interactive": False},
    {"name": "click", "interactive": False, "props": {"on": True}},
    {"name": "buy", "revenue": "9.99", "currency": "EUR"},
    {"name": "buy", "revenue": "100", "currency": "EUR"},
    {"name": "buy", "revenue": "0", "currency": "USD"},
    {"name": "buy", "revenue": "-3.25", "currency": "USD"},
]

GOALS = [
    Goal("Signup", event="signup"),
    Goal("Pro", event="signup", props={"plan": "pro"}),
    Goal("Two seats", event="signup", props={"plan": "free", "seats": 2}),
    Goal("Click there", event="click", page="/a/*", props={"on": True}),
    Goal("Read", page="/a/**"),
    Goal("Viewed as pro", page="/**", props={"plan": "pro"}),
    Goal("Never", event="never"),
]

JSON_STEPS = [
    '{"event": "signup", "props": {"plan": "pro"}}',
    '{"event": "signup", "props": {"seats": 2}}',
    '{"event": "click", "page": "/a*"}',
    '{"page": "/pricing"}',
    '{"page": "/**", "props": {"plan": "pro"}}',
    '{"goal": "Signup"}',
    '{"goal": "Read"}',
]

FILTERS: list[list[Any]] = [
    [["is", "source", ["alpha"]]],
    [["is_not", "screen", ["1x1"]], ["is", "visit:source", ["Direct / None", "beta"]]],
    [["is", "visitor_type", ["new"]]],
    [["is", "entry_page", ["/", "/a"]]],
    [["is", "hour", ["00", "23", "12"]]],
    [["is", "event:page", ["/a", "/"]]],
    [["matches_wildcard_not", "page", ["/a/**"]]],
    [["matches", "event:page", [r"^/a(/\w+)*$", "ü"]]],
    [["matches_not", "source", ["^[ab]", "x"]], ["matches", "exit_page", ["^/.?$"]]],
    [["is", "page", ["/z", "/Ü"], {"case_sensitive": False}]],
    [["contains_not", "visit:source", ["NONE", "Alp"], {"case_sensitive": False}]],
    [["is", "event", ["signup", "click"]]],
    [["is", "event", ["signup"]], ["is", "event:props:plan", ["pro"]]],
    [["is_not", "props:plan", ["pro"]]],
    [["is", "event:props:plan", ["(none)"]], ["is_not", "event:page", ["/a"]]],
    [["is", "goal", ["Signup", "Read"]]],
    [["contains_not", "event:goal", ["P"]]],
    [["has_done", ["is", "event:goal", ["Signup"]]], ["is", "event:page", ["/", "/a"]]],
    [["has_not_done", ["and", [["is", "event", ["signup"]], ["is", "props:plan", ["pro"]]]]]],
    [["not", ["has_done", ["is", "page", ["/a"]]]], ["is_not", "source", ["beta"]]],
    [["or", [["is", "source", ["beta"]], ["not", ["is", "event", ["buy"]]]]]],
]

kinds = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(PAGES),
    st.sampled_from(DURATIONS),
    st.sampled_from(SOURCES),
    st.sampled_from(SCREENS),
)
"""What an event is, apart from whose it is and when it happens."""


@dataclass(frozen=True)
class History:
    """What happened around an edge of a time zone, in the batches in which it is sent."""

    zone: str
    edge: datetime
    batches: list[list[Event]]

    @property
    def arrivals(self) -> list[Event]:
        """The events in the order in which they come in."""
        return [event for batch in self.batches for event in batch]


@st.composite
def walks(draw: st.DrawFn, visitor: str, edge: datetime, most: int) -> list[Event]:
    """What one visitor did: steps on from a moment near the edge, some under session ids."""
    start = edge + draw(st.sampled_from([-8 * DAY, -DAY, -40 * MINUTE, 0 * DAY, 5 * MINUTE]))
    session = draw(st.sampled_from([None, None, None, f"{visitor}-s", f"{visitor}-t"]))
    gaps = st.sampled_from(GAPS if session is None else GAPS[:-3])
    events = []
    time = start
    for gap, what in draw(st.lists(st.tuples(gaps, kinds), min_size=1, max_size=most)):
        time += gap
        if time - start > (60 * DAY if session is None else 23 * HOUR):
            break
        kind, page, duration, source, screen = what
        events.append(
            Event(
                id=UUID(int=0),
                time=time,
                visitor=visitor,
                page=page,
                session=session,
                duration=duration,
                source=source,
                screen=screen,
                **kind,
            )
        )
    return events


@st.composite
def retries(draw: st.DrawFn, events: Sequence[Event]) -> list[Event]:
    """Events that bear the ids of others and tell something else."""
    again = draw(st.lists(st.sampled_from(events), max_size=3))
    return [
        replace(
            event,
            time=event.time + draw(st.sampled_from([0 * HOUR, HOUR, -3 * HOUR])),
            visitor=draw(st.sampled_from([event.visitor, "user 0", "nobody else"])),
            page="/again",
            session=None,
        )
        for event in again
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Many visitors with little to tell and one with much, shuffled into batches."""
    zone = draw(st.sampled_from(list(EDGES)))
    edge = datetime.fromisoformat(draw(st.sampled_from(EDGES[zone]))).replace(tzinfo=UTC)
    told = draw(walks("user 0", edge, 18))
    for number in range(1, 1 + draw(st.integers(0, 7))):
        told += draw(walks(f"{'user' if number % 2 else 'guest'} {number}", edge, 4))
    ids = draw(st.permutations(range(len(told))))
    told = [replace(event, id=UUID(int=n)) for event, n in zip(told, ids, strict=True)]
    told = draw(st.permutations([*told, *draw(retries(told))]))
    cuts = sorted(draw(st.lists(st.integers(0, len(told)), max_size=5)))
    parts = zip([0, *cuts], [*cuts, len(told)], strict=True)
    batches = [list(told[start:stop]) for start, stop in parts if start < stop]
    return History(zone, edge, batches)


NEAR = [-9 * DAY, -DAY, -HOUR, -7 * MINUTE, 0 * DAY, 30 * MINUTE, 90 * MINUTE, DAY]
SPANS = [timedelta(microseconds=1), 47 * MINUTE, 3 * HOUR, DAY, DAY + HOUR, 12 * DAY, 40 * DAY]


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A range, relative to the edge, and what there is to choose."""
    return {
        "offset": draw(st.sampled_from(NEAR)),
        "length": draw(st.sampled_from(SPANS)),
        "steps": draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3)),
        "window": draw(st.sampled_from([0.25, 0.5, 2, 168])),
        "unit": draw(st.sampled_from(["visitor", "visit"])),
        "interval": draw(st.sampled_from(["day", "week", "month"])),
        "rolling": draw(st.booleans()),
        "week_start": draw(st.sampled_from(["monday", "sunday"])),
        "pages": draw(st.none() | st.lists(st.sampled_from(PAGES), min_size=1, max_size=2)),
        "refreshing": draw(st.booleans()),
        "crowded": draw(st.booleans()),
        "clauses": draw(st.just([]) | st.sampled_from(FILTERS)),
    }


steps = st.lists(st.sampled_from(STEPS + JSON_STEPS), min_size=1, max_size=4)
"""Steps of every kind."""
