"""Floods against a service as an operator starts it. Meanwhile it lives, and a well-behaved sender
has every event stored; afterwards it is as large as before."""

import gzip
import http.client
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest

from chaos.server import Server
from hostile.attack import target
from processes import Service

pytestmark = pytest.mark.alone

PATIENCE = 60.0
"""Seconds within which somebody has to be served; many times as long as it takes."""

MOST_GROWTH = 200_000_000
"""Bytes by which the service may have grown after a flood. It is less than what the largest of them
brings, 300 MB, and more than what the allocator keeps of memory that was given back: 60 to 130 MB,
by how many bodies arrived at the same time."""

MOST_MEANWHILE = 500_000_000
"""Bytes by which it may have grown in the middle of one."""

MEANWHILE = 10
"""How many events and looks at its health have to get through during each flood."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own."""
    server = Server(tmp_path_factory.mktemp("flooded"))
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="module")
def service(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service, warmed up by what floods do: modules are loaded, pools are full."""
    with target(database, tmp_path_factory.mktemp("app")) as service:
        for attack in (headers, keys, logins, arrays):
            attack(service)
        yield service


class Guest:
    """Somebody who behaves well, again and again, and keeps count."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.is_over = False
        self.done = 0
        self.slowest = 0.0
        self.thread = threading.Thread(target=self.stay)

    def stay(self) -> None:
        """Comes again until it is over."""
        while not self.is_over:
            started = time.monotonic()
            self.come()
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.done += 1
            time.sleep(0.02)

    def come(self) -> None:
        """Does one thing, until it is done."""
        raise NotImplementedError

    def until(self, number: int) -> None:
        """Waits until so much has been done."""
        due = time.monotonic() + number * PATIENCE
        while self.done < number:
            assert self.thread.is_alive()
            assert time.monotonic() < due, (self.done, self.slowest)
            time.sleep(0.05)


class Watcher(Guest):
    """Looks whether the service lives, on a connection of its own each time; and at its size."""

    largest = 0

    def come(self) -> None:
        """Looks once."""
        self.largest = max(self.largest, size(self.service))
        with urllib.request.urlopen(f"{self.service.base}/healthz", timeout=PATIENCE) as answer:
            assert answer.status == 200


class Sender(Guest):
    """Sends events, one at a time, on a connection that is kept; each until it is acknowledged."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.ids: list[str] = []
        self.client = httpx.Client(base_url=service.base, timeout=PATIENCE)

    def come(self) -> None:
        """Sends an event. A connection that was idle may have been closed to make room."""
        name = str(uuid4())
        for left in (4, 3, 2, 1, 0):
            try:
                answer = self.client.post("/api/events/", json={"id": name, "page": "/"})
            except httpx.TransportError:
                assert left
                continue
            assert answer.status_code in (200, 201), answer.text
            break
        self.ids.append(name)


@contextmanager
def guests(service: Service, database: str) -> Iterator[tuple[Watcher, Sender]]:
    """Well-behaved guests during a block; nothing that they did may be lost."""
    watcher, sender = both = Watcher(service), Sender(service)
    for guest in both:
        guest.thread.start()
        guest.until(1)
    try:
        yield both
        for guest in both:
            guest.until(guest.done + MEANWHILE)
    finally:
        for guest in both:
            guest.is_over = True
            guest.thread.join(PATIENCE)
        sender.client.close()
    print(f"{watcher.done} looks, slowest {watcher.slowest:.2f} s", end="; ")
    print(f"{sender.done} events, slowest {sender.slowest:.2f} s", end="; ")
    with psycopg.connect(database) as connection:
        stored = "select count(*), count(distinct id) from event where id = any(%s::uuid[])"
        assert connection.execute(stored, [sender.ids]).fetchone() == (len(sender.ids),) * 2
    assert len(sender.ids) == sender.done


def size(service: Service) -> int:
    """How much memory the service has."""
    assert service.process
    return psutil.Process(service.process.pid).memory_info().rss


def socket_to(service: Service, *sent: bytes) -> socket.socket:
    """A connection on which this is sent, as far as the service takes it."""
    client = socket.create_connection(("127.0.0.1", service.port), PATIENCE)
    with suppress(ConnectionError):
        for part in sent:
            client.sendall(part)
    return client


def posted(path: str, body: bytes, *headers: bytes) -> bytes:
    """A POST."""
    lines = (f"POST {path} HTTP/1.1".encode(), b"host: x", b"content-type: application/json")
    length = b"content-length: %d" % len(body)
    return b"\r\n".join((*lines, length, *headers)) + b"\r\n\r\n" + body


def half_open(service: Service) -> None:
    """600 connections that begin and do not go on, until the service closes the last of them."""
    crowd = [
        socket_to(service, (b"", b"GET / HT", b"GET / HTTP/1.1\r\n")[n % 3]) for n in range(600)
    ]
    for client in crowd:
        with suppress(ConnectionError):
            while client.recv(1_000):  # what it says before
                pass
        client.close()


def headers(service: Service) -> None:
    """100 MB of headers, in one header, and in an address."""
    starts = (b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\na: ", b"GET /")
    parts = (b"a: xxxxxxxxxxxxx\r\n" * 50_000, b"x" * 1_000_000, b"x" * 1_000_000)
    for start, part in zip(starts, parts, strict=True):
        socket_to(service, start, *([part] * 100)).close()


def keys(service: Service) -> None:
    """A million keys, to routes that list what they do not know."""
    body = b"{%b}" % b",".join(b'"key%d":1' % number for number in range(1_000_000))
    for path in ("/api/auth/login", "/api/analytics/query", "/api/events/", "/api/goals"):
        assert status_of(service, path, body) == 413
    for path in ("/api/auth/login", "/api/analytics/query", "/api/events/"):
        assert status_of(service, path, body[:65_000] + b'":1}') == 422


def logins(service: Service) -> None:
    """25 wrong logins at once."""
    with ThreadPoolExecutor(25) as threads:
        names = [f"{uuid4()}@nowhere.example" for _ in range(25)]
        bodies = [json.dumps({"email": name, "password": "wrong"}).encode() for name in names]
        said = list(threads.map(lambda body: status_of(service, "/api/auth/login", body), bodies))
    assert set(said) <= {401, 429}


def arrays(service: Service) -> None:
    """Arrays that are none, in a thousand bytes each."""
    for text in (
        b'[{"a":"' + b'\\"' * 500_000,
        b"[" * 1_000_000,
        b'[{"a":' * 150_000,
        b"\n{" * 500_000,
    ):
        packed = gzip.compress(text)
        assert len(packed) < 3_000
        assert status_of(service, "/api/events/", packed) in (400, 422)


def cookies(service: Service) -> None:
    """Cookies of backslashes in quotes, which take quadratic time to read."""
    for _ in range(10):
        cookie = 'analytics_login="' + "\\" * 60_000 + '"'
        with httpx.Client(timeout=PATIENCE, headers={"Cookie": cookie}) as client:
            for path in ("/healthz", "/login", "/api/auth/me"):
                assert client.get(service.base + path).status_code in (200, 401)


def bodies(service: Service) -> None:
    """300 bodies of 1 MB that lack their last byte."""
    crowd = [socket_to(service, posted("/api/events/", b" " * 1_000_000)[:-1]) for _ in range(300)]
    for client in crowd:
        client.close()


def pipelines(service: Service) -> None:
    """Half a million requests on a few connections, whose answers nobody reads."""
    for _ in range(20):
        client = socket_to(service)
        client.settimeout(0.2)
        with suppress(OSError):
            client.sendall(b"GET /docs HTTP/1.1\r\nhost: x\r\n\r\n" * 25_000)
        client.close()


def status_of(service: Service, path: str, body: bytes) -> int:
    """The status of a POST."""
    with httpx.Client(timeout=PATIENCE) as client:
        json_headers = {"Content-Type": "application/json"}
        return client.post(f"{service.base}{path}", content=body, headers=json_headers).status_code


@pytest.mark.parametrize(
    "flood",
    [half_open, headers, keys, logins, arrays, cookies, bodies, pipelines],
    ids=lambda f: f.__name__,
)
def test_flood_stops_neither_health_nor_ingest_and_leaves_no_memory_behind(
    service: Service, database: str, flood: Callable[[Service], None]
) -> None:
    before = size(service)
    with guests(service, database) as both:
        started = [guest.done for guest in both]
        flood(service)
        during = [guest.done - done for guest, done in zip(both, started, strict=True)]
    grown, meanwhile = size(service) - before, both[0].largest - before
    print(
        f"{flood.__name__}: {during} meanwhile, +{meanwhile / 1e6:.0f} MB, then +{grown / 1e6:.0f}"
    )
    assert meanwhile < MOST_MEANWHILE
    assert grown < MOST_GROWTH
    assert "Traceback" not in service.output()


def test_idle_connections_beyond_file_limit_lock_nobody_out(database: str, tmp_path: Path) -> None:
    few = ("bash", "-c", 'ulimit -n 300 && exec "$@"', "bash")
    with target(database, tmp_path, wrapped=few) as service:
        for beginning in (b"", b"GET / HT", posted("/api/events/", b"x" * 100)[:-1]):
            crowd = [socket_to(service, beginning) for _ in range(400)]
            with guests(service, database):
                crowd += [socket_to(service, beginning) for _ in range(400)]
            for client in crowd:
                client.close()
        assert "Too many open files" not in service.output()


MORE = {"6 MB": 6_000_000, "50 MB": 50_000_000}


class TestTooLarge:
    """A body that is too large is refused with 413, and whoever is still sending it hears that."""

    @pytest.mark.parametrize("size", MORE.values(), ids=MORE)
    @pytest.mark.parametrize("path", ["/api/events/", "/api/auth/login", "/healthz"])
    def test_too_large_body_from_http_client_gets_413(
        self, service: Service, path: str, size: int
    ) -> None:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
        for _ in range(2):  # the connection is kept
            client.request("POST", path, b" " * size)
            answer = client.getresponse()
            assert (answer.status, json.load(answer)["error"]) == (413, "TOO_LARGE")
        client.close()
        request = urllib.request.Request(service.base + path, b" " * size)  # closes afterwards
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=PATIENCE)
        assert refused.value.code == 413
        refused.value.close()

    @pytest.mark.parametrize("size", MORE.values(), ids=MORE)
    @pytest.mark.parametrize("closes", [{}, {"Connection": "close"}], ids=["keep", "close"])
    def test_too_large_body_from_httpx_in_pieces_gets_413(
        self, service: Service, size: int, closes: Any
    ) -> None:
        def pieces() -> Iterator[bytes]:
            for _ in range(size // 50_000):
                yield b" " * 50_000

        for path in ("/api/events/", "/api/goals"):
            answer = httpx.post(
                service.base + path, content=pieces(), headers=closes, timeout=PATIENCE
            )
            assert (answer.status_code, answer.json()["error"]) == (413, "TOO_LARGE")

    @pytest.mark.skipif(which("curl") is None, reason="no curl")
    @pytest.mark.parametrize("size", MORE.values(), ids=MORE)
    @pytest.mark.parametrize("expect", ["Expect:", "Expect: 100-continue"])
    def test_too_large_body_from_curl_gets_413(
        self, service: Service, tmp_path: Path, size: int, expect: str
    ) -> None:
        (body := tmp_path / "body").write_bytes(b" " * size)
        for path in ("/api/events/", "/api/auth/login"):
            command = ["curl", "-s", "-w", "%{http_code}", "-o", "/dev/null", "-H", expect]
            command += ["--data-binary", f"@{body}", service.base + path]
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE)
            assert (done.returncode, done.stdout) == (0, b"413")
