"""Takes the database away for a while and brings it back, while clients go on sending.

    PYTHONPATH=src:tests python -m chaos.away --seconds 30 360

Says how long clients waited to be told, how soon after the return they were served again, and
does the books: everything acknowledged is stored, once.
"""

import argparse
import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import psycopg

from chaos.server import Server
from processes import Service, running

CLIENTS = 4
PAUSE = 0.25
"""Between two events of one client."""

RETURN_SECONDS = 60
"""How long after the return of the database the service may take at most."""

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f"


@dataclass
class Books:
    """What clients heard."""

    acknowledged: set[str] = field(default_factory=set[str])
    answers: Counter[int] = field(default_factory=Counter[int])
    slowest: float = 0
    """The longest wait for an answer, in seconds."""
    served_at: float = 0
    """When an event was acknowledged last, by the monotonic clock."""


async def send(client: httpx.AsyncClient, books: Books) -> None:
    """One event, sent again under the same id until it is acknowledged."""
    event = {"id": str(uuid4()), "page": "/", "session_id": "away"}
    while event["id"] not in books.acknowledged:
        started = time.monotonic()
        answer = await client.post("/api/events/", json=event)
        books.slowest = max(books.slowest, time.monotonic() - started)
        books.answers[answer.status_code] += 1
        if answer.is_success:
            books.acknowledged.add(event["id"])
            books.served_at = time.monotonic()
        await asyncio.sleep(PAUSE)


async def keep_sending(client: httpx.AsyncClient, books: Books) -> None:
    """One client, for ever."""
    while True:
        await send(client, books)


async def outage(server: Server, service: Service, seconds: float) -> Books:
    """The books of one outage, which is told of as it goes."""
    books = Books()
    async with httpx.AsyncClient(base_url=service.base, timeout=30) as client:
        clients = [asyncio.create_task(keep_sending(client, books)) for _ in range(CLIENTS)]
        await asyncio.sleep(3)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.start)
        back = time.monotonic()
        while books.served_at < back and time.monotonic() < back + RETURN_SECONDS:
            await asyncio.sleep(0.01)
        recovered = books.served_at - back
        await asyncio.sleep(3)
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    print(f"away {seconds:g} s: answers {dict(books.answers)}, slowest {books.slowest:.2f} s,"
          f" served again after {recovered:.2f} s", flush=True)  # fmt: skip
    assert recovered > 0, "the service did not recover by itself"
    return books


def check(url: str, books: Books) -> None:
    """Everything acknowledged is there, and nothing is there twice."""
    with psycopg.connect(url) as connection:
        stored = Counter(str(row[0]) for row in connection.execute("select id from event"))
    lost = books.acknowledged - stored.keys()
    twice = [number for number, times in stored.items() if times > 1]
    print(f"acknowledged {len(books.acknowledged)}, lost {len(lost)}, twice {len(twice)}")
    assert not lost
    assert not twice
    assert books.answers.keys() <= {200, 201, 503}


def main() -> None:
    """One outage after the other, of the same service."""
    parser = argparse.ArgumentParser(prog="python -m chaos.away", description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30, 360])
    options = parser.parse_args()
    with TemporaryDirectory(prefix="analytics-away-") as folder:
        server = Server(Path(folder))
        server.start()
        settings = {"SECRET_KEY": SECRET, "DEMO": "false", "DATABASE_URL": server.url}
        try:
            with running(Path(folder) / "app", **settings) as service:
                for seconds in options.seconds:
                    check(server.url, asyncio.run(outage(server, service, seconds)))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
