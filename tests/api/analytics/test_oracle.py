"""Whole answers of every report against an oracle that counts by brute force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.sites.directory import Sites
from api.sites.models import Visibility, utc_now
from conftest import TestSite
from oracle import reports
from oracle.reports import Range, Site
from oracle.visits import Event

EXAMPLES = 25
ALL = 1000
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
)

EDGES = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00", "2025-12-31T23:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30", "2025-04-05T15:00"],
    "Asia/Kathmandu": ["2026-03-31T18:15", "2025-10-19T18:15", "2026-10-31T18:15"],
    "America/Santiago": ["2026-04-05T03:00", "2025-09-07T04:00"],
    "UTC": ["2026-03-01T00:00", "2026-02-28T23:30", "2025-03-03T12:34"],
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

Kind = tuple[str, bool]
KINDS: list[Kind] = [
    *[("pageview", True)] * 4,
    ("signup", True),
    ("click", False),
    *[("engagement", True)] * 2,
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
        if session is not None and time - start > 23 * HOUR:
            break
        (name, interactive), page, duration, source, screen = what
        events.append(
            Event(
                id=UUID(int=0),
                time=time,
                visitor=visitor,
                name=name,
                page=page,
                session=session,
                duration=duration,
                interactive=interactive,
                source=source,
                screen=screen,
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
            visitor=draw(st.sampled_from([event.visitor, "v0", "nobody else"])),
            page="/again",
            session=None,
        )
        for event in again
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Many visitors with little to tell and one with much, shuffled into batches."""
    zone = draw(st.sampled_from(ZONES))
    edge = datetime.fromisoformat(draw(st.sampled_from(EDGES[zone]))).replace(tzinfo=UTC)
    told = draw(walks("v0", edge, 18))
    for number in range(1, 1 + draw(st.integers(0, 7))):
        told += draw(walks(f"v{number}", edge, 4))
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
        "period": draw(st.sampled_from(["day", "week", "month"])),
        "rolling": draw(st.booleans()),
        "week_start": draw(st.sampled_from(["monday", "sunday"])),
        "pages": draw(st.none() | st.lists(st.sampled_from(PAGES), min_size=1, max_size=2)),
    }


numbers = count()


async def fresh_site(client: Any, admin: Any, database: Any, timezone: str = "UTC") -> TestSite:
    """A site on which nothing has happened."""
    key = f"oracle-{utc_now():%H%M%S%f}-{next(numbers)}"
    await Sites(database).create(
        key, f"{key}.example", timezone=timezone, visibility=Visibility.PUBLIC
    )
    return TestSite(key, client, admin, database)


async def tell(site: TestSite, batches: Sequence[Sequence[Event]]) -> Site:
    """Sends the batches one after the other; what the oracle thinks of them."""
    known: list[Event] = []
    for batch in batches:
        before = len(reports.stored(known))
        known += batch
        report = await site.send(*(event.wire for event in batch))
        assert report["rejected"] == []
        assert report["accepted"] == len(reports.stored(known)) - before
        assert report["accepted"] + report["duplicate"] == len(batch)
    return Site(known)


def bounds(span: Range) -> dict[str, str]:
    """A range as parameters."""
    return {"from": span.lower.isoformat(), "to": span.upper.isoformat()}


def same(answer: Any, expected: Any) -> bool:
    """Whether an answer is what is expected of it; keys that nothing is expected of are free."""
    if isinstance(expected, dict):
        return all(same(answer[key], value) for key, value in expected.items())
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(same, answer, expected))
    if isinstance(expected, datetime):
        return datetime.fromisoformat(answer) == expected
    if isinstance(expected, date):
        return date.fromisoformat(answer) == expected
    if isinstance(expected, float) and answer is not None:
        return answer == pytest.approx(expected, rel=1e-9)
    return answer == expected


def check(answer: Any, expected: Any) -> None:
    """Fails, showing both sides, unless they are the same."""
    if isinstance(expected, list) and len(answer) == len(expected):
        for number, (got, wanted) in enumerate(zip(answer, expected, strict=True)):
            assert same(got, wanted), f"row {number}\n got    {got}\n wanted {wanted}"
    assert same(answer, expected), f"\n got    {answer}\n wanted {expected}"


