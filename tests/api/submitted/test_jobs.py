"""What is refused of submitted jobs, and the way of those that are not."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.analytics.reports import REPORTS
from api.db.clock import confirmed_time
from api.db.database import Database
from api.db.scheduler import run_once
from api.jobs import jobs_for
from api.sites.models import utc_now
from api.submitted import store
from api.submitted.kinds import KINDS
from api.submitted.runner import Runner
from conftest import TestSite
from refusals import is_refusal
from settings import Settings
from submitting import Account, answer_jobs, body_and_headers, change, hide, set_back

pytestmark = pytest.mark.any_engine

UNKNOWN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
"""The id of no job."""

RANGE = {"from": "2026-01-01", "to": "2026-02-01"}


def problems(answer: httpx.Response) -> dict[str, Mapping[str, Any]]:
    """The problems of a refusal by their places."""
    assert answer.status_code == 422, answer.text
    assert is_refusal(answer, "INVALID")
    return {problem["where"]: problem for problem in answer.json()["problems"]}


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", ""),
            ("GET", ""),
            ("GET", f"/{UNKNOWN}"),
            ("GET", f"/{UNKNOWN}/result"),
            ("DELETE", f"/{UNKNOWN}"),
        ],
    )
    async def test_request_without_login_is_refused_with_401(
        self, client: httpx.AsyncClient, method: str, path: str
    ) -> None:
        body = {"report": "pages"} if method == "POST" else None
        answer = await client.request(method, f"/api/jobs{path}", json=body)
        assert answer.status_code == 401
        assert is_refusal(answer, "UNAUTHENTICATED")

    async def test_unknown_report_is_refused_with_all_that_there_are(
        self, account: Account
    ) -> None:
        found = problems(await account.submit("pagse"))
        assert set(found["report"]["allowed"]) == {*KINDS}
        assert {report.name for report in REPORTS} < {*KINDS}

    async def test_all_bad_parameters_are_refused_at_once(self, account: Account) -> None:
        params = {"days": 0, "limit": "many", "nonsense": 1, "site": "default"}
        hook = {"url": "http://127.0.0.1/"}
        found = problems(await account.submit(params=params, webhook=hook))
        assert found.keys() == {"params.days", "params.limit", "params.nonsense", "webhook.url"}
        assert "limit" in found["params.nonsense"]["allowed"]

    @pytest.mark.parametrize(
        ("params", "where"),
        [
            ({"days": 7, "hours": 3}, "params"),
            ({"filters": '[["is","nothing",["x"]]]'}, "params.filters"),
            ({"filters": "not JSON"}, "params.filters"),
            ({"order": "nothing:desc"}, "params.order"),
            ({"from": "2026-02-01", "to": "2026-01-01"}, "params"),
            ({"timezone": "Mars/Base"}, "params.timezone"),
        ],
    )
    async def test_refusals_of_get_are_those_of_the_submission(
        self, account: Account, site: TestSite, params: dict[str, Any], where: str
    ) -> None:
        asked = {"site": site.key} | params
        assert where in problems(await account.submit(params=asked))
        got = await site.client.get("/api/analytics/pages", params=asked)
        assert got.status_code == 422

    @pytest.mark.parametrize("body", [{}, {"report": "pages", "params": [1]}, {"report": 3}])
    async def test_body_of_another_shape_is_refused(
        self, account: Account, body: dict[str, Any]
    ) -> None:
        answer = await account.client.post("/api/jobs", json=body, headers=account.headers)
        assert problems(answer)

    @pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 20_000, [[]] * 100, 1e308, {"a": {}}])
    async def test_hostile_values_are_refused(
        self, account: Account, database: Database, value: Any
    ) -> None:
        await account.join(database, "default")
        for name in ("site", "filters", "order", "days", "from", "timezone"):
            assert problems(await account.submit(params={name: value}))

    async def test_expired_question_is_refused_with_alternatives(
        self, account: Account, site: TestSite, database: Database
    ) -> None:
        line = "update site set raw_data_since = '2026-06-01' where key = %s"
        await change(database, line, site.key)
        asked = {"site": site.key, "from": "2026-01-01", "to": "2026-07-01"}
        answer = await account.submit("sessions", params=asked)
        got = await site.client.get("/api/analytics/sessions", params=asked)
        assert is_refusal(answer, "EXPIRED")
        assert answer.json() == got.json()

    async def test_site_that_account_may_not_read_is_unknown(
        self, account: Account, site: TestSite, database: Database
    ) -> None:
        await hide(database, site.key)
        for key in (site.key, "nowhere"):
            answer = await account.submit(params={"site": key})
            assert answer.status_code == 404
            assert is_refusal(answer, "UNKNOWN_SITE")

    async def test_eleventh_unfinished_job_is_refused_until_one_is_deleted(
        self, account: Account, stranger: Account, site: TestSite
    ) -> None:
        jobs = [await account.submitted(params={"site": site.key}) for _ in range(10)]
        answer = await account.submit(params={"site": site.key})
        assert answer.status_code == 429
        assert is_refusal(answer, "TOO_MANY_REQUESTS")
        assert int(answer.headers["retry-after"]) > 0
        await stranger.submitted(params={"site": site.key})
        assert await account.delete(jobs[0]["id"]) == 204
        await account.submitted(params={"site": site.key})

    @pytest.mark.parametrize(("limit", "most"), [("MOST_JOBS", 1), ("MOST_BYTES", 100)])
    async def test_account_with_too_many_results_is_refused(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        limit: str,
        most: int,
    ) -> None:
        monkeypatch.setattr(store, limit, most)
        job = await account.submitted(params={"site": site.key})
        await answer_jobs(Runner(database))
        assert is_refusal(await account.submit(params={"site": site.key}), "TOO_MANY_REQUESTS")
        await account.delete(job["id"])
        await account.submitted(params={"site": site.key})

    async def test_job_of_another_account_is_not_found(
        self, account: Account, stranger: Account, site: TestSite, database: Database
    ) -> None:
        job = (await account.submitted(params={"site": site.key}))["id"]
        await answer_jobs(Runner(database))
        for path in (f"/{job}", f"/{job}/result"):
            answer = await stranger.get(path)
            assert answer.status_code == 404
            assert is_refusal(answer, "NOT_FOUND")
        assert is_refusal(await stranger.get(before=job), "NOT_FOUND")
        assert await stranger.delete(job) == 404
        assert (await stranger.get()).json() == []
        assert (await account.get(f"/{job}/result")).status_code == 200


class TestSubmission:
    async def test_accepted_job_says_where_it_is(self, account: Account, site: TestSite) -> None:
        params = {"site": site.key, "days": 30}
        answer = await account.submit(params=params)
        job = answer.json()
        assert answer.headers["location"] == f"/api/jobs/{job['id']}"
        assert (await account.get(f"/{job['id']}")).json() == {
            "id": job["id"],
            "report": "pages",
            "params": params,
            "status": "queued",
            "attempts": 0,
            "created_at": job["created_at"],
            **dict.fromkeys(("started_at", "finished_at", "expires_at", "bytes", "error")),
            "progress": None,
            "webhook": None,
        }
        assert job["webhook_secret"] is None

    async def test_same_id_and_body_is_the_same_job_whatever_has_changed(
        self,
        account: Account,
        app: FastAPI,
        site: TestSite,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(store, "MOST_UNFINISHED", 1)
        own = str(uuid4())
        first = await account.submitted(params={"site": site.key, "days": 7}, id=own)
        private = "update site set visibility = 'private' where key = %s"
        await change(database, private, site.key)
        app.state.sites.remembered.clear()
        again = await account.submitted(params={"days": 7, "site": site.key}, id=own)
        assert again == first
        assert first["id"] == own

    async def test_same_request_at_once_several_times_is_one_job(
        self, account: Account, site: TestSite
    ) -> None:
        asked: dict[str, Any] = {"params": {"site": site.key}, "id": str(uuid4())}
        jobs = await asyncio.gather(*(account.submitted(**asked) for _ in range(5)))
        assert [job["id"] for job in jobs] == [asked["id"]] * 5
        assert len((await account.get()).json()) == 1

    async def test_same_id_with_another_body_is_refused_with_409(
        self, account: Account, site: TestSite
    ) -> None:
        own = str(uuid4())
        asked: dict[str, Any] = {"params": {"site": site.key}, "id": own}
        await account.submitted(**asked)
        for other in ({"report": "devices"}, {"params": {"site": site.key, "days": 2}}):
            answer = await account.submit(**asked | other)
            assert answer.status_code == 409
            assert is_refusal(answer, "CONFLICT")

    async def test_ids_of_accounts_do_not_meet(
        self, account: Account, stranger: Account, site: TestSite
    ) -> None:
        own = str(uuid4())
        await account.submitted(params={"site": site.key}, id=own)
        await stranger.submitted("devices", params={"site": site.key}, id=own)
        assert (await account.job(own))["report"] == "pages"
        assert (await stranger.job(own))["report"] == "devices"

    async def test_own_jobs_are_listed_newest_first_page_by_page(
        self, account: Account, stranger: Account, site: TestSite
    ) -> None:
        jobs = [(await account.submitted(params={"site": site.key}))["id"] for _ in range(3)]
        await stranger.submitted(params={"site": site.key})
        first = (await account.get(limit=2)).json()
        assert [job["id"] for job in first] == jobs[:0:-1]
        second = (await account.get(limit=2, before=first[-1]["id"])).json()
        assert [job["id"] for job in second] == jobs[:1]


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("pages", {"compare": "previous"}),
    ("pages", {"format": "csv", "limit": 2}),
    ("devices", {"dimension": "os", "totals": False}),
    ("traffic-sources", {"format": "csv", "csv": "excel"}),
    ("funnel", {"steps": ["/", "/b"]}),
    ("timeseries", {"interval": "day"}),
    ("sessions", {}),
    ("heatmap", {}),
    ("events", {}),
    ("event-buckets", {}),
]


class TestResult:
    @pytest.mark.parametrize(("report", "params"), ASKED)
    async def test_result_is_byte_for_byte_the_answer_of_get(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        report: str,
        params: dict[str, Any],
    ) -> None:
        day = {"time": "2026-11-25T12:00:00Z", "visitor_id": "v"}
        await site.send({"page": "/"} | day, {"page": "/b"} | day, {"page": "/ü"} | day)
        asked = {"site": site.key, "from": "2026-11-20", "to": "2026-11-26", **params}
        job = (await account.submitted(report, params=asked))["id"]
        await answer_jobs(Runner(database))
        path = "/api/events" if report == "event-buckets" else f"/api/analytics/{report}"
        got = await site.client.get(path, params=asked)
        assert got.status_code == 200
        result = await account.get(f"/{job}/result")
        assert body_and_headers(result) == body_and_headers(got)
        found = await account.job(job)
        assert (found["status"], found["bytes"]) == ("done", len(got.content))

    @pytest.mark.parametrize("path", ["events/raw", "visits"])
    @pytest.mark.parametrize("more", [{}, {"format": "ndjson"}, {"format": "csv"}])
    async def test_raw_data_can_be_submitted(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        path: str,
        more: dict[str, str],
    ) -> None:
        await site.send(*({"page": f"/{n}", "visitor_id": f"v{n}"} for n in range(5)))
        now = utc_now()
        asked = {
            "site": site.key,
            "from": (now - timedelta(days=1)).isoformat(),
            "to": now.isoformat(),
            **more,
        }
        job = (await account.submitted(path, params=asked))["id"]
        await answer_jobs(Runner(database))
        got = await site.client.get(f"/api/{path}", params=asked, headers=account.headers)
        assert got.status_code == 200
        assert body_and_headers(await account.get(f"/{job}/result")) == body_and_headers(got)

    async def test_every_report_can_be_submitted(self, account: Account, site: TestSite) -> None:
        needed = {"funnel": {"steps": ["/"]}, "values": {"dimension": "source"}}
        needed |= {"funnel/visitors": {"steps": ["/"], "step": 1}, "correlations": {"goal": "/"}}
        for name in KINDS:
            params = {"site": site.key} | needed.get(name, {})
            job = (await account.submitted(name, params=params))["id"]
            assert await account.delete(job) == 204

    async def test_result_of_unfinished_job_is_refused_with_409(
        self, account: Account, site: TestSite
    ) -> None:
        job = (await account.submitted(params={"site": site.key}))["id"]
        answer = await account.get(f"/{job}/result")
        assert answer.status_code == 409
        assert is_refusal(answer, "NOT_DONE")

    async def test_deleted_job_is_gone_with_its_result(
        self, account: Account, site: TestSite, database: Database
    ) -> None:
        job = (await account.submitted(params={"site": site.key}))["id"]
        await answer_jobs(Runner(database))
        assert await account.delete(job) == 204
        for path in (f"/{job}", f"/{job}/result"):
            assert (await account.get(path)).status_code == 404
        assert await change(database, "select count(*) from submitted_job_part") == [(0,)]

    async def test_former_member_gets_no_result(
        self, account: Account, site: TestSite, database: Database
    ) -> None:
        job = (await account.submitted(params={"site": site.key}))["id"]
        await answer_jobs(Runner(database))
        assert (await account.get(f"/{job}/result")).status_code == 200
        await hide(database, site.key)
        assert is_refusal(await account.get(f"/{job}/result"), "NOT_FOUND")
        await account.join(database, site.key)
        assert (await account.get(f"/{job}/result")).status_code == 200

    async def test_result_is_not_found_from_a_day_after_the_end(
        self, account: Account, site: TestSite, database: Database
    ) -> None:
        job = (await account.submitted(params={"site": site.key}))["id"]
        await answer_jobs(Runner(database))
        await set_back(database, job, "expires_at", "23 hours 59 minutes")
        assert (await account.get(f"/{job}/result")).status_code == 200
        await set_back(database, job, "expires_at", "1 minute")
        answer = await account.get(f"/{job}/result")
        assert answer.status_code == 404
        assert is_refusal(answer, "NOT_FOUND")

    async def test_expired_jobs_are_deleted_by_the_confirmed_time(
        self, account: Account, site: TestSite, database: Database, settings: Settings
    ) -> None:
        old, young = [(await account.submitted(params={"site": site.key}))["id"] for _ in "ab"]
        await answer_jobs(Runner(database))
        waiting = (await account.submitted(params={"site": site.key}))["id"]
        await set_back(database, old, "expires_at", "26 hours")
        await change(database, "delete from clock_reading")
        jobs = [job for job in jobs_for(database.engine, settings) if "submitted" in job.name]
        left = "select id from submitted_job order by number"
        await run_once(database, jobs)
        assert len(await change(database, left)) == 3
        ages = [timedelta(0), timedelta(hours=2)]
        for age in ages:
            await change(database, "insert into clock_reading values (now() - %s)", age)
        async with await database.connect() as connection:
            assert await confirmed_time(connection)
        await run_once(database, jobs)
        assert await change(database, left) == [(UUID(young),), (UUID(waiting),)]
        await change(database, "delete from clock_reading")

    async def test_account_takes_its_jobs_along(
        self, client: httpx.AsyncClient, site: TestSite, database: Database
    ) -> None:
        account = await Account(client).register()
        await account.join(database, site.key)
        job = (await account.submitted(params={"site": site.key}))["id"]
        await answer_jobs(Runner(database))
        owner = "select user_id from submitted_job where id = %s"
        ((user,),) = await change(database, owner, UUID(job))
        await change(database, "delete from app_user where id = %s", user)
        assert await change(database, "select count(*) from submitted_job_part") == [(0,)]
