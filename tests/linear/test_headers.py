"""Whatever is in a header, all that a request goes through reads it in linear time: the framework,
too."""

import time
from collections.abc import Sequence

import httpx
import pytest
from fastapi import FastAPI

from api.auth.cookie import COOKIE
from cli.connections import MAX_HEAD_BYTES
from conftest import TestSite
from dashboard.routing import STATIC
from linear.parsers import every
from linear.test_linear import BORDER, LONGER, NOTHING, ROUNDS

pytestmark = pytest.mark.any_engine

HEADERS = (
    *("cookie", "authorization", "x-forwarded-for", "x-forwarded-proto", "accept-language"),
    *("forwarded", "x-real-ip"),
    *("user-agent", "referer", "origin", "range", "if-none-match", "if-modified-since", "if-range"),
    *("content-type", "content-encoding", "accept", "accept-encoding", "host", "connection"),
)

TEXTS = (
    *every("a", " ", ",", ";", "=", "/", ".", ":", "(", "-", "%", "\xe9", "a=b;", "a,b;q=1,"),
    *every("\\", "\\a", "\\1", '\\"', before=(f'{COOKIE}="', 'a="'), after='"'),
    *every("0-0,", "1", "127.0.0.1,", 'W/"a",', "::", before=("", "bytes=", "Bearer ")),
)


@pytest.fixture
async def proxied(app: FastAPI) -> httpx.AsyncClient:
    """A client behind a proxy that is trusted, as most are."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize("header", HEADERS)
async def test_every_header_is_read_in_linear_time(
    proxied: httpx.AsyncClient, site: TestSite, header: str
) -> None:
    paths = ("/healthz", STATIC.address("live.js"), "/api/auth/me", "/login", "/api/events/")
    for path in paths:
        for text in TEXTS:
            for most in (MAX_HEAD_BYTES // 4, MAX_HEAD_BYTES):
                texts = [text(size).encode("latin-1") for size in (most // LONGER, most)]
                assert await is_linear(proxied, path, header, texts), (path, texts[0][:40])


async def is_linear(
    client: httpx.AsyncClient, path: str, header: str, texts: Sequence[bytes]
) -> bool:
    """Whether a request with the longer of two headers takes not much longer than it is."""
    least = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for place, text in enumerate(texts):
            started = time.process_time()
            if path == "/api/events/":
                answer = await client.post(path, content=b"{}", headers={header: text})
            else:
                answer = await client.get(path, headers={header: text})
            least[place] = min(least[place], time.process_time() - started)
            assert answer.status_code < 500
        if least[1] < LONGER * NOTHING or least[1] < BORDER * least[0]:
            return True
    return False
