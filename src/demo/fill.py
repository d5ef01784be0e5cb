"""Made-up traffic of thirty days for a demo site, so that every page shows something."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from api.db.database import Database
from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender
from api.events.models import JS_ERROR, WEB_VITAL, Amount, EventIn
from api.events.write.writer import Outcome, Writer
from api.sites.directory import DEMO_SITE, Sites
from api.sites.models import Visibility

DAYS = 30
VISITORS = 4_000
SEED = 20261122
BATCH = 4_000

PAGES = {
    "/": 30,
    "/products": 16,
    "/products/kettle": 9,
    "/products/teapot": 8,
    "/products/green-tea": 7,
    "/products/black-tea": 6,
    "/blog/how-to-brew": 12,
    "/blog/water-temperature": 7,
    "/blog/oolong-for-beginners": 5,
    "/pricing": 8,
    "/about": 4,
    "/contact": 2,
}
CHECKOUT = ("/cart", "/checkout", "/thank-you")

REFERRERS = {
    "": 34,
    "https://www.google.com/": 26,
    "https://duckduckgo.com/": 5,
    "https://www.bing.com/": 4,
    "https://chatgpt.com/": 5,
    "https://www.reddit.com/r/tea/": 6,
    "https://news.ycombinator.com/": 4,
    "https://www.youtube.com/": 4,
    "https://t.co/abc": 3,
    "https://teablog.example.org/best-kettles": 3,
}
CAMPAIGNS = {
    "": 88,
    "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn": 6,
    "?utm_source=google&utm_medium=cpc&utm_campaign=kettles&gclid=demo": 4,
    "?utm_source=instagram&utm_medium=paid_social&utm_campaign=gifts": 2,
}
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
AGENTS = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36": 32,
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36": 12,
    f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36": 22,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1": 20,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0": 7,
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1": 4,
}
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
TIMEZONES = {
    "Europe/Berlin": 28,
    "America/New_York": 22,
    "Europe/London": 12,
    "America/Los_Angeles": 10,
    "Europe/Paris": 8,
    "Asia/Tokyo": 6,
    "Asia/Kolkata": 6,
    "Australia/Sydney": 4,
    "America/Sao_Paulo": 4,
}
HOURS = (2, 1, 1, 1, 2, 3, 5, 8, 10, 12, 12, 11, 11, 12, 12, 11, 10, 10, 11, 12, 12, 10, 7, 4)
RETURN_SHARE = 0.32

LOADS = 400
"""Loads of pages of which browsers tell how fast they were."""
VITALS = {
    "LCP": (1500, 0.5),
    "INP": (120, 0.6),
    "CLS": (0.04, 0.9),
    "FCP": (1100, 0.4),
    "TTFB": (450, 0.5),
}
"""The usual value of each, and how far the logarithms of others are from that of it."""
ERROR_SHARE = 0.08
ERRORS: tuple[dict[str, Any], ...] = (
    {
        "message": "TypeError: basket is undefined",
        "source": "https://demo.example.com/js/basket.js",
        "line": 48,
    },
    {
        "message": "ReferenceError: zoom is not defined",
        "source": "https://demo.example.com/js/pictures.js",
        "line": 12,
    },
    {"message": "Failed to fetch", "source": "https://demo.example.com/js/stock.js", "line": 101},
)


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up visitor, with what is the same in all visits."""

    id: str
    agent: str
    timezone: str
    referrer: str
    campaign: str


async def fill_demo(database: Database, now: datetime) -> int:
    """Stores the demo traffic on the public site `demo`. Returns how many events were new.

    Ids depend on a fixed seed and the day, so filling twice on one day stores the events once.
    """
    site = await Sites(database).create(
        DEMO_SITE,
        domain="demo.example.com",
        name="Demo shop (made-up traffic)",
        visibility=Visibility.PUBLIC,
        is_demo=True,
    )
    events = list(demo_events(now))
    sender = Sender("", "", {}, now, no_salt, trusted=True)
    geo, writer = GeoLocator(None, None), Writer(database)
    stored = 0
    for start in range(0, len(events), BATCH):
        ready = [enrich(event, site, sender, geo) for event in events[start : start + BATCH]]
        stored += (await writer.write(ready)).count(Outcome.ACCEPTED)
    return stored


def no_salt(_: date) -> bytes | None:
    """Demo visitors have ids of their own, so none is hashed."""
    return None


