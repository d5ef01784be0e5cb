"""Connections of uvicorn, with limits on their number, size and time.

A client that has to act next (to send a request or the rest of one, or to read a response) has so
many seconds for it. Where there are too many connections, or they hold too much memory, the one
that has waited for its client the longest is closed.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.errors import AnalyticsError, HeadersTooLarge, RequestTimeout, Unavailable, UriTooLong

MAX_HEAD_BYTES, MOST_PIPELINED = 65_536, 100
"""The most bytes of a request line and its headers, and of anything else outside of a body; and how
many requests of a connection may wait for the response to the one before them."""

MOST_CONNECTIONS, MOST_HELD_BYTES, MOST_OF_ONE = 10_000, 256 * 1024 * 1024, 1024 * 1024 + 65_536
"""The most connections of a process, and bytes of incomplete requests: of all, and of one."""

HEAD_SECONDS, BODY_SECONDS, ANSWER_SECONDS, REFUSAL_SECONDS = 10.0, 30.0, 60.0, 5.0
"""How long a client may take to send a head, to send a body, to read a response or a refusal."""


class Connections:
    """The connections of one process. uvicorn calls it to create each of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        """Bytes of incomplete requests."""
        self.waiting: dict[Connection, None] = {}
        """Connections that wait for their client, those that wait longest first."""
        self.timer: asyncio.TimerHandle | None = None

    def __call__(self, **given: Any) -> "Connection":
        return Connection(self, **given)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Closes connections whose client takes too long. Runs once a second while any wait."""
        self.timer = loop.call_later(1, self.watch, loop) if self.waiting else None
        now = loop.time()
        for connection in [late for late in self.waiting if late.due <= now]:
            connection.time_out()

    def make_room(self) -> None:
        """Closes the connection that has waited longest; with an incomplete request if these are
        too large together."""
        is_heavy = self.held > MOST_HELD_BYTES
        longest = (connection for connection in self.waiting if connection.held or not is_heavy)
        if connection := next(longest, None):
            connection.drop()


class Connection(HttpToolsProtocol):
    """A connection with a client."""

    due: float
    """When the client has taken too long, while the connection waits for it."""
    held = unused = 0
    """Bytes of the incomplete request, and how many of them came after the last part of a body."""
    started: RequestResponseCycle | None = None
    is_head, is_whole, is_refused = False, True, False
    """Whether the latest request is in its head or complete, and whether the client is refused."""

    def __init__(self, others: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.others = others

    @property
    def answering(self) -> RequestResponseCycle | None:
        """The request that has no complete response yet."""
        return None if not self.started or self.started.response_complete else self.started

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.started = cycle
        super()._start_asgi_task(cycle, app)

    def cancel_request(self) -> None:
        """Tells the application that the client of the current request is gone."""
        if self.answering:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def wait(self, seconds: float) -> None:
        """Starts to wait for the client, for so many seconds."""
        others = self.others
        others.waiting.pop(self, None)
        others.waiting[self] = None
        self.due = self.loop.time() + seconds
        if others.timer is None:
            others.watch(self.loop)

    def stop_waiting(self) -> None:
        self.others.waiting.pop(self, None)
        self.others.held -= self.held
        self.held = self.unused = 0

    def drop(self) -> None:
        """Closes the connection at once, without a response."""
        self.is_refused = True
        self.stop_waiting()
        self.transport.abort()

    def time_out(self) -> None:
        """Closes the connection of a client that takes too long, after a refusal (408) if it has
        had no response."""
        is_over = self.is_whole or self.is_refused or self.transport.is_closing()
        if is_over or (not self.is_head and self.cycle.response_started):
            self.drop()
        else:
            self.refuse(RequestTimeout())

    def refuse(self, error: AnalyticsError) -> None:
        """Sends a refusal, then reads on for a while and drops what it reads: else the client would
        not get the refusal. While a complete request is being processed, nothing is sent: what
        follows it is only dropped."""
        self.is_refused = True
        if self.answering:
            self.answering.keep_alive = False
            if self.is_head or self.is_whole or self.answering is not self.cycle:
                return
            self.cancel_request()
        self.transport.write(response_of(error))
        self.transport.write_eof()
        self.flow.resume_reading()
        self.stop_waiting()
        self.wait(REFUSAL_SECONDS)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is None:
            # Reset by its client already, so that its address, and with it the visitor, is unknown.
            self.drop()
            return
        self.wait(HEAD_SECONDS)
        if len(self.connections) > self.others.most:
            self.others.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.cancel_request()
        self.stop_waiting()

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection over to a WebSocket, unless half of all are WebSockets already."""
        live = sum(not isinstance(connection, Connection) for connection in self.connections)
        if live < self.others.most // 2:
            self.stop_waiting()
            super().handle_websocket_upgrade()
        else:
            self.refuse(Unavailable("Too many live pages are open; please try again."))

    def data_received(self, data: bytes) -> None:
        """Counts bytes, and refuses or closes connections over the limits."""
        if self.is_refused:
            return
        self.unused += len(data)
        more = min(len(data), MOST_OF_ONE - self.held)
        self.held += more
        self.others.held += more
        super().data_received(data)
        if self.unused > MAX_HEAD_BYTES and not self.is_refused:
            self.refuse(self.too_large())
        if self.others.held > MOST_HELD_BYTES:
            self.others.make_room()

    def send_400_response(self, msg: str) -> None:
        """Refuses input that is not HTTP, unless the client has been refused."""
        if not self.is_refused:
            self.refuse(AnalyticsError())

    def too_large(self) -> AnalyticsError:
        """The refusal of a head that is too large: of the address if that is most of it."""
        is_long = self.is_head and len(self.url) > MAX_HEAD_BYTES // 2
        return UriTooLong() if is_long else HeadersTooLarge()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.is_head, self.is_whole = True, False
        self.due = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        """Waits for the body. Raises ValueError, which stops the parser, when the head is too large
        or too many requests wait."""
        if self.unused > MAX_HEAD_BYTES:  # may include bytes of a body that came with the head
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                self.refuse(self.too_large())
                raise ValueError
        if len(self.pipeline) >= MOST_PIPELINED:
            self.drop()
            raise ValueError
        super().on_headers_complete()
        self.is_head = False
        self.due = self.loop.time() + BODY_SECONDS

    def on_body(self, body: bytes) -> None:
        self.unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Waits for the next request if this one has its response; else waits no longer."""
        super().on_message_complete()
        self.is_head, self.is_whole = False, True
        self.stop_waiting()
        if not self.answering:
            self.wait(ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Waits for the client to send the next request, or the rest of this one."""
        super().on_response_complete()
        if self.is_whole and not self.answering:
            self.wait(ANSWER_SECONDS)
        elif not self.is_whole and self not in self.others.waiting:
            self.wait(BODY_SECONDS)

    def pause_writing(self) -> None:
        """Waits for the client to read more of the response."""
        super().pause_writing()
        self.wait(ANSWER_SECONDS)

    def resume_writing(self) -> None:
        """Stops waiting, unless a request is incomplete."""
        super().resume_writing()
        if self.is_whole and self.answering:
            self.stop_waiting()


def response_of(error: AnalyticsError) -> bytes:
    """The response to a refused client, in the shape of all refusals. The connection is closed."""
    status, text = HTTPStatus(error.status), json.dumps(error.body())
    headers = {**error.headers, "Content-Type": "application/json", "Connection": "close"}
    headers["Content-Length"] = str(len(text))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", text]).encode()
