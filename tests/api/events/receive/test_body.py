"""Bodies in every form in which browsers and SDKs send them, and in forms that nobody should."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from api.body_limit import MOST_DISCARDED
from api.events.receive.body import MAX_BODY_BYTES
from conftest import TestSite
from refusals import allowed_in

pytestmark = pytest.mark.any_engine

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GZIP = {"Content-Encoding": "gzip"}


async def post(
    client: httpx.AsyncClient, content: Any, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Posts a body as it is."""
    return await client.post("/api/events/", content=content, headers=headers or {})


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    """A body that arrives bit by bit, without saying how long it will be."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


class TestGzip:
    @pytest.mark.parametrize("headers", [GZIP, {}, {"Content-Encoding": "GZIP"}])
    @pytest.mark.parametrize("size", [1, 7, 100_000])
    async def test_gzip_body_is_unpacked(
        self, site: TestSite, headers: dict[str, str], size: int
    ) -> None:
        event = {"site": site.key, "page": "/packed"}
        packed = gzip.compress(json.dumps([event] * 50).encode())
        answer = await post(site.client, in_pieces(packed, size), headers)
        assert (answer.status_code, answer.json()["accepted"]) == (201, 50)

    @pytest.mark.parametrize(
        ("body", "headers", "status", "code"),
        [
            (gzip.compress(b'{"page": "/"}', mtime=0)[:-9], GZIP, 400, "MALFORMED"),
            (b"\x1f\x8b garbage", GZIP, 400, "MALFORMED"),
            (zlib.compress(b'{"page": "/"}'), {"Content-Encoding": "deflate"}, 415,
             "UNSUPPORTED_MEDIA"),
            (b'{"page": "/"}', {"Content-Encoding": "br"}, 415, "UNSUPPORTED_MEDIA"),
            (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 415,
             "UNSUPPORTED_MEDIA"),
        ],
    )  # fmt: skip
    async def test_unreadable_encoding_is_refused(
        self,
        client: httpx.AsyncClient,
        body: bytes,
        headers: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        answer = await post(client, body, headers)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        if status == 415:
            assert allowed_in(answer)

    async def test_gzip_bomb_is_refused_without_being_unpacked(
        self, client: httpx.AsyncClient
    ) -> None:
        packer = zlib.compressobj(9, wbits=31)
        megabyte = b"[" * 1024 * 1024
        bomb = b"".join(packer.compress(megabyte) for _ in range(300)) + packer.flush()
        assert len(bomb) < MAX_BODY_BYTES
        tracemalloc.start()
        answer = await post(client, bomb, GZIP)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (answer.status_code, answer.json()["error"]) == (413, "TOO_LARGE")
        assert answer.json()["detail"] == f"body: is longer than {MAX_BODY_BYTES} bytes"
        assert peak < 10 * MAX_BODY_BYTES

    @pytest.mark.parametrize(
        ("headers", "status"), [({}, 413), (GZIP, 413), ({"Content-Encoding": "br"}, 415)]
    )
    async def test_refused_body_is_read_up_to_limit(
        self, client: httpx.AsyncClient, headers: dict[str, str], status: int
    ) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while read < 4 * MOST_DISCARDED:
                read += 65_536
                yield b" " * 65_536

        assert (await post(client, endless(), headers)).status_code == status
        assert MOST_DISCARDED <= read < MOST_DISCARDED + 3 * MAX_BODY_BYTES


class TestForm:
    async def test_form_fields_are_event_fields(self, site: TestSite) -> None:
        fields = {
            "site": site.key,
            "page": "/form?utm_source=news",
            "name": "Signup",
            "duration": "1.5",
            "interactive": "false",
            "props": '{"plan": "pro"}',
            "revenue": '{"amount": 9.99, "currency": "EUR"}',
        }
        event = (await post(site.client, urlencode(fields), FORM)).json()
        expected = {"page": "/form", "name": "Signup", "duration": 1.5, "interactive": False,
                    "props": {"plan": "pro"}, "revenue": 9.99, "source": "news"}  # fmt: skip
        assert {key: event[key] for key in expected} == expected

    @pytest.mark.parametrize("wrap", [lambda body: urlencode({"data": body}), lambda body: body])
    async def test_json_inside_form_or_with_form_content_type_is_accepted(
        self, site: TestSite, wrap: Any
    ) -> None:
        body = wrap(json.dumps([{"site": site.key, "page": "/"}] * 2))
        assert (await post(site.client, body, FORM)).json()["accepted"] == 2

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("page=/&duration=long", "INVALID_FIELD"),
            ("pgae=/", "UNKNOWN_FIELD"),
            ("page=%00", "NUL_CHARACTER"),
            ("&".join(f"a{n}=1" for n in range(101)), "MALFORMED"),
            ("props=[[", "INVALID_FIELD"),
            ("page=%ff%fe", None),
        ],
    )
    async def test_bad_form_field_is_refused_with_reason(
        self, client: httpx.AsyncClient, body: str, code: str | None
    ) -> None:
        answer = await post(client, body, FORM)
        assert answer.json().get("error") == code, answer.text


class TestPixel:
    async def test_pixel_counts_page_of_its_referer(self, site: TestSite) -> None:
        address = f"/pixel.gif?site={site.key}&referrer=https://www.google.com/&_=123"
        page = {"Referer": "https://shop.example/basket?utm_campaign=x"}
        answer = await site.client.get(address, headers=page)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/gif"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"GIF89a")
        assert (await site.ask("pages"))["rows"][0]["page"] == "/basket"
        sources = await site.ask("traffic-sources", dimension="source")
        assert sources["rows"][0]["source"] == "Google"

    async def test_pixel_takes_event_from_its_address(self, site: TestSite) -> None:
        address = f"/pixel.gif?site={site.key}&page=/mail/42&name=Opened&interactive=false"
        assert (await site.client.get(address)).status_code == 200
        assert (await site.ask("events"))["rows"][0]["name"] == "Opened"

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("", 422, "NOTHING_HAPPENED"),
            ("page=/&site=nobody", 404, "UNKNOWN_SITE"),
            ("page=/&time=1999-01-01", 422, "INVALID_FIELD"),
            ("&".join(f"a{n}=1" for n in range(101)), 400, "MALFORMED"),
        ],
    )
    async def test_pixel_is_image_also_when_refused(
        self, client: httpx.AsyncClient, query: str, status: int, code: str
    ) -> None:
        answer = await client.get(f"/pixel.gif?{query}")
        assert (answer.status_code, answer.headers["x-error"]) == (status, code)
        assert answer.content.startswith(b"GIF89a")
