"""Funnels of every mode, broken down, and who is in them, against the oracle."""

from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.db.database import Database
from conftest import TestSite
from oracle.funnels import (
    Asked,
    broken_down,
    funnel,
    people,
    quantiles,
    seconds_between,
    waits_in_order,
    walkers,
)
from oracle.histories import (
    DAY,
    FILTERS,
    GOALS,
    HOUR,
    MINUTE,
    SECOND,
    History,
    histories,
    questions,
    steps,
)
from oracle.periods import Range
from oracle.site import Site
from oracle.steps import goal_of
from oracle.telling import (
    ALL,
    NOON,
    TEN_DAYS,
    ask,
    bounds,
    check,
    counts,
    event,
    examples,
    filtered,
    fresh_site,
    spans,
    tell,
)
from permissions import account

MODES = ("ordered", "strict", "any")


@examples(4)
@given(
    history=histories(),
    question=questions(),
    wanted=steps,
    mode=st.sampled_from(MODES),
    clauses=st.just([]) | st.sampled_from(FILTERS),
)
async def test_funnels_are_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    wanted: list[str],
    mode: str,
    clauses: list[Any],
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    told = await tell(site, history.batches, GOALS)
    for unit in ("visitor", "visit"):
        zone = ZoneInfo(history.zone)
        asked = Asked(wanted, question["window"], unit, mode, clauses, zone)
        for span in spans(history, question):
            await check_steps(site, told, span, asked)
            await check_breakdown(site, told, span, asked)
            await check_people(site, told, span, asked)


CROWD_STEPS = ["/a", "/b", "/c", "/a", "/b", "/*", "/**", "click"]

crowds = st.lists(
    st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from(["/a", "/b", "/c", "/d/e", "click"])),
        min_size=1,
        max_size=14,
    ),
    min_size=12,
    max_size=20,
)
"""What each of some visitors does at which minute: often the same, and often at once."""


@examples(8)
@given(
    crowd=crowds,
    wanted=st.lists(st.sampled_from(CROWD_STEPS), min_size=2, max_size=5),
    minutes=st.integers(1, 25),
)
async def test_funnels_of_crowds_are_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    crowd: list[list[tuple[int, str]]],
    wanted: list[str],
    minutes: int,
) -> None:
    site = await fresh_site(client, admin, database)
    told = await tell(
        site, [[one for number, walk in enumerate(crowd) for one in did(number, walk)]]
    )
    for mode, unit in product(MODES, ("visitor", "visit")):
        asked = Asked(wanted, minutes / 60, unit, mode)
        rows = (await ask(site, "funnel", TEN_DAYS, **params_of(asked)))["rows"]
        check(rows, funnel(told, TEN_DAYS, asked))
        if mode == "ordered":
            check_waits(rows, told, asked)


def did(number: int, walk: list[tuple[int, str]]) -> list[Any]:
    """The events of a visitor of the crowd."""
    return [
        event(NOON + minute * MINUTE, "/x", f"v{number}", name="click")
        if what == "click"
        else event(NOON + minute * MINUTE, what, f"v{number}")
        for minute, what in walk
    ]


def check_waits(rows: list[dict[str, Any]], told: Site, asked: Asked) -> None:
    """Median and 90th percentile of what each step took, in an ordered funnel."""
    goals = [goal_of(step, {}) for step in asked.steps]
    for row in rows[1:]:
        some = walkers(told, TEN_DAYS, asked)
        waits = [
            wait
            for one in some
            for wait in waits_in_order(one.events, goals, asked.window, row["step"])
        ]
        times = row["median_seconds"], row["p90_seconds"]
        assert times == (pytest.approx(quantiles(waits)) if waits else (None, None))


def params_of(asked: Asked) -> dict[str, Any]:
    """The question as parameters."""
    return {
        "steps": list(asked.steps),
        "window": asked.hours,
        "unit": asked.unit,
        "mode": asked.mode,
        "timezone": asked.zone.key,
        **filtered(asked.clauses),
    }


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows but for the labels, which for a step in JSON are nobody's business."""
    return [{key: row[key] for key in row if key != "label"} for row in rows]


