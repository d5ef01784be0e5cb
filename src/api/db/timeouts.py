"""Limits on how long the service waits for the database."""

import asyncio
import os
import select
import socket
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import PQGen

from api.errors import Unavailable

ANSWER_SECONDS = 2.0
"""The answer time: when the database is silent or slow, callers are refused with 503 by then."""

PATIENCE = 0.65
"""The share of the answer time that is spent on waiting; the rest is for the refusal."""

STALL_SECONDS = 0.1
"""A loop that is this late was kept from reading, and gets as long to read what has arrived."""

LONG_QUESTION_SECONDS = 600.0
"""The longest that the database may work on one question of a submitted job."""

T = TypeVar("T")


class DeadlineConnection(AsyncConnection[Any]):
    """A connection that closes itself when the server does not answer in time.

    The server's own timeouts do not help when it is frozen, or when the network loses its packets;
    and a request to cancel would wait for the same server.
    """

    patience: float = 20.0
    """Seconds to wait for one answer: more than the server lets a statement take."""

    async def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Waits for the server. Raises psycopg.OperationalError when no answer came in time."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.patience, abort, self)
        try:
            return await super().wait(gen, *args, **kwargs)
        finally:
            timer.cancel()


MOST_PLANS = 24
"""How many plans a connection keeps: each takes 2 MB, and a dashboard asks a dozen questions."""


class ReadingConnection(DeadlineConnection):
    """A connection for reports."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared_max = MOST_PLANS

    tables: str | None = None
    """The partitions and chunks that there were when the kept plans were made."""


class LongReadingConnection(ReadingConnection):
    """A connection for the questions of submitted jobs."""

    patience = LONG_QUESTION_SECONDS + 20.0


class WritingConnection(DeadlineConnection):
    """A connection for writing events, on whose commit other requests wait."""

    patience = 12.0

    latest: datetime | None = None
    """When its last transaction began, by the server's clock."""


def abort(connection: AsyncConnection[Any]) -> None:
    """Shuts the connection's socket down, so that whoever waits for the server gets an error."""
    with suppress(OSError, psycopg.Error):
        ours = socket.socket(fileno=os.dup(connection.fileno()))
        with ours:
            ours.shutdown(socket.SHUT_RDWR)


def closed_by_server(connection: AsyncConnection[Any]) -> bool:
    """Whether the server has closed an idle connection: then there is something to read, and a
    server sends nothing else unasked. Costs no round trip."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, psycopg.Error):
        return True


async def wait_at_most(future: asyncio.Future[T], seconds: float) -> T:
    """The result of a future, which is not cancelled. Raises Unavailable after `seconds`."""
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    await asyncio.wait([future], timeout=seconds)
    if not future.done() and loop.time() - due > STALL_SECONDS:
        # The loop was busy, so the result may have arrived without being read yet.
        await asyncio.wait([future], timeout=STALL_SECONDS)
    if future.done():
        return future.result()
    raise Unavailable


class Deadline:
    """The time, on the loop's clock, by which the database must have answered all of a request."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.at = asyncio.get_running_loop().time() + PATIENCE * answer_seconds

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of some work. Raises Unavailable when the deadline passes before.

        The work goes on, and its result is dropped: to cancel it would be to wait for a server that
        does not answer.
        """
        task = asyncio.create_task(work)
        task.add_done_callback(read_exception)
        return await wait_at_most(task, max(0, self.at - asyncio.get_running_loop().time()))


async def within(work: Coroutine[Any, Any, T], seconds: float = ANSWER_SECONDS) -> T:
    """The result of work that has `seconds` as its own deadline. Raises Unavailable."""
    return await Deadline(seconds).within(work)


def read_exception(task: asyncio.Task[Any]) -> None:
    """Reads the task's exception, as asyncio logs one that nobody has read."""
    if not task.cancelled():
        task.exception()
