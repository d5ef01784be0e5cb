"""How many reports a process computes at once, and which callers share one."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Hashable
from typing import Annotated, Any

from fastapi import Depends, Request

from api.db.timeouts import read_exception
from api.errors import Unavailable

LEAST_TURNS = 2
"""Of a process, so that one slow report does not keep all others waiting."""


def turns_of_process(workers: int) -> int:
    """How many reports one of so many processes computes at once: all together as many as this
    machine has cores, as each report keeps the database busy with one question at a time."""
    return max(LEAST_TURNS, (os.cpu_count() or 1) // workers)


class Turns:
    """The rights to compute a report. Who gets none waits, in the order of arrival.

    Without them the reports of a few analysts take the processor time that storing events needs
    (docs/decisions/under-load.md).
    """

    def __init__(self, number: int, patience: float) -> None:
        self.free = asyncio.Semaphore(number)
        self.patience = patience
        self.waiting: dict[Hashable, asyncio.Task[Any]] = {}
        """The computations that have not begun, by their keys."""

    async def share(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `compute`, which begins when it gets a turn. Callers who come with the same
        key before it begins share it. It begins after all of them came, so it reads everything that
        was committed when they came. Whoever comes later gets a computation of their own.

        Raises Unavailable without a turn within `patience` seconds.
        """
        if key not in self.waiting:
            self.waiting[key] = task = asyncio.create_task(self.in_turn(key, compute))
            task.add_done_callback(read_exception)
        # A caller who goes away must not cancel the computation of the others.
        return await asyncio.shield(self.waiting[key])

    async def in_turn(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
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
