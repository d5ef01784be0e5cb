"""Paths, visits one by one and visits over time, against the oracle, and their classic traps."""

from datetime import UTC, datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import TestSite
from oracle.histories import DAY, GOALS, HOUR, MINUTE, PAGES, SECOND, History, histories, questions
from oracle.paths import paths
from oracle.periods import Range
from oracle.reports import session_events, sessions_series
from oracle.site import Site
from oracle.telling import (
    ALL,
    NOON,
    TEN_DAYS,
    ask,
    check,
    event,
    examples,
    filtered,
    fresh_site,
    spans,
    tell,
)

journeys = st.fixed_dictionaries(
    {
        "page": st.none() | st.sampled_from([*PAGES, "/a/*", "/a/**", "/nowhere"]),
        "direction": st.sampled_from(["from", "to"]),
        "steps": st.integers(2, 7),
        "limit": st.integers(1, 5),
    }
)


@examples(4)
@given(history=histories(), question=questions(), journey=journeys)
async def test_paths_and_visits_are_what_oracle_finds(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    journey: dict[str, Any],
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    told = await tell(site, history.batches, GOALS)
    if question["refreshing"]:
        await site.refresh()
    for span in spans(history, question):
        await check_paths(site, told, span, history.zone, question["clauses"], journey)
        await check_series(site, told, span, history.zone, question["clauses"])
    await check_every_visit(site, told, spans(history, question)[1])


async def check_paths(
    site: TestSite,
    told: Site,
    span: Range,
    timezone: str,
    clauses: list[Any],
    journey: dict[str, Any],
) -> None:
    """Every link."""
    said = {key: value for key, value in journey.items() if value is not None}
    answer = await ask(site, "paths", span, **said, **filtered(clauses))
    page, direction, steps, kept = (journey[k] for k in ("page", "direction", "steps", "limit"))
    check(
        answer["rows"], paths(told, span, page, direction, steps, kept, clauses, ZoneInfo(timezone))
    )


async def check_series(
    site: TestSite, told: Site, span: Range, timezone: str, clauses: list[Any]
) -> None:
    """Every bucket."""
    for interval in ("hour", "day", "week", "month"):
        if interval != "hour" or span.upper - span.lower < 30 * DAY:
            params = {"interval": interval, "timezone": timezone}
            answer = await ask(site, "sessions/series", span, **params, **filtered(clauses))
            expected = sessions_series(told, span, interval, ZoneInfo(timezone), clauses)
            check(answer["rows"], expected)


async def check_every_visit(site: TestSite, told: Site, span: Range) -> None:
    """Every event of every visit."""
    rows = (await ask(site, "sessions", span, limit=ALL))["rows"]
    visits = {str(visit.events[0].id): visit for visit in told.visits_in(span)}
    for row in rows:
        answer = await site.ask(f"sessions/{row['visit_id']}")
        assert answer["visit"] == row
        visit = visits.pop(answer["events"][0]["id"])
        for one in answer["events"]:
            one["props"] = one["props"] or None
        check(answer["events"], session_events(visit))
    assert not visits


Links = list[tuple[int, str | None, str | None, int]]


async def links(site: TestSite, **how: Any) -> Links:
    """Step, page, next page (or -) and visits of each link."""
    rows = (await ask(site, "paths", TEN_DAYS, **how))["rows"]
    return [(r["step"], r["page"], "-" if r["ends"] else r["next_page"], r["visits"]) for r in rows]


def walk(*pages: str, who: str = "ann", start: datetime = NOON) -> list[Any]:
    """A page a minute."""
    return [event(start + n * MINUTE, page, who) for n, page in enumerate(pages)]


async def test_path_is_ordered_by_time(site: TestSite) -> None:
    await tell(site, [walk("/z", "/m", "/a")[::-1]])
    assert await links(site) == [(1, "/z", "/m", 1), (2, "/m", "/a", 1), (3, "/a", "-", 1)]


async def test_repeated_page_view_is_one_step_and_later_one_another(site: TestSite) -> None:
    await tell(site, [walk("/a", "/a", "/b", "/a")])
    assert await links(site) == [(1, "/a", "/b", 1), (2, "/b", "/a", 1), (3, "/a", "-", 1)]


async def test_other_events_do_not_separate_views_of_one_page(site: TestSite) -> None:
    click = event(NOON + MINUTE / 2, "/x", name="click")
    await tell(site, [[*walk("/a", "/a", "/b"), click]])
    assert await links(site) == [(1, "/a", "/b", 1), (2, "/b", "-", 1)]


async def test_paths_from_page_begin_with_its_first_view(site: TestSite) -> None:
    await tell(site, [walk("/x", "/a", "/b", "/a", "/c"), walk("/y", who="bob")])
    assert await links(site, page="/a", steps=3) == [(1, "/a", "/b", 1), (2, "/b", "/a", 1)]


async def test_paths_to_page_lead_back_from_its_last_view(site: TestSite) -> None:
    await tell(site, [walk("/x", "/a", "/b", "/a", "/c"), walk("/y", who="bob")])
    found = await links(site, page="/a", direction="to", steps=4)
    assert found == [(1, "/a", "/b", 1), (2, "/b", "/a", 1), (3, "/a", "/x", 1)]


async def test_last_step_has_no_links(site: TestSite) -> None:
    await tell(site, [walk("/a", "/b"), walk("/a", "/b", "/c", who="bob")])
    assert await links(site, steps=2) == [(1, "/a", "/b", 2)]


async def test_pages_beyond_limit_are_grouped(site: TestSite) -> None:
    told = [walk("/a", page, who=page) for page in ("/b", "/b2", "/c", "/d")]
    await tell(site, [*told, walk("/a", "/b", who="again"), walk("/a", who="gone")])
    assert await links(site, steps=3, limit=2) == [
        (1, "/a", "/b", 2),
        (1, "/a", None, 2),
        (1, "/a", "/b2", 1),
        (1, "/a", "-", 1),
        (2, "/b", "-", 2),
        (2, None, "-", 2),
        (2, "/b2", "-", 1),
    ]


async def test_path_continues_past_midnight_and_end_of_range(site: TestSite) -> None:
    midnight = datetime(2025, 3, 11, tzinfo=UTC)
    await tell(site, [walk("/a", "/b", "/c", start=midnight - MINUTE)])
    found = await site.ask("paths", **{"from": "2025-03-10", "to": "2025-03-10"})
    assert [row["page"] for row in found["rows"]] == ["/a", "/b", "/c"]
    after = await site.ask("paths", **{"from": "2025-03-11", "to": "2025-03-11"})
    assert after["rows"] == []


@pytest.mark.parametrize("name", ["click", "engagement"])
async def test_visit_without_page_view_has_no_path(site: TestSite, name: str) -> None:
    await tell(site, [[event(NOON, "/a", name=name)]])
    assert await links(site) == []


async def test_visit_lists_all_its_events(site: TestSite) -> None:
    told = [
        event(NOON, "/a", title="A", duration=3.5),
        event(NOON + MINUTE, "/a", name="engagement", duration=20),
        event(NOON + 2 * MINUTE, "/a", name="buy", revenue="9.99", currency="EUR", props={"n": 2}),
    ]
    await tell(site, [told[::-1]])
    (row,) = (await ask(site, "sessions", TEN_DAYS))["rows"]
    answer = await site.ask(f"sessions/{row['visit_id']}")
    columns = ("name", "title", "duration", "revenue", "currency", "seconds_to_next")
    assert [tuple(one[column] for column in columns) for one in answer["events"]] == [
        ("pageview", "A", 3.5, None, None, 60),
        ("engagement", "", 20, None, None, 60),
        ("buy", "", None, 9.99, "EUR", None),
    ]
    assert answer["events"][2]["props"] == {"n": 2}


async def test_visit_lists_other_visits_of_its_visitor_at_any_time(
    client: Any, admin: Any, database: Any, site: TestSite
) -> None:
    other = await fresh_site(client, admin, database)
    elsewhere = {"visitor_id": "ann", "page": "/elsewhere", "time": NOON.isoformat()}
    await other.send(elsewhere)
    await site.send(
        *(
            {"visitor_id": who, "page": page, "time": (NOON + late).isoformat()}
            for who, page, late in (
                ("ann", "/first", -2 * DAY),
                ("ann", "/first/next", -2 * DAY + MINUTE),
                ("ann", "/second", 0 * DAY),
                ("ann", "/third", DAY),
                ("ben", "/ben", 0 * DAY),
            )
        )
    )
    rows = {row["entry_page"]: row for row in (await ask(site, "sessions", TEN_DAYS))["rows"]}
    span = {"from": f"{NOON:%Y-%m-%d}", "to": f"{NOON:%Y-%m-%d}", "timezone": "UTC"}
    answer = await site.ask(f"sessions/{rows['/second']['visit_id']}", **span)
    assert answer["others"]["total"] == 2
    expected = [rows["/third"], rows["/first"]]
    for told, row in zip(answer["others"]["latest"], expected, strict=True):
        assert told == {name: row[name] for name in told}
        assert {"visit_id", "started", "exit_page", "pageviews"} <= told.keys()
    answer = await site.ask(f"sessions/{rows['/ben']['visit_id']}")
    assert answer["others"] == {"total": 0, "latest": []}


async def test_visit_of_other_site_is_not_found(
    client: Any, admin: Any, database: Any, site: TestSite
) -> None:
    other = await fresh_site(client, admin, database)
    await tell(other, [[event(NOON)]])
    (row,) = (await ask(other, "sessions", TEN_DAYS))["rows"]
    for visit in (row["visit_id"], "00000000-0000-0000-0000-000000000000"):
        answer = await client.get(f"/api/analytics/sessions/{visit}", params={"site": site.key})
        assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")


async def test_bucket_without_visits_has_no_averages(site: TestSite) -> None:
    await tell(site, [[event(NOON), event(NOON + MINUTE)]])
    span = Range(NOON, NOON + 2 * HOUR)
    full, empty = (await ask(site, "sessions/series", span, interval="hour"))["rows"]
    columns = ("visits", "visitors", "visit_duration_seconds", "median_duration_seconds")
    columns += ("views_per_visit",)
    assert [full[column] for column in columns] == [1, 1, 60, 60, 2]
    assert [empty[column] for column in columns] == [0, 0, None, None, None]
    assert (full["bounce_rate"], empty["bounce_rate"]) == (0, None)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ([3, 4, 5], [1, 2, 6, 7]),
        ([3, 4, 4, 5], [1, 6]),
        ([3, 4, 4, 5], [1, 2]),
        ([2, 3, 3, 4], [5, 6]),
        ([10, 11, 12], [1, 2, 3, 4]),
        ([1, 2], [5, 6, 7, 8]),
        ([], [1, 5]),
    ],
)
async def test_median_is_exact_when_visits_in_middle_of_range_are_unrepresentative(
    site: TestSite, inside: list[int], outside: list[int]
) -> None:
    starts = [(NOON + 16 * HOUR, inside), (NOON, outside)]
    told = [
        event(start + seconds * SECOND, visitor=f"{start}, {number}")
        for start, lengths in starts
        for number, length in enumerate(lengths)
        for seconds in (0, length)
    ]
    await tell(site, [told])
    totals = (await ask(site, "sessions", Range(NOON, NOON + 32 * HOUR)))["totals"]
    assert totals["median_duration_seconds"] == median([*inside, *outside])
