"""A person is forgotten: in every table, and in every number, from the answer on."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.sites.models import utc_now
from api.submitted.runner import Runner
from conftest import TestSite, rejected_are_kept
from submitting import Account, answer_jobs

NAME = "jane-4711"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36"


async def erase(site: TestSite, **person: Any) -> httpx.Response:
    """Asks to forget a person."""
    url = f"/api/sites/{site.key}/erasures"
    return await site.client.post(url, json=person, headers=site.admin)


async def count_rows(site: TestSite, text: str) -> dict[str, int]:
    """In how many rows of each table a text occurs."""
    found: dict[str, int] = {}
    async with await site.database.connect() as connection:
        tables = await connection.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition"
        )
        for (table,) in await tables.fetchall():
            query = f"select count(*) from {table} t where strpos(t::text, %s) > 0"
            row = await (await connection.execute(query, [text])).fetchone()
            found |= {table: row[0]} if row and row[0] else {}
    return found


async def fill(site: TestSite, **person: Any) -> None:
    """Two visits of a person days ago, one of somebody else, and one without a name."""
    for days in (3, 2):
        time = (utc_now() - timedelta(days=days)).isoformat()
        await site.send(
            {"page": "/a", "time": time, **person, "revenue": {"amount": 5, "currency": "EUR"}},
            {"name": "Signup", "time": time, **person},
            {"page": "/b", "time": time, "user_id": "bob", "user_agent": CHROME},
            {"page": "/b", "time": time, "user_agent": CHROME},
        )


@pytest.mark.parametrize("kind", ["user_id", "visitor_id"])
async def test_erasure_removes_all_data_of_one_visitor_only(site: TestSite, kind: str) -> None:
    name = f"{NAME}-{uuid4()}"
    await fill(site, **{kind: name})
    await site.refresh()
    before = (await site.ask("timeseries", days=7))["totals"]
    receipt = await erase(site, **{kind: name})
    assert receipt.status_code == 201
    counts = {key: value for key, value in receipt.json().items() if key not in ("id", "erased_at")}
    assert counts == {"events": 4, "visits": 2, "visitors": 1, "rejected": 0, "observations": 0}
    assert await count_rows(site, name) == {}
    for _ in range(2):  # at once, and after the rollups were refreshed
        after = (await site.ask("timeseries", days=7))["totals"]
        assert after["visits"] == before["visits"] - 2
        assert after["pageviews"] == before["pageviews"] - 2
        assert after["visitors"] == before["visitors"] - 1
        assert [row["page"] for row in (await site.ask("pages", days=7))["rows"]] == ["/b"]
        await site.refresh()
    again = (await erase(site, **{kind: name})).json()
    assert (again["events"], again["visits"], again["visitors"]) == (0, 0, 0)


async def test_visitor_is_erased_by_the_id_in_answers(site: TestSite) -> None:
    await site.send({"page": "/", "user_agent": CHROME}, {"page": "/", "visitor_id": "ann"})
    found = (await site.ask("funnel/visitors", pages="/", limit=10))["rows"]
    unnamed = [row["visitor_id"] for row in found]
    receipt = (await erase(site, visitor_id=unnamed[0])).json()
    assert (receipt["events"], receipt["visits"], receipt["visitors"]) == (1, 1, 1)
    left = (await site.ask("funnel/visitors", pages="/", limit=10))["rows"]
    assert [row["visitor_id"] for row in left] == unnamed[1:]


@pytest.mark.parametrize("visitor", ["9" * 19, "-" + "9" * 19, "9" * 200, "-", "١٢"])
async def test_erasure_of_unknown_visitor_removes_nothing(site: TestSite, visitor: str) -> None:
    await site.send({"page": "/", "visitor_id": "ann"})
    receipt = await erase(site, visitor_id=visitor)
    assert receipt.status_code == 201
    assert receipt.json()["events"] == 0


async def test_visitor_without_visit_is_erased_by_the_id_in_answers(site: TestSite) -> None:
    await site.send({"name": "engagement", "page": "/", "duration": 5, "user_agent": CHROME})
    params = {"site": site.key, "days": "1"}
    answer = await site.client.get("/api/events/raw", params=params, headers=site.admin)
    (row,) = answer.json()["rows"]
    assert row["visit_id"] is None
    receipt = (await erase(site, visitor_id=row["visitor_id"])).json()
    assert (receipt["events"], receipt["visits"], receipt["visitors"]) == (1, 0, 0)
    assert await count_rows(site, row["visitor_id"]) == {}


async def test_erasure_has_submitted_jobs_answered_again(
    site: TestSite, account: Account, stranger: Account
) -> None:
    name = f"{NAME}-{uuid4()}"
    await fill(site, user_id=name)
    asked = {"site": site.key, "days": 7, "limit": 100}
    await stranger.join(site.database, "default")
    job = (await account.submitted("sessions", params=asked))["id"]
    other = (await stranger.submitted("sessions", params=asked | {"site": "default"}))["id"]
    await answer_jobs(Runner(site.database))
    before = await account.get(f"/{job}/result")
    await erase(site, user_id=name)
    assert await count_rows(site, name) == {}
    assert (await account.job(job))["status"] == "queued"
    assert (await stranger.job(other))["status"] == "done"
    await answer_jobs(Runner(site.database))
    after = (await account.get(f"/{job}/result")).json()
    assert len(after["rows"]) == len(before.json()["rows"]) - 2


async def test_erasure_removes_whole_session_in_which_user_was_named(site: TestSite) -> None:
    name = f"{NAME}-{uuid4()}"
    for told in ({"page": "/anonymous"}, {"page": "/", "user_id": name}, {"user_id": "bob"}):
        await site.send({"name": "Step", "session_id": "s", **told})
    assert (await erase(site, user_id=name)).json()["events"] == 3
    assert await count_rows(site, name) == {}


async def test_erasure_removes_rejected_events_that_name_user(site: TestSite) -> None:
    name = f'{NAME}-"quoted"-{uuid4()}'
    await site.send({"page": "/good"}, {"pgae": "/", "user_id": name}, {"pgae": "/", "title": name})
    await site.send({"page": "/good"}, {"pgae": "/", "user_id": "bob"})
    await rejected_are_kept(site.client)
    assert (await erase(site, user_id=name)).json()["rejected"] == 2
    assert await count_rows(site, name.rpartition("-")[2]) == {}


async def test_erasure_affects_one_site_only(site: TestSite, client: httpx.AsyncClient) -> None:
    name = f"{NAME}-{uuid4()}"
    await site.send({"page": "/", "user_id": name})
    await client.post("/api/events/", json={"page": "/", "user_id": name}, headers=site.admin)
    await erase(site, user_id=name)
    left = (await count_rows(site, name)).keys()
    # On the other one it may have come late, by the clocks of tests before.
    assert left - {"late_event"} == {"event", "visitor"}


async def test_audit_log_of_erasure_holds_counts_and_no_name(site: TestSite) -> None:
    name = f"{NAME}-{uuid4()}"
    await site.send({"page": "/", "user_id": name})
    receipt = (await erase(site, user_id=name)).json()
    async with await site.database.connect() as connection:
        row = await connection.execute(
            "select action, actor is not null, detail from audit_log where id = %s", [receipt["id"]]
        )
        expected = {"events": 1, "visits": 1, "visitors": 1, "rejected": 0, "observations": 0}
        assert await row.fetchone() == ("erasure", True, expected)


@pytest.mark.parametrize(
    "body", [{}, {"user_id": "a", "visitor_id": "b"}, {"user_id": ""}, {"email": "x"}]
)
async def test_erasure_needs_exactly_one_name(site: TestSite, body: dict[str, str]) -> None:
    assert (await erase(site, **body)).status_code == 422


async def test_only_editors_erase(site: TestSite, client: httpx.AsyncClient) -> None:
    url = f"/api/sites/{site.key}/erasures"
    assert (await client.post(url, json={"user_id": "a"})).status_code == 401
