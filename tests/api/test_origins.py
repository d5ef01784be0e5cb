"""Headers of every response; host names and origins that may ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.origins import DEFAULTS, OPEN_PATHS, hosts_of
from conftest import SECRET, TestSite
from main import build_app
from settings import Settings

pytestmark = pytest.mark.any_engine

PAGES = ("/", "/login", "/api/realtime", "/docs", "/redoc")

FRIEND = "https://board.example.com"


@asynccontextmanager
async def service(settings: Settings, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with these settings."""
    app = build_app(settings.model_copy(update=changes))
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://stats.example.com") as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("GET", path) for path in (*PAGES, "/openapi.json", "/healthz", "/metrics", "/nowhere")],
        *[("GET", path) for path in ("/api/analytics/pages", "/api/auth/me", "/script.js")],
        ("GET", "/api/analytics/pages?format=csv"),
        ("GET", "/static/x/live.js"),
        ("GET", "/pixel.gif?page=/"),
        ("OPTIONS", "/api/goals"),
        ("DELETE", "/api/auth/login"),
        ("POST", "/api/events"),
        ("POST", "/api/auth/login"),
    ],
)
async def test_every_response_has_headers_of_protection(
    site: TestSite, method: str, path: str
) -> None:
    answer = await site.client.request(method, path, headers=site.admin)
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"]
    assert headers["cache-control"]
    is_open = path.partition("?")[0] in OPEN_PATHS
    assert headers["cross-origin-resource-policy"] == ("cross-origin" if is_open else "same-origin")
    assert "strict-transport-security" not in headers
    assert "server" not in headers
    if path.startswith("/api/") and path != "/api/realtime" and not is_open:
        assert headers["content-security-policy"] == DEFAULTS["Content-Security-Policy"]
        assert "no-" in headers["cache-control"]


async def test_https_is_asked_for_from_then_on(site: TestSite) -> None:
    answer = await site.client.get("https://test/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("changes", "hosts"),
    [
        ({}, set[str]()),
        ({"base_url": "https://stats.example.com:8443"}, {"stats.example.com"}),
        ({"hosts": "a.example, B.example"}, {"a.example", "b.example"}),
        ({"base_url": "https://stats.example.com", "hosts": "a.example"}, {"a.example"}),
    ],
)
def test_host_names_are_those_of_settings(changes: dict[str, str], hosts: set[str]) -> None:
    named = hosts_of(Settings(secret_key=SECRET, **changes))  # pyright: ignore[reportArgumentType]
    assert {*named} - {"localhost", "127.0.0.1", "::1"} == hosts


async def test_unknown_host_reaches_events_and_probes_only(settings: Settings) -> None:
    async with service(settings, base_url="https://stats.example.com") as client:
        for host in ("stats.example.com", "STATS.example.com:80", "localhost:8002", "[::1]:8002"):
            assert (await client.get("/login", headers={"Host": host})).status_code == 200
        for host in ("evil.example", "stats.example.com.evil.example", "", "[", "a@b:c:d"):
            for path in ("/", "/login", "/api/analytics/pages", "/openapi.json", "/static/x/a.js"):
                answer = await client.get(path, headers={"Host": host})
                assert (answer.status_code, answer.json()["error"]) == (421, "MISDIRECTED")
            for path in ("/healthz", "/script.js", "/pixel.gif?page=/"):
                assert (await client.get(path, headers={"Host": host})).status_code == 200
            event = {"page": "/"}
            sent = await client.post("/api/events/", json=event, headers={"Host": host})
            assert sent.status_code == 201


async def test_named_origin_may_read_api_without_cookies_and_no_other_may(
    settings: Settings,
) -> None:
    async with service(settings, api_origins=f"{FRIEND}/, http://localhost:3000") as client:
        for origin in (FRIEND, "http://localhost:3000"):
            answer = await client.get("/api/version", headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert "access-control-allow-credentials" not in answer.headers
            assert "etag" in answer.headers["access-control-expose-headers"].lower()
        for origin in (
            *("null", "https://evil.example", f"{FRIEND}.evil.example", "http://board.example.com"),
            *("https://xboard.example.com", f"{FRIEND}:444"),
        ):
            answer = await client.get("/api/version", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
        asked = {"Access-Control-Request-Method": "POST"}
        wanted = {"Access-Control-Request-Headers": "authorization,content-type"}
        allowed = await client.options(
            "/api/analytics/query", headers={"Origin": FRIEND, **asked, **wanted}
        )
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == FRIEND
        sent = await client.options("/api/events", headers={"Origin": "https://a.example", **asked})
        assert sent.headers["access-control-allow-origin"] == "*"


async def test_no_origin_may_read_api_by_default(site: TestSite) -> None:
    answer = await site.client.get("/api/version", headers={"Origin": FRIEND})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("value", ["*", "board.example.com", "https://a.example/path", "null"])
def test_setting_that_is_no_origin_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        Settings(secret_key=SECRET, api_origins=value)


async def test_api_docs_can_be_switched_off(settings: Settings) -> None:
    async with service(settings, docs="off") as client:
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await client.get(path)).status_code == 404
        assert "/docs" not in (await client.get("/login")).text
