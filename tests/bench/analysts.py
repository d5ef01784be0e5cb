"""What the overview of the dashboard asks, and analysts who look at it.

`tests/dashboard/test_pages.py` compares the list with what the page asks in a browser.
"""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

Params = Mapping[str, Any]
Question = tuple[str, Params]
"""The id of a query of the page's batch, and the query."""

CONNECTIONS = 6
"""How many connections a browser opens to one host."""

THINK_SECONDS = (0.5, 1.5)
"""Between an answered page and the next action."""

NOW = "realtime/stats"
"""What the page asks beside its batch."""


def overview(site: str, period: str, filters: str = "") -> list[Question]:
    """The queries of the overview with this period (e.g. 30d), its cards as they are at first."""
    span = {"hours": 24} if period == "24h" else {"period": period}
    common = {"site": site, **span, **({"filters": filters} if filters else {})}
    card = {**common, "limit": 9}
    series = {"interval": "hour" if period == "24h" else "day", "compare": "previous"}
    by = {"totals": False}
    asked: list[Question] = [
        ("series", {"report": "timeseries", **common, **series}),
        ("conversions", {"report": "conversions", **common, **series}),
        ("sources", {"report": "traffic-sources", **card, "dimension": "channel", **by}),
        ("pages", {"report": "pages", **card, "order": "pageviews:desc", **by}),
        ("locations", {"report": "locations", **card, "dimension": "country", **by}),
        ("devices", {"report": "devices", **card, "dimension": "device", **by}),
        ("events", {"report": "events", **card, **by}),
        ("bots", {"report": "bots", **card, "filters": None}),
    ]
    return [(name, query | {"id": name}) for name, query in asked]


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
    """Seconds until each answer, by the id of the query, or NOW."""
    refusals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Questions that were refused, by name and status. Their pages are not complete."""


@dataclass(slots=True)
class Analyst:
    """Asks what a browser asks in which a user opens, filters and reloads the overview."""

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
        """Asks a page: its batch, and who is here now."""
        began = time.perf_counter()
        queries = [query for _, query in overview(self.site, *ACTIONS[name])]
        if all(await asyncio.gather(self.ask(queries), self.ask_now())):
            self.looks.pages[name].append(time.perf_counter() - began)

    async def ask(self, queries: Sequence[Params]) -> bool:
        """Whether all queries were answered."""
        began, answered = time.perf_counter(), 0
        path = "/api/analytics/batch"
        async with self.client.stream("POST", path, json={"queries": queries}) as answer:
            async for line in answer.aiter_lines():
                found = json.loads(line)
                if self.note(found.get("id", "batch"), found.get("status", 0), began):
                    answered += 1
        return answered == len(queries)

    async def ask_now(self) -> bool:
        """Whether it was answered who is here."""
        began = time.perf_counter()
        answer = await self.client.get(f"/api/{NOW}", params={"site": self.site})
        return self.note(NOW, answer.status_code, began)

    def note(self, name: str, status: int, began: float) -> bool:
        """Keeps how long an answer took, or that there was none."""
        if status == 200:
            self.looks.questions[name].append(time.perf_counter() - began)
        else:
            self.looks.refusals[f"{name} {status}"] += 1
        return status == 200


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
