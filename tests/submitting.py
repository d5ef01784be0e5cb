"""Accounts that submit jobs, and a runner that answers them when a test says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import Response
from fastapi.responses import StreamingResponse

from api.analytics.query import RangeParams
from api.db.database import Database
from api.db.scheduler import leads
from api.sites.models import Site
from api.submitted.kinds import Kind
from api.submitted.runner import RUNNER_LOCK, Runner, answer_forever


@dataclass
class Account:
    """A new account, and what it asks of the service."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict[str, str])
    number: int = 0

    async def register(self) -> "Account":
        """Makes the account."""
        body = {"email": f"{uuid4()}@test.example", "password": "a long enough password"}
        self.number = (await self.client.post("/api/auth/register", json=body)).json()["id"]
        login = (await self.client.post("/api/auth/login", json=body)).json()
        self.client.cookies.clear()
        self.headers = {"Authorization": f"Bearer {login['access_token']}"}
        return self

    async def join(self, database: Database, site: str) -> None:
        """Makes the account a viewer of a site, behind the back of the service."""
        statement = (
            "insert into membership (user_id, site_id, role)"
            " select %s, id, 'viewer' from site where key = %s on conflict do nothing"
        )
        await change(database, statement, self.number, site)

    async def submit(self, report: str = "pages", **more: Any) -> httpx.Response:
        """Submits a job; the parameters of the report are `params`."""
        headers = self.headers | {"Content-Type": "application/json"}
        body = json.dumps({"report": report, **more})
        return await self.client.post("/api/jobs", content=body, headers=headers)

    async def submitted(self, report: str = "pages", **more: Any) -> dict[str, Any]:
        """Submits a job that is accepted."""
        answer = await self.submit(report, **more)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def get(self, path: str = "", **params: Any) -> httpx.Response:
        """What is below /api/jobs."""
        return await self.client.get(f"/api/jobs{path}", params=params, headers=self.headers)

    async def job(self, job: str) -> dict[str, Any]:
        """The job with this id."""
        answer = await self.get(f"/{job}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def delete(self, job: str) -> int:
        """Deletes a job; the status."""
        url = f"/api/jobs/{job}"
        return (await self.client.delete(url, headers=self.headers)).status_code


async def answer_jobs(runner: Runner) -> None:
    """Answers all jobs that wait, as the process does that has the lock."""
    async with await runner.database.connect() as connection:
        assert await leads(connection, RUNNER_LOCK)
        await runner.run_waiting(connection)


def kind_that(produce: Any) -> dict[str, Kind[Any]]:
    """Kinds in which the report `pages` is answered by this function of database and site."""

    async def check(*_: Any) -> None:
        pass

    async def respond(database: Database, params: RangeParams, site: Site) -> Response:
        found = await produce(database, site)
        kind = StreamingResponse if hasattr(found, "__aiter__") else Response
        return kind(found, media_type="application/octet-stream")

    return {"pages": Kind("pages", RangeParams, check, respond)}


async def change(database: Database, statement: str, *values: Any) -> list[Any]:
    """Changes something behind the back of the service; the rows that it returns."""
    async with await database.connect() as connection:
        cursor = await connection.execute(statement.encode(), values or None)
        return await cursor.fetchall() if cursor.description else []


async def hide(database: Database, site: str) -> None:
    """Makes a site private, and takes its members away."""
    await change(database, "update site set visibility = 'private' where key = %s", site)
    statement = "delete from membership using site where site.id = site_id and key = %s"
    await change(database, statement, site)


async def set_back(database: Database, job: str, column: str, interval: str) -> None:
    """Moves a time of a job into the past."""
    statement = f"update submitted_job set {column} = {column} - %s::interval where id = %s"
    await change(database, statement, interval, UUID(job))


def body_and_headers(answer: httpx.Response | Response) -> tuple[bytes, dict[str, str]]:
    """The body of a response, and the headers that belong to it."""
    names = ("content-type", "content-disposition", "x-total-rows", "x-changes-cursor")
    body = answer.content if isinstance(answer, httpx.Response) else bytes(answer.body)
    return body, {name: answer.headers[name] for name in names if name in answer.headers}


@asynccontextmanager
async def at_work(runner: Runner) -> AsyncIterator[None]:
    """A process that answers jobs for as long as the block lasts."""
    task = asyncio.create_task(answer_forever(runner.database, runner))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
