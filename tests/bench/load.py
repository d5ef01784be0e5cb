"""A client that keeps some connections busy for some seconds. It shares the machine with what it
measures, so it does next to nothing for a request, and says how much processor time that took.

python -m bench.load PORT PATH CONNECTIONS SECONDS EVENTS SITES
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from itertools import cycle
from typing import Any

import uvloop

AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{version}.0.0.0 Safari/537.36"
    for version in range(100, 143)
]

LENGTH = b"content-length: "
END = b"\r\n\r\n"


def event(sites: int = 1) -> dict[str, object]:
    """One of the page views of some thousand sessions, on one of so many sites."""
    return {
        "site": site_key(random.randrange(sites)),
        "page": f"/page/{random.randrange(200)}",
        "user_agent": random.choice(AGENTS),
        "referrer": random.choice(["", "https://www.google.com/", "https://news.example/a"]),
        "session_id": f"s{random.randrange(5000)}",
        "duration": 1.5,
    }


def site_key(number: int) -> str:
    """What the sites are called; the first one is there without anybody's doing."""
    return f"bench-{number}" if number else "default"


def request(path: str, events: int, sites: int) -> bytes:
    """A whole request, as it goes over the wire; a batch is of one site."""
    some = [event(sites) for _ in range(events)]
    body = json.dumps(some[0] if events == 1 else [one | {"site": some[0]["site"]} for one in some])
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n{body}".encode()


class Sender(asyncio.Protocol):
    """One connection, one request after the other."""

    def __init__(self, requests: list[bytes], until: float) -> None:
        self.requests = cycle(random.sample(requests, len(requests)))
        self.until = until
        self.answer = b""
        self.times: list[float] = []
        self.statuses = Counter[str]()
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Begins."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Sends the next request, until the time is over."""
        self.started = time.perf_counter()
        if self.started < self.until:
            self.transport.write(next(self.requests))
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Takes note of an answer when all of it is there."""
        self.answer += data
        head, end, body = self.answer.partition(END)
        length = head[head.lower().find(LENGTH) + len(LENGTH) :].partition(b"\r\n")[0]
        if end and len(body) >= int(length):
            self.times.append(time.perf_counter() - self.started)
            self.statuses[self.answer[9:12].decode()] += 1
            self.answer = b""
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self.over.set_result(None)


async def main(
    port: int, path: str, connections: int, seconds: float, events: int, sites: int
) -> None:
    """Prints how many requests a second, how long they took, and the client's own effort."""
    requests = [request(path, events, sites) for _ in range(max(20, 2000 // events))]
    loop, prepared = asyncio.get_running_loop(), time.process_time()
    until = time.perf_counter() + seconds
    opened = [
        await loop.create_connection(lambda: Sender(requests, until), "127.0.0.1", port)
        for _ in range(connections)
    ]
    senders = [sender for _, sender in opened]
    await asyncio.gather(*(sender.over for sender in senders))
    times = sorted(time for sender in senders for time in sender.times)
    result = {
        "per_second": len(times) / seconds,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
        "client_us": 1e6 * (time.process_time() - prepared) / len(times),
        "statuses": sum((sender.statuses for sender in senders), Counter[str]()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    port, path, connections, seconds, events, sites = sys.argv[1:]
    uvloop.run(main(int(port), path, int(connections), float(seconds), int(events), int(sites)))
