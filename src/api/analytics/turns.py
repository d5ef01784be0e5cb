"""How many reports a process computes at once, and which callers share one."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
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


@dataclass(eq=False, slots=True)
class Computation:
    """A computation, the task that runs it, and how many callers wait for its result."""

    compute: Callable[[], Awaitable[Any]]
    task: asyncio.Task[Any] | None = None
    callers: int = 0


class Turns:
    """The rights to compute a report. Who gets none waits, in the order of arrival.

    Without them the reports of a few analysts take the processor time that storing events needs
    (docs/decisions/under-load.md).
    """

    def __init__(self, number: int, patience: float) -> None:
        self.number = number
        self.free = asyncio.Semaphore(number)
        self.patience = patience
        self.waiting: dict[Hashable, Computation] = {}
        """The computations that have not begun, by their keys."""

    async def share(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `compute`, which begins when it gets a turn. Callers who come with the same
        key before it begins share it. It begins after all of them came, so it reads everything that
        was committed when they came. Whoever comes later gets a computation of their own. One that
        all its callers left before it began is cancelled.

        Raises Unavailable without a turn within `patience` seconds.
        """
        computation = self.waiting.get(key) or self.wait_in_line(key, compute)
        assert computation.task
        computation.callers += 1
        try:
            # A caller who goes away must not cancel the computation of the others.
            return await asyncio.shield(computation.task)
        finally:
            computation.callers -= 1
            if not computation.callers and self.leave_line(key, computation):
                computation.task.cancel()

    def wait_in_line(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Computation:
        self.waiting[key] = computation = Computation(compute)
        computation.task = asyncio.create_task(self.in_turn(key, computation))
        computation.task.add_done_callback(read_exception)
        return computation

    def leave_line(self, key: Hashable, computation: Computation) -> bool:
        """Removes a computation from those that wait. Whether it was one of them."""
        is_waiting = self.waiting.get(key) is computation
        if is_waiting:
            del self.waiting[key]
        return is_waiting

    async def in_turn(self, key: Hashable, computation: Computation) -> Any:
        try:
            await asyncio.wait_for(self.free.acquire(), self.patience)
        except TimeoutError:
            raise Unavailable("Too many reports are waiting; please try again.") from None
        finally:
            self.leave_line(key, computation)
        try:
            return await computation.compute()
        finally:
            self.free.release()


def turns_of(request: Request) -> Turns:
    return request.app.state.turns


AppTurns = Annotated[Turns, Depends(turns_of)]
