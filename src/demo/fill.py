"""Fills the demo site: its goals, and thirty days of made-up traffic."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from api.analytics.goals.models import GoalIn
from api.analytics.goals.store import goals_of, save_goal
from api.db.database import Database
from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender
from api.events.models import Event, EventIn
from api.events.write.writer import Outcome, Writer
from api.sites.directory import DEMO_SITE, Sites
from api.sites.models import Site, Visibility
from demo.observations import observations
from demo.people import NOWHERE, make_person, pick
from demo.visits import CHECKOUT, PAGES, PURCHASE, SIGN_UP, Happening, visit

DAYS = 30
VISITORS = 4_000
SEED = 20261122
BATCH = 4_000

HOURS = (2, 1, 1, 1, 2, 3, 5, 8, 10, 12, 12, 11, 11, 12, 12, 11, 10, 10, 11, 12, 12, 10, 7, 4)
RETURN_SHARE = 0.32
CUSTOMER_RETURN_SHARE = 0.9
"""Customers with an account come again more often, so that there is a rhythm to see."""
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

GOALS = (
    GoalIn(site=DEMO_SITE, name="Order", event=PURCHASE),
    GoalIn(site=DEMO_SITE, name="Newsletter", event=SIGN_UP),
    GoalIn(site=DEMO_SITE, name="Checkout", page=CHECKOUT[1]),
)


async def fill_demo(database: Database, now: datetime) -> int:
    """Stores goals and traffic of the public site `demo`. Returns how many events were new.

    Ids depend on a fixed seed and the day, so filling twice on one day stores the events once.
    """
    site = await Sites(database).create(
        DEMO_SITE,
        domain="demo.example.com",
        name="Demo shop (made-up traffic)",
        visibility=Visibility.PUBLIC,
        is_demo=True,
    )
    if not await goals_of(database, site):
        for goal in GOALS:
            await save_goal(database, site, goal)
    return await store(database, site, list(demo_events(now)), now)


async def store(database: Database, site: Site, happenings: list[Happening], now: datetime) -> int:
    """Stores events. Returns how many were new."""
    sender = Sender("", "", {}, now, no_salt, trusted=True)
    geo, writer = GeoLocator(None, None), Writer(database)
    stored = 0
    for start in range(0, len(happenings), BATCH):
        batch = happenings[start : start + BATCH]
        ready = [placed(enrich(one.event, site, sender, geo), one) for one in batch]
        stored += (await writer.write(ready)).count(Outcome.ACCEPTED)
    return stored


def placed(event: Event, happening: Happening) -> Event:
    """The event with region and city, which need a database of addresses otherwise."""
    place = happening.place
    event.context = replace(event.context, region=place.region, city=place.city)
    return event


def no_salt(_: date) -> bytes | None:
    """Demo visitors have ids of their own, so none is hashed."""
    return None


def demo_events(now: datetime) -> Iterator[Happening]:
    """Everything that happened on the site up to now."""
    # The days of "last 30 days", so that nothing stands alone in the thirty days before.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=DAYS - 1)
    for number in range(VISITORS):
        # Numbers of their own: where a visit is cut off by `now` changes nothing of other visitors.
        yield from visits_of(random.Random(f"{SEED} {now.date()} {number}"), number, start, now)  # noqa: S311
    rng = random.Random(f"{SEED} {now.date()}")  # noqa: S311
    yield from observations(rng, start, now)
    for number in range(200):
        page = pick(rng, PAGES)
        time = start + (now - start) * rng.random()
        name = f"demo bot {number} {now.date()}"
        crawled = EventIn(id=name, time=time, page=page, user_agent=BOT, visitor_id="demo bot")
        yield Happening(crawled, NOWHERE)


def visits_of(
    rng: random.Random, number: int, start: datetime, now: datetime
) -> Iterator[Happening]:
    """All that a visitor does up to now."""
    person = make_person(rng, number)
    returning = CUSTOMER_RETURN_SHARE if person.user else RETURN_SHARE
    moment = first_moment(rng, start)
    while moment < now:
        yield from visit(rng, person, moment, now)
        if rng.random() > returning:
            break
        moment += timedelta(hours=rng.expovariate(1 / person.hours_away))


def first_moment(rng: random.Random, start: datetime) -> datetime:
    """A time on a day: more often on a working day, on a recent day, and in the daytime."""
    day = start + timedelta(days=int(DAYS * rng.random() ** 0.85))
    if day.weekday() >= 5 and rng.random() < 0.4:
        day += timedelta(days=2)
    hour = rng.choices(range(24), HOURS)[0]
    return day.replace(hour=hour, minute=0) + timedelta(seconds=rng.uniform(0, 3600))