async def check_steps(site: TestSite, told: Site, span: Range, asked: Asked) -> None:
    """Every step; in strict order, the times between them too."""
    rows = (await ask(site, "funnel", span, **params_of(asked)))["rows"]
    check(rows, plain(funnel(told, span, asked)))
    for row in rows:
        times = row["median_seconds"], row["p90_seconds"]
        if row["step"] == 1 or row["count"] == 0:
            assert times == (None, None)
        elif asked.mode == "strict":
            assert times == pytest.approx(seconds_between(walkers(told, span, asked), row["step"]))
        else:
            assert all(0 <= seconds <= asked.hours * 3600 for seconds in times)


async def check_breakdown(site: TestSite, told: Site, span: Range, asked: Asked) -> None:
    """Every value, and the most frequent one alone."""
    for dimension, kept in (("source", ALL), ("entry_page", 1), ("visitor_type", ALL)):
        params = {"dimension": dimension, "limit": kept, **params_of(asked)}
        answer = await ask(site, "funnel", span, **params)
        check(answer["rows"], plain(broken_down(told, span, asked, dimension, kept)))


async def check_people(site: TestSite, told: Site, span: Range, asked: Asked) -> None:
    """Everybody who got to a step or left there; those who did at once are in any order."""
    for step in range(1, len(asked.steps) + 1):
        for outcome in ("dropped", "reached"):
            params = {"step": step, "outcome": outcome, "limit": ALL, **params_of(asked)}
            rows = (await ask(site, "funnel/visitors", span, **params))["rows"]
            expected = people(told, span, asked, step, outcome)
            check([row["reached_at"] for row in rows], [row["reached_at"] for row in expected])
            check(sorted(rows, key=of_person), sorted(expected, key=of_person))
            units = {row["visit_id" if asked.unit == "visit" else "visitor_id"] for row in rows}
            assert len(units) == len(rows)


def of_person(row: dict[str, Any]) -> tuple[Any, ...]:
    """Tells one row from another."""
    moment = row["last_seen"]
    seen = moment if isinstance(moment, str) else moment.isoformat().replace("+00:00", "Z")
    return str(row["user_id"]), row["reached"], seen.replace(".000000", ""), row["last_page"]


# ----------------------------------------------------------------------------- named traps


def walk(*pages: str, who: str = "ann", pace: Any = MINUTE) -> list[Any]:
    """One page after the other."""
    return [event(NOON + n * pace, page, who) for n, page in enumerate(pages)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("ordered", [3, 2, 2]), ("strict", [3, 1, 1]), ("any", [4, 3, 3])],
)
async def test_funnel_modes_differ_in_events_allowed_between_steps(
    site: TestSite, mode: str, expected: list[int]
) -> None:
    straight, detour = walk("/a", "/b", "/c"), walk("/a", "/x", "/b", "/y", "/c", who="bob")
    backwards, elsewhere = walk("/c", "/b", "/a", who="eve"), walk("/x", "/c", who="eva")
    await tell(site, [straight, detour, backwards, elsewhere])
    assert await counts(site, steps=["/a", "/b", "/c"], mode=mode) == expected


async def test_strict_funnel_starts_again_after_detour(site: TestSite) -> None:
    await tell(site, [walk("/a", "/b", "/x", "/a", "/b", "/c")])
    assert await counts(site, steps=["/a", "/b", "/c"], mode="strict") == [1, 1, 1]


async def test_strict_funnel_ignores_engagement_only(
    site: TestSite,
) -> None:
    for who, name in (("ann", "engagement"), ("bob", "click")):
        first, last = walk("/a", "/b", who=who)
        await tell(site, [[first, event(NOON + SECOND, "/a", who, name=name), last]])
    assert await counts(site, steps=["/a", "/b"], mode="strict") == [2, 1]


