"""Background jobs as superusers see them: state, log, and a run that somebody asks for."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.db.database import Database
from api.db.runs import KEPT_RUNS
from api.db.scheduler import Job, lead, run_forever, run_once
from api.jobs import MESSAGES_LOCK, jobs_for, messaging_jobs
from api.submitted.receivers import Receivers
from api.submitted.webhooks import Webhooks
from processes import PATIENCE, Service, running
from refusals import allowed_in, is_refusal
from settings import Settings
from submitting import change


@pytest.fixture
async def nothing_ran(database: Database) -> None:
    """No job has run."""
    for table in ("background_job", "background_run"):
        await change(database, f"delete from {table}")


@pytest.fixture
def only(app: FastAPI) -> Iterator[Callable[..., None]]:
    """Has the application have these jobs only."""
    before = app.state.jobs

    def set_jobs(*jobs: Job) -> None:
        app.state.jobs = jobs

    yield set_jobs
    app.state.jobs = before


async def read(client: httpx.AsyncClient, admin: dict[str, str], name: str) -> dict[str, Any]:
    """The state and the log of a job."""
    answer = await client.get(f"/api/background-jobs/{name}", headers=admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.any_engine
@pytest.mark.usefixtures("nothing_ran")
class TestStates:
    async def test_unknown_job_is_refused_with_those_that_there_are(
        self, client: httpx.AsyncClient, admin: dict[str, str]
    ) -> None:
        listed = (await client.get("/api/background-jobs", headers=admin)).json()
        for method, path in (("GET", "background-jobs/nothing"), ("POST", "jobs/nothing/run")):
            answer = await client.request(method, f"/api/{path}", headers=admin)
            assert answer.status_code == 404
            assert is_refusal(answer, "NOT_FOUND")
            assert allowed_in(answer) == {job["name"] for job in listed}

    async def test_list_has_every_job_in_its_order(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        database: Database,
        settings: Settings,
    ) -> None:
        webhooks = Webhooks(settings, Receivers())
        jobs = [
            *jobs_for(database.engine, settings),
            *messaging_jobs(database, settings, webhooks),
        ]
        listed = (await client.get("/api/background-jobs", headers=admin)).json()
        assert [(job["title"], job["every_seconds"]) for job in listed] == [
            (job.name, job.every) for job in jobs
        ]
        names = [job["name"] for job in listed]
        assert len({*names}) == len(names)
        assert {"refresh-rollups", "look-at-alert-rules"} < {*names}
        nothing = dict.fromkeys(("started_at", "next_due_at", "result", "error", "asked_at"))
        assert all(job["status"] == "waiting" and nothing.items() <= job.items() for job in listed)

    async def test_runs_of_all_jobs_are_noted(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        database: Database,
        settings: Settings,
    ) -> None:
        await run_once(database, jobs_for(database.engine, settings))
        webhooks = Webhooks(settings, Receivers())
        await run_once(database, messaging_jobs(database, settings, webhooks))
        for job in (await client.get("/api/background-jobs", headers=admin)).json():
            assert (job["status"], job["error"]) == ("done", None), job
            ended, due = (datetime.fromisoformat(job[k]) for k in ("finished_at", "next_due_at"))
            assert abs((due - ended).total_seconds() - job["every_seconds"]) < 0.1
            assert job["duration_seconds"] >= 0

    async def test_job_that_fails_says_why_and_others_go_on(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        only: Callable[..., None],
        database: Database,
    ) -> None:
        async def divide(_: Any) -> float:
            return 1 / 0

        async def ask(connection: Any) -> None:
            await connection.execute("select * from nothing")

        async def count(_: Any) -> int:
            return 7

        jobs = [Job("divide", 60, divide), Job("ask", 60, ask), Job("count it", 60, count)]
        only(*jobs)
        await run_once(database, jobs)
        found = [await read(client, admin, name) for name in ("divide", "ask", "count-it")]
        assert [(job["status"], job["result"], job["error"]) for job in found] == [
            ("failed", None, "ZeroDivisionError: division by zero"),
            ("failed", None, 'UndefinedTable: relation "nothing" does not exist'),
            ("done", "7", None),
        ]
        fields = ("started_at", "finished_at", "duration_seconds", "status", "result", "error")
        for job in found:
            assert job["runs"] == [{**{key: job[key] for key in fields}, "was_asked": False}]

    async def test_log_keeps_latest_runs_that_did_something(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        only: Callable[..., None],
        database: Database,
    ) -> None:
        numbers = iter(range(1000))

        async def count(_: Any) -> int:
            return next(numbers) // 2 * 2  # 0, 0, 2, 2, …

        job = Job("count", 60, count)
        only(job)
        await run_once(database, [job] * (KEPT_RUNS + 20))
        runs = (await read(client, admin, "count"))["runs"]
        assert len(runs) == KEPT_RUNS
        assert [run["result"] for run in runs[:3]] == ["118", "118", "116"]
        stored = await change(database, "select count(*) from background_run")
        assert stored[0][0] <= KEPT_RUNS + 1

    async def test_run_that_somebody_asks_for_is_noted_although_it_did_nothing(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        only: Callable[..., None],
        database: Database,
    ) -> None:
        async def nothing(_: Any) -> None:
            pass

        job = Job("do nothing", 60, nothing)
        only(job)
        for _ in range(2):
            asked = await client.post("/api/jobs/do-nothing/run", headers=admin)
            assert asked.status_code == 202
            assert asked.json()["asked_at"]
        for _ in range(2):
            await run_once(database, [job])
        found = await read(client, admin, "do-nothing")
        assert found["asked_at"] is None
        assert [(run["was_asked"], run["result"]) for run in found["runs"]] == [(True, None)]
        noted = "select detail from audit_log where action = 'job_asked' order by id desc limit 1"
        assert await change(database, noted) == [({"job": "do nothing"},)]

    async def test_leader_notes_that_the_one_before_it_has_ended(
        self,
        client: httpx.AsyncClient,
        admin: dict[str, str],
        only: Callable[..., None],
        database: Database,
    ) -> None:
        begun = asyncio.Event()

        async def wait(_: Any) -> None:
            begun.set()
            await asyncio.sleep(3600)

        job = Job("wait", 60, wait)
        only(job)
        for runs in (0, 1):
            begun.clear()
            async with await database.connect() as connection:
                leading = asyncio.create_task(lead(connection, [job]))
                await asyncio.wait_for(begun.wait(), PATIENCE)
                found = await read(client, admin, "wait")
                leading.cancel()
                await asyncio.gather(leading, return_exceptions=True)
            assert (found["status"], found["duration_seconds"]) == ("running", None)
            assert len(found["runs"]) == runs
        assert found["runs"][0]["error"] == "The process that ran it has ended."

    async def test_jobs_that_send_messages_do_not_keep_others_waiting(
        self, database: Database
    ) -> None:
        ran = asyncio.Event()

        async def wait(_: Any) -> None:
            await asyncio.sleep(3600)

        async def work(_: Any) -> None:
            ran.set()

        loops = [
            asyncio.create_task(run_forever(database, [Job("wait", 60, wait)], MESSAGES_LOCK)),
            asyncio.create_task(run_forever(database, [Job("work", 60, work)])),
        ]
        await asyncio.wait_for(ran.wait(), PATIENCE)
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two worker processes on an embedded database, without the demo site."""
    folder: Path = tmp_path_factory.mktemp("jobs") / "data"
    with running(folder, WORKERS="2", DEMO="false") as service:
        yield service


