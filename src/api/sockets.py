"""What WebSockets have in common: how they close, and who is waited for."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

SEND_SECONDS = 5.0
"""A client that does not take a message within this time is dropped."""

RECHECK_SECONDS = 30.0
"""How often it is checked that a client may still read what it is sent."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
"""The codes with which a socket is closed: to somebody who may not read it any more, and to a
client that is to connect again."""


async def until_gone(socket: WebSocket) -> None:
    """Returns when the client has closed the connection. What it sends is not looked at."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def first_to_end(*coroutines: Any) -> None:
    """Runs all until one ends, then cancels the others. Raises errors other than a closed
    connection."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_all(tasks)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, WebSocketDisconnect | RuntimeError):
            raise error


async def end_all(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancels tasks until all have ended. One that waits for what comes at this moment may lose a
    cancellation, and would go on for ever."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=1)
