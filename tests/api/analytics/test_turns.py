"""How reports wait for their turn, and share a computation that has not begun."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection

from api.analytics.turns import MOST_WAITING, SERVICE, Asker, Line, Turns
from api.db.database import Database
from api.errors import TooManyRequests
from conftest import TestSite

pytestmark = pytest.mark.any_engine

PATIENCE = 30.0

TAKEN = 2
"""The turns there are, which the fixture `taken` takes."""


@asynccontextmanager
async def locked(database: Database, table: str) -> AsyncGenerator[AsyncConnection[Any]]:
    """Has every question to a table wait in the database until the block ends."""
    async with await database.connect() as connection, connection.transaction():
        await connection.execute(f"lock table {table} in access exclusive mode")
        yield connection


async def until_stuck(connection: AsyncConnection[Any], number: int) -> None:
    """Waits until so many questions wait for the lock."""
    async with asyncio.timeout(PATIENCE):
        while await stuck(connection) < number:
            await asyncio.sleep(0.02)


async def stuck(connection: AsyncConnection[Any]) -> int:
    """How many questions wait for the lock."""
    cursor = await connection.execute(
        "select count(*) from pg_locks where not granted and database ="
        " (select oid from pg_database where datname = current_database())"
    )
    return (await cursor.fetchall())[0][0]


class CountedTurns(Turns):
    """A line that counts who came to it, and what was computed."""

    came = 0
    computed = 0

    async def share(
        self, key: Hashable, compute: Callable[[], Awaitable[Any]], asker: Asker = SERVICE
    ) -> Any:
        """The result of the computation."""

        async def counted() -> Any:
            self.computed += 1
            return await compute()

        self.came += 1
        return await super().share(key, counted, asker)

    async def until_came(self, number: int) -> None:
        """Waits until so many more callers have come."""
        number += self.came
        async with asyncio.timeout(PATIENCE):
            while self.came < number:
                await asyncio.sleep(0.01)


async def ask(site: TestSite, report: str, **params: Any) -> dict[str, Any]:
    """The answer of a report to somebody with a login, who may have all turns."""
    answer = await site.client.get(
        f"/api/analytics/{report}", params={"site": site.key, **params}, headers=site.admin
    )
    return answer.json()


@pytest.fixture
def turns(app: FastAPI) -> Iterator[CountedTurns]:
    """A line with two turns in place of the application's."""
    before, app.state.turns = app.state.turns, CountedTurns(TAKEN, PATIENCE)
    yield app.state.turns
    app.state.turns = before


@pytest.fixture
async def taken(turns: CountedTurns, site: TestSite) -> AsyncGenerator[asyncio.Event]:
    """All turns are taken until this is set: whoever asks meanwhile waits in line."""
    release = asyncio.Event()
    taking = [asyncio.create_task(turns.share(number, release.wait)) for number in range(TAKEN)]
    await asyncio.sleep(0.1)
    assert not turns.waiting
    yield release
    release.set()
    await asyncio.gather(*taking)


