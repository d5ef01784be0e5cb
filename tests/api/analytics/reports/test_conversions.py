"""Goals, revenue and segments, whole answers against the oracle, and their classic traps."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import TestSite
from oracle.conversions import conversion_totals, conversions, goals, revenue, segments
from oracle.histories import DAY, FILTERS, GOALS, HOUR, MINUTE, History, histories, questions
from oracle.periods import Range
from oracle.site import Site
from oracle.steps import Goal
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

two_filters = st.tuples(st.sampled_from(FILTERS), st.sampled_from(FILTERS))


@examples(4)
@given(history=histories(), question=questions(), compared=two_filters)
async def test_conversions_are_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    compared: tuple[Any, Any],
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, goals=GOALS)
    told = await tell(site, history.batches, GOALS)
    if question["refreshing"]:
        await site.refresh()
    for span in spans(history, question):
        clauses = question["clauses"]
        await check_goals(site, told, span, clauses)
        await check_revenue(site, told, span, clauses)
        await check_series(site, told, span, clauses)
        await check_segments(site, told, span, compared, clauses)


async def check_goals(site: TestSite, told: Site, span: Range, clauses: list[Any]) -> None:
    """Every goal."""
    answer = await ask(site, "goals", span, limit=ALL, **filtered(clauses))
    check(answer["rows"], goals(told, span, clauses))


async def check_revenue(site: TestSite, told: Site, span: Range, clauses: list[Any]) -> None:
    """Every value and currency."""
    for attribution in ("last", "first"):
        for dimension in ("source",):
            params = {"dimension": dimension, "attribution": attribution, "limit": ALL}
            answer = await ask(site, "revenue", span, **params, **filtered(clauses))
            check(answer["rows"], revenue(told, span, dimension, attribution, clauses))


async def check_series(site: TestSite, told: Site, span: Range, clauses: list[Any]) -> None:
    """Every bucket, and the totals."""
    for interval, timezone in (("day", "UTC"), ("week", "Asia/Kolkata")):
        params = {"interval": interval, "timezone": timezone}
        answer = await ask(site, "conversions", span, **params, **filtered(clauses))
        zone = ZoneInfo(timezone)
        check(answer["rows"], conversions(told, span, interval, zone, clauses))
        check([answer["totals"]], [conversion_totals(told, span, zone, clauses)])


async def check_segments(
    site: TestSite, told: Site, span: Range, compared: tuple[Any, Any], clauses: list[Any]
) -> None:
    """Both segments."""
    a, b = compared
    params = {"a": filtered(a)["filters"], "b": filtered(b)["filters"], **filtered(clauses)}
    answer = await ask(site, "segments", span, **params)
    check(answer["rows"], segments(told, span, a, b, clauses))


async def reached(site: TestSite, span: Range = TEN_DAYS, **how: Any) -> dict[str, tuple[Any, ...]]:
    """Conversions, visitors, visits and rate of each goal."""
    rows = (await ask(site, "goals", span, **how))["rows"]
    columns = ("conversions", "visitors", "visits", "conversion_rate")
    return {row["name"]: tuple(row[column] for column in columns) for row in rows}


async def with_goals(client: Any, admin: Any, database: Any, *goals: Goal) -> TestSite:
    """A fresh site with goals."""
    return await fresh_site(client, admin, database, goals=goals)


async def test_goal_that_nobody_reached_is_row_of_zeros(
    client: Any, admin: Any, database: Any
) -> None:
    site = await with_goals(client, admin, database, Goal("Buy", event="buy"))
    assert await reached(site) == {"Buy": (0, 0, 0, None)}
    await tell(site, [[event(NOON)]])
    assert await reached(site) == {"Buy": (0, 0, 0, 0)}


async def test_goal_reached_twice_is_two_conversions_of_one_visitor(
    client: Any, admin: Any, database: Any
) -> None:
    site = await with_goals(client, admin, database, Goal("Buy", event="buy"))
    await tell(site, [[event(NOON + n * HOUR, name="buy") for n in (0, 0, 2)]])
    await tell(site, [[event(NOON, visitor="bob")]])
    assert await reached(site) == {"Buy": (3, 1, 2, 0.5)}


async def test_page_goal_is_reached_by_page_views_only(
    client: Any, admin: Any, database: Any
) -> None:
    site = await with_goals(
        client, admin, database, Goal("Thanks", page="/thanks"), Goal("Docs", page="/docs/*")
    )
    told = [event(NOON, "/thanks", name="buy"), event(NOON, "/thanks", name="engagement")]
    await tell(site, [told])
    assert (await reached(site))["Thanks"][0] == 0
    await tell(site, [[event(NOON, "/thanks"), event(NOON, "/docs/a"), event(NOON, "/docs/a/b")]])
    assert await reached(site) == {"Thanks": (1, 1, 1, 1), "Docs": (1, 1, 1, 1)}


async def test_goal_properties_are_compared_as_text(client: Any, admin: Any, database: Any) -> None:
    site = await with_goals(
        client, admin, database, Goal("Two", event="buy", props={"n": 2, "gift": True})
    )
    props = [{"n": 2, "gift": True}, {"n": "2", "gift": "true"}, {"n": 2}, {"n": 3, "gift": True}]
    await tell(site, [[event(NOON, name="buy", props=some) for some in props]])
    assert (await reached(site))["Two"][0] == 2


async def test_conversion_counts_in_its_own_range_and_visitor_in_range_of_visit(
    client: Any, admin: Any, database: Any
) -> None:
    site = await with_goals(client, admin, database, Goal("Buy", event="buy"))
    await tell(site, [[event(NOON - MINUTE), event(NOON + MINUTE, name="buy")]])
    assert await reached(site, Range(NOON - HOUR, NOON)) == {"Buy": (0, 0, 0, 0)}
    assert await reached(site, Range(NOON, NOON + HOUR)) == {"Buy": (1, 1, 1, None)}


async def orders(site: TestSite, **how: Any) -> list[tuple[Any, ...]]:
    """The rows of revenue by source."""
    rows = (await ask(site, "revenue", TEN_DAYS, dimension="source", **how))["rows"]
    columns = ("source", "currency", "revenue", "orders", "visitors", "average_order")
    return [tuple(row[column] for column in columns) for row in rows]


def paid(amount: str, currency: str = "EUR") -> dict[str, Any]:
    """An order."""
    return {"name": "buy", "revenue": amount, "currency": currency}


async def test_revenue_of_different_currencies_is_not_added_up(site: TestSite) -> None:
    told = [event(NOON, **paid("10.10")), event(NOON, **paid("5", "USD"))]
    await tell(site, [[*told, event(NOON, **paid("0.20"))]])
    assert await orders(site) == [
        ("", "EUR", pytest.approx(10.3), 2, 1, pytest.approx(5.15)),
        ("", "USD", 5, 1, 1, 5),
    ]


async def test_order_is_credited_to_its_visit_or_to_first_visit(site: TestSite) -> None:
    first = event(NOON - 20 * DAY, source="alpha")
    await tell(site, [[event(NOON, source="beta", **paid("8"))], [first]])
    assert await orders(site, attribution="last") == [("beta", "EUR", 8, 1, 1, 8)]
    assert await orders(site, attribution="first") == [("alpha", "EUR", 8, 1, 1, 8)]


async def test_source_that_appears_during_visit_gets_no_revenue(site: TestSite) -> None:
    later = event(NOON + MINUTE, source="beta", **paid("8"))
    await tell(site, [[later, event(NOON, source="alpha")]])
    assert [row[0] for row in await orders(site)] == ["alpha"]


async def test_refund_is_negative_order_and_gift_is_order_of_zero(site: TestSite) -> None:
    told = [event(NOON, **paid(amount)) for amount in ("10", "-4", "0")]
    await tell(site, [[*told, event(NOON)]])
    assert await orders(site) == [("", "EUR", 6, 3, 1, 2)]


async def compared(site: TestSite, a: Any, b: Any) -> dict[str, Any]:
    """The rows of two segments by name."""
    params = {"a": filtered([a])["filters"], "b": filtered([b])["filters"]}
    rows = (await ask(site, "segments", TEN_DAYS, **params))["rows"]
    return {row["segment"]: row for row in rows}


async def test_visitor_in_both_segments_is_shared(site: TestSite) -> None:
    told = [event(NOON, source="alpha"), event(NOON + HOUR, source="beta")]
    await tell(site, [[*told, event(NOON, visitor="bob", source="beta")]])
    rows = await compared(site, ["is", "source", ["alpha"]], ["is", "source", ["beta"]])
    assert [rows["a"]["visitors"], rows["b"]["visitors"]] == [1, 2]
    assert {row["shared_visitors"] for row in rows.values()} == {1}
    assert [rows["a"]["new_visitors"], rows["a"]["returning_visitors"]] == [1, 0]
    assert [rows["b"]["new_visitors"], rows["b"]["returning_visitors"]] == [1, 1]


async def test_segment_by_page_counts_views_of_that_page(site: TestSite) -> None:
    await tell(site, [[event(NOON, "/a"), event(NOON + MINUTE, "/b"), event(NOON + HOUR, "/b")]])
    rows = await compared(site, ["is", "page", ["/a"]], ["is", "entry_page", ["/a"]])
    assert [rows[name]["pageviews"] for name in "ab"] == [1, 2]
    assert [rows[name]["views_per_visit"] for name in "ab"] == [2, 2]


COLUMNS = ("conversions", "converted_visitors", "conversion_rate", "orders", "revenue", "currency")


async def days(site: TestSite, span: Range) -> list[tuple[Any, ...]]:
    """The rows of conversions by day."""
    rows = (await ask(site, "conversions", span, interval="day"))["rows"]
    return [tuple(row[column] for column in COLUMNS) for row in rows]


async def test_day_without_visitors_has_no_conversion_rate(
    client: Any, admin: Any, database: Any
) -> None:
    site = await with_goals(client, admin, database, Goal("Buy", event="buy"))
    await tell(site, [[event(NOON), event(NOON, visitor="bob", **paid("5"))]])
    span = Range(NOON - DAY, NOON + HOUR)
    assert await days(site, span) == [(0, 0, None, 0, 0, None), (1, 1, 0.5, 1, 5, "EUR")]


async def test_event_that_reaches_two_goals_is_one_conversion(
    client: Any, admin: Any, database: Any
) -> None:
    goals = (Goal("Buy", event="buy"), Goal("Here", event="buy", page="/a"), Goal("A", page="/a"))
    site = await with_goals(client, admin, database, *goals)
    await tell(site, [[event(NOON, "/a", name="buy"), event(NOON + MINUTE, "/a")]])
    totals = (await ask(site, "conversions", TEN_DAYS, interval="day"))["totals"]
    assert (totals["goals"], totals["conversions"], totals["converted_visitors"]) == (3, 2, 1)


async def test_revenue_over_time_of_mixed_currencies_is_unknown(site: TestSite) -> None:
    await tell(site, [[event(NOON - DAY, **paid("4")), event(NOON, **paid("5", "USD"))]])
    answer = await ask(site, "conversions", TEN_DAYS, interval="day")
    assert [answer["totals"][name] for name in ("orders", "revenue", "currency")] == [2, None, None]
    assert [row["revenue"] for row in answer["rows"] if row["orders"]] == [4, 5]


async def test_site_without_goals_has_orders_only(site: TestSite) -> None:
    await tell(site, [[event(NOON, **paid("4.5"))]])
    totals = (await ask(site, "conversions", TEN_DAYS, interval="day"))["totals"]
    assert totals == {
        "goals": 0,
        "conversions": 0,
        "converted_visitors": 0,
        "conversion_rate": 0,
        "orders": 1,
        "revenue": 4.5,
        "currency": "EUR",
    }
