"""Lifecycle and stickiness, whole answers against the oracle, and their classic traps."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given

from api.sites.models import utc_now
from conftest import TestSite
from oracle.histories import DAY, GOALS, HOUR, MINUTE, History, histories, questions
from oracle.lifecycle import lifecycle, stickiness
from oracle.periods import Range
from oracle.site import Site
from oracle.telling import (
    NOON,
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

MONDAY = datetime(2025, 3, 10, tzinfo=UTC)
WEEK = Range(MONDAY, MONDAY + 7 * DAY)


@examples(4)
@given(history=histories(), question=questions())
async def test_lifecycle_and_stickiness_are_what_oracle_counts(
    client: Any, admin: Any, database: Any, history: History, question: dict[str, Any]
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    if question["crowded"]:
        await make_crowded(site)
    told = await tell(site, history.batches, GOALS, refreshing=question["refreshing"])
    async for _ in before_and_after_refresh(site):
        for span in spans(history, question):
            await check_lifecycle(site, told, span, history.zone, question)
            await check_stickiness(site, told, span, history.zone, question["clauses"])


async def check_lifecycle(
    site: TestSite, told: Site, span: Range, timezone: str, question: dict[str, Any]
) -> None:
    """Every period."""
    interval, clauses = question["interval"], question["clauses"]
    params = {"interval": interval, "timezone": timezone, **filtered(clauses)}
    answer = await ask(site, "lifecycle", span, **params)
    check(answer["rows"], lifecycle(told, span, timezone, utc_now(), interval, clauses))


async def check_stickiness(
    site: TestSite, told: Site, span: Range, timezone: str, clauses: list[Any]
) -> None:
    """Every day."""
    params = {"timezone": timezone, **filtered(clauses)}
    answer = await ask(site, "stickiness", span, **params)
    check(answer["rows"], stickiness(told, span, timezone, clauses))


async def numbers(site: TestSite, span: Range, *columns: str, **how: Any) -> list[tuple[Any, ...]]:
    """Some columns of the lifecycle."""
    answer = await ask(site, "lifecycle", span, timezone="UTC", **how)
    return [tuple(row[column] for column in columns) for row in answer["rows"]]


KINDS = ("new", "returning", "resurrected", "dormant")


async def test_visitor_is_new_then_returning_then_dormant_then_resurrected(site: TestSite) -> None:
    days = [MONDAY + n * DAY + HOUR for n in (0, 1, 3)]
    await tell(site, [[event(day) for day in days]])
    assert await numbers(site, Range(MONDAY, MONDAY + 5 * DAY), *KINDS) == [
        (1, 0, 0, 0),
        (0, 1, 0, 0),
        (0, 0, 0, 1),
        (0, 0, 1, 0),
        (0, 0, 0, 1),
    ]


async def test_visits_before_range_decide_who_is_new_in_it(site: TestSite) -> None:
    await tell(site, [[event(MONDAY - HOUR, visitor=who) for who in ("ann", "bob")]])
    await tell(site, [[event(MONDAY + HOUR)]])
    assert await numbers(site, Range(MONDAY, MONDAY + DAY), *KINDS) == [(0, 1, 0, 1)]


async def test_several_visits_of_one_day_are_one_active_visitor(site: TestSite) -> None:
    await tell(site, [[event(MONDAY + n * HOUR) for n in range(6)]])
    assert await numbers(site, Range(MONDAY, MONDAY + DAY), *KINDS) == [(1, 0, 0, 0)]


async def test_visit_across_midnight_is_active_on_first_day_only(
    site: TestSite,
) -> None:
    await tell(site, [[event(MONDAY + DAY - MINUTE), event(MONDAY + DAY + MINUTE)]])
    span = Range(MONDAY, MONDAY + 2 * DAY)
    assert await numbers(site, span, *KINDS) == [(1, 0, 0, 0), (0, 0, 0, 1)]


async def test_dormant_is_unknown_for_day_cut_by_range(site: TestSite) -> None:
    await tell(site, [[event(MONDAY + HOUR)]])
    span = Range(MONDAY, MONDAY + DAY + HOUR)
    assert await numbers(site, span, "dormant") == [(0,), (None,)]


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_dormant_is_unknown_for_running_period(site: TestSite, interval: str) -> None:
    now = utc_now()
    await tell(site, [[event(now - 32 * DAY)]])
    rows = await numbers(site, Range(now - DAY, now + 2 * DAY), "dormant", interval=interval)
    assert rows[-1] == (None,)


@pytest.mark.parametrize(
    ("timezone", "day", "hours"),
    [("Europe/Berlin", "2025-03-30", 23), ("Europe/Berlin", "2025-10-26", 25)],
)
async def test_lifecycle_days_have_23_and_25_hours_at_clock_changes(
    site: TestSite, timezone: str, day: str, hours: int
) -> None:
    start = {23: datetime(2025, 3, 29, 23, tzinfo=UTC), 25: datetime(2025, 10, 25, 22, tzinfo=UTC)}
    last = start[hours] + hours * HOUR - MINUTE
    await tell(site, [[event(last, visitor="ann"), event(last + MINUTE, visitor="bob")]])
    answer = await site.ask("lifecycle", **{"from": day, "to": day}, timezone=timezone)
    (row,) = answer["rows"]
    assert datetime.fromisoformat(row["time"]) == start[hours]
    assert row["new"] == 1


async def test_stickiness_week_counts_distinct_visitors(site: TestSite) -> None:
    await tell(site, [[event(MONDAY + n * DAY + HOUR) for n in range(7)]])
    await tell(site, [[event(MONDAY + 3 * DAY, visitor="bob")]])
    rows = (await ask(site, "stickiness", WEEK, timezone="UTC"))["rows"]
    assert [(row["dau"], row["wau"], row["mau"]) for row in rows] == [
        *[(1, 1, 1)] * 3,
        (2, 2, 2),
        *[(1, 2, 2)] * 3,
    ]
    assert [row["dau_wau"] for row in rows] == [1, 1, 1, 1, 0.5, 0.5, 0.5]


async def test_stickiness_windows_are_7_and_30_days(site: TestSite) -> None:
    await tell(site, [[event(MONDAY + HOUR)]])
    span = Range(MONDAY, MONDAY + 32 * DAY)
    rows = (await ask(site, "stickiness", span, timezone="UTC"))["rows"]
    assert [row["dau"] for row in rows] == [1] + [0] * 31
    assert [row["wau"] for row in rows] == [1] * 7 + [0] * 25
    assert [row["mau"] for row in rows] == [1] * 30 + [0] * 2
    assert [row["dau_wau"] for row in rows] == [1] + [0] * 6 + [None] * 25


async def test_stickiness_counts_visits_before_range_and_none_after_it(site: TestSite) -> None:
    await tell(site, [[event(MONDAY - 2 * DAY, visitor="ann"), event(NOON, visitor="bob")]])
    rows = (await ask(site, "stickiness", Range(MONDAY, NOON), timezone="UTC"))["rows"]
    assert [(row["dau"], row["wau"]) for row in rows] == [(0, 1), (0, 1)]
