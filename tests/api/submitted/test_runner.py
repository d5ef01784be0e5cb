"""How submitted jobs are answered: one at a time, again after an interruption, never instead of
other work."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from psycopg import AsyncConnection, sql

from api.db.database import Database
from api.db.engine import Profile
from api.db.scheduler import leads, run_once
from api.errors import Unavailable
from api.jobs import jobs_for
from api.submitted import runner as runner_module
from api.submitted.receivers import Receivers
from api.submitted.routing import receivers_of
from api.submitted.runner import PART_BYTES, RUNNER_LOCK, Runner
from conftest import SECRET, TestSite, refresh, servers
from processes import cli, running
from receiving import Receiver, is_signed, receiving
from refusals import CODE
from servers import fresh_database
from settings import Settings
from submitting import Account, answer_jobs, at_work, change, hide, kind_that

pytestmark = pytest.mark.any_engine

PATIENCE = 60.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.05)


def has_status(account: Account, job: str, status: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return (await account.job(job))["status"] == status

    return check


async def error_of(account: Account, job: str) -> str:
    """The error code of a job that has failed."""
    found = await account.job(job)
    assert found["status"] == "failed", found
    assert found["error"].keys() >= {"error", "detail", "problems"}
    assert CODE.fullmatch(found["error"]["error"])
    assert found["bytes"] is None
    result = await account.get(f"/{job}/result")
    assert result.status_code == 404
    return found["error"]["error"]


async def test_job_whose_site_became_private_fails_like_the_report(
    account: Account, site: TestSite, database: Database
) -> None:
    job = (await account.submitted(params={"site": site.key}))["id"]
    await hide(database, site.key)
    await answer_jobs(Runner(database))
    assert await error_of(account, job) == "UNKNOWN_SITE"


@pytest.mark.parametrize("ended", ["revoked_at = now()", "expires_at = now()"])
async def test_job_of_key_that_ended_meanwhile_fails(
    account: Account, site: TestSite, database: Database, ended: str
) -> None:
    body = {"name": "x", "scopes": ["stats:read"]}
    key = await account.client.post("/api/keys", json=body, headers=account.headers)
    by_key = Account(account.client, {"Authorization": f"Bearer {key.json()['secret']}"})
    good = (await by_key.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database))
    assert (await account.job(good))["status"] == "done"
    bad = (await by_key.submitted(params={"site": site.key}))["id"]
    await change(database, f"update api_key set {ended} where id = %s", key.json()["id"])
    await answer_jobs(Runner(database))
    assert await error_of(account, bad) == "UNAUTHENTICATED"


async def test_job_whose_raw_data_expired_meanwhile_fails_with_alternatives(
    account: Account, site: TestSite, database: Database
) -> None:
    asked = {"site": site.key, "from": "2026-01-01", "to": "2026-07-01"}
    job = (await account.submitted("sessions", params=asked))["id"]
    line = "update site set raw_data_since = '2026-06-01' where key = %s"
    await change(database, line, site.key)
    await answer_jobs(Runner(database))
    assert await error_of(account, job) == "EXPIRED"
    assert (await account.job(job))["error"]["instead"]


async def test_result_beyond_limit_fails_and_leaves_nothing(
    account: Account, site: TestSite, database: Database
) -> None:
    async def two_megabytes(*_: Any) -> bytes:
        return b"x" * (2 * PART_BYTES + 1)

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(two_megabytes), most_bytes=2 * PART_BYTES))
    assert await error_of(account, job) == "TOO_MUCH_ASKED"
    assert await change(database, "select count(*) from submitted_job_part") == [(0,)]


async def test_long_result_is_stored_in_parts_and_comes_back_whole(
    account: Account, site: TestSite, database: Database
) -> None:
    lines = [b"%d\n" % number for number in range(400_000)]

    async def produce(*_: Any) -> AsyncIterator[bytes]:
        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(lines), 70_001):
                yield b"".join(lines[start : start + 70_001])

        return chunks()

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(produce)))
    sizes = await change(
        database, "select octet_length(bytes) from submitted_job_part order by number"
    )
    assert [size for (size,) in sizes[:-1]] == [PART_BYTES] * (len(sizes) - 1)
    assert len(sizes) > 2
    result = await account.get(f"/{job}/result")
    assert result.content == b"".join(lines)
    assert result.headers["content-type"] == "application/octet-stream"


async def test_question_that_takes_too_long_fails_as_too_much(
    account: Account, site: TestSite, database: Database
) -> None:
    async def for_ever(*_: Any) -> bytes:
        await asyncio.sleep(PATIENCE)
        return b""

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(for_ever), longest_seconds=0.1))
    assert await error_of(account, job) == "TOO_MUCH_ASKED"


async def test_statement_of_job_may_take_longer_than_one_of_request(
    account: Account, site: TestSite, database: Database
) -> None:
    async def produce(own: Database, _: Any) -> bytes:
        async with own.reading.connection() as connection:
            cursor = await connection.execute("show statement_timeout")
            return f"{await cursor.fetchone()} {connection.patience}".encode()

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(produce)))
    assert (await account.get(f"/{job}/result")).text == "('10min',) 620.0"
    assert database.report_seconds < 60


async def test_mistake_of_ours_fails_as_fault_without_details(
    account: Account, site: TestSite, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def mistaken(*_: Any) -> bytes:
        raise KeyError("a secret")

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(mistaken)))
    assert await error_of(account, job) == "FAULT"
    assert "secret" not in str(await account.job(job))
    assert "secret" in caplog.text


async def test_busy_database_is_no_attempt(
    account: Account, site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "PAUSE_SECONDS", 0.0)
    tries: list[int] = []

    async def busy_at_first(*_: Any) -> bytes:
        tries.append(1)
        if len(tries) < 6:
            raise Unavailable
        return b"done"

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(busy_at_first)))
    found = await account.job(job)
    assert (found["status"], found["attempts"]) == ("done", 1)


KILL = "select pg_terminate_backend(pg_backend_pid())"


async def test_job_that_breaks_its_connection_fails_after_three_attempts(
    account: Account, site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "PAUSE_SECONDS", 0.0)

    async def breaking(own: Database, _: Any) -> bytes:
        async with own.reading.connection() as connection:
            await connection.execute(KILL)
        return b""

    job = (await account.submitted(params={"site": site.key}))["id"]
    await answer_jobs(Runner(database, kind_that(breaking)))
    assert await error_of(account, job) == "FAULT"
    assert (await account.job(job))["attempts"] == 3


async def test_job_is_answered_once_its_process_gets_another_connection(
    account: Account, site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.db.scheduler.FOLLOWER_SECONDS", 0.1)
    locks = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
    calls: list[int] = []

    async def cut_off_once(own: Database, _: Any) -> bytes:
        calls.append(1)
        if len(calls) == 1:
            await change(own, f"{locks} and objid = {RUNNER_LOCK} and granted")
        return b"done"

    job = (await account.submitted(params={"site": site.key}))["id"]
    async with at_work(Runner(database, kind_that(cut_off_once))):
        await until(has_status(account, job, "done"))
    assert (await account.job(job))["attempts"] == 2
    assert (await account.get(f"/{job}/result")).content == b"done"


async def test_part_of_interrupted_attempt_is_not_in_result(
    account: Account, site: TestSite, database: Database
) -> None:
    job = (await account.submitted(params={"site": site.key}))["id"]
    await change(
        database,
        "insert into submitted_job_part select number, 7, 'left over' from submitted_job"
        " where id = %s",
        UUID(job),
    )
    await change(
        database,
        "update submitted_job set status = 'running', attempts = 1 where id = %s",
        UUID(job),
    )
    await answer_jobs(Runner(database))
    assert (await account.job(job))["attempts"] == 2
    assert await change(database, "select number from submitted_job_part") == [(0,)]


async def test_accounts_take_turns(
    account: Account, stranger: Account, site: TestSite, database: Database
) -> None:
    for _ in range(3):
        await account.submitted(params={"site": site.key})
    for _ in range(2):
        await stranger.submitted(params={"site": site.key})
    await answer_jobs(Runner(database))
    order = await change(database, "select user_id from submitted_job order by started_at")
    first, second, *rest = [user for (user,) in order]
    assert first != second
    assert rest == [first, second, first]


async def test_second_process_does_not_answer_jobs_meanwhile(
    account: Account, site: TestSite, database: Database
) -> None:
    async with await database.connect() as first, await database.connect() as second:
        assert await leads(first, RUNNER_LOCK)
        assert not await leads(second, RUNNER_LOCK)


SLEEPING = "select pid from pg_stat_activity where query like 'select pg_sleep(555)%'"


async def sleep_in_database(own: Database, site: Any) -> bytes:
    """Takes the database longer than any test does, in a transaction that has read visits."""
    async with own.reading.connection() as connection:
        await connection.execute("select count(*) from visit")
        await connection.execute(sql.SQL("select pg_sleep(555)"))
    return b""


async def test_rollups_are_refreshed_while_a_job_runs(
    account: Account, site: TestSite, database: Database, settings: Settings
) -> None:
    job = (await account.submitted(params={"site": site.key}))["id"]
    async with at_work(Runner(database, kind_that(sleep_in_database))):
        await until(has_status(account, job, "running"))
        await site.send({"page": "/", "time": "2026-11-20T12:00:00Z"})
        async with asyncio.timeout(PATIENCE):
            await refresh(database)
            await run_once(database, jobs_for(database.engine, settings))
        assert (await account.job(job))["status"] == "running"
        assert (await site.ask("pages", days=30))["totals"]["pageviews"] == 1
        await account.delete(job)


async def test_deleted_job_is_stopped_in_the_database(
    account: Account, site: TestSite, database: Database
) -> None:
    async def sleeps() -> bool:
        return bool(await change(database, SLEEPING))

    async def is_over() -> bool:
        return not await sleeps()

    job = (await account.submitted(params={"site": site.key}))["id"]
    async with at_work(Runner(database, kind_that(sleep_in_database))):
        await until(sleeps)
        assert await account.delete(job) == 204
        await until(is_over)


async def test_background_job_waits_for_lock_no_longer_than_a_report_takes(
    database: Database,
) -> None:
    shown: list[Any] = []

    async def show(connection: Any) -> None:
        shown.append(await (await connection.execute("show lock_timeout")).fetchone())

    from api.db.scheduler import Job

    await run_once(database, [Job("show", 1, show)])
    assert shown == [("15s",)]


@pytest.mark.slow
async def test_command_for_cron_answers_jobs_and_calls_webhooks(
    account: Account, app: FastAPI, database: Database, site: TestSite, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        app.dependency_overrides[receivers_of] = lambda: Receivers([receiver.host])
        asked = {"params": {"site": site.key}, "webhook": {"url": receiver.url}}
        job = await account.submitted(**asked)
        app.dependency_overrides.clear()
        environment = {"DATABASE_URL": database.url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}
        environment |= {"WEBHOOK_HOSTS": receiver.host}
        done = await asyncio.to_thread(cli, tmp_path / "data", "jobs", "run", **environment)
        assert done.returncode == 0, done.stderr
        assert is_signed(job["webhook_secret"], receiver.received[0])
    assert (await account.job(job["id"]))["status"] == "done"


@pytest.mark.slow
async def test_job_of_killed_process_is_answered_by_the_next_one(tmp_path: Path) -> None:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    environment = {"SECRET_KEY": SECRET, "DEMO": "false", "TIMESCALEDB": "off"}
    async with receiving() as receiver, httpx.AsyncClient(timeout=PATIENCE) as client:
        environment |= {"WEBHOOK_HOSTS": receiver.host}
        with (
            fresh_database(address) as url,
            running(tmp_path / "data", DATABASE_URL=url, **environment) as service,
        ):
            client.base_url = service.base
            account = await Account(client).register()
            async with Database(url) as database:
                await account.join(database, "default")
            asked = {"params": {"days": 7}, "webhook": {"url": receiver.url}}
            async with await AsyncConnection.connect(url) as lock:
                await lock.execute("lock table visit in access exclusive mode")
                job = await account.submitted("sessions", **asked)
                await until(has_status(account, job["id"], "running"))
                service.stop(signal.SIGKILL)
            service.start()
            await until(has_status(account, job["id"], "done"))
            found = await account.job(job["id"])
            assert found["attempts"] == 2
            result = await account.get(f"/{job['id']}/result")
            assert result.json()["query"]["report"] == "sessions"
            assert len(result.content) == found["bytes"]
            await until(lambda: told(receiver))
            assert is_signed(job["webhook_secret"], receiver.received[0])
            assert (await client.get(receiver.received[0].message["data"]["result"])).is_error


async def told(receiver: Receiver) -> bool:
    return bool(receiver.received)