async def test_strict_visitor_funnel_continues_in_next_visit(site: TestSite) -> None:
    await tell(site, [walk("/a", "/b", pace=2 * HOUR)])
    assert await counts(site, steps=["/a", "/b"], mode="strict") == [1, 1]
    assert await counts(site, steps=["/a", "/b"], mode="strict", unit="visit") == [1, 0]


async def test_filtered_out_event_does_not_interrupt_strict_funnel(
    site: TestSite,
) -> None:
    between = event(NOON + HOUR, "/x", source="beta")
    await tell(site, [[*walk("/a", "/b", pace=2 * HOUR), between]])
    asked = {"steps": ["/a", "/b"], "mode": "strict"}
    assert await counts(site, **asked) == [1, 0]
    assert await counts(site, **asked, **filtered([["is_not", "source", ["beta"]]])) == [1, 1]


async def test_simultaneous_events_of_strict_funnel_are_ordered_by_id(site: TestSite) -> None:
    told = [event(NOON, page) for page in ("/a", "/b", "/c")]
    await tell(site, [told[::-1]])
    assert await counts(site, steps=["/a", "/b", "/c"], mode="strict") == [1, 1, 1]
    assert await counts(site, steps=["/a", "/c"], mode="strict") == [1, 0]


async def test_one_event_may_be_several_steps_in_any_order_mode(site: TestSite) -> None:
    await tell(site, [walk("/a/b")])
    assert await counts(site, steps=["/a/*", "/**", "/c"], mode="any") == [1, 1, 0]


@pytest.mark.parametrize(("late", "both"), [(0 * SECOND, 1), (SECOND, 0)])
async def test_window_in_any_order_mode_spans_first_to_last_event(
    site: TestSite, late: Any, both: int
) -> None:
    await tell(site, [[event(NOON, "/b"), event(NOON + HOUR + late, "/a")]])
    assert await counts(site, steps=["/a", "/b"], mode="any", window=1) == [1, both]


async def test_step_that_left_window_may_be_repeated_in_any_order_mode(site: TestSite) -> None:
    told = [(0, "/a"), (50, "/b"), (70, "/c"), (100, "/a")]
    await tell(site, [[event(NOON + minutes * MINUTE, page) for minutes, page in told]])
    assert await counts(site, steps=["/a", "/b", "/c"], mode="any", window=1) == [1, 1, 1]


@pytest.mark.parametrize(
    ("mode", "pages", "steps", "expected"),
    [
        ("ordered", ["/a", "/b", "/b", "/c"], ["/a", "/b", "/c"], [None, 60, 120]),
        ("ordered", ["/a", "/a", "/b", "/a", "/c"], ["/a", "/b", "/c"], [None, 60, 120]),
        ("any", ["/a", "/x", "/c"], ["/a", "/*", "/c"], [None, 0, 60]),
    ],
)
async def test_step_seconds_are_those_of_first_attempt_to_reach_step(
    site: TestSite, mode: str, pages: list[str], steps: list[str], expected: list[float | None]
) -> None:
    await tell(site, [walk(*pages)])
    rows = (await ask(site, "funnel", TEN_DAYS, steps=steps, mode=mode))["rows"]
    assert [row["median_seconds"] for row in rows] == expected


@pytest.mark.parametrize(
    ("page", "pattern"),
    [("/50%_off/x", "/50%_off/*"), ("/a\\b/x", "/a\\*/x"), ("/a\\/b", "/a\\**"), ("/*", "/*")],
)
async def test_pattern_with_special_characters_fits_its_pages(
    site: TestSite, page: str, pattern: str
) -> None:
    await tell(site, [walk("/start", page), walk("/start", "/other/page", who="bob")])
    assert await counts(site, steps=["/start", pattern]) == [2, 1]


@pytest.mark.parametrize("length", [1, 2, 3, 10])
async def test_ordered_funnel_of_every_length_reaches_its_last_step(
    site: TestSite, length: int
) -> None:
    steps = [f"/{number}" for number in range(length)]
    await tell(site, [walk(*steps, steps[0]), walk(*steps[::-1], who="bob")])
    assert await counts(site, steps=steps) == [2, *[1] * (length - 1)]


