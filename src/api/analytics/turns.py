"""How many reports a process computes at once, and which callers share one."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api.auth.access import AnyReader
from api.auth.callers import Caller
from api.db.timeouts import read_exception
from api.errors import TooManyRequests, Unavailable
from api.limits import neighbourhood

LEAST_TURNS = 2
"""Of a process, so that one slow report does not keep all others waiting."""


def turns_of_process(workers: int) -> int:
    """How many reports one of so many processes computes at once: all together as many as this
    machine has cores, as each report keeps the database busy with one question at a time."""
    return max(LEAST_TURNS, (os.cpu_count() or 1) // workers)


MOST_WAITING = 200
"""How many computations of one caller may wait: some pages of the dashboard."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for turns: an account, or a stranger, who is known by network."""

    name: str
    is_stranger: bool = False


SERVICE = Asker("service")
"""The service itself."""


class Line:
    """Gives turns to whoever has the fewest, in the order of arrival. Where strangers have all of
    them there is one more for those with a login, so that nobody without one keeps them out."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.running = Counter[Asker]()
        self.waiting: dict[asyncio.Future[None], Asker] = {}

    async def enter(self, asker: Asker) -> None:
        """Waits for a turn."""
        turn = asyncio.get_running_loop().create_future()
        self.waiting[turn] = asker
        self.admit()
        try:
            await turn
        except asyncio.CancelledError:
            if self.waiting.pop(turn, None) is None:
                self.leave(asker)  # it came as the caller went
            raise

    def leave(self, asker: Asker) -> None:
        """Gives a turn back."""
        self.running -= Counter([asker])
        self.admit()

    def admit(self) -> None:
        while (turn := self.next_turn()) is not None:
            self.running[self.waiting.pop(turn)] += 1
            turn.set_result(None)

    def next_turn(self) -> asyncio.Future[None] | None:
        admissible = (turn for turn, asker in self.waiting.items() if self.has_room(asker))
        return min(admissible, key=lambda turn: self.running[self.waiting[turn]], default=None)

    def has_room(self, asker: Asker) -> bool:
        if self.running.total() < self.number:
            return True
        return not asker.is_stranger and all(other.is_stranger for other in self.running)


@dataclass(eq=False, slots=True)
class Computation:
    """A computation, the task that runs it, and how many callers wait for its result."""

    compute: Callable[[], Awaitable[Any]]
    asker: Asker
    task: asyncio.Task[Any] | None = None
    callers: int = 0


class Turns:
    """The rights to compute a report. Who gets none waits (see Line).

    Without them the reports of a few analysts take the processor time that storing events needs
    (docs/decisions/under-load.md).
    """

    def __init__(self, number: int, patience: float) -> None:
        self.line = Line(number)
        self.patience = patience
        self.waiting: dict[Hashable, Computation] = {}
        """The computations that have not begun, by their keys."""

    async def share(
        self, key: Hashable, compute: Callable[[], Awaitable[Any]], asker: Asker = SERVICE
    ) -> Any:
        """The result of `compute`, which begins when it gets a turn. Callers who come with the same
        key before it begins share it. It begins after all of them came, so it reads everything that
        was committed when they came. Whoever comes later gets a computation of their own. One that
        all its callers left before it began is cancelled.

        Raises Unavailable without a turn within `patience` seconds, and TooManyRequests if too many
        computations of this caller wait.
        """
        computation = self.waiting.get(key) or self.wait_in_line(key, compute, asker)
        assert computation.task
        computation.callers += 1
        try:
            # A caller who goes away must not cancel the computation of the others.
            return await asyncio.shield(computation.task)
        finally:
            computation.callers -= 1
            if not computation.callers and self.leave_line(key, computation):
                computation.task.cancel()

    def wait_in_line(
        self, key: Hashable, compute: Callable[[], Awaitable[Any]], asker: Asker
    ) -> Computation:
        if sum(other.asker == asker for other in self.waiting.values()) >= MOST_WAITING:
            raise TooManyRequests("Too many of your questions are waiting.", retry_after=5)
        self.waiting[key] = computation = Computation(compute, asker)
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
            await asyncio.wait_for(self.line.enter(computation.asker), self.patience)
        except TimeoutError:
            raise Unavailable("Too many reports are waiting; please try again.") from None
        finally:
            self.leave_line(key, computation)
        try:
            return await computation.compute()
        finally:
            self.line.leave(computation.asker)


@dataclass(frozen=True, slots=True)
class CallerTurns:
    """The turns, as one caller gets them."""

    turns: Turns
    asker: Asker

    @property
    def number(self) -> int:
        """How many reports the process computes at once."""
        return self.turns.line.number

    async def share(self, key: Hashable, compute: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `compute` (see Turns.share)."""
        return await self.turns.share(key, compute, self.asker)


async def turns_of(request: Request, caller: AnyReader) -> CallerTurns:
    return CallerTurns(request.app.state.turns, asker_of(request, caller))


def asker_of(request: Request, caller: Caller) -> Asker:
    if caller.user is not None:
        return Asker(f"user {caller.user.id}")
    if caller.share is not None:
        return Asker(f"share {caller.share.id}", is_stranger=True)
    address = request.client.host if request.client else ""
    return Asker(neighbourhood(address), is_stranger=True)


AppTurns = Annotated[CallerTurns, Depends(turns_of)]
