"""No request body is longer than its route reads.

The framework's own limit counts only what a route reads, and says so in another shape. Here each
body is read before its route is asked, and one that is too long is refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TooLarge, handle

MAX_BODY_BYTES = 64 * 1024
"""Of every route but the one that takes events."""

MOST_DISCARDED = 64 * 1024 * 1024
DISCARD_SECONDS = 15.0
"""How much of a refused body is read, and for how long, before the sender hears that it is."""

MOST_DIGITS = 18
"""Of a length that is looked at as a number."""


class BodyLimit:
    """Reads each body as far as it may be, and hands it to the application in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers whoever sends too much, and lets everybody else pass."""
        if scope["type"] != "http" or not announces_body(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await whole_body(request)
        except ClientDisconnect:
            return  # nobody is there to hear anything
        except TooLarge as error:
            answer = await handle(request, error)
            await answer(scope, receive, send)
            return
        await self.app(scope, after(body, receive), send)


def announces_body(headers: Headers) -> bool:
    """Whether these headers say that a body follows; without them, none may."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def whole_body(request: Request) -> bytes:
    """The body. Raises TooLarge, and ClientDisconnect when it breaks off."""
    chunks = request.stream()
    body = bytearray()
    try:
        refuse_announced(request, MAX_BODY_BYTES)
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise too_large(MAX_BODY_BYTES)
    except TooLarge:
        await discard(request, chunks)
        raise
    return bytes(body)


def after(body: bytes, receive: Receive) -> Receive:
    """The messages of a request of which the body has been read: that, and what follows."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def refuse_announced(request: Request, most: int) -> None:
    """Raises TooLarge for a body that is said to be too long."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > MOST_DIGITS or int(length) > most):
        raise too_large(most)


def too_large(most: int) -> TooLarge:
    """The refusal of a body that is too long."""
    return TooLarge(f"The body is longer than {most} bytes.", [f"{most} bytes"])


async def discard(request: Request, chunks: AsyncIterator[bytes]) -> None:
    """Reads on for a while: a sender who is still sending would be cut off by an answer, and not
    hear it. One who has asked whether to send at all (100-continue) hears it at once."""
    if "expect" in request.headers:
        return
    left = MOST_DISCARDED
    with suppress(ClientDisconnect, TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