async def test_funnel_breakdown_uses_visit_that_entered_funnel(
    site: TestSite,
) -> None:
    entered = event(NOON, "/a", source="alpha")
    finished = event(NOON + DAY, "/b", source="beta")
    other = event(NOON, "/a", "bob", source="beta")
    await tell(site, [[finished, entered, other]])
    rows = (await ask(site, "funnel", TEN_DAYS, steps=["/a", "/b"], dimension="source"))["rows"]
    found = [(row["source"], row["step"], row["count"]) for row in rows]
    assert found == [("alpha", 1, 1), ("alpha", 2, 1), ("beta", 1, 1), ("beta", 2, 0)]


async def test_funnel_breakdown_is_limited_to_largest_values(site: TestSite) -> None:
    sources = {"ann": "beta", "bob": "beta", "eve": "alpha", "eva": "gamma"}
    await tell(site, [[event(NOON, "/a", who, source=s) for who, s in sources.items()]])
    asked = {"steps": ["/a", "/b"], "dimension": "source", "limit": 2}
    rows = (await ask(site, "funnel", TEN_DAYS, **asked))["rows"]
    assert [row["source"] for row in rows] == ["beta", "beta", "alpha", "alpha"]


async def test_funnel_visitors_are_listed_by_step_and_outcome(site: TestSite) -> None:
    told = [walk("/a", "/b", "/x", who="user 1"), walk("/a", who="user 2"), walk("/b")]
    await tell(site, told)
    asked = {"steps": ["/a", "/b"]}
    columns = ("user_id", "reached", "last_page")

    async def found(**how: Any) -> list[tuple[Any, ...]]:
        rows = (await ask(site, "funnel/visitors", TEN_DAYS, **asked, **how))["rows"]
        return [tuple(row[column] for column in columns) for row in rows]

    assert await found(step=1) == [("user 2", 1, "/a")]
    assert await found(step=1, outcome="reached") == [("user 1", 2, "/x"), ("user 2", 1, "/a")]
    assert await found(step=2, outcome="dropped") == [("user 1", 2, "/x")]


async def test_ids_of_users_are_hidden_from_callers_who_are_no_members(
    site: TestSite, database: Database
) -> None:
    await tell(site, [walk("/a", who="user 1")])
    _, stranger = await account(database)
    params = {"site": site.key, "steps": "/a", **bounds(TEN_DAYS)}
    path = "/api/analytics/funnel/visitors"
    rows = [
        (await site.client.get(path, params=params, headers=headers)).json()["rows"]
        for headers in (site.admin, {}, stranger, site.admin)
    ]
    assert [row["user_id"] for (row,) in rows] == ["user 1", None, None, "user 1"]
    batch = {"queries": [{"report": "funnel/visitors", **params, "steps": ["/a"]}]}
    answer = (await site.client.post("/api/analytics/batch", json=batch)).json()
    assert answer["body"]["rows"] == rows[1]
    text = await site.client.get(path, params=params | {"format": "csv"})
    assert text.status_code == 200
    assert "user 1" not in text.text


async def test_filtered_funnel_visitor_shows_last_page_of_all_visits(
    site: TestSite,
) -> None:
    later = event(NOON + DAY, "/later", source="beta")
    last = event(NOON + DAY + MINUTE, "/later", name="engagement")
    await tell(site, [[event(NOON, "/a", source="alpha"), later, last]])
    alpha = filtered([["is", "source", ["alpha"]]])
    params = {"steps": ["/a", "/b"], "step": 1, **alpha}
    (row,) = (await ask(site, "funnel/visitors", TEN_DAYS, **params))["rows"]
    assert (row["last_page"], row["reached_at"]) == ("/later", "2025-03-11T12:00:00.000000Z")


@pytest.mark.parametrize("step", [0, 3])
async def test_funnel_visitors_of_missing_step_are_refused(site: TestSite, step: int) -> None:
    params = {"site": site.key, "steps": ["/a", "/b"], "step": step}
    answer = await site.client.get("/api/analytics/funnel/visitors", params=params)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
