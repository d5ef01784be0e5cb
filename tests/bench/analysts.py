"""What the overview of the dashboard asks, and analysts who look at it.

`tests/dashboard/test_pages.py` compares the list with what the page asks in a browser.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Params = Mapping[str, Any]
Question = tuple[str, Params]
"""The path of a request below /api/, and its query parameters."""

CONNECTIONS = 6
"""How many connections a browser opens to one host."""

THINK_SECONDS = (0.5, 1.5)
"""Between an answered page and the next action."""

STEPS = ("/", "/pricing", "signup")

NOT_FILTERED = ("analytics/retention", "analytics/bots", "realtime/stats")
"""What is asked without the filters: it takes none."""


def overview(site: str, period: str, filters: str = "") -> list[Question]:
    """The questions of the overview with this period (e.g. 30d), its cards as they are at first."""
    number, unit = int(period[:-1]), period[-1]
    span = {"hours" if unit == "h" else "days": number}
    card = {**span, "totals": "false"}
    asked: list[Question] = [
        ("analytics/timeseries", {**span, "interval": "hour" if unit == "h" else "day"}),
        ("analytics/traffic-sources", {**card, "dimension": "channel", "limit": 10}),
        ("analytics/pages", {**card, "limit": 9, "order": "pageviews"}),
        ("analytics/devices", {**card, "dimension": "device", "limit": 10}),
        ("analytics/funnel", {**span, "steps": list(STEPS)}),
        ("analytics/retention", {"periods": 8}),
        ("analytics/bots", {**span, "limit": 9}),
        ("analytics/sessions", {**card, "limit": 9}),
        ("realtime/stats", {}),
    ]
    more = {"filters": filters} if filters else {}
    return [
        (path, {"site": site, **params, **({} if path in NOT_FILTERED else more)})
        for path, params in asked
    ]


COUNTRY = '[["is", "country", ["DE"]]]'
COUNTRY_AND_BROWSER = '[["is", "country", ["DE"]], ["is", "browser", ["Chrome"]]]'

ACTIONS: Mapping[str, tuple[str, str]] = {
    "open, 30 d": ("30d", ""),
    "filter by country": ("30d", COUNTRY),
    "filter by country and browser": ("30d", COUNTRY_AND_BROWSER),
    "7 d": ("7d", ""),
    "24 h": ("24h", ""),
    "90 d": ("90d", ""),
}
"""Period and filters by action. Each asks the whole page, as a reload does."""


@dataclass(slots=True)
class Looks:
    """What some analysts experienced."""

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each complete page, by action."""
    questions: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each answered question, by path."""
    refusals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Questions that were refused, by path and status. Their pages are not complete."""


@dataclass(slots=True)
class Analyst:
    """Asks what a browser asks in which a user opens, filters and reloads the overview page."""

    client: httpx.AsyncClient
    site: str
    looks: Looks
    chance: random.Random

    async def look_until(self, until: float) -> None:
        """Performs the actions in turn, from one by chance on."""
        for name in turns(self.chance):
            await asyncio.sleep(self.chance.uniform(*THINK_SECONDS))
            if time.perf_counter() >= until:
                return
            await self.look(name)

    async def look(self, name: str) -> None:
        """Asks a page, all its questions at once."""
        began = time.perf_counter()
        asked = overview(self.site, *ACTIONS[name])
        if all(await asyncio.gather(*(self.ask(*question) for question in asked))):
            self.looks.pages[name].append(time.perf_counter() - began)

    async def ask(self, path: str, params: Params) -> bool:
        """Whether a question was answered."""
        began = time.perf_counter()
        answer = await self.client.get(f"/api/{path}", params=params)
        if answer.status_code == 200:
            self.looks.questions[path].append(time.perf_counter() - began)
            return True
        self.looks.refusals[f"{path} {answer.status_code}"] += 1
        return False


def turns(chance: random.Random) -> Iterator[str]:
    """The actions in order, again and again, from one by chance on."""
    names = [*ACTIONS]
    number = chance.randrange(len(names))
    while True:
        yield names[number % len(names)]
        number += 1


async def watch(
    base: str, headers: Mapping[str, str], site: str, number: int, seconds: float
) -> Looks:
    """So many analysts for so long."""
    looks, until = Looks(), time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=CONNECTIONS)
    clients = [
        httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=None)
        for _ in range(number)
    ]
    analysts = [
        Analyst(client, site, looks, random.Random(place)) for place, client in enumerate(clients)
    ]
    await asyncio.gather(*(analyst.look_until(until) for analyst in analysts))
    for client in clients:
        await client.aclose()
    return looks
