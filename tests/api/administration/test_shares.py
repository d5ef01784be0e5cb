"""Share links: what they show, to whom, and for how long."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.auth.tokens import Purpose, Tokens
from api.db.database import Database
from api.sites.models import utc_now
from conftest import SECRET, TestSite
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine

PASSWORD = "open sesame, please"
DAY = "2026-05-05"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
)

Made = dict[str, Any]
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def private(site: TestSite) -> TestSite:
    """A site that only its members may read, with visits from two campaigns."""
    await change(site.database, "update site set visibility = 'private' where key = %s", site.key)
    events = [
        {
            "id": f"{site.key}-{number}",
            "page": f"/{campaign}{number}",
            "time": f"{DAY}T10:0{number}:00Z",
            "user_id": f"{campaign}{number}",
            "session_id": f"{campaign}{number}",
            "user_agent": CHROME,
            "utm_campaign": campaign,
        }
        for campaign, many in (("spring", 2), ("autumn", 3))
        for number in range(many)
    ]
    await site.send(*events)
    return site


async def make(site: TestSite, status: int = 201, **more: Any) -> Made:
    """Makes a link to the site, or is refused."""
    path = f"/api/sites/{site.key}/shares"
    answer = await site.client.post(path, json={"name": "a link"} | more, headers=site.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


async def status(site: TestSite, token: str) -> int:
    """What a report answers to it."""
    path = f"/api/analytics/pages?site={site.key}"
    return (await site.client.get(path, headers=bearer(token))).status_code


async def opened(site: TestSite, made: Made, password: str | None = None) -> httpx.Response:
    """Opens a link."""
    body = {"secret": made["secret"], "password": password}
    return await site.client.post("/api/shares/open", json=body)


SPRING = [["is", "campaign", ["spring"]]]

REPORTS = {
    "timeseries": {"interval": "hour"},
    "pages": {},
    "entries": {},
    "exits": {},
    "traffic-sources": {"dimension": "campaign"},
    "devices": {"dimension": "browser"},
    "locations": {},
    "heatmap": {},
    "events": {},
    "values": {"dimension": "page"},
    "sessions/series": {},
    "paths": {},
    "funnel": {"steps": ["/spring*", "/autumn*"]},
    "segments": {"a": '[["contains","page",["0"]]]', "b": '[["contains","page",["a"]]]'},
    "lifecycle": {},
    "stickiness": {},
    "goals": {},
    "revenue": {},
    "conversions": {},
    "rfm": {},
    "engagement": {},
    "engagement/frequency": {},
    "retention": {},
}


async def test_link_shows_site_and_nothing_else(private: TestSite, site: TestSite) -> None:
    made = await make(private)
    assert made["secret"].startswith("share_")
    assert made["url"] == f"http://test/share/{made['id']}#{made['secret']}"
    assert await status(private, made["secret"]) == 200
    other = f"{private.key}-other"
    await change(
        site.database,
        "insert into site (key, domain, name, visibility) values (%s, 'o.example', 'O', 'public')",
        other,
    )
    headers = bearer(made["secret"])
    for name in ("default", other, "no-such-site"):
        path = f"/api/analytics/pages?site={name}"
        assert (await site.client.get(path, headers=headers)).status_code == 404


async def test_filters_of_link_are_forced_upon_every_question(private: TestSite) -> None:
    headers = bearer((await make(private, filters=SPRING))["secret"])
    for own in (
        "",
        '[["is_not", "page", ["/spring0"]]]',
        '[["or", [["is", "campaign", ["autumn"]]]]]',
    ):
        both = [*SPRING, ["and", json.loads(own)]] if own else SPRING
        for report, more in REPORTS.items():
            asked = {"site": private.key, "from": DAY, "to": DAY, **more}
            path = f"/api/analytics/{report}"
            seen = await private.client.get(path, params=asked | {"filters": own}, headers=headers)
            limited = asked | {"filters": json.dumps(both)}
            allowed = await private.client.get(path, params=limited, headers=private.admin)
            assert (seen.status_code, allowed.status_code) == (200, 200), (report, seen.text)
            assert seen.json() == allowed.json(), report
            assert "autumn" not in str(seen.json()["rows"]) or report == "funnel"
    await assert_batch_and_csv_are_limited(private, headers)


async def test_link_with_filters_is_compared_with_its_own_visits_only(private: TestSite) -> None:
    headers = bearer((await make(private, filters=SPRING))["secret"])
    asked = {"site": private.key, "from": DAY, "to": DAY, "compare": "segment"}
    for segment in ("", '[["is", "campaign", ["autumn"]]]'):
        told = await private.client.get(
            "/api/analytics/pages", params=asked | {"compare_filters": segment}, headers=headers
        )
        both = [*SPRING, ["and", json.loads(segment)]] if segment else SPRING
        limited = {"filters": json.dumps(SPRING), "compare_filters": json.dumps(both)}
        allowed = await private.client.get(
            "/api/analytics/pages", params=asked | limited, headers=private.admin
        )
        assert (told.status_code, allowed.status_code) == (200, 200)
        assert told.json() == allowed.json()


async def assert_batch_and_csv_are_limited(site: TestSite, headers: dict[str, str]) -> None:
    common = {"site": site.key, "from": DAY, "to": DAY}
    csv = await site.client.get(
        "/api/analytics/pages", params=common | {"format": "csv"}, headers=headers
    )
    buckets = await site.client.get("/api/events", params=common, headers=headers)
    queries = [{"report": "pages"}, {"report": "sessions"}, {"report": "bots"}]
    body = {"common": common, "queries": queries}
    batch = await site.client.post("/api/analytics/batch", json=body, headers=headers)
    lines = sorted(map(json.loads, batch.text.splitlines()), key=lambda line: line["id"])
    assert [line["status"] for line in lines] == [200, 403, 403]
    for text in (csv.text, buckets.text, json.dumps(lines[0])):
        assert "spring" in text
        assert "autumn" not in text


async def test_question_that_breaks_out_of_forced_filters_is_refused(private: TestSite) -> None:
    headers = bearer((await make(private, filters=SPRING))["secret"])
    for own in ("{}", '"x"', "1", "null", '[["or"', '[["is"]]', "true"):
        asked = {"site": private.key, "from": DAY, "to": DAY, "filters": own}
        answer = await private.client.get("/api/analytics/pages", params=asked, headers=headers)
        assert answer.status_code == 422, own


async def test_questions_that_link_cannot_limit_are_refused(private: TestSite) -> None:
    for filters, live in ((SPRING, 403), ([], 200)):
        headers = bearer((await make(private, filters=filters))["secret"])
        asked = {"site": private.key}
        for path, expected in (
            ("/api/analytics/sessions", 403),
            ("/api/analytics/funnel/visitors?steps=/", 403),
            ("/api/analytics/rfm/customers", 403),
            ("/api/analytics/churn", 403),
            ("/api/analytics/bots", live),
            ("/api/realtime/stats", live),
            (f"/api/analytics/sessions/{uuid4()}", 401),
            (f"/api/events/{uuid4()}", 401),
            ("/api/events/raw", 401),
            ("/api/visits", 401),
            ("/api/changes", 401),
            ("/api/goals", 401),
        ):
            url = f"{path}{'&' if '?' in path else '?'}site={private.key}"
            answer = await private.client.get(url, headers=headers)
            assert answer.status_code == expected, path
        for path, body in (
            (
                "/api/analytics/query",
                {"site_id": private.key, "metrics": ["visits"], "date_range": "7d"},
            ),
            ("/api/jobs", {"report": "pages", "params": asked}),
            ("/api/goals", {"name": "x", "event": "x", "site": private.key}),
            (f"/api/sites/{private.key}/shares", {"name": "x"}),
        ):
            answer = await private.client.post(path, json=body, headers=headers)
            assert answer.status_code == 401, path


async def test_link_sends_events_as_anybody_does(private: TestSite) -> None:
    headers = bearer((await make(private))["secret"])
    event = {"site": private.key, "page": "/", "id": f"{private.key}-sent"}
    first = await private.client.post("/api/events/", json=event, headers=headers)
    other = event | {"page": "/other"}
    again = await private.client.post("/api/events/", json=other, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["page"] == "/other", "what is stored is not told"
    old = await private.client.post(
        "/api/events/",
        json={**event, "id": str(uuid4()), "time": "2020-02-02T00:00:00Z"},
        headers=headers,
    )
    assert old.json()["error"] == "TOO_LATE"


async def test_password_opens_link_for_while(private: TestSite, settings: Any) -> None:
    made = await make(private, password=PASSWORD, view={"period": "7d"}, filters=SPRING)
    assert await status(private, made["secret"]) == 401
    needed = await opened(private, made)
    assert is_refusal(needed, "PASSWORD_NEEDED")
    wrong = await opened(private, made, "not the password")
    assert is_refusal(wrong, "UNAUTHENTICATED")
    right = (await opened(private, made, PASSWORD)).json()
    assert right["site"] == {
        "key": private.key,
        "name": f"{private.key}.example",
        "timezone": "UTC",
    }
    assert (right["view"], right["filters"]) == ({"period": "7d"}, SPRING)
    token = right["access_token"]
    assert await status(private, token) == 200
    assert 0 < right["expires_in"] <= settings.access_token_expire_minutes * 60
    for changed in (token[:-3], token.removeprefix("opened_"), f"{token}x"):
        assert await status(private, changed) == 401


async def test_opened_token_is_good_for_nothing_else(private: TestSite) -> None:
    made = await make(private, password=PASSWORD, expires_in_days=1)
    tokens, later = Tokens([SECRET]), utc_now() + timedelta(minutes=1)
    forged = tokens.sign(Purpose.ACCESS, {"sub": made["id"]}, later)
    assert await status(private, f"opened_{forged}") == 401
    good = tokens.issue_opened(made["id"], later)
    assert await status(private, f"opened_{good}") == 200
    assert await status(private, good) == 401
    expired = tokens.issue_opened(made["id"], utc_now() - timedelta(minutes=2))
    assert await status(private, f"opened_{expired}") == 401
    absent = tokens.issue_opened(uuid4(), later)
    assert await status(private, f"opened_{absent}") == 401


async def test_link_that_ended_is_refused_at_once(private: TestSite) -> None:
    for password in (None, PASSWORD):
        made = await make(private, password=password, expires_in_days=1)
        token = (await opened(private, made, password)).json()["access_token"]
        url = f"/api/sites/{private.key}/shares/{made['id']}"
        page = f"/share/{made['id']}"
        assert (await status(private, token), (await private.client.get(page)).status_code) == (
            200,
            200,
        )
        gone = await private.client.delete(url, headers=private.admin)
        again = await private.client.delete(url, headers=private.admin)
        assert (gone.status_code, again.status_code) == (204, 404)
        await assert_refused(private, made, token)
    made = await make(private, expires_in_days=1)
    token = (await opened(private, made)).json()["access_token"]
    spoilt = "update share_link set expires_at = now() - interval '1 second' where id = %s"
    await change(private.database, spoilt, made["id"])
    await assert_refused(private, made, token)


async def assert_refused(site: TestSite, made: Made, token: str) -> None:
    assert await status(site, token) == 401
    assert await status(site, made["secret"]) == 401
    assert is_refusal(await opened(site, made, PASSWORD), "UNAUTHENTICATED")
    assert (await site.client.get(f"/share/{made['id']}")).status_code == 404


async def test_wrong_passwords_are_limited_by_link_and_network(
    private: TestSite, app: FastAPI, database: Database
) -> None:
    made, other = [await make(private, password=PASSWORD) for _ in "ab"]
    wrong = [(await opened(private, made, "not the password")).status_code for _ in range(12)]
    assert wrong == [401] * 10 + [429] * 2
    assert (await opened(private, made, PASSWORD)).status_code == 429
    assert (await opened(private, other, PASSWORD)).status_code == 200
    transport = httpx.ASGITransport(app, client=("198.51.100.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
        body = {"secret": made["secret"], "password": PASSWORD}
        assert (await elsewhere.post("/api/shares/open", json=body)).status_code == 200
    told = "select network from audit_log where action = 'share_password_wrong'"
    rows = await change(database, f"{told} and detail ->> 'share' = %s", made["id"])
    assert rows == [("203.0.113.0/24",)] * 10


async def test_page_may_be_framed_by_origins_of_link_only(private: TestSite) -> None:
    origins = ["https://www.example.com", "http://localhost:3000"]
    made = await make(private, origins=[origins[0].upper(), origins[1]])
    assert made["origins"] == origins
    page = await private.client.get(f"/share/{made['id']}")
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors {' '.join(origins)};" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert private.key not in page.text
    for path in (
        f"/share/{(await make(private))['id']}",
        f"/share/{uuid4()}",
        "/share/x",
        "/login",
    ):
        policy = (await private.client.get(path)).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy


BAD = (
    {"origins": ["*"]},
    {"origins": ["https://*.example.com"]},
    {"origins": ["https://a.example; script-src *"]},
    {"origins": ["https://a.example https://b.example"]},
    {"origins": ["https://a.example/path"]},
    {"origins": ["javascript:alert(1)"]},
    {"origins": ["https://a.example"] * 21},
    {"filters": [["is", "nothing", ["x"]]]},
    {"filters": [["is", "goal", ["x"]]]},
    {"filters": [["contains", "goal", ["x"]]]},
    {"filters": [["is", "page", ["\0"]]]},
    {"filters": [["is", "props:\ud800", ["x"]]]},
    {"filters": [["is", "page", ["x"]]] * 11},
    {"filters": [["is", "page", ["x" * 1900]]] * 3},
    {"filters": "x"},
    {"view": {"x": 1}},
    {"view": {f"{number}": "" for number in range(31)}},
    {"view": {"x": "\ud800"}},
    {"password": "short"},
    {"expires_in_days": 0},
    {"site_id": 1},
)


async def test_bad_link_is_refused(private: TestSite) -> None:
    path = f"/api/sites/{private.key}/shares"
    headers = private.admin | {"Content-Type": "application/json"}
    for body in BAD:
        text = json.dumps({"name": "x"} | body)
        answer = await private.client.post(path, content=text, headers=headers)
        assert answer.status_code == 422, body
        assert is_refusal(answer, "INVALID")


async def test_links_are_listed_without_secrets(private: TestSite, database: Database) -> None:
    made = await make(private, password=PASSWORD, filters=SPRING, expires_in_days=7)
    path = f"/api/sites/{private.key}/shares"
    (found,) = (await private.client.get(path, headers=private.admin)).json()
    assert found == {name: made[name] for name in made if name not in ("secret", "url")}
    assert found["has_password"] is True
    for table in ("share_link", "audit_log"):
        rows = await change(database, f"select t::text from {table} t")
        assert not [row for row in rows if made["secret"] in row[0] or PASSWORD in row[0]]
