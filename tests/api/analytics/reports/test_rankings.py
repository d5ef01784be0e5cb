"""The first few rows by any column, from rollups that were refreshed or not, against the oracle."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conftest import TestSite
from oracle import reports
from oracle.histories import DAY, HOUR, History, histories, questions
from oracle.periods import Range
from oracle.telling import (
    NOON,
    TEN_DAYS,
    ask,
    before_and_after_refresh,
    event,
    examples,
    fresh_site,
    make_crowded,
    same,
    spans,
    tell,
)
from oracle.visits import Visit

Row = dict[str, Any]

BREAKDOWNS: list[tuple[str, str, Callable[[Visit], str]]] = [
    ("traffic-sources", "source", lambda visit: visit.source),
    ("devices", "screen", lambda visit: visit.screen),
    ("entries", "entry_page", lambda visit: visit.entry),
    ("exits", "exit_page", lambda visit: visit.exit),
]

rankings = st.fixed_dictionaries(
    {
        "column": st.sampled_from(["visitors", "visits", "bounce_rate"]),
        "way": st.sampled_from(["desc", "asc"]),
        "limit": st.integers(1, 3),
        "offset": st.integers(0, 2),
    }
)


@examples(3)
@given(history=histories(), question=questions(), ranking=rankings)
async def test_first_rows_by_any_column_are_those_of_oracle(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    ranking: dict[str, Any],
) -> None:
    site = await fresh_site(client, admin, database, history.zone)
    if question["crowded"]:
        await make_crowded(site)
    told = await tell(site, history.batches, refreshing=question["refreshing"])
    async for _ in before_and_after_refresh(site):
        for span in spans(history, question):
            for report, dimension, value_of in BREAKDOWNS:
                expected = reports.breakdown(told, span, dimension, value_of)
                params = {"dimension": dimension}
                await check_ranking(site, span, report, dimension, ranking, expected, params)
            expected = reports.pages(told, span)
            await check_ranking(site, span, "pages", "page", ranking, expected, {})


async def check_ranking(
    site: TestSite,
    span: Range,
    report: str,
    name: str,
    ranking: dict[str, Any],
    expected: list[Row],
    params: dict[str, str],
) -> None:
    """The rows are whole, and the first; in which order equals come is nobody's business."""
    column, limit, offset = (ranking[key] for key in ("column", "limit", "offset"))
    order = {"order": f"{column}:{ranking['way']}", "limit": limit, "offset": offset}
    rows = (await ask(site, report, span, **params, **order))["rows"]
    numbers = sorted_by([row[column] for row in expected], ranking["way"])
    assert same([row[column] for row in rows], numbers[offset : offset + limit]), (report, order)
    known = {row[name]: row for row in expected}
    assert len({row[name] for row in rows}) == len(rows)
    for row in rows:
        wanted = known[row[name]]
        told = {key: row[key] for key in wanted if row[key] is not None}
        assert same(told, {key: wanted[key] for key in told}), (report, row, wanted)


def sorted_by(numbers: list[Any], way: str) -> list[Any]:
    """Numbers in order, what is unknown last."""
    known = sorted((n for n in numbers if n is not None), reverse=way == "desc")
    return known + [None] * (len(numbers) - len(known))


# ----------------------------------------------------------------------------- named traps


async def top(site: TestSite, limit: int, **how: Any) -> list[tuple[str, int]]:
    """The sources with the most visitors."""
    params = {"dimension": "source", "order": "visitors:desc", "limit": limit, **how}
    rows = (await ask(site, "traffic-sources", TEN_DAYS, **params))["rows"]
    return [(row["source"], row["visitors"]) for row in rows]


async def test_most_visitors_rank_before_most_visits(site: TestSite) -> None:
    often = [event(NOON + n * HOUR, source="alpha") for n in range(6)]
    many = [event(NOON, visitor=who, source="beta") for who in ("bob", "eve", "eva")]
    await tell(site, [often, many])
    for _ in range(2):
        assert await top(site, 1) == [("beta", 3)]
        assert await top(site, 1, offset=1) == [("alpha", 1)]
        await site.refresh()


async def test_visitor_of_several_days_and_sources_is_one_visitor_of_each_source(
    site: TestSite,
) -> None:
    sources = ["alpha", "beta", "alpha"]
    await tell(site, [[event(NOON + n * DAY, source=s) for n, s in enumerate(sources)]])
    for _ in range(2):
        assert await top(site, 3) == [("alpha", 1), ("beta", 1)]
        await site.refresh()


async def test_late_event_moves_visitor_to_other_source(site: TestSite) -> None:
    await tell(site, [[event(NOON, source="alpha")]], refreshing=True)
    assert await top(site, 3) == [("alpha", 1)]
    await tell(site, [[event(NOON - HOUR / 4, source="beta")]])
    for _ in range(2):
        assert await top(site, 3) == [("beta", 1)]
        await site.refresh()


async def test_pages_are_ranked_by_visitors(site: TestSite) -> None:
    often = [event(NOON + n * HOUR, "/often") for n in range(5)]
    await tell(site, [often, [event(NOON, "/many", who) for who in ("bob", "eve")]])
    for _ in range(2):
        rows = (await ask(site, "pages", TEN_DAYS, order="visitors:desc", limit=1))["rows"]
        assert [(row["page"], row["visitors"], row["pageviews"]) for row in rows] == [
            ("/many", 2, 2)
        ]
        await site.refresh()
