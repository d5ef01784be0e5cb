"""Retention from a first event to another, filtered, against the oracle, and its classic traps."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.sites.models import utc_now
from conftest import TestSite
from oracle.histories import (
    DAY,
    FILTERS,
    GOALS,
    HOUR,
    JSON_STEPS,
    MINUTE,
    STEPS,
    History,
    histories,
    questions,
)
from oracle.lifecycle import retention
from oracle.periods import Range
from oracle.site import Site
from oracle.telling import (
    NOON,
    TEN_DAYS,
    ask,
    before_and_after_refresh,
    check,
    event,
    examples,
    filtered,
    fresh_site,
    make_crowded,
    spans,
    tell,
)
from oracle.visits import Event

ends = st.none() | st.sampled_from(STEPS + JSON_STEPS)


@examples(3)
@given(
    history=histories(),
    question=questions(),
    start=ends,
    end=ends,
    clauses=st.just([]) | st.sampled_from(FILTERS),
)
async def test_retention_is_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    start: str | None,
    end: str | None,
    clauses: list[Any],
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    if question["crowded"]:
        await make_crowded(site)
    told = await tell(site, history.batches, GOALS, refreshing=question["refreshing"])
    how = {key: question[key] for key in ("interval", "rolling", "week_start")}
    steps = {"start": start, "return": end}
    said = {key: value for key, value in steps.items() if value is not None}
    async for _ in before_and_after_refresh(site):
        for span in spans(history, question):
            params = {"timezone": history.zone, **how, **said}
            answer = await ask(site, "retention", span, **params, **filtered(clauses))
            expected = retention(
                told, span, history.zone, utc_now(), **how, start=start, end=end, clauses=clauses
            )
            check(answer["rows"], expected)


async def cells(
    site: TestSite, span: Range = TEN_DAYS, **how: Any
) -> list[tuple[str, int, list[int]]]:
    """Cohort, size and cells by the day."""
    params = {"interval": "day", "periods": 4, "timezone": "UTC", **how}
    rows = (await ask(site, "retention", span, **params))["rows"]
    return [(row["cohort"], row["size"], row["retained"]) for row in rows]


async def test_cohort_with_start_begins_with_first_matching_event(
    site: TestSite,
) -> None:
    told = [event(NOON - DAY), event(NOON, name="signup"), event(NOON + DAY, name="signup")]
    await tell(site, [told[::-1]])
    assert await cells(site) == [("2025-03-10", 1, [1, 1, 1, 0])]
    assert await cells(site, start="signup") == [("2025-03-11", 1, [1, 1, 0, 0])]


async def test_first_matching_event_before_range_excludes_visitor(site: TestSite) -> None:
    await tell(site, [[event(NOON - 20 * DAY, name="signup"), event(NOON, name="signup")]])
    assert await cells(site, start="signup") == []


async def test_first_event_of_cohort_is_no_return(site: TestSite) -> None:
    await tell(site, [[event(NOON, "/a")]])
    assert await cells(site, start="/a", **{"return": "/a"}) == [("2025-03-11", 1, [0, 0, 0, 0])]
    await tell(site, [[event(NOON, "/a")]])
    assert await cells(site, start="/a", **{"return": "/a"}) == [("2025-03-11", 1, [1, 0, 0, 0])]


async def test_first_event_may_be_return_without_start(site: TestSite) -> None:
    await tell(
        site, [[event(NOON, "/a")], [event(NOON, "/b", "bob"), event(NOON + DAY, "/a", "bob")]]
    )
    assert await cells(site, **{"return": "/a"}) == [("2025-03-11", 2, [1, 1, 0, 0])]


async def test_first_event_with_lowest_id_counts_as_return(site: TestSite) -> None:
    await tell(site, [[Event(UUID(int=0), NOON, "ann", page="/a")]])
    assert await cells(site, **{"return": "/a"}) == [("2025-03-11", 1, [1, 0, 0, 0])]


async def test_return_before_start_does_not_count(site: TestSite) -> None:
    await tell(site, [[event(NOON - HOUR, name="buy"), event(NOON, name="signup")]])
    await tell(site, [[event(NOON + 2 * DAY, name="buy")]])
    found = await cells(site, start="signup", **{"return": "buy"})
    assert found == [("2025-03-11", 1, [0, 0, 1, 0])]


async def test_return_after_midnight_of_visit_counts_on_its_own_day(
    site: TestSite,
) -> None:
    midnight = NOON + 12 * HOUR
    await tell(site, [[event(midnight - MINUTE), event(midnight + MINUTE, name="buy")]])
    assert await cells(site) == [("2025-03-11", 1, [1, 0, 0, 0])]
    assert await cells(site, **{"return": "buy"}) == [("2025-03-11", 1, [0, 1, 0, 0])]


async def test_filters_apply_to_cohort_and_not_to_returns(site: TestSite) -> None:
    told = [event(NOON, source="alpha"), event(NOON + DAY, source="beta")]
    await tell(site, [[*told, event(NOON, visitor="bob", source="beta")]])
    alpha, beta = (filtered([["is", "source", [name]]]) for name in ("alpha", "beta"))
    assert await cells(site, **alpha) == [("2025-03-11", 1, [1, 1, 0, 0])]
    assert await cells(site, **beta) == [("2025-03-11", 1, [1, 0, 0, 0])]


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_returns_in_running_period_are_unknown(site: TestSite, interval: str) -> None:
    now = utc_now()
    told = await tell(site, [[event(now - 40 * DAY), event(now - MINUTE, name="buy")]])
    span = Range(now - 50 * DAY, now)
    how = {"interval": interval, "periods": 60}
    params = {"timezone": "UTC", **how, "return": "buy"}
    (cohort,) = (await ask(site, "retention", span, **params))["rows"]
    over = {"day": 40, "week": 5, "month": 1}[interval]
    assert set(cohort["retained"][:over]) == {0}
    assert set(cohort["retained"][over + 2 :]) == {None}
    check([cohort], retention(told, span, "UTC", now, **how, end="buy"))