async def ask(site: TestSite, report: str, span: Range, **params: Any) -> Any:
    """The answer to a question about a range."""
    return await site.ask(report, **bounds(span), **params)


async def check_timeseries(
    site: TestSite, told: Site, span: Range, interval: str, timezone: str
) -> None:
    """Every bucket, every number."""
    answer = await ask(site, "timeseries", span, interval=interval, timezone=timezone, limit=ALL)
    check(answer["rows"], reports.timeseries(told, span, interval, timezone))
    check(answer["totals"], reports.totals(told, span))


async def check_pages(site: TestSite, told: Site, span: Range, only: list[str] | None) -> None:
    """Every page, or some."""
    some = {} if only is None else {"pages": only}
    answer = await ask(site, "pages", span, limit=ALL, **some)
    check(answer["rows"], reports.pages(told, span, only))
    check(answer["totals"], reports.totals(told, span))


async def check_breakdowns(site: TestSite, told: Site, span: Range) -> None:
    """Where visits came from, and a dimension that only the visits themselves have."""
    answer = await ask(site, "traffic-sources", span, dimension="source", limit=ALL)
    answer["rows"] = [row | {"value": row["value"].lower()} for row in answer["rows"]]
    check(answer["rows"], reports.breakdown(told, span, lambda visit: visit.source))
    check(answer["totals"], reports.totals(told, span))
    answer = await ask(site, "devices", span, dimension="screen", limit=ALL)
    check(answer["rows"], reports.breakdown(told, span, lambda visit: visit.screen))


async def check_sessions(site: TestSite, told: Site, span: Range) -> None:
    """Every visit; in which order those that started together come is nobody's business."""
    answer = await ask(site, "sessions", span, limit=ALL)
    expected = reports.sessions(told, span)
    for row in answer["rows"]:
        row["source"] = row["source"].lower()
    check([row["started"] for row in answer["rows"]], [row["started"] for row in expected])

    def by_content(row: dict[str, Any]) -> str:
        started = row["started"]
        moment = started if isinstance(started, datetime) else datetime.fromisoformat(started)
        return f"{moment.timestamp():020.6f} {row['path']} {row['source']} {row['session_id']}" + (
            f" {row['duration']:012.6f} {row['bounce']}"
        )

    check(sorted(answer["rows"], key=by_content), sorted(expected, key=by_content))
    check(answer["totals"], reports.session_totals(told, span))


async def check_funnel(
    site: TestSite, told: Site, span: Range, steps: list[str], window: float, unit: str
) -> None:
    """Every step; of its times, that there are any where somebody got there."""
    answer = await ask(site, "funnel", span, steps=steps, window=window, unit=unit)
    check(answer["rows"], reports.funnel(told, span, steps, window, unit))
    for number, row in enumerate(answer["rows"]):
        for seconds in (row["median_seconds"], row["p90_seconds"]):
            if number == 0 or row["count"] == 0:
                assert seconds is None
            else:
                assert 0 <= seconds <= window * 3600


async def check_retention(
    site: TestSite, told: Site, span: Range, timezone: str, **how: Any
) -> None:
    """Every cohort, every cell."""
    answer = await ask(site, "retention", span, timezone=timezone, limit=ALL, **how)
    check(answer["rows"], reports.retention(told, span, timezone, utc_now(), **how))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=histories(), question=questions())
async def test_every_report_answers_what_the_oracle_counts(
    client, admin, database, history, question
):
    site = await fresh_site(client, admin, database)
    told = await tell(site, history.batches)
    lower = history.edge + question["offset"]
    span = Range(lower, lower + question["length"])
    everything = Range(history.edge - 60 * DAY, history.edge + 250 * DAY)
    for interval in ("hour", "day", "week", "month"):
        await check_timeseries(site, told, span, interval, history.zone)
    if question["length"] < 4 * HOUR:
        await check_timeseries(site, told, span, "minute", history.zone)
    how = {key: question[key] for key in ("period", "rolling", "week_start")}
    for asked in (span, everything):
        await check_sessions(site, told, asked)
        await check_pages(site, told, asked, question["pages"])
        await check_breakdowns(site, told, asked)
        funnel = question["steps"], question["window"], question["unit"]
        await check_funnel(site, told, asked, *funnel)
        await check_retention(site, told, asked, history.zone, **how)
