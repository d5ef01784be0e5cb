"""What happens on a site from day to day, and when the service hears of it.

Visitors come by day more than by night, and come back on other days. Most are known to the site by
name; guests are known by their address, for a day. Some events arrive days late, some twice.
"""

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from oracle.histories import DAY, DURATIONS, HOUR, KINDS, MINUTE, PAGES, SCREENS, SOURCES
from oracle.visits import Event

LONGEST_LATE = 6 * DAY
PAUSES = [2, 20, 60, 300, 900, 1790, 1810]
"""Seconds between two events, at most."""

HOURS_OF_GUESTS = range(3, 19)
"""Of UTC, in which guests begin their visits, so that these end on the same day."""

ADDRESSES = [f"203.0.113.{number}" for number in range(1, 61)]


@dataclass(frozen=True)
class Sent(Event):
    """An event, and how it is sent."""

    address: str = ""
    """Of a guest, who says nothing else of themselves."""


class Traffic:
    """What happens on one site. A seed makes the same choices again."""

    def __init__(self, seed: str, zone: ZoneInfo, visits_a_day: float) -> None:
        self.random = random.Random(seed)
        self.zone = zone
        self.visits_a_day = visits_a_day
        self.known: list[str] = []
        self.numbers = count(1)
        self.waiting: list[tuple[datetime, int, Sent]] = []

    def happen(self, lower: datetime, upper: datetime, guests: bool = True) -> None:
        """Has visits begin between two moments; their events wait to be sent."""
        by_night = lower.astimezone(self.zone).hour < 7
        visits = self.visits_a_day * ((upper - lower) / DAY) * (0.3 if by_night else 1.3)
        for _ in range(int(visits + self.random.random())):
            started = lower + (upper - lower) * self.random.random()
            if guests and started.hour in HOURS_OF_GUESTS and self.random.random() < 0.3:
                self.visit_of_guest(started)
            else:
                self.visit(started)

    def happen_for_days(self, lower: datetime, upper: datetime) -> None:
        """Has visits begin, hour by hour, of people who are known by name."""
        while lower < upper:
            self.happen(lower, min(lower + HOUR, upper), guests=False)
            lower += HOUR

    def due(self, now: datetime) -> list[Sent]:
        """Removes and returns the events whose sending time has come."""
        found = []
        while self.waiting and self.waiting[0][0] <= now:
            found.append(heapq.heappop(self.waiting)[2])
        return found

    def visit(self, started: datetime) -> None:
        """A visit of somebody who is known by name, parts of which may be late."""
        visitor = self.somebody()
        session = f"{visitor}, {next(self.numbers)}" if self.random.random() < 0.2 else None
        delay = self.delay() if self.random.random() < 0.05 else timedelta(0)
        for event in self.events(started, visitor, session):
            late = self.delay() if self.random.random() < 0.05 else delay
            self.send(event, event.time + late)

    def visit_of_guest(self, started: datetime) -> None:
        """A visit of somebody who is known by address for this day of UTC."""
        address = self.random.choice(ADDRESSES)
        for event in self.events(started, f"guest {address} {started.date()}"):
            self.send(replace(event, address=address), event.time)

    def somebody(self) -> str:
        """A visitor, new or known."""
        if self.known and self.random.random() < 0.6:
            return self.random.choice(self.known[-300:])
        kind = self.random.choice(["user", "visitor"])
        self.known.append(f"{kind} {next(self.numbers)}")
        return self.known[-1]

    def events(self, time: datetime, visitor: str, session: str | None = None) -> Iterator[Sent]:
        """What is done in a visit."""
        choose = self.random.choice
        source, screen = choose(SOURCES), choose(SCREENS)
        for _ in range(choose([1, 1, 2, 3, 4, 6, 7])):
            yield Sent(
                id=UUID(int=self.random.getrandbits(128), version=4),
                time=time,
                visitor=visitor,
                session=session,
                page=choose(PAGES),
                duration=choose(DURATIONS),
                source=source,
                screen=screen,
                **choose(KINDS),
            )
            time += timedelta(microseconds=self.random.randint(1, 10**6 * choose(PAUSES)))

    def send(self, event: Sent, at: datetime) -> None:
        """Has an event sent at a moment, and some a second time later, telling something else."""
        heapq.heappush(self.waiting, (at, next(self.numbers), event))
        if self.random.random() < 0.04:
            again = replace(event, page="/again")
            later = at + 3 * DAY * self.random.random()
            heapq.heappush(self.waiting, (later, next(self.numbers), again))

    def delay(self) -> timedelta:
        """How late something is that is late."""
        longest = self.random.choice([10 * MINUTE, 5 * HOUR, 2 * DAY, LONGEST_LATE])
        return longest * self.random.random()


def in_batches(events: Sequence[Sent], size: int = 200) -> Iterator[list[Sent]]:
    """Events as they are posted: of one guest, or of people known by name."""
    by_address: dict[str, list[Sent]] = {}
    for event in events:
        by_address.setdefault(event.address, []).append(event)
    for group in by_address.values():
        for place in range(0, len(group), size):
            yield group[place : place + size]


def wire(event: Sent) -> dict[str, object]:
    """An event as it is posted; a guest has no name."""
    body = event.wire
    if event.address:
        del body["visitor_id"]
    return body