def ask(service: Service, method: str, path: str) -> dict[str, Any]:
    """What the service answers its first account below /api."""
    username, password = (service.data_dir / "first-login.txt").read_text().split()
    body = {"username": username, "password": password}
    token = httpx.post(f"{service.base}/api/auth/login", json=body, timeout=60).json()[
        "access_token"
    ]
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.request(method, f"{service.base}/api/{path}", headers=headers, timeout=60)
    assert answer.is_success, answer.text
    return answer.json()


def until_ran(service: Service, name: str, runs: int) -> dict[str, Any]:
    """The job, once so many runs of it were asked for and are over."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = ask(service, "GET", f"background-jobs/{name}")
        if sum(run["was_asked"] for run in found["runs"]) == runs and not found["asked_at"]:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_job_runs_when_asked_at_any_worker_and_after_restart(service: Service) -> None:
    for runs, name in enumerate(["create-partitions-ahead"] * 4, 1):
        ask(service, "POST", f"jobs/{name}/run")
        found = until_ran(service, name, runs)
        assert found["status"] == "done"
    service.stop()
    service.start()
    kept = ask(service, "GET", "background-jobs/create-partitions-ahead")["runs"]
    assert [run for run in kept if run["was_asked"]] == [
        run for run in found["runs"] if run["was_asked"]
    ]
    ask(service, "POST", "jobs/look-at-alert-rules/run")
    assert until_ran(service, "look-at-alert-rules", 1)["status"] == "done"
