"""A client that keeps some connections busy for some seconds: raw sockets, little work of its own.

python -m bench.load PORT PATH CONNECTIONS SECONDS EVENTS
"""

import asyncio
import json
import random
import sys
import time
from contextlib import suppress

import uvloop

AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{version}.0.0.0 Safari/537.36"
    for version in range(100, 143)
]


def event() -> dict[str, object]:
    """One of the page views of some thousand sessions."""
    return {
        "page": f"/page/{random.randrange(200)}",
        "user_agent": random.choice(AGENTS),
        "referrer": random.choice(["", "https://www.google.com/", "https://news.example/a"]),
        "session_id": f"s{random.randrange(5000)}",
        "duration": 1.5,
    }


def request(path: str, events: int) -> bytes:
    """A whole request, as it goes over the wire."""
    body = json.dumps(event() if events == 1 else [event() for _ in range(events)]).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


async def keep_busy(
    port: int, requests: list[bytes], until: float, times: list[float], statuses: dict[str, int]
) -> None:
    """One connection, one request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while (started := time.perf_counter()) < until:
            writer.write(random.choice(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            times.append(time.perf_counter() - started)
            status = head[9:12].decode()
            statuses[status] = statuses.get(status, 0) + 1
    writer.close()


async def main(port: int, path: str, connections: int, seconds: float, events: int) -> None:
    """Prints how many requests a second, and how long they took."""
    requests = [request(path, events) for _ in range(max(20, 2000 // events))]
    times: list[float] = []
    statuses: dict[str, int] = {}
    until = time.perf_counter() + seconds
    await asyncio.gather(
        *(keep_busy(port, requests, until, times, statuses) for _ in range(connections))
    )
    times.sort()
    result = {
        "per_second": len(times) / seconds,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
        "statuses": statuses,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    port, path, connections, seconds, events = sys.argv[1:]
    uvloop.run(main(int(port), path, int(connections), float(seconds), int(events)))