async def test_question_asked_twice_while_waiting_is_computed_once(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    asking = [asyncio.create_task(site.ask("pages", days=1)) for _ in range(5)]
    other = asyncio.create_task(site.ask("pages", days=2))
    await turns.until_came(6)
    assert len(turns.waiting) == 2
    taken.set()
    first, *others = await asyncio.gather(*asking)
    assert others == [first] * 4
    assert (await other)["query"]["from"] != first["query"]["from"]
    assert turns.computed == 2 + TAKEN


async def test_shared_answer_has_event_acknowledged_before_last_question(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    asking = [asyncio.create_task(site.ask("pages", days=1))]
    await turns.until_came(1)
    await site.send({"page": "/late", "visitor_id": "ann"})
    asking.append(asyncio.create_task(site.ask("pages", days=1)))
    await turns.until_came(1)
    taken.set()
    first, second = await asyncio.gather(*asking)
    assert [row["page"] for row in second["rows"]] == ["/late"]
    assert first == second


async def test_question_asked_after_computation_began_is_computed_anew(
    turns: CountedTurns, site: TestSite
) -> None:
    async with locked(site.database, "bot_event") as connection:
        asking = [asyncio.create_task(ask(site, "bots", days=1))]
        await until_stuck(connection, 1)
        asking.append(asyncio.create_task(ask(site, "bots", days=1)))
        await until_stuck(connection, 2)
    await asyncio.gather(*asking)
    assert turns.computed == 2


async def test_caller_who_goes_away_does_not_fail_the_other(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    leaving, staying = [asyncio.create_task(site.ask("pages", days=1)) for _ in range(2)]
    await turns.until_came(2)
    leaving.cancel()
    await asyncio.wait([leaving])
    taken.set()
    assert (await staying)["totals"]["visits"] == 0
    assert leaving.cancelled()


async def test_more_reports_than_turns_wait_and_events_are_stored(
    turns: CountedTurns, site: TestSite
) -> None:
    async with locked(site.database, "goal") as connection:
        asking = [asyncio.create_task(ask(site, "goals", limit=limit)) for limit in range(1, 6)]
        await until_stuck(connection, 2)
        await turns.until_came(5 - turns.came)
        assert (await site.send({"page": "/"}))["accepted"] == 1
        assert await stuck(connection) == 2
    assert len(await asyncio.gather(*asking)) == 5


async def test_report_without_turn_in_time_is_refused_with_503(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    turns.patience = 0.1
    answer = await site.client.get("/api/analytics/pages", params={"site": site.key})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "reports are waiting" in answer.json()["detail"]
    taken.set()
    assert (await site.ask("pages"))["totals"]["visits"] == 0


async def test_refused_question_gives_its_turn_back(turns: CountedTurns, site: TestSite) -> None:
    for _ in range(3):
        answer = await site.client.get(
            "/api/analytics/pages", params={"site": site.key, "order": "nonsense"}
        )
        assert answer.status_code == 422
    assert (await site.ask("pages"))["totals"]["visits"] == 0


async def test_different_sites_and_parameters_are_not_shared(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    asked = ({}, {"site": "default"}, {"limit": 5}, {"timezone": "Asia/Tokyo"}, {"engine": "base"})
    base = {"site": site.key, "days": 1}
    asking = [
        asyncio.create_task(
            site.client.get("/api/analytics/pages", params=base | more, headers=site.admin)
        )
        for more in asked
    ]
    await turns.until_came(len(asked))
    taken.set()
    answers = await asyncio.gather(*asking)
    assert {answer.status_code for answer in answers} == {200}
    assert turns.computed == len(asked) + TAKEN


async def test_report_asks_one_question_at_a_time(site: TestSite) -> None:
    async with locked(site.database, "visit") as connection:
        asking = asyncio.create_task(site.ask("sessions"))
        await until_stuck(connection, 1)
        await asyncio.sleep(0.3)
        assert await stuck(connection) == 1
    assert (await asking)["rows"] == []


async def test_stats_query_waits_for_its_turn_and_is_shared(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    body = {"site_id": site.key, "metrics": ["visits"], "date_range": "7d"}
    asking = [
        asyncio.create_task(site.client.post("/api/analytics/query", json=body)) for _ in range(2)
    ]
    await turns.until_came(2)
    assert len(turns.waiting) == 1
    taken.set()
    first, second = await asyncio.gather(*asking)
    assert first.status_code == 200
    assert first.json() == second.json()


def batch_of(site: TestSite, *queries: dict[str, Any]) -> Any:
    body = {"common": {"site": site.key}, "queries": queries}
    return site.client.post("/api/analytics/batch", json=body)


async def test_question_of_batch_and_of_get_is_computed_once(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    query = {"report": "pages", "pages": ["/", "/a"], "limit": 5, "days": 1}
    spelled = {"site": site.key, "days": "1", "limit": "05", "pages": ["/", "/a"], "order": ""}
    single = asyncio.create_task(site.client.get("/api/analytics/pages", params=spelled))
    batches = [
        asyncio.create_task(batch_of(site, query)),
        asyncio.create_task(batch_of(site, query, {**query, "offset": 0})),
        asyncio.create_task(batch_of(site, {**query, "limit": 6})),
    ]
    await turns.until_came(5)
    assert len(turns.waiting) == 2
    taken.set()
    body = (await single).json()
    for batch in batches[:2]:
        lines = [json.loads(line) for line in (await batch).text.splitlines()]
        assert all(line["body"] == body for line in lines)
    await batches[2]
    assert turns.computed == 2 + TAKEN


async def test_batch_has_no_more_questions_in_line_than_there_are_turns(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite
) -> None:
    queries = [{"report": "pages", "limit": limit} for limit in range(1, 7)]
    batch = asyncio.create_task(batch_of(site, *queries))
    await turns.until_came(TAKEN)
    single = asyncio.create_task(site.ask("bots"))
    await turns.until_came(1)
    assert len(turns.waiting) == TAKEN + 1
    taken.set()
    assert (await single)["rows"] == []
    assert len((await batch).text.splitlines()) == len(queries)


async def test_batch_whose_client_goes_away_computes_nothing_that_has_not_begun(
    turns: CountedTurns, taken: asyncio.Event, site: TestSite, app: FastAPI
) -> None:
    queries = [{"report": "pages", "limit": limit} for limit in range(1, 7)]
    body = json.dumps({"common": {"site": site.key}, "queries": queries}).encode()
    gone, started = asyncio.Event(), asyncio.Event()
    left: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if left:
            return left.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        started.set()

    asking = asyncio.create_task(app(scope_of(body), receive, send))
    staying = asyncio.create_task(site.ask("pages", limit=1))
    await turns.until_came(TAKEN + 1)
    assert started.is_set()
    assert len(turns.waiting) == TAKEN
    gone.set()
    await asyncio.wait_for(asking, PATIENCE)
    assert len(turns.waiting) == 1
    taken.set()
    assert (await staying)["rows"] == []
    assert turns.computed == 1 + TAKEN
    assert (await site.ask("pages", limit=2))["rows"] == []


def scope_of(body: bytes) -> dict[str, Any]:
    """A request of a batch with this body."""
    headers = [
        (b"host", b"test"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    return {
        **{"type": "http", "method": "POST", "path": "/api/analytics/batch", "query_string": b""},
        **{"headers": headers, "client": ("203.0.113.7", 4711), "root_path": "", "scheme": "http"},
    }


async def test_computation_that_all_callers_left_does_not_fail_who_comes_next(
    turns: CountedTurns, taken: asyncio.Event
) -> None:
    async def compute() -> int:
        return 5

    leaving = asyncio.create_task(turns.share("key", compute))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    coming = asyncio.create_task(turns.share("key", compute))
    await asyncio.wait([leaving])
    taken.set()
    assert await coming == 5
    assert leaving.cancelled()
    assert turns.computed == 1 + TAKEN


HOME, AWAY, OWNER = Asker("home", is_stranger=True), Asker("away", is_stranger=True), Asker("owner")


async def admitted(line: Line, *askers: Asker) -> list[bool]:
    """Who of these, who come one after the other, has a turn at once."""
    entering = [asyncio.create_task(line.enter(asker)) for asker in askers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [task.done() for task in entering]


async def test_somebody_with_login_has_a_turn_where_strangers_have_all() -> None:
    line = Line(2)
    assert await admitted(line, HOME, AWAY, HOME, OWNER) == [True, True, False, True]
    assert await admitted(line, OWNER) == [False]
    line.leave(OWNER)
    assert line.running == {HOME: 1, AWAY: 1, OWNER: 1}


async def test_turn_goes_to_caller_who_has_fewest() -> None:
    line = Line(2)
    other = Asker("other")
    assert await admitted(line, OWNER, OWNER, OWNER, other) == [True, True, False, False]
    line.leave(OWNER)
    assert line.running == {OWNER: 1, other: 1}
    line.leave(OWNER)
    assert line.running == {OWNER: 1, other: 1}


async def test_caller_who_goes_as_turn_comes_gives_it_back() -> None:
    line = Line(1)
    await line.enter(OWNER)
    gone, staying = [asyncio.create_task(line.enter(asker)) for asker in (HOME, OWNER)]
    await asyncio.sleep(0)
    line.leave(OWNER)
    gone.cancel()
    await asyncio.wait_for(staying, PATIENCE)
    assert line.running == {OWNER: 1}


async def test_caller_with_too_many_waiting_questions_is_refused_and_others_are_not() -> None:
    turns = Turns(1, PATIENCE)
    release = asyncio.Event()
    asking = [asyncio.create_task(turns.share("first", release.wait, HOME))]
    await asyncio.sleep(0.05)
    asking += [
        asyncio.create_task(turns.share(number, release.wait, HOME))
        for number in range(MOST_WAITING)
    ]
    await asyncio.sleep(0.05)
    with pytest.raises(TooManyRequests):
        await turns.share("one more", release.wait, HOME)
    asking.append(asyncio.create_task(turns.share("another's", release.wait, AWAY)))
    await asyncio.sleep(0.05)
    release.set()
    assert len(await asyncio.gather(*asking)) == MOST_WAITING + 2
