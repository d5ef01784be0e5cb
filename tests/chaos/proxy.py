"""A TCP proxy that misbehaves on demand: the network between the service and its database."""

import asyncio
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Self

COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
"""How PostgreSQL says that it did."""


class Mode(Enum):
    """What the network does at this moment."""

    PASS = "everything arrives"
    CUT = "connections break, new ones are refused"
    STALL = "nothing arrives, and is only late"
    HALF_OPEN = "what is sent is lost for ever; new connections are not answered"
    SLOW = "everything arrives, each piece a little late"


class Proxy:
    """Listens on a free port of this machine and passes on to a socket."""

    def __init__(self, target: Path, delay: float = 0.2) -> None:
        self.target = target
        self.delay = delay
        self.mode = Mode.PASS
        self.never_arrives = b""
        """A piece that has this in it breaks every connection, once, and is lost."""
        self.changed = asyncio.Condition()
        self.open: set[asyncio.StreamWriter] = set()
        self.pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        self.cut()
        for pipe in self.pipes:
            pipe.cancel()
        await asyncio.gather(*self.pipes, return_exceptions=True)

    async def set(self, mode: Mode) -> None:
        """Changes the weather. What was lost while half-open stays lost."""
        async with self.changed:
            self.mode = mode
            self.changed.notify_all()
        if mode is Mode.CUT:
            self.cut()

    def cut(self) -> None:
        """Breaks every connection there is."""
        for writer in self.open:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connects a caller with the target, and carries both ways until one of them ends."""
        if self.mode is Mode.CUT:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self.target)
        except OSError:  # nobody is there: the target is down
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self.open |= both
        pipes = {
            asyncio.create_task(self.carry(reader, far_writer)),
            asyncio.create_task(self.carry(far_reader, writer)),
        }
        self.pipes |= pipes
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for end in both:
            end.transport.abort()
        self.open -= both
        self.pipes -= pipes

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries what comes, as the weather allows. A piece lost breaks the connection for good:
        it stays open, and silent."""
        lost = False
        with suppress(ConnectionError):
            while piece := await reader.read(65_536):
                if self.never_arrives and self.never_arrives in piece:
                    self.never_arrives = b""
                    return self.cut()
                if self.mode is Mode.SLOW:
                    await asyncio.sleep(self.delay)
                async with self.changed:
                    await self.changed.wait_for(lambda: self.mode is not Mode.STALL)
                lost = lost or self.mode is Mode.HALF_OPEN
                if not lost:
                    writer.write(piece)
                    await writer.drain()
