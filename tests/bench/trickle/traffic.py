"""Eight days of made-up events of one site, some of which arrive late, as its senders post them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, count
from typing import Any

from bench.query.world import BROWSERS, HOURS, PAGES, SOURCES, Browser, Source

DAY = timedelta(days=1)

EVENTS_PER_VISIT = 4.2
BOUNCES = 0.3
MORE_PAGES = 0.76
MOST_PAGES = 24
VISITS_PER_VISITOR = 2

EARLIEST_LATE, LATEST_LATE = timedelta(minutes=5), timedelta(days=6)

ZONES = ("America/New_York", "Europe/Berlin", "Europe/London", "Europe/Paris", "Asia/Kolkata")

SYSTEMS = {
    "Windows": "Windows NT 10.0; Win64; x64",
    "Android": "Linux; Android 10; K",
    "macOS": "Macintosh; Intel Mac OS X 10_15_7",
    "iOS": "iPhone; CPU iPhone OS 18_7 like Mac OS X",
    "iPadOS": "iPad; CPU OS 18_7 like Mac OS X",
    "Linux": "X11; Linux x86_64",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, when it happened, and when the service hears of it."""

    at: datetime
    time: datetime
    body: dict[str, Any]


class Traffic:
    """What happens on a site. The same seed makes the same choices."""

    def __init__(self, seed: int, events: int, days: int, late: float) -> None:
        self.random = random.Random(seed)
        self.visits = round(events / EVENTS_PER_VISIT)
        self.days = days
        self.late = late
        self.people = self.visits // VISITS_PER_VISITOR
        self.numbers = count()
        agents = [agent_of(browser) for browser in BROWSERS.values]
        self.agents = self.random.choices(agents, BROWSERS.weights, k=self.people)
        self.page_weights = list(accumulate(PAGES.weights))
        self.source_weights = list(accumulate(SOURCES.weights))

    def history(self, end: datetime) -> list[Arrival]:
        """Everything that happens in the days before the end, in the order of arrival."""
        happened = (event for _ in range(self.visits) for event in self.visit(self.start(end)))
        arrivals = [self.arrival(time, body) for time, body in happened if time < end]
        return sorted(arrivals, key=lambda arrival: arrival.at)

    def start(self, end: datetime) -> datetime:
        """When a visit starts: on any of the days, at an hour at which people are awake."""
        midnight = end.replace(hour=0)
        hour = self.random.choices(range(24), HOURS)[0] + self.random.random()
        since = (midnight + timedelta(hours=hour) - end) % DAY
        return end - DAY * self.random.randint(1, self.days) + since

    def visit(self, time: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
        """The events of a visit, with their times."""
        visitor = int(self.people * self.random.random() ** 2)
        source = self.random.choices(SOURCES.values, cum_weights=self.source_weights)[0]
        pages = self.random.choices(PAGES.values, cum_weights=self.page_weights, k=self.pages())
        arriving = way_here(source)
        for page in pages:
            yield (
                time,
                {
                    "page": page,
                    "user_id": f"visitor {visitor}",
                    "user_agent": self.agents[visitor],
                    "timezone": ZONES[visitor % len(ZONES)],
                    "duration": round(self.random.uniform(1, 60), 1),
                    **arriving,
                },
            )
            arriving = {}
            time += timedelta(seconds=1 + self.random.expovariate(1 / 45))

    def pages(self) -> int:
        """How many pages a visit sees."""
        if self.random.random() < BOUNCES:
            return 1
        pages = 2
        while pages < MOST_PAGES and self.random.random() < MORE_PAGES:
            pages += 1
        return pages

    def arrival(self, time: datetime, body: dict[str, Any]) -> Arrival:
        """An event that arrives at once, or late by anything up to six days."""
        delay = self.delay() if self.random.random() < self.late else timedelta(0)
        return Arrival(time + delay, time, {**body, "time": time.isoformat()})

    def delay(self) -> timedelta:
        """How late a late event is."""
        return EARLIEST_LATE + (LATEST_LATE - EARLIEST_LATE) * self.random.random()

    def now(self, now: datetime) -> Arrival:
        """An event that arrives at this moment, and happened some time ago if it is late."""
        ((_, body),) = list(self.visit(now))[:1]
        delay = self.delay() if self.random.random() < self.late else timedelta(0)
        return Arrival(now, now - delay, {**body, "time": (now - delay).isoformat()})


def agent_of(browser: Browser) -> str:
    """A user agent that is recognised as this browser, or one like it."""
    version, system = browser.browser_version, SYSTEMS[browser.os]
    if browser.browser == "Firefox":
        return f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    if browser.browser == "Safari":
        tail = f"Version/{version}.0 Safari/605.1.15"
        return f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) {tail}"
    edge = f" Edg/{version}.0.0.0" if browser.browser == "Edge" else ""
    tail = f"Chrome/{version}.0.0.0 Safari/537.36{edge}"
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {tail}"


def way_here(source: Source) -> dict[str, str]:
    """What the first event of a visit says of where the visitor came from."""
    if source.referrer:
        return {"referrer": source.referrer}
    tags = {
        "utm_source": source.source,
        "utm_medium": source.medium,
        "utm_campaign": source.campaign,
    }
    return {name: value for name, value in tags.items() if value}
