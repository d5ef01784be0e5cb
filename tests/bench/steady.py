"""A client that sends single events at a constant rate, whatever the answers take. An event's time
counts from the moment at which it was due, so that a service that stalls does not look fast.

python -m bench.steady PORT RATE SECONDS
"""

import asyncio
import json
import sys
import time
from collections import Counter

import uvloop

from bench.load import Sender, request

CONNECTIONS = 64
"""How many events can be on their way at once."""


class SteadySender(Sender):
    """One connection, one event every so many seconds, or as soon as the one before is answered."""

    def __init__(self, requests: list[bytes], first: float, every: float, until: float) -> None:
        super().__init__(requests, until)
        self.due = first
        self.every = every

    def send(self) -> None:
        """Sends the next event when it is due, until the time is over."""
        self.started = self.due
        self.due += self.every
        if self.started < self.until:
            wait = max(0.0, self.started - time.perf_counter())
            asyncio.get_running_loop().call_later(wait, self.write)
        else:
            self.transport.close()

    def write(self) -> None:
        """Sends an event."""
        self.transport.write(next(self.requests))


async def main(port: int, rate: float, seconds: float) -> None:
    """Prints how many events a second were stored, how long they took, and the statuses."""
    requests = [request("/api/events/", 1, 1) for _ in range(2000)]
    loop, began = asyncio.get_running_loop(), time.perf_counter() + 0.2
    senders = [
        SteadySender(requests, began + number / rate, CONNECTIONS / rate, began + seconds)
        for number in range(CONNECTIONS)
    ]
    for sender in senders:
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", port)
    await asyncio.gather(*(sender.over for sender in senders))
    times = [time for sender in senders for time in sender.times]
    statuses = sum((sender.statuses for sender in senders), Counter[str]())
    lasted = time.perf_counter() - began
    print(json.dumps({"per_second": len(times) / lasted, "times": times, "statuses": statuses}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
