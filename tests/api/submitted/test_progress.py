"""How far a job is while it runs: told by the job, and to the open pages of its owner."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import Response

from api.analytics.query import RangeParams
from api.analytics.raw import responses
from api.analytics.raw.progress import ListResponse, Progress
from api.db.database import Database
from api.notifications.store import CHANNEL
from api.sites.directory import Sites
from api.sites.models import Site
from api.submitted import runner as runner_module
from api.submitted.kinds import KINDS, Kind
from api.submitted.runner import Runner
from conftest import TestSite
from people import Person
from submitting import Account, at_work

pytestmark = pytest.mark.any_engine

PATIENCE = 60.0

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Paused:
    """A list of which a test says how much of a day has been read, and that stays there."""

    progress: Progress = field(default_factory=lambda: Progress(DAY + timedelta(days=1)))
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def reach(self, hours: int) -> None:
        self.progress.reach(DAY, DAY + timedelta(hours=hours))

    @property
    def kinds(self) -> dict[str, Kind[Any]]:
        """Kinds in which the report `pages` is answered by it."""

        async def check(*_: Any) -> None:
            pass

        async def respond(database: Database, params: RangeParams, site: Site) -> Response:
            return ListResponse(self.rows(), self.progress, "text/csv", {})

        return {"pages": Kind("pages", RangeParams, check, respond)}

    async def rows(self) -> AsyncIterator[bytes]:
        yield b"first"
        await self.goes_on.wait()
        yield b"last"


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are looked at many times a second."""
    monkeypatch.setattr(runner_module, "TICK_SECONDS", 0.02)


async def running(account: Account) -> list[dict[str, Any]]:
    """The jobs that run, as the bell is told of them."""
    answer = await Person(account.client, headers=account.headers).ask("GET", "/notifications")
    return answer.json()["running"]


async def until_told(account: Account, progress: list[float | None]) -> list[dict[str, Any]]:
    """The jobs that run, once they are as far as this."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await running(account)
            if [job["progress"] for job in found] == progress:
                return found
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("often")
async def test_jobs_of_others_and_of_programs_are_not_told(
    account: Account, stranger: Account, site: TestSite, database: Database
) -> None:
    body = {"name": "x", "scopes": ["stats:read"]}
    key = await account.client.post("/api/keys", json=body, headers=account.headers)
    by_key = replace(account, headers={"Authorization": f"Bearer {key.json()['secret']}"})
    paused = Paused()
    paused.reach(12)
    job = (await by_key.submitted(params={"site": site.key}))["id"]
    async with at_work(Runner(database, paused.kinds)), asyncio.timeout(PATIENCE):
        while (await account.job(job))["progress"] != 0.5:
            await asyncio.sleep(0.02)
        assert await running(account) == await running(stranger) == []
        paused.goes_on.set()
        while (await account.job(job))["status"] != "done":
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("often")
async def test_owner_is_told_how_far_job_is_while_it_runs(
    account: Account, stranger: Account, site: TestSite, database: Database
) -> None:
    paused = Paused()
    job = (await account.submitted(params={"site": site.key}))["id"]
    assert await running(account) == []
    async with at_work(Runner(database, paused.kinds)):
        await until_told(account, [None])
        paused.reach(6)
        (told,) = await until_told(account, [0.25])
        found = await account.job(job)
        assert told == {
            "id": job,
            "report": "pages",
            "progress": 0.25,
            "started_at": found["started_at"],
        }
        assert (found["status"], found["progress"]) == ("running", 0.25)
        assert await running(stranger) == []
        paused.reach(18)
        await until_told(account, [0.75])
        paused.goes_on.set()
        await until_told(account, [])
    found = await account.job(job)
    assert (found["status"], found["progress"]) == ("done", None)
    assert (await account.get(f"/{job}/result")).content == b"firstlast"


@pytest.mark.usefixtures("often")
async def test_pages_of_owner_are_told_once_of_each_hundredth_and_of_the_end(
    account: Account, site: TestSite, database: Database
) -> None:
    paused = Paused()
    paused.reach(6)
    job = (await account.submitted(params={"site": site.key}))["id"]
    async with await database.connect() as connection, at_work(Runner(database, paused.kinds)):
        await until_told(account, [0.25])
        await connection.execute(f"listen {CHANNEL}".encode())
        paused.reach(12)
        await until_told(account, [0.5])
        await asyncio.sleep(0.2)
        assert await account.delete(job) == 204
        heard = [one.payload async for one in connection.notifies(timeout=PATIENCE, stop_after=2)]
        heard += [one.payload async for one in connection.notifies(timeout=0.2)]
    assert heard == [str(account.number)] * 2


async def test_share_of_list_is_told_by_the_times_of_its_rows(
    account: Account, site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "STREAM_ROWS", 2)
    await site.send(
        *(
            {
                "page": f"/{hour}",
                "visitor_id": "v",
                "time": (DAY + timedelta(hours=hour)).isoformat(),
            }
            for hour in (4, 6, 14, 20, 23)
        )
    )
    kind = KINDS["events/raw"]
    asked = {"site": site.key, "from": "2026-11-20", "to": "2026-11-20", "format": "ndjson"}
    found = await Sites(database).find(site.key)
    response = await kind.answer(database, kind.params.model_validate(asked), found)
    assert isinstance(response, ListResponse)
    assert response.progress.share is None
    shares = [response.progress.share async for _ in response.body_iterator]
    assert shares == [2 / 20, 16 / 20, 19 / 20]