def demo_events(now: datetime) -> Iterator[EventIn]:
    rng = random.Random(f"{SEED} {now.date()}")  # noqa: S311
    # The days of "last 30 days", so that nothing stands alone in the thirty days before.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=DAYS - 1)
    for number in range(VISITORS):
        person = make_person(rng, number)
        moment = first_moment(rng, start)
        while moment < now:
            yield from visit(rng, person, moment, now)
            if rng.random() > RETURN_SHARE:
                break
            moment += timedelta(hours=rng.expovariate(1 / 90))
    yield from observations(start, now)
    for number in range(200):
        page = pick(rng, PAGES)
        time = start + (now - start) * rng.random()
        name = f"demo bot {number} {now.date()}"
        yield EventIn(id=name, time=time, page=page, user_agent=BOT, visitor_id="demo bot")


def make_person(rng: random.Random, number: int) -> Person:
    return Person(
        id=f"demo {number}",
        agent=pick(rng, AGENTS),
        timezone=pick(rng, TIMEZONES),
        referrer=pick(rng, REFERRERS),
        campaign=pick(rng, CAMPAIGNS),
    )


def first_moment(rng: random.Random, start: datetime) -> datetime:
    """A time on a day: more often on a working day, on a recent day, and in the daytime."""
    day = start + timedelta(days=int(DAYS * rng.random() ** 0.85))
    if day.weekday() >= 5 and rng.random() < 0.4:
        day += timedelta(days=2)
    hour = rng.choices(range(24), HOURS)[0]
    return day.replace(hour=hour, minute=0) + timedelta(seconds=rng.uniform(0, 3600))


def visit(rng: random.Random, person: Person, moment: datetime, now: datetime) -> Iterator[EventIn]:
    referrer, campaign = person.referrer, person.campaign
    pages = [pick(rng, PAGES)]
    while rng.random() < 0.55 and len(pages) < 12:
        pages.append(pick(rng, PAGES))
    if len(pages) > 1 and rng.random() < 0.16:
        pages += CHECKOUT[: rng.choices((1, 2, 3), (4, 3, 4))[0]]
    for index, page in enumerate(pages):
        if moment >= now:
            return
        stay = min(rng.expovariate(1 / 45), 900)
        yield EventIn(
            id=f"{person.id} {moment.isoformat()}",
            time=moment,
            page=page + (campaign if index == 0 else ""),
            title=page.rsplit("/", 1)[-1].replace("-", " ").title() or "Home",
            referrer=referrer if index == 0 else "",
            user_agent=person.agent,
            visitor_id=person.id,
            timezone=person.timezone,
            duration=round(stay, 1),
        )
        yield from extras(rng, person, page, moment)
        moment += timedelta(seconds=stay + 1)


def extras(rng: random.Random, person: Person, page: str, moment: datetime) -> Iterator[EventIn]:
    name, revenue = "", None
    if page == "/thank-you":
        name = "Purchase"
        revenue = Amount(Decimal(rng.randrange(900, 12_000)) / 100, "EUR")
    elif page.startswith("/blog") and rng.random() < 0.07:
        name = "Newsletter sign-up"
    if name:
        yield EventIn(
            id=f"{person.id} {moment.isoformat()} {name}",
            time=moment + timedelta(milliseconds=500),
            name=name,
            page=page,
            user_agent=person.agent,
            visitor_id=person.id,
            timezone=person.timezone,
            revenue=revenue,
        )


def observations(start: datetime, now: datetime) -> Iterator[EventIn]:
    """What browsers tell of some loads of pages: web vitals, and now and then an error. They have
    random numbers of their own, so that they change nothing of the visits."""
    rng = random.Random(f"{SEED} {now.date()} observations")  # noqa: S311
    for number in range(LOADS):
        agent = pick(rng, AGENTS)
        load = EventIn(
            time=start + (now - start) * rng.random(),
            page=pick(rng, PAGES),
            user_agent=agent,
            timezone=pick(rng, TIMEZONES),
            visitor_id=f"demo {number}",
        )
        key = f"demo load {number} {now.date()}"
        slower = 1.6 if "Mobile" in agent else 1
        for name, (usual, spread) in VITALS.items():
            value = round(usual * slower * rng.lognormvariate(0, spread), 3)
            vital = {"name": name, "value": value}
            yield replace(load, id=f"{key} {name}", name=WEB_VITAL, props=vital)
        if rng.random() < ERROR_SHARE:
            yield replace(load, id=f"{key} error", name=JS_ERROR, props=rng.choice(ERRORS))


def pick(rng: random.Random, weighted: dict[str, int]) -> str:
    return rng.choices(list(weighted), list(weighted.values()))[0]
