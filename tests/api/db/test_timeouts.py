"""Nobody waits for ever, and nobody is sent away for what was not the database's fault."""

import asyncio
import time

import pytest

from api.db.timeouts import wait_at_most, within
from api.errors import Unavailable


async def test_silent_database_is_given_up_after_patience() -> None:
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(Unavailable):
        await wait_at_most(never, 0.05)
    assert not never.done()


async def test_slow_but_active_database_is_given_up_after_deadline() -> None:
    async def slow() -> None:
        for _ in range(100):
            await asyncio.sleep(0.01)

    promised = asyncio.create_task(asyncio.sleep(0.5))
    with pytest.raises(Unavailable):
        await within(slow(), 0.5)
    assert not promised.done()
    promised.cancel()


async def test_time_in_which_process_was_blocked_does_not_count_as_silence() -> None:
    async def answer() -> int:
        await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # what comes in once there is somebody to listen
        return 42

    waiting = asyncio.create_task(wait_at_most(asyncio.create_task(answer()), 0.1))
    await asyncio.sleep(0)
    time.sleep(0.4)
    assert await waiting == 42
