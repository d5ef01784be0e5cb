"""Which responses are compressed, and how they arrive, by a service of its own."""

import gzip
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import dashboard
from api.compression import LEAST_BYTES, accepts_gzip
from api.db.engine import Profile
from api.sites.directory import DEMO_SITE
from conftest import SECRET, servers
from dashboard.routing import STATIC
from processes import Service, running
from servers import fresh_database

PATIENCE = 30.0

LONG = f"/api/analytics/sessions?site={DEMO_SITE}&days=30&limit=250"
SHORT = f"/api/analytics/bots?site={DEMO_SITE}&days=1&limit=1&format=csv"

VISITS = {"report": "sessions", "limit": 250, "days": 30}
BOTS = {"report": "bots", "id": "bots"}


@dataclass
class Installation:
    """A service, and the address of its database."""

    service: Service
    database: str


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A service with the demo site's month of traffic in it."""
    address = servers.address(Profile.PLAIN)
    assert address is not None
    data_dir = tmp_path_factory.mktemp("compression") / "data"
    environment = {"SECRET_KEY": SECRET, "JOBS": "false", "TIMESCALEDB": "off"}
    with fresh_database(address) as url, running(data_dir, DATABASE_URL=url, **environment) as it:
        yield Installation(it, url)


@pytest.fixture(scope="module")
def client(installation: Installation) -> Iterator[httpx.Client]:
    """A client that accepts no compression unless a request says so."""
    base, headers = installation.service.base, {"Accept-Encoding": "identity"}
    with httpx.Client(base_url=base, headers=headers, timeout=PATIENCE) as client:
        yield client


@dataclass
class Exchange:
    """The bytes of a response, as they came by the socket."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchanged(service: Service, method: str, path: str, **headers: str) -> Exchange:
    """What a service sends in response to a request, until it closes the connection."""
    told = {"Host": "localhost", "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    start, _, body = received.partition(b"\r\n\r\n")
    status, *lines = start.decode().split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    assert len({name for name, _, _ in pairs}) == len(pairs), lines
    return Exchange(int(status.split()[1]), {name.lower(): it for name, _, it in pairs}, body)


@pytest.mark.parametrize(
    ("accepted", "is_accepted"),
    [
        ("", False),
        ("identity", False),
        ("br, zstd", False),
        ("xgzip", False),
        ("gzip", True),
        ("GZIP", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("deflate,gzip", True),
        ("gzip;q=0", False),
        ("br, gzip ; q=0.0, identity", False),
        ("gzip;q=0.001", True),
    ],
)
def test_gzip_is_accepted_where_the_header_says_so(accepted: str, is_accepted: bool) -> None:
    assert accepts_gzip(accepted) is is_accepted


def test_long_answer_is_compressed_for_clients_that_accept_it(installation: Installation) -> None:
    service = installation.service
    plain = exchanged(service, "GET", LONG)
    packed = exchanged(service, "GET", LONG, Accept_Encoding="br, gzip")
    refused = exchanged(service, "GET", LONG, Accept_Encoding="gzip;q=0")
    assert "content-encoding" not in plain.headers | refused.headers
    assert refused.body == plain.body
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert gzip.decompress(packed.body) == plain.body
    assert len(plain.body) > 80_000
    assert len(packed.body) * 5 < len(plain.body)
    for one in (plain, packed, refused):
        assert one.headers["vary"] == "Accept, Accept-Encoding"
    assert plain.headers["etag"] == packed.headers["etag"]


def test_csv_is_compressed(client: httpx.Client) -> None:
    plain = client.get(f"{LONG}&format=csv")
    packed = client.get(f"{LONG}&format=csv", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["etag"] == plain.headers["etag"]


def test_short_response_is_sent_as_it_is_and_says_that_it_may_vary(
    installation: Installation,
) -> None:
    for headers in ({}, {"Accept_Encoding": "gzip"}):
        answer = exchanged(installation.service, "GET", SHORT, **headers)
        assert answer.status == 200
        assert len(answer.body) < LEAST_BYTES
        assert "content-encoding" not in answer.headers
        assert answer.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_unchanged_answer_is_304_with_headers_of_200_whatever_the_encoding_was(
    installation: Installation, encoding: str
) -> None:
    first = exchanged(installation.service, "GET", LONG, Accept_Encoding=encoding)
    for asked in ("gzip", "identity"):
        for method in ("GET", "HEAD"):
            again = exchanged(
                installation.service,
                method,
                LONG,
                Accept_Encoding=asked,
                If_None_Match=first.headers["etag"],
            )
            assert (again.status, again.body) == (304, b"")
            for name in ("etag", "vary", "cache-control"):
                assert again.headers[name] == first.headers[name]
            assert "content-encoding" not in again.headers


def test_head_has_headers_of_compressed_get(installation: Installation) -> None:
    got = exchanged(installation.service, "GET", LONG, Accept_Encoding="gzip")
    head = exchanged(installation.service, "HEAD", LONG, Accept_Encoding="gzip")
    changing = {"date"}
    assert head.body == b""
    assert head.headers.keys() == got.headers.keys()
    assert {name for name in got.headers if head.headers[name] != got.headers[name]} <= changing


def test_accepted_events_are_answered_without_compression(client: httpx.Client) -> None:
    events = [{"page": "/", "site": DEMO_SITE} for _ in range(100)]
    answer = client.post("/api/events", json=events, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 201
    assert len(answer.content) > LEAST_BYTES
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/pixel.gif?page=/", "/static/x/favicon.png", "/script.js"])
def test_image_is_not_compressed_and_text_is_once(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    is_text = path == "/script.js"
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == ("gzip" if is_text else None)
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]


def test_static_file_is_compressed_and_checked_again_by_weak_etag(client: httpx.Client) -> None:
    path = STATIC.address("pages/overview.js")
    source = (Path(dashboard.__file__).parent / "static" / "pages" / "overview.js").read_bytes()
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == source == client.get(path).content
    assert packed.headers["etag"].startswith('W/"')
    again = client.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, packed.headers["etag"])


def test_page_is_compressed(client: httpx.Client) -> None:
    packed = client.get(f"/?site={DEMO_SITE}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == client.get(f"/?site={DEMO_SITE}").text


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_line_of_fast_question_arrives_while_slow_one_waits(
    installation: Installation, client: httpx.Client, encoding: str
) -> None:
    body: Any = {"common": {"site": DEMO_SITE}, "queries": [BOTS, VISITS]}
    headers = {"Accept-Encoding": encoding}
    with psycopg.connect(installation.database) as locking:
        locking.execute("lock table bot_event in access exclusive mode")
        with client.stream("POST", "/api/analytics/batch", json=body, headers=headers) as answer:
            assert answer.headers.get("content-encoding") == (
                "gzip" if encoding == "gzip" else None
            )
            lines = answer.iter_lines()
            first = json.loads(next(lines))
            assert first["id"] == "1"
            assert len(first["body"]["rows"]) == 250
            locking.rollback()
            second = json.loads(next(lines))
            assert (second["id"], second["status"]) == ("bots", 200)
            assert next(lines, None) is None
