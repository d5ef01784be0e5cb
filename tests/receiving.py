"""A receiver of webhooks on loopback, which verifies signatures as the specification says."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

TOLERANCE_SECONDS = 300


@dataclass
class Received:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What has been received, and what is answered: the statuses in turn, the last one for ever."""

    answers: list[str]
    received: list[Received] = field(default_factory=list[Received])
    names: list[str | None] = field(default_factory=list[str | None])
    """The names of hosts that clients asked for in TLS."""
    connections: int = 0
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook?of=a+job"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads a request and answers it."""
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            exact = dict(line.split(": ", 1) for line in head[1:] if line)
            headers |= {name.lower(): value for name, value in exact.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            self.received.append(Received(head[0], headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            writer.write(f"HTTP/1.1 {answer}\r\ncontent-length: 2\r\n\r\nok".encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(
    *answers: str, context: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver([*answers] or ["200 OK"])
    if context:
        context.sni_callback = lambda _, name, __: receiver.names.append(name)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, ssl=context)
    async with server:
        receiver.port = server.sockets[0].getsockname()[1]
        yield receiver


def is_signed(secret: str, received: Received) -> bool:
    """Whether a request is one of Standard Webhooks that was signed with this secret just now."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    timestamp = received.headers["webhook-timestamp"]
    assert abs(int(timestamp) - time.time()) < TOLERANCE_SECONDS
    signed = b".".join([received.headers["webhook-id"].encode(), timestamp.encode(), received.body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in received.headers["webhook-signature"].split(" ")
