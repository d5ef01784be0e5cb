"""Which requests are written together, and what each of them gets."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from api.errors import Unavailable
from api.events.write.batch import Batch
from api.events.write.group_commit import LONG_QUEUE, MAX_QUEUE, WriteQueue


@dataclass(frozen=True)
class Item:
    """Something to write on a site."""

    site_id: int
    name: str


@dataclass
class Database:
    """Notes what is written in which batch. Each batch waits for the locks, and then to be let
    go."""

    batches: list[list[str]] = field(default_factory=list[list[str]])
    unlocked: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, batch: Batch[Item]) -> Sequence[str]:
        """The names of the items, in capitals."""
        await self.unlocked.wait()
        names = [item.name for item in batch.close()]
        self.batches.append(names)
        await self.done.wait()
        assert [item.name for item in batch.close()] == names
        return [name.upper() for name in names]


def items(*names: str, site: int = 1) -> list[Item]:
    """Items of a site."""
    return [Item(site, name) for name in names]


async def test_requests_join_a_batch_until_it_is_closed() -> None:
    database = Database()
    async with WriteQueue[Item, str](database.write) as queue:
        first = queue.write(items("a", "b"))
        await asyncio.sleep(0)  # the batch waits for the locks
        second = queue.write(items("c"))
        database.unlocked.set()
        await asyncio.sleep(0.01)
        third = queue.write(items("d"))
        database.done.set()
        assert await first == ["A", "B"]
        assert await second == ["C"]
        assert await third == ["D"]
    assert database.batches == [["a", "b", "c"], ["d"]]


async def test_refused_request_is_in_no_batch() -> None:
    database = Database()
    async with WriteQueue[Item, str](database.write) as queue:
        late = queue.write(items("late"), due=asyncio.get_running_loop().time() + 0.01)
        with pytest.raises(Unavailable):
            await late
        other = queue.write(items("other"))
        database.unlocked.set()
        database.done.set()
        assert await other == ["OTHER"]
    assert database.batches == [["other"]]


async def test_site_with_a_long_queue_is_written_apart_from_others() -> None:
    database = Database()
    async with WriteQueue[Item, str](database.write, writers=1) as queue:
        requests = [queue.write(items("first"))]  # the others wait for it
        many = [str(number) for number in range(LONG_QUEUE + 1)]
        requests.append(queue.write(items(*many, site=2)))
        requests += [queue.write(items(f"site {site}", site=site)) for site in (3, 4)]
        database.unlocked.set()
        database.done.set()
        await asyncio.gather(*requests)
    assert database.batches == [["first"], ["site 3", "site 4"], many]


async def test_request_without_room_is_refused_at_once() -> None:
    database = Database()
    async with WriteQueue[Item, str](database.write) as queue:
        full = queue.write(items(*["x"] * MAX_QUEUE))
        with pytest.raises(Unavailable):
            queue.write(items("one more"))
        other = queue.write(items("of another site", site=2))
        database.unlocked.set()
        database.done.set()
        await asyncio.gather(full, other)


async def test_error_of_a_batch_is_that_of_each_request() -> None:
    async def fail(batch: Batch[Item]) -> Sequence[str]:
        raise ConnectionError

    async with WriteQueue[Item, str](fail) as queue:
        requests = [queue.write(items("a", site=site)) for site in (1, 2)]
        for request in requests:
            with pytest.raises(ConnectionError):
                await request
