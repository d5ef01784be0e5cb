"""Connections of uvicorn, with limits.

A client that has to do something next (send a request or the rest of one, take an answer) has so
many seconds for it. Where there are too many connections, or they hold too much, the one that has
waited longest for its client is closed to let others in.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES, MOST_PIPELINED = 65_536, 100
"""Of an address and headers, and of whatever else is no part of a body; and how many requests of a
connection wait for the one before them to be answered."""

MOST_CONNECTIONS, MOST_HELD_BYTES, MOST_OF_ONE = 10_000, 256 * 1024 * 1024, 1024 * 1024 + 65_536
"""How much is held of all requests that have not arrived whole, and of one of them at most."""

HEAD_SECONDS, BODY_SECONDS, ANSWER_SECONDS, REFUSAL_SECONDS = 10.0, 30.0, 60.0, 5.0
"""How long a client may take to send a head and a body, and to take an answer and a refusal."""


class Connections:
    """The connections of one process. uvicorn calls it for each new one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        """How many bytes of requests that have not arrived whole."""
        self.waiting: dict[Connection, None] = {}
        """Those that wait for their client, the longest first."""
        self.timer: asyncio.TimerHandle | None = None

    def __call__(self, **given: Any) -> "Connection":
        return Connection(self, **given)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Gives up on clients that take too long, once a second while any are waited for."""
        self.timer = loop.call_later(1, self.watch, loop) if self.waiting else None
        now = loop.time()
        for connection in [late for late in self.waiting if late.due <= now]:
            connection.give_up()

    def make_room(self) -> None:
        """Closes whoever has waited longest; of those that hold something if that is too much."""
        is_heavy = self.held > MOST_HELD_BYTES
        longest = (connection for connection in self.waiting if connection.held or not is_heavy)
        if connection := next(longest, None):
            connection.drop()


class Connection(HttpToolsProtocol):
    """A connection with a client."""

    due: float
    """When the client is given up on, while it is waited for."""
    held = unused = 0
    """How many bytes there are of a request that has not arrived whole, and how many of them came
    after anything of its body."""
    started: RequestResponseCycle | None = None
    is_head, is_whole, is_refused = False, True, False
    """How far the latest request has arrived, and whether the client has been refused."""

    def __init__(self, others: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.others = others

    @property
    def answering(self) -> RequestResponseCycle | None:
        """The request that is being answered."""
        return None if not self.started or self.started.response_complete else self.started

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.started = cycle
        super()._start_asgi_task(cycle, app)

    def let_go(self) -> None:
        """Tells whoever answers a request that nobody will hear it."""
        if self.answering:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def wait(self, seconds: float) -> None:
        """Waits for the client."""
        others = self.others
        others.waiting.pop(self, None)
        others.waiting[self] = None
        self.due = self.loop.time() + seconds
        if others.timer is None:
            others.watch(self.loop)

    def go_on(self) -> None:
        """Waits for the client no more."""
        self.others.waiting.pop(self, None)
        self.others.held -= self.held
        self.held = self.unused = 0

    def drop(self) -> None:
        """Closes at once, whatever is still to be said."""
        self.is_refused = True
        self.go_on()
        self.transport.abort()

    def give_up(self) -> None:
        """Closes the connection of a client that takes too long, with a word if it heard none."""
        is_over = self.is_whole or self.is_refused or self.transport.is_closing()
        if is_over or (not self.is_head and self.cycle.response_started):
            self.drop()
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)

    def refuse(self, status: HTTPStatus) -> None:
        """Says what is wrong, and reads on without listening: else it would not be heard. Whatever
        comes after a request that is being answered is only not listened to."""
        self.is_refused = True
        if self.answering:
            self.answering.keep_alive = False
            if self.is_head or self.is_whole or self.answering is not self.cycle:
                return
            self.let_go()
        told = json.dumps({"error": status.name, "detail": status.description})
        lines = (f"HTTP/1.1 {status.value} {status.phrase}", "content-type: application/json")
        lines += (f"content-length: {len(told)}", "connection: close", "", told)
        self.transport.write("\r\n".join(lines).encode())
        self.transport.write_eof()
        self.flow.resume_reading()
        self.go_on()
        self.wait(REFUSAL_SECONDS)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for a request."""
        super().connection_made(transport)
        self.wait(HEAD_SECONDS)
        if len(self.connections) > self.others.most:
            self.others.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        super().connection_lost(exc)
        self.let_go()
        self.go_on()

    def handle_websocket_upgrade(self) -> None:
        """Becomes a live page, of which there may be half as many as connections."""
        live = sum(not isinstance(connection, Connection) for connection in self.connections)
        if live < self.others.most // 2:
            self.go_on()
            super().handle_websocket_upgrade()
        else:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def data_received(self, data: bytes) -> None:
        """Takes note of how much it is."""
        if self.is_refused:
            return
        self.unused += len(data)
        more = min(len(data), MOST_OF_ONE - self.held)
        self.held += more
        self.others.held += more
        super().data_received(data)
        if self.unused > MAX_HEAD_BYTES and not self.is_refused:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self.others.held > MOST_HELD_BYTES:
            self.others.make_room()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, unless it has been refused."""
        if not self.is_refused:
            self.refuse(HTTPStatus.BAD_REQUEST)

    def on_message_begin(self) -> None:
        """Waits for the head, from now on."""
        super().on_message_begin()
        self.is_head, self.is_whole = True, False
        self.due = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        """Waits for the body. Raises ValueError, which ends the parser, when there is too much."""
        if self.unused > MAX_HEAD_BYTES:  # which may be a body's that came with it
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                raise ValueError
        if len(self.pipeline) >= MOST_PIPELINED:
            self.drop()
            raise ValueError
        super().on_headers_complete()
        self.is_head = False
        self.due = self.loop.time() + BODY_SECONDS

    def on_body(self, body: bytes) -> None:
        """Takes note that there is some."""
        self.unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Waits no more, but for the next request if this one has been answered."""
        super().on_message_complete()
        self.is_head, self.is_whole = False, True
        self.go_on()
        if not self.answering:
            self.wait(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Waits for the client to take the answer, and to send the next request or its rest."""
        super().on_response_complete()
        if self.is_whole and not self.answering:
            self.wait(ANSWER_SECONDS)
        elif not self.is_whole and self not in self.others.waiting:
            self.wait(BODY_SECONDS)

    def pause_writing(self) -> None:
        """Waits for the client to take more of the answer."""
        super().pause_writing()
        self.wait(ANSWER_SECONDS)

    def resume_writing(self) -> None:
        """Waits no more, unless for a request."""
        super().resume_writing()
        if self.is_whole and self.answering:
            self.go_on()
