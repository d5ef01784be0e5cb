"""WebSockets to an application in this process."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

PATIENCE = 60


class Socket:
    """A WebSocket that somebody opens from an address."""

    def __init__(
        self,
        app: FastAPI,
        path: str,
        headers: Mapping[str, str],
        address: str = "203.0.113.7",
        **query: str,
    ) -> None:
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.received.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
            "client": (address, 1),
            "extensions": {"websocket.http.response": {}},
        }
        self.task = asyncio.ensure_future(app(scope, self.received.get, self.sent.put))

    async def status(self) -> int:
        """The status of the handshake."""
        async with asyncio.timeout(PATIENCE):
            return (await self.sent.get()).get("status", 101)

    async def closed(self) -> int:
        """The code with which the service closes it."""
        async with asyncio.timeout(PATIENCE):
            while (message := await self.sent.get())["type"] != "websocket.close":
                pass
            await self.task
        return message["code"]

    async def leave(self) -> None:
        """Closes it."""
        self.received.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(PATIENCE):
            await self.task
