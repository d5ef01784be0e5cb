"""Rejected events are kept without what identifies anybody, listed, and tried again."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.db.database import Database
from api.events.rejected.store import MAX_BYTES, delete_old_rejected
from api.sites.models import utc_now
from conftest import TestSite, rejected_are_kept

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


PATIENCE = 30
"""Seconds to wait for an answer. The test application gives up on its database much later."""


async def post(site: TestSite, *events: Any, **headers: str) -> dict[str, Any]:
    """Posts a batch as anybody, one event a line; the account of it."""
    body = b"\n".join(raw_of(site, event) for event in events)
    return (await site.client.post("/api/events/", content=body, headers=headers)).json()


def raw_of(site: TestSite, event: Any) -> bytes:
    """An event as it is, or as JSON."""
    return event if isinstance(event, bytes) else json.dumps({"site": site.key} | event).encode()


async def kept(site: TestSite, **params: Any) -> list[dict[str, Any]]:
    """The rejected events of the site, newest first."""
    await rejected_are_kept(site.client)
    path = f"/api/sites/{site.key}/rejected"
    answer = await site.client.get(path, params=params, headers=site.admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def replay(site: TestSite, **wanted: Any) -> dict[str, Any]:
    """Tries rejected events again; the account of it."""
    await rejected_are_kept(site.client)
    path = f"/api/sites/{site.key}/rejected/replay"
    answer = await site.client.post(path, json=wanted, headers=site.admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestList:
    @pytest.mark.parametrize(("verb", "path"), [("GET", ""), ("POST", "/replay")])
    async def test_only_editors_list_rejected_events(
        self, site: TestSite, client: httpx.AsyncClient, verb: str, path: str
    ) -> None:
        url = f"/api/sites/{site.key}/rejected{path}"
        assert (await client.request(verb, url, json={})).status_code == 401
        body = {"email": f"{uuid4()}@test.example", "password": "a long enough password"}
        await client.post("/api/auth/register", json=body)
        login = (await client.post("/api/auth/login", json=body)).json()
        client.cookies.clear()
        bearer = {"Authorization": f"Bearer {login['access_token']}"}
        assert (await client.request(verb, url, json={}, headers=bearer)).status_code == 403

    async def test_every_rejected_event_is_kept_with_reason(self, site: TestSite) -> None:
        too_old = {"page": "/old", "time": "1999-01-01T00:00:00Z"}
        await post(site, {"pgae": "/typo"}, {"page": "/good"}, too_old, b'{"page": NaN}')
        found = await kept(site)
        assert [row["error"] for row in found] == ["NOT_A_NUMBER", "TOO_LATE", "UNKNOWN_FIELD"]
        assert json.loads(found[1]["payload"])["page"] == "/old"
        assert [row["error"] for row in await kept(site, error="TOO_LATE")] == ["TOO_LATE"]
        assert await kept(site, before=found[-1]["id"]) == []

    async def test_rejected_single_event_is_kept(self, site: TestSite) -> None:
        event = {"site": site.key, "page": 17}
        assert (await site.client.post("/api/events/", json=event)).status_code == 422
        assert [row["error"] for row in await kept(site)] == ["INVALID_FIELD"]

    async def test_unreadable_line_belongs_to_site_of_its_neighbours(self, site: TestSite) -> None:
        await post(site, b"garbage", {"page": "/"}, b"]]]", b'{"page": "/\xff"}')
        assert len(await kept(site)) == 3

    async def test_rejected_event_of_unknown_site_is_not_kept(
        self, site: TestSite, database: Database
    ) -> None:
        count = "select count(*) from rejected_event"
        async with await database.connect() as connection:
            before = await (await connection.execute(count)).fetchone()
            report = await post(site, *[{"page": "/", "site": f"nobody-{uuid4()}"}] * 2)
            assert report["rejected"][0]["error"] == "UNKNOWN_SITE"
            await rejected_are_kept(site.client)
            assert await (await connection.execute(count)).fetchone() == before

    async def test_characters_that_postgresql_cannot_store_are_escaped(
        self, site: TestSite
    ) -> None:
        await post(
            site,
            {"page": "/a\0b", "title": "\0"},
            b'{"site": "%b", "page": "/\x00\xff"}' % site.key.encode(),
            {"page": "/", "a\0b": 1},
        )
        found = await kept(site)
        assert len(found) == 3
        assert json.loads(found[2]["payload"])["page"] == "/a\0b"
        assert "\\u0000" in found[1]["payload"]
        assert "\\xff" in found[1]["payload"]

    async def test_rejected_event_is_kept_without_identifiers(
        self, site: TestSite, database: Database
    ) -> None:
        secrets = [
            "203.0.113.7",
            "2001:db8::7",
            "jane@example.com",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWI.c2ln",
        ]
        event = {
            "page": "https://u:hunter2@shop.example/reset/jane@example.com?token=hunter2&utm_source=x",
            "referrer": "https://mail.example/?q=hunter2#hunter2",
            "title": f"Hello {secrets}",
            "user_id": "hunter2",
            "visitor_id": "hunter2",
            "time": "jane@example.com",
            "password": "hunter2",
            "ip": "203.0.113.7",
            "props": {"deep": {"er": secrets}, "jane@example.com": "http://10.1.2.3/?a=hunter2"},
            "203.0.113.7": "unknown",
        }
        cut = json.dumps({"site": site.key} | event).encode()[:-30] + b"]]}"
        await post(site, event)
        await site.client.post("/api/events/", content=b'{"page":"/"}\n' + cut)
        await site.client.post("/api/events/", content=cut.replace(b'"site"', b'"no"'))
        await rejected_are_kept(site.client)
        async with await database.connect() as connection:
            rows = await connection.execute(
                "select t::text from rejected_event t where site_id = (select id from site where"
                " key = %s) order by id",
                [site.key],
            )
            (first,), (second,) = await rows.fetchall()
        for secret in (*secrets, "10.1.2.3", "hunter2"):
            assert secret not in first + second, secret
        assert "utm_source=x" in first

    async def test_values_of_unknown_fields_are_not_kept(
        self, site: TestSite, database: Database
    ) -> None:
        """Whatever a form has: a test of names would miss the next one."""
        event = {"page": "/", "Passwort": "hunter2", "pin": {"code": "hunter2", "and": ["hunter2"]}}
        await post(site, event, {"page": "/", 'passwd"': "hunter2", "x" * 300: "hunter2"})
        cut = json.dumps({"site": site.key} | event).encode()[:-1] + b', "a\\"b": "hunter2", ]'
        await post(site, {"page": "/"}, cut)
        found = await kept(site)
        assert len(found) == 3
        assert "hunter2" not in json.dumps(found)
        assert json.loads(found[-1]["payload"])["Passwort"] is None
        assert all("page" in row["payload"] and "/" in row["payload"] for row in found)

    async def test_newest_rejected_events_of_flood_are_kept(
        self, site: TestSite, database: Database
    ) -> None:
        for start in range(0, 1200, 400):
            events = [{"pgae": "", "page": f"/{n}"} for n in range(start, start + 400)]
            await post(site, *events, **site.admin)
        found = await kept(site, limit=1000)
        assert len(found) == 1000
        assert json.loads(found[0]["payload"])["page"] == "/1199"
        for _ in range(6):
            large = {"pgae": "", "title": "x" * 30_000}
            await post(site, *[large for _ in range(34)], **site.admin)
        found = await kept(site, limit=1000)
        assert sum(len(row["payload"]) for row in found) <= MAX_BYTES
        assert len(found) > 100

    async def test_one_address_does_not_push_out_rejected_events_of_others(
        self, site: TestSite
    ) -> None:
        await post(site, {"pgae": "/genuine"}, **site.admin)
        for _ in range(3):
            await post(site, *[{"pgae": "/flood"} for _ in range(400)])
        await post(site, {"pgae": "/genuine"}, **site.admin)
        found = await kept(site, limit=1000)
        assert len(found) == 200 + 2

    async def test_rejected_events_expire(self, site: TestSite, database: Database) -> None:
        await post(site, {"pgae": "/"})
        await rejected_are_kept(site.client)
        async with await database.connect() as connection:
            await delete_old_rejected(connection, utc_now() - timedelta(days=14))
            assert len(await kept(site)) == 1
            await delete_old_rejected(connection, utc_now())
        assert await kept(site) == []


class TestReplay:
    async def test_replayed_event_is_stored_and_leaves_list(self, site: TestSite) -> None:
        old = (utc_now() - timedelta(days=9)).isoformat()
        await post(site, {"page": "/late", "time": old, "user_agent": CHROME}, {"pgae": "/typo"})
        report = await replay(site)
        assert (report["accepted"], report["duplicate"]) == (1, 0)
        assert [item["error"] for item in report["rejected"]] == ["UNKNOWN_FIELD"]
        assert [row["error"] for row in await kept(site)] == ["UNKNOWN_FIELD"]
        pages = await site.ask("pages", days=20)
        assert [row["page"] for row in pages["rows"]] == ["/late"]

    async def test_replay_is_limited_to_requested_events(self, site: TestSite) -> None:
        old = (utc_now() - timedelta(days=9)).isoformat()
        await post(site, *[{"page": f"/{n}", "time": old} for n in range(3)], {"pgae": 1})
        ids = [row["id"] for row in await kept(site)]
        assert (await replay(site, ids=ids[1:2]))["accepted"] == 1
        assert (await replay(site, error="TOO_LATE"))["accepted"] == 2
        assert await replay(site, ids=[]) == {"accepted": 0, "duplicate": 0, "rejected": []}
        assert len(await kept(site)) == 1

    async def test_replayed_event_joins_visit_of_its_sender(
        self, site: TestSite, database: Database
    ) -> None:
        agent = {"User-Agent": CHROME}
        await post(site, {"page": "/first"}, {"page": "/second", "hidden": None}, **agent)
        await rejected_are_kept(site.client)
        async with await database.connect() as connection:
            mend = "update rejected_event set payload = replace(payload, 'hidden', 'session_id')"
            await connection.execute(mend + " where payload like '%/second%'")
        assert (await replay(site))["accepted"] == 1
        totals = (await site.ask("sessions"))["totals"]
        assert (totals["visits"], totals["views_per_visit"]) == (1, 2.0)

    async def test_replayed_event_is_corrected_by_the_time_of_its_arrival(
        self, site: TestSite, database: Database
    ) -> None:
        slow = utc_now() - timedelta(days=3)
        happened = (slow - timedelta(days=8)).isoformat()
        event = {"page": "/late", "time": happened, "sent_at": slow.isoformat()}
        await post(site, event | {"id": str(uuid4())})
        async with await database.connect() as connection:
            earlier = "update rejected_event set received_at = received_at - interval '1 day'"
            await connection.execute(earlier)
        (row,) = await kept(site)
        assert (await replay(site))["accepted"] == 1
        path = f"/api/events/{json.loads(row['payload'])['id']}?site={site.key}"
        stored = (await site.client.get(path, headers=site.admin)).json()
        expected = datetime.fromisoformat(row["received_at"]) - timedelta(days=8)
        assert abs(datetime.fromisoformat(stored["time"]) - expected) < timedelta(seconds=10)

    async def test_replay_of_same_event_twice_stores_it_once(
        self, site: TestSite, database: Database
    ) -> None:
        old = (utc_now() - timedelta(days=9)).isoformat()
        await post(site, {"page": "/late", "time": old, "id": "sent-once"})
        again = "insert into rejected_event (site_id, received_at, code, detail, visitor_id,"
        again += " user_agent, payload) select site_id, received_at, code, detail, visitor_id,"
        again += " user_agent, payload from rejected_event where payload like %s"
        async with await database.connect() as connection:
            found = await kept(site)
            await connection.execute(again, [f"%{json.loads(found[0]['payload'])['id']}%"])
        report = await replay(site)
        assert (report["accepted"], report["duplicate"]) == (1, 1)
        assert await kept(site) == []


class TestKeeping:
    """Keeping them is best effort, and no reason for another answer."""

    async def test_good_events_are_accepted_while_rejected_table_is_locked(
        self, site: TestSite, database: Database
    ) -> None:
        good = {"page": "/good", "user_agent": CHROME}
        async with await database.connect() as blocking, blocking.transaction():
            await blocking.execute("lock table rejected_event in exclusive mode")
            async with asyncio.timeout(PATIENCE):
                reports = [await post(site, good, {"pgae": "/"}) for _ in range(3)]
                alone = await site.client.post("/api/events/", json={"pgae": "/"})
        assert [report["accepted"] for report in reports] == [1, 1, 1]
        assert [report["rejected"][0]["error"] for report in reports] == ["UNKNOWN_FIELD"] * 3
        assert (alone.status_code, alone.json()["error"]) == (422, "UNKNOWN_FIELD")
        assert (await site.ask("pages"))["rows"][0]["pageviews"] == 3

    async def test_good_events_are_accepted_when_rejected_table_fails(
        self, site: TestSite, database: Database
    ) -> None:
        async with await database.connect() as connection:
            await connection.execute("alter table rejected_event rename to rejected_away")
            try:
                report = await post(site, {"page": "/good"}, {"pgae": "/"})
                await rejected_are_kept(site.client)
            finally:
                await connection.execute("alter table rejected_away rename to rejected_event")
        assert (report["accepted"], len(report["rejected"])) == (1, 1)
        assert await kept(site) == []
        await post(site, {"page": "/good"}, {"pgae": "/"})
        assert len(await kept(site)) == 1

    async def test_good_events_are_accepted_when_queue_of_rejected_events_is_full(
        self, site: TestSite, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(app.state.ingest.rejected, "max_waiting", 0)
        report = await post(site, {"page": "/good"}, {"pgae": "/"})
        assert (report["accepted"], len(report["rejected"])) == (1, 1)
