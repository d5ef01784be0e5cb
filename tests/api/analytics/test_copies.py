"""Questions of a batch that read copies of visits and events: they answer as the tables do."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.analytics import copies
from api.analytics.batch import as_ready
from api.analytics.copies import Copied, Copies
from api.analytics.planner import Copy, Plan
from api.analytics.query import Compared, Filtered
from api.analytics.turns import CallerTurns
from api.db.database import Database
from api.db.sql_files import Fragment
from api.sites.models import utc_now
from asking import ANSWERING, NEEDED, in_query
from conftest import TestSite, save_goal

PATH = "/api/analytics/batch"

FILTERS: Sequence[Any] = (
    [["is", "source", ["Google"]]],
    [["is_not", "source", ["Google"]], ["contains", "entry_page", ["/"]]],
    [["or", [["is", "browser", ["Firefox"]], ["is", "campaign", ["spring"]]]]],
    [["is", "country", ["DE"]]],
)

READING = {"timeseries", "pages", "conversions", "goals", "events", "traffic-sources", "devices"}
READING |= {"locations", "entries", "exits", "heatmap", "segments"}
"""The reports that read copies for a filter that no rollup answers; the last ones their totals."""

Used = Counter[str]
Ask = Callable[[Sequence[Any], Mapping[str, str]], Awaitable[Mapping[str, bytes]]]


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Used:
    """Counts the answers from copies by .sql file. Small sites are copied, too."""
    counted: Used = Counter()
    unwatched = Copied.rows

    async def rows(copied: Copied, plan: Plan, copy: Copy) -> Any:
        found = await unwatched(copied, plan, copy)
        counted[plan.path.stem] += found is not None
        return found

    monkeypatch.setattr(Copied, "rows", rows)
    monkeypatch.setattr(copies, "LEAST_VISITS", 0)
    monkeypatch.setattr(copies, "MOST_COPIED", 1)
    return counted


@pytest.fixture
async def span(site: TestSite) -> Mapping[str, str]:
    """Visits with all that reports count, some over the edges of days; a range that cuts two."""
    await save_goal(site, name="Priced", page="/pricing")
    await save_goal(site, name="Signed up", event="Signup")
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=4)
    for number in range(13):
        start = first + timedelta(hours=6 * number, minutes=-10)
        who = {
            "visitor_id": f"v{number % 7}",
            "utm_source": "Google" if number % 3 else "Bing",
            "utm_campaign": "spring" if number % 4 == 1 else "",
            "user_agent": (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
                if number % 2
                else "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like"
                " Gecko) Chrome/130.0.0.0 Safari/537.36"
            ),
        }
        happened: list[dict[str, Any]] = [
            {"page": "/"},
            {"page": "/pricing" if number % 2 else "/docs"},
            {"name": "Signup", "page": "/pricing", "props": {"plan": f"p{number % 2}"}},
            {"name": "engagement", "page": "/pricing", "duration": 7, "props": {"scroll": 60}},
            {"name": "Order", "page": "/", "revenue": "9.50", "currency": "EUR"},
        ]
        await site.send(
            *(
                {**who, **event, "time": (start + timedelta(minutes=6 * place)).isoformat()}
                for place, event in enumerate(happened[: 2 + (number + 3) % 4])
            )
        )
    day = first.date()
    return {"from": f"{day + timedelta(days=0)}", "to": f"{day + timedelta(days=3)}"}


def everything(filters: Any) -> list[dict[str, Any]]:
    """A question for each report that can be filtered, compared where that is possible."""
    return [
        {
            **NEEDED.get(report.name, {}),
            **({"compare": "previous"} if issubclass(report.params, Compared) else {}),
            **({"detail": True} if report.name == "pages" else {}),
            "filters": filters,
            "report": report.name,
            "id": report.name,
        }
        for report in ANSWERING
        if issubclass(report.params, Filtered)
    ]


async def answered(
    site: TestSite, queries: Sequence[Mapping[str, Any]], span: Mapping[str, str]
) -> Mapping[str, bytes]:
    """The line for each id."""
    body = {"common": {"site": site.key, **span}, "queries": queries}
    answer = await site.client.post(PATH, json=body, headers=site.admin)
    assert answer.status_code == 200, answer.text
    return {json.loads(line)["id"]: line for line in answer.content.splitlines()}


@pytest.fixture
def ask(site: TestSite, app: FastAPI) -> Ask:
    """Asks a batch once the connections of the one before are back. A batch that finds none free
    makes no copies, and a connection is cleaned only after its batch was answered."""

    async def alone(queries: Sequence[Any], span: Mapping[str, str]) -> Mapping[str, bytes]:
        await returned(app.state.database)
        return await answered(site, queries, span)

    return alone


async def get(site: TestSite, query: Mapping[str, Any], span: Mapping[str, str]) -> httpx.Response:
    """The answer to the same query by itself, which reads no copy."""
    given = {key: query[key] for key in query.keys() - {"report", "id"}}
    url = f"/api/analytics/{query['report']}"
    params = {"site": site.key, **in_query(given), **span}
    return await site.client.get(url, params=params, headers=site.admin)


@pytest.mark.parametrize("filters", FILTERS, ids=range(len(FILTERS)))
async def test_copies_answer_byte_for_byte_as_tables_do(
    site: TestSite, ask: Ask, span: Mapping[str, str], used: Used, filters: Any
) -> None:
    found = await ask(everything(filters), span)
    assert used.total() > 0, found
    for query in everything(filters):
        single = await get(site, query, span)
        assert single.status_code == 200, single.text
        assert single.content in found[query["id"]], query["id"]


async def test_reports_of_the_overview_read_copies(
    ask: Ask, span: Mapping[str, str], used: Used
) -> None:
    reading: set[str] = set()
    for query in everything(FILTERS[2]):
        used.clear()
        again = [{**query, "id": str(number)} for number in range(copies.LEAST_QUESTIONS)]
        await ask(again, span)
        reading |= {query["report"]} if used.total() else set()
    assert reading == READING


async def test_two_filtered_questions_are_answered_without_copy(
    ask: Ask, span: Mapping[str, str], used: Used
) -> None:
    queries = [*everything(FILTERS[0])[:2], {"report": "pages"}, {"report": "devices"}]
    await ask(queries, span)
    assert used.total() == 0


@pytest.mark.parametrize(("limit", "value"), [("LEAST_VISITS", 10**6), ("MOST_COPIED", 0)])
async def test_few_visits_and_unselective_filters_are_answered_without_copy(
    ask: Ask,
    span: Mapping[str, str],
    used: Used,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: float,
) -> None:
    monkeypatch.setattr(copies, "LEAST_VISITS", 1)
    monkeypatch.setattr(copies, limit, value)
    found = await ask(everything([["contains", "entry_page", ["/"]]]), span)
    assert {json.loads(line)["status"] for line in found.values()} == {200}
    assert used.total() == 0


async def test_tables_are_read_while_no_connection_is_free(
    site: TestSite, span: Mapping[str, str], used: Used, app: FastAPI
) -> None:
    pool = app.state.database.copying
    async with AsyncExitStack() as stack:
        for _ in range(pool.max_size):
            await stack.enter_async_context(pool.connection())
        found = await answered(site, everything(FILTERS[0]), span)
    assert {json.loads(line)["status"] for line in found.values()} == {200}
    assert used.total() == 0


async def test_connection_comes_back_empty_after_the_batch(
    ask: Ask, span: Mapping[str, str], used: Used, app: FastAPI
) -> None:
    for _ in range(3):
        await ask(everything(FILTERS[0]), span)
    assert used.total() > 0
    await returned(app.state.database)
    async with app.state.database.copying.connection() as connection:
        for table in ("copied_visit", "copied_event"):
            row = await (await connection.execute(f"select count(*) from {table}")).fetchone()
            assert row == (0,)


async def returned(database: Database) -> None:
    """Waits until all connections for copies are back."""
    async with asyncio.timeout(30):
        while (stats := database.copying.get_stats())["pool_size"] != stats["pool_available"]:
            await asyncio.sleep(0.01)


async def test_connections_come_back_when_client_goes(
    span: Mapping[str, str], used: Used, app: FastAPI
) -> None:
    database = app.state.database
    made = Copies(database)
    wanted = Copy(1, utc_now(), utc_now(), Fragment("true"), {})
    assert made.find(wanted) is made.find(wanted)

    async def line() -> bytes:
        return b""

    lines: AsyncIterator[bytes] = as_ready([line, line], 1, made)
    await anext(lines)
    await lines.aclose()  # type: ignore[attr-defined]
    assert made.find(wanted) is None
    await returned(database)


async def test_question_after_one_that_failed_reads_the_tables(
    ask: Ask, span: Mapping[str, str], used: Used, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwatched = Database.run_on
    failed: list[str] = []

    async def run_on(self: Database, connection: Any, question: Any, *rest: Any) -> Any:
        if not failed and "copied" in question.text:
            failed.append(question.text)
            await connection.execute("select 1 / 0")
        return await unwatched(self, connection, question, *rest)

    monkeypatch.setattr(Database, "run_on", run_on)
    found = await ask(everything(FILTERS[0]), span)
    statuses = Counter(json.loads(line)["status"] for line in found.values())
    assert statuses[500] == 1
    assert statuses[200] == len(found) - 1


async def test_same_question_of_another_batch_is_computed_by_itself(
    ask: Ask, span: Mapping[str, str], used: Used, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[Any] = []
    unwatched = CallerTurns.share

    async def share(self: CallerTurns, key: Any, compute: Any) -> Any:
        keys.append(key)
        return await unwatched(self, key, compute)

    monkeypatch.setattr(CallerTurns, "share", share)
    again = everything(FILTERS[0])[: copies.LEAST_QUESTIONS]
    for _ in range(2):
        await ask(again, span)
    assert len(set(keys)) == len(keys) == 2 * len(again)
