"""What a client may do to a connection: real sockets, and a server as `serve` runs it but for its
limits, which are small so that nobody has to wait for them."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psutil
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.errors import AnalyticsError, HeadersTooLarge, RequestTimeout, UriTooLong
from cli import connections
from cli.connections import MAX_HEAD_BYTES, MOST_PIPELINED, Connections

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PATIENCE = 30.0
"""Seconds, many times as long as anything here takes."""

BIG = 30_000_000
"""Bytes of an answer that no socket's buffers hold."""

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of the body, after as many seconds as the query says."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    length = 0
    more = scope["path"] != "/unread"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        more = message["more_body"]
    await asyncio.sleep(float(scope["query_string"] or 0))
    body = b"x" * BIG if scope["path"] == "/big" else str(length).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(body), 100_000):
        piece = body[start : start + 100_000]
        more = start + len(piece) < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})


class Web:
    """A server in a thread of its own."""

    def __init__(self, most: int = 1_000) -> None:
        self.http = Connections(most)
        config = uvicorn.Config(
            app,
            port=0,
            http=self.http,  # pyright: ignore[reportArgumentType]
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=10,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.servers[0].sockets[0].getsockname()[1]

    def connect(self, *sent: bytes) -> socket.socket:
        """A connection on which this has been sent."""
        client = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        for part in sent:
            client.sendall(part)
        return client

    def ask(self, *sent: bytes) -> tuple[int, bytes]:
        """The answer to a request on a connection of its own."""
        with self.connect(*sent) as client:
            return read_answer(client)

    def number(self) -> int:
        """The number of connections that are open on the server."""
        return len(self.server.server_state.connections)


@contextmanager
def serving(**settings: Any) -> Iterator[Web]:
    """A server for as long as the block lasts."""
    web = Web(**settings)
    web.thread.start()
    until(lambda: web.server.started)
    try:
        yield web
    finally:
        web.server.should_exit = True
        web.thread.join(PATIENCE)
        assert not web.thread.is_alive()


@pytest.fixture
def web(caplog: pytest.LogCaptureFixture) -> Iterator[Web]:
    """A server with room for many, to which nothing happens that it does not expect."""
    with serving() as web:
        yield web
        until(lambda: web.number() == 0 or not web.http.waiting)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of a second or two."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "ANSWER_SECONDS", "REFUSAL_SECONDS"):
        monkeypatch.setattr(connections, name, 1.5)


def until(condition: Any) -> None:
    """Waits until something is so."""
    due = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < due
        time.sleep(0.01)


def read_answer(client: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer, byte by byte, as another may follow; (0, b"") when the
    connection is closed without one."""
    head = b""
    with suppress(ConnectionError):
        while not head.endswith(b"\r\n\r\n") and (byte := client.recv(1)):
            head += byte.lower()
    if not head:
        return 0, b""
    if head.startswith(b"http/1.1 100 "):
        return read_answer(client)
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += client.recv(length - len(body))
    return int(head[9:12]), body


def is_closed(client: socket.socket) -> bool:
    """Whether the server hangs up, having said nothing more."""
    with suppress(ConnectionError):
        return client.recv(1) == b""
    return True


def post(length: int, *headers: bytes, query: bytes = b"") -> bytes:
    """The head of a POST."""
    lines = [b"POST /?%b HTTP/1.1" % query, b"host: x", b"content-length: %d" % length, *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class TestHead:
    """Address and headers."""

    @pytest.mark.parametrize("rest", [0, 5_000_000])
    @pytest.mark.parametrize(
        ("head", "refusal"),
        [
            (b"GET / HTTP/1.1\r\na: " + b"x" * MAX_HEAD_BYTES, HeadersTooLarge),
            (b"GET / HTTP/1.1\r\n" + b"a: xxxxxxxxxxxxxxxx\r\n" * 4_000, HeadersTooLarge),
            (b"GET /" + b"x" * MAX_HEAD_BYTES, UriTooLong),
            (b"GET /?" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n\r\n", UriTooLong),
            (b"\r\n" * MAX_HEAD_BYTES, HeadersTooLarge),
            (post(5)[:-4] + b"\r\na: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\nhello", HeadersTooLarge),
        ],
    )  # fmt: skip
    def test_head_over_limit_is_refused(
        self, web: Web, head: bytes, refusal: type[AnalyticsError], rest: int
    ) -> None:
        with web.connect(head, b"x" * rest) as client:
            status, body = read_answer(client)
            assert (status, json.loads(body)) == (refusal.status, refusal().body())
            assert is_closed(client)

    def test_head_that_is_no_http_is_refused_with_400(self, web: Web) -> None:
        status, body = web.ask(b"hello\r\n\r\n")
        assert (status, json.loads(body)) == (400, AnalyticsError().body())

    @pytest.mark.parametrize("bad", [b"hello\r\n\r\n", b"GET /" + b"x" * 2 * MAX_HEAD_BYTES])
    def test_bad_request_does_not_disturb_answer_before_it(self, web: Web, bad: bytes) -> None:
        with web.connect(b"GET /?1 HTTP/1.1\r\nhost: x\r\n\r\n") as client:
            time.sleep(0.1)
            client.sendall(bad)
            assert read_answer(client) == (200, b"0")
            assert is_closed(client)

    def test_head_within_limit_is_accepted(self, web: Web) -> None:
        padding = b"a: " + b"x" * (MAX_HEAD_BYTES // 2 - 200)
        address = b"/?" + b"0" * (MAX_HEAD_BYTES // 2 - 200)
        head = b"GET %b HTTP/1.1\r\nhost: x\r\n%b\r\n\r\n" % (address, padding)
        assert web.ask(head) == (200, b"0")
        assert web.ask(*(head[place : place + 1_000] for place in range(0, len(head), 1_000))) == (
            200,
            b"0",
        )

    @pytest.mark.parametrize(
        "start",
        [
            b"GET / HTTP/1.1\r\na: ",
            b"GET /",
            b"\r\n",
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5;a=",
        ],
    )
    @pytest.mark.parametrize("part", [b"x" * 100_000, b"a: b\r\n" * 20_000, b"\r\n" * 50_000])
    def test_endless_head_takes_no_memory(self, web: Web, start: bytes, part: bytes) -> None:
        before = psutil.Process().memory_info().rss
        with web.connect(start) as client, suppress(ConnectionError):
            for _ in range(500):
                client.sendall(part)
        assert psutil.Process().memory_info().rss - before < 30_000_000

    def test_pipelined_requests_are_answered_in_order(self, web: Web) -> None:
        flood = post(3) + b"abc" + GET + post(1) + b"a" + GET * (MOST_PIPELINED - 3)
        with web.connect(flood) as client:
            said = [read_answer(client) for _ in range(MOST_PIPELINED)]
        assert said == [(200, b"3"), (200, b"0"), (200, b"1")] + [(200, b"0")] * (
            MOST_PIPELINED - 3
        )

    def test_too_many_pipelined_requests_are_cut_off(self, web: Web) -> None:
        flood = b"GET /?0.5 HTTP/1.1\r\nhost: x\r\n\r\n" * (MOST_PIPELINED + 2)
        with web.connect(flood) as client:
            assert is_closed(client)


class TestTime:
    """Clients that take too long."""

    @pytest.mark.parametrize(
        "sent",
        [
            b"GET / HT",
            b"GET / HTTP/1.1\r\nhost: x\r\n",
            post(100) + b"x",
            post(100, b"expect: 100-continue") + b"x",
            GET[:-1],
        ],
    )
    def test_request_not_sent_in_time_is_refused_with_408(
        self, web: Web, hasty: None, sent: bytes
    ) -> None:
        with web.connect(sent) as client:
            status, body = read_answer(client)
            assert (status, json.loads(body)) == (408, RequestTimeout().body())
            assert is_closed(client)

    def test_body_in_small_pieces_gets_no_more_time(self, web: Web, hasty: None) -> None:
        with web.connect(post(100_000)) as client:
            client.settimeout(0.05)
            due = time.monotonic() + PATIENCE
            said = b""
            while not said:
                assert time.monotonic() < due
                client.sendall(b"x")
                with suppress(TimeoutError):
                    said = client.recv(100)
            assert said.startswith(b"HTTP/1.1 408")

    @pytest.mark.parametrize("sent", [b"", GET, b"\r\n"])
    def test_idle_connection_is_closed(self, web: Web, hasty: None, sent: bytes) -> None:
        with web.connect(sent) as client:
            if sent == GET:
                assert read_answer(client) == (200, b"0")
            assert is_closed(client)

    def test_second_request_has_its_own_time(self, web: Web, hasty: None) -> None:
        with web.connect() as client:
            for _ in range(4):
                client.sendall(GET[:10])
                time.sleep(0.5)
                client.sendall(GET[10:])
                assert read_answer(client) == (200, b"0")

    def test_slow_answer_is_waited_for(self, web: Web, hasty: None) -> None:
        with web.connect(b"GET /?3 HTTP/1.1\r\nhost: x\r\n\r\n") as client:
            assert read_answer(client) == (200, b"0")

    def test_request_behind_slow_answer_has_its_own_time(self, web: Web, hasty: None) -> None:
        with web.connect(b"GET /?3 HTTP/1.1\r\nhost: x\r\n\r\n" + post(5) + b"abc") as client:
            assert read_answer(client) == (200, b"0")
            client.sendall(b"de")
            assert read_answer(client) == (200, b"5")

    def test_connection_with_unread_body_is_closed(self, web: Web, hasty: None) -> None:
        with web.connect(post(100).replace(b"/?", b"/unread?") + b"x") as client:
            assert read_answer(client) == (200, b"0")
            assert is_closed(client)

    def test_answer_that_is_not_taken_is_given_up(self, web: Web, hasty: None) -> None:
        with web.connect(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n"):
            until(lambda: web.number() == 1)
            until(lambda: web.number() == 0)

    def test_answer_that_is_taken_slowly_arrives_whole(self, web: Web, hasty: None) -> None:
        with web.connect(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n") as client:
            received = 0
            while received < BIG:
                received += len(client.recv(400_000))
                time.sleep(0.02)


class TestNumber:
    """More connections, and more of them, than there is room for."""

    @pytest.mark.parametrize("sent", [b"", b"GET / HT", post(100) + b"x", GET])
    def test_waiting_connections_make_room_for_others(self, sent: bytes) -> None:
        with serving(most=10) as web:
            crowd = [web.connect(sent) for _ in range(50)]
            until(lambda: web.number() <= 10)
            assert web.ask(GET) == (200, b"0")
            until(lambda: web.number() <= 10)
            assert sent == GET or is_closed(crowd[0])
            for client in crowd:
                client.close()

    def test_connections_being_answered_are_not_closed(self) -> None:
        with serving(most=10) as web:
            with web.connect(b"GET /?3 HTTP/1.1\r\nhost: x\r\n\r\n") as client:
                crowd = [web.connect(b"GET") for _ in range(30)]
                assert read_answer(client) == (200, b"0")
            for other in crowd:
                other.close()

    def test_unfinished_bodies_make_room_for_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "MOST_HELD_BYTES", 5_000_000)
        with serving(most=1_000) as web:
            idle = web.connect(GET)
            assert read_answer(idle) == (200, b"0")
            crowd = [web.connect(post(1_000_000), b"x" * 900_000) for _ in range(20)]
            until(lambda: web.http.held <= 5_000_000)
            until(lambda: web.number() <= 7)
            assert is_closed(crowd[0])
            assert web.ask(post(900_000), b"x" * 900_000) == (200, b"900000")
            idle.sendall(GET)  # what holds nothing was left alone
            assert read_answer(idle) == (200, b"0")
            for client in (*crowd, idle):
                client.close()
            until(lambda: web.number() == 0)
            assert (web.http.held, web.http.waiting) == (0, {})


class TestLive:
    """WebSockets, which begin as requests."""

    def test_websockets_outlive_request_timeout(self, web: Web, hasty: None) -> None:
        with connect(f"ws://127.0.0.1:{web.port}/") as live:
            assert live.recv() == "hello"
            time.sleep(3.5)
            assert live.ping().wait(PATIENCE)

    def test_websockets_leave_room_for_requests(self) -> None:
        with serving(most=10) as web, ExitStack() as stack:
            address = f"ws://127.0.0.1:{web.port}/"
            live = [stack.enter_context(connect(address)) for _ in range(5)]
            with pytest.raises(InvalidStatus) as refused, connect(address):
                pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"]
            crowd = [web.connect(b"GET") for _ in range(20)]
            assert web.ask(GET) == (200, b"0")
            for page in live:
                assert page.recv() == "hello"
                assert page.ping().wait(PATIENCE)
            for client in crowd:
                client.close()
