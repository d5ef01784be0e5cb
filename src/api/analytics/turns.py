"""How many reports are computed at once, and which callers share one."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Hashable
from typing import Annotated, Any

from fastapi import Depends, Request

from api.db.timeouts import read_exception
from api.errors import Unavailable

LEAST_TURNS = 2
"""Of a process: one slow report must not keep all others waiting."""


def turns_of_process(workers: int) -> int:
    """How many reports one of so many processes computes at once: together as many as this machine
    has cores. Each report asks the database two questions at a time."""
    return max(LEAST_TURNS, (os.cpu_count() or 1) // workers)


class Turns:
    """The line in which reports wait until one of few turns is free.

    Without it sixteen analysts have the database work on so many queries that ingest gets next to
    no processor time (docs/decisions/under-load.md).
    """

    def __init__(self, number: int, patience: float) -> None:
        self.free = asyncio.Semaphore(number)
        self.patience = patience
        self.waiting: dict[Hashable, asyncio.Task[Any]] = {}
        """The computations that have not begun, by what they will answer."""

    async def share(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `compute`, which begins when its turn comes. Callers with the same key
        who come before that share it: it reads after all of them came, so it misses nothing that
        was committed when they asked.

        Raises Unavailable when no turn comes within `patience` seconds.
        """
        if key not in self.waiting:
            self.waiting[key] = task = asyncio.create_task(self.take_turn(key, compute))
            task.add_done_callback(read_exception)
        return await asyncio.shield(self.waiting[key])

    async def take_turn(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
        try:
            await asyncio.wait_for(self.free.acquire(), self.patience)
        except TimeoutError:
            raise Unavailable("Too many reports are waiting; please try again.") from None
        finally:
            del self.waiting[key]
        try:
            return await compute()
        finally:
            self.free.release()


def turns_of(request: Request) -> Turns:
    return request.app.state.turns


AppTurns = Annotated[Turns, Depends(turns_of)]
