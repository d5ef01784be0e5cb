"""Live counts over WebSocket, from real processes: who may watch, and how soon they see."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import websockets
from websockets.exceptions import InvalidStatus

from conftest import TestSite
from processes import PATIENCE, PATIENT, Service, database_of, running

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two worker processes on an embedded database with the demo site."""
    folder = tmp_path_factory.mktemp("live") / "data"
    with running(folder, WORKERS="2", **PATIENT) as service:
        yield service


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    """The administrator's login."""
    email, password = (service.data_dir / "first-login.txt").read_text().split()
    login = {"email": email, "password": password}
    return httpx.post(f"{service.base}/api/auth/login", json=login, timeout=60).json()[
        "access_token"
    ]


def address(service: Service, site: str) -> str:
    """Where to watch a site."""
    return f"ws://127.0.0.1:{service.port}/api/realtime/ws?site={site}"


def refusal_of(raised: pytest.ExceptionInfo[InvalidStatus]) -> tuple[int, str]:
    """The status and the code of a handshake that was refused."""
    response = raised.value.response
    return response.status_code, json.loads(response.body)["error"]


async def track(service: Service, **event: Any) -> None:
    """Posts one event the way curl would."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{service.base}/api/events/", json={"user_agent": CHROME} | event
        )
        assert answer.status_code == 201, answer.text


async def seen(
    socket: websockets.ClientConnection, page: str, patience: float = PATIENCE
) -> dict[str, Any]:
    """The first snapshot in which this page was viewed."""
    async with asyncio.timeout(patience):
        while True:
            snapshot = json.loads(await socket.recv())
            if any(event["page"] == page for event in snapshot["latest"]):
                return snapshot


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Cookie": "analytics_login=nonsense"},
    ],
)
async def test_live_view_of_private_site_needs_login(
    service: Service, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await websockets.connect(address(service, "default"), additional_headers=headers)
    assert refusal_of(refusal) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
async def test_live_view_from_other_origin_is_refused(
    service: Service, token: str, origin: str
) -> None:
    headers = {"Cookie": f"analytics_login={token}"}
    with pytest.raises(InvalidStatus) as refusal:
        await websockets.connect(
            address(service, "default"),
            origin=origin,  # pyright: ignore[reportArgumentType]
            additional_headers=headers,
        )
    assert refusal_of(refusal) == (403, "FORBIDDEN")


async def test_live_view_of_unknown_site_is_refused(service: Service, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with pytest.raises(InvalidStatus) as refusal:
        await websockets.connect(address(service, "nope"), additional_headers=headers)
    assert refusal_of(refusal) == (404, "UNKNOWN_SITE")


async def test_live_view_with_invalid_parameter_is_refused(service: Service) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await websockets.connect(address(service, "x" * 201))
    assert refusal_of(refusal) == (422, "INVALID")
    (problem,) = json.loads(refusal.value.response.body)["problems"]
    assert (problem["where"], problem["problem"]) == ("site", "must have a length of at most 200")


async def test_live_view_from_own_page_accepts_cookie(service: Service) -> None:
    username, password = (service.data_dir / "first-login.txt").read_text().split()
    given = {"username": username, "password": password}
    login = httpx.post(f"{service.base}/api/auth/login", json=given, timeout=60)
    headers = {"Cookie": f"analytics_login={login.cookies['analytics_login']}"}
    origin: Any = service.base
    async with websockets.connect(
        address(service, "default"), origin=origin, additional_headers=headers
    ) as socket:
        assert json.loads(await socket.recv())["site"] == "default"


async def test_every_viewer_sees_event_taken_by_any_worker(service: Service) -> None:
    viewers = [await websockets.connect(address(service, "demo")) for _ in range(6)]
    for number in range(4):
        page = f"/seen-by-all-{number}"
        await track(service, site="demo", page=page)
        snapshots = [await seen(viewer, page) for viewer in viewers]
        assert all(snapshot["visitors_now"] >= 1 for snapshot in snapshots)
        assert all(sum(snapshot["minutes"]) >= number + 1 for snapshot in snapshots)
    for viewer in viewers:
        await viewer.close()


async def test_events_of_other_sites_are_not_shown(service: Service) -> None:
    async with websockets.connect(address(service, "demo")) as viewer:
        await track(service, site="default", page="/elsewhere")
        await track(service, site="demo", page="/here")
        snapshot = await seen(viewer, "/here")
    assert "/elsewhere" not in json.dumps(snapshot)


async def test_snapshots_are_sent_at_most_once_a_second(service: Service) -> None:
    async with websockets.connect(address(service, "demo")) as viewer:
        await viewer.recv()
        started = time.monotonic()
        received = 0
        while time.monotonic() - started < 3:
            await track(service, site="demo", page="/busy")
            try:
                await asyncio.wait_for(viewer.recv(), 0.05)
                received += 1
            except TimeoutError:
                pass
        assert 1 <= received <= 5


async def test_live_numbers_agree_with_reports(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.base) as client:
        live = (await client.get("/api/realtime/stats?site=demo")).json()
        today = (await client.get("/api/analytics/timeseries?site=demo&days=1")).json()["totals"]
    for name in ("visits", "visitors", "pageviews"):
        assert live["today"][name] == today[name]
    assert len(live["minutes"]) == 30


async def test_engagement_in_no_visit_is_no_visitor_now(site: TestSite) -> None:
    reading = {"name": "engagement", "page": "/", "duration": 5}
    await site.send({"page": "/", "visitor_id": "ann"}, reading | {"visitor_id": "ann"})
    await site.send(reading | {"visitor_id": "ann at another address"})
    live = await site.client.get(f"/api/realtime/stats?site={site.key}", headers=site.admin)
    told = live.json()
    assert told["visitors_now"] == told["visits_now"] == told["today"]["visitors"] == 1


async def test_active_visits_and_page_views_are_apart_from_visitors_and_events(
    site: TestSite,
) -> None:
    ann, ago = {"page": "/", "visitor_id": "ann"}, datetime.now(UTC) - timedelta(minutes=15)
    await site.send(
        ann | {"session_id": "one"},
        ann | {"session_id": "two"},
        ann | {"session_id": "two", "name": "Buy"},
        {"page": "/", "visitor_id": "ben", "time": ago.isoformat()},
    )
    live = (
        await site.client.get(f"/api/realtime/stats?site={site.key}", headers=site.admin)
    ).json()
    assert (live["visitors_now"], live["visits_now"]) == (1, 2)
    assert (sum(live["minutes"]), sum(live["pageview_minutes"])) == (4, 3)
    assert max(live["pageview_minutes"]) == 2
    assert [len(live[name]) for name in ("minutes", "pageview_minutes")] == [30, 30]
    assert live["today"]["events"] == live["today"]["pageviews"] + 1


async def test_sources_and_countries_are_of_visits_of_half_an_hour(site: TestSite) -> None:
    berlin, tokyo = {"timezone": "Europe/Berlin"}, {"timezone": "Asia/Tokyo"}
    found = {"referrer": "https://www.google.com/"}
    hour_ago = {"time": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    await site.send(
        {"page": "/", "visitor_id": "ann"} | berlin | found,
        {"page": "/2", "visitor_id": "ann"} | berlin | found,
        {"page": "/", "visitor_id": "ben"} | berlin,
        {"page": "/", "visitor_id": "eve"} | tokyo,
        {"page": "/", "visitor_id": "old"} | tokyo | found | hour_ago,
        {"page": "/", "visitor_id": "nowhere"} | found,
    )
    live = await site.client.get(f"/api/realtime/stats?site={site.key}", headers=site.admin)
    assert live.json()["top_sources"] == [
        {"source": "", "visitors": 2},
        {"source": "Google", "visitors": 2},
    ]
    assert live.json()["countries"] == [
        {"country": "DE", "visitors": 2},
        {"country": "", "visitors": 1},
        {"country": "JP", "visitors": 1},
    ]


async def test_database_is_listened_to_only_while_somebody_watches(service: Service) -> None:
    await track(service, site="demo", page="/unheard")  # whoever still listens hears of it
    await until_listening(service.data_dir, 0)
    async with websockets.connect(address(service, "demo")) as viewer:
        await until_listening(service.data_dir, 1)
        await track(service, site="demo", page="/heard")
        await seen(viewer, "/heard")


async def test_viewers_continue_after_database_cut_all_connections(service: Service) -> None:
    async with websockets.connect(address(service, "demo")) as viewer:
        await viewer.recv()
        cut_all_connections(service.data_dir)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                await track(service, site="demo", page="/after-the-cut")
                break
            except (AssertionError, httpx.HTTPError):
                await asyncio.sleep(0.3)
        await seen(viewer, "/after-the-cut")


async def until_listening(data_dir: Path, processes: int) -> None:
    """Waits until so many processes hear of batches."""
    query = "select count(*) from pg_stat_activity where query ilike 'listen %'"
    async with asyncio.timeout(PATIENCE):
        with psycopg.connect(database_of(data_dir), autocommit=True) as connection:
            while connection.execute(query).fetchone() != (processes,):
                await asyncio.sleep(0.05)


def cut_all_connections(data_dir: Path) -> None:
    """What a restart of the database does to everybody."""
    with psycopg.connect(database_of(data_dir)) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'analytics' and pid <> pg_backend_pid()"
        )
