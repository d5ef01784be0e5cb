"""Refuses request bodies that are too long, before a route reads them.

The framework's own limit counts only what a route reads, and its refusal has another shape. Here
each body is read before its route is called.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, TooLarge
from api.refusals import handle
from api.validation import announces_body

MAX_BODY_BYTES = 64 * 1024
"""For every route but POST /api/events, which has a limit of its own."""

MOST_DISCARDED = 64 * 1024 * 1024
DISCARD_SECONDS = 15.0
"""How much of a refused body is still read, in bytes and seconds, before the refusal is sent."""

MOST_DIGITS = 18
"""A content-length with more digits is too large, so it need not be parsed."""


class BodyLimit:
    """Middleware that reads each body up to the limit, and passes it on in one message."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds with 413 to a body that is too long, and passes on every other request."""
        if scope["type"] != "http" or not announces_body(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await whole_body(request)
        except ClientDisconnect:
            return  # the client is gone
        except TooLarge as error:
            answer = await handle(request, error)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive_with(body, receive), send)


async def whole_body(request: Request) -> bytes:
    """The body. Raises TooLarge, and ClientDisconnect when the client goes away before its end."""
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


def receive_with(body: bytes, receive: Receive) -> Receive:
    """A `receive` for a request whose body has been read: it gives the body, then what follows."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def refuse_announced(request: Request, most: int) -> None:
    """Raises TooLarge for a content-length of more than `most` bytes."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > MOST_DIGITS or int(length) > most):
        raise too_large(most)


def too_large(most: int) -> TooLarge:
    """The refusal of a body of more than `most` bytes."""
    return TooLarge(problems=[Problem("body", f"is longer than {most} bytes")])


async def discard(request: Request, chunks: AsyncIterator[bytes]) -> None:
    """Reads the rest of a refused body for a while: the response would cut off a client that is
    still sending, which would not read it then. A client that waits for `100 Continue` sends
    nothing, and gets the response at once."""
    if "expect" in request.headers:
        return
    left = MOST_DISCARDED
    with suppress(ClientDisconnect, TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
