"""Connections that do not wait for ever, and how to see that one is dead."""

import asyncio
import os
import select
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import PQGen

from api.errors import Unavailable

ANSWER_SECONDS = 2.0
"""When the database is silent or slow, callers hear by then that they should come again."""

PATIENCE = 0.65
"""The share of that time which is spent on waiting; the rest is for saying so, also where the
machine is busy."""

STALL_SECONDS = 0.1
"""A loop that is so late has been kept from its work, and gets as long to catch up."""

T = TypeVar("T")


class DeadlineConnection(AsyncConnection[Any]):
    """A connection that hangs up on a server which does not answer.

    The server's own timeouts do not help when it is frozen, or when the network swallows what
    it says; asking it to cancel would only wait again.
    """

    patience: float = 20.0
    """Seconds; longer than any statement may take, by the timeouts that the server keeps."""

    async def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Waits for an answer. Raises psycopg.OperationalError when none came in time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.patience, abort, self)
        try:
            return await super().wait(gen, *args, **kwargs)
        finally:
            timer.cancel()


MOST_PLANS = 24
"""Of a connection. Each takes the server some 2 MB; a dashboard asks a dozen questions."""


class ReadingConnection(DeadlineConnection):
    """A connection that answers questions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared_max = MOST_PLANS

    tables: str | None = None
    """What partitions and chunks there were when the plans were made that it keeps."""


class WritingConnection(DeadlineConnection):
    """A connection that others wait for."""

    patience = 12.0


def abort(connection: AsyncConnection[Any]) -> None:
    """Ends the conversation on our side: whoever waits for an answer hears that it is over."""
    with suppress(OSError, psycopg.Error):
        ours = socket.socket(fileno=os.dup(connection.fileno()))
        with ours:
            ours.shutdown(socket.SHUT_RDWR)


def closed_by_server(connection: AsyncConnection[Any]) -> bool:
    """Whether the server said something on an idle connection: the only thing that it has to say
    then is goodbye. Costs no round trip."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, psycopg.Error):
        return True


async def wait_at_most(future: asyncio.Future[T], seconds: float) -> T:
    """The result of something that the database does. Raises Unavailable, and leaves it alone, when
    it takes longer: whether nothing is said or it is said slowly is the same to whoever waits."""
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    await asyncio.wait([future], timeout=seconds)
    if not future.done() and loop.time() - due > STALL_SECONDS:
        # While this process was busy it could not listen either: an answer may lie there unread.
        await asyncio.wait([future], timeout=STALL_SECONDS)
    if future.done():
        return future.result()
    raise Unavailable


class Deadline:
    """By when, on the loop's clock, all that one request asks of the database must be there."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.at = asyncio.get_running_loop().time() + PATIENCE * answer_seconds

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of some work, unless it takes so long that the answer would be late. Raises
        Unavailable.

        The work goes on, unheard: to cancel it would be to wait for a server that does not answer.
        """
        task = asyncio.create_task(work)
        task.add_done_callback(forget)
        return await wait_at_most(task, max(0, self.at - asyncio.get_running_loop().time()))


async def within(work: Coroutine[Any, Any, T], seconds: float = ANSWER_SECONDS) -> T:
    """The result of work that is all that a request does."""
    return await Deadline(seconds).within(work)


def forget(task: asyncio.Task[Any]) -> None:
    """Takes notice of a failure that nobody may be waiting for."""
    if not task.cancelled():
        task.exception()
