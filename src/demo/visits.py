"""What made-up visitors do: the events of their visits."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from api.events.models import ENGAGEMENT, Amount, EventIn
from demo.people import Person, Place, pick

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
SIGN_UP = "Newsletter sign-up"
PURCHASE = "Purchase"

ENGAGED_SHARE = 0.4
"""Of the page views, those whose browser tells how long and how far they were read."""


class Happening(NamedTuple):
    """An event, and where it happened."""

    event: EventIn
    place: Place


@dataclass(slots=True)
class Step:
    """A view of a page in a visit."""

    rng: random.Random
    person: Person
    page: str
    time: datetime
    stay: float = field(init=False)
    """How long it lasts, in seconds."""

    def __post_init__(self) -> None:
        self.stay = min(self.rng.expovariate(1 / 45), 900)

    def happening(self, time: datetime, kind: str = "", **more: Any) -> Happening:
        """An event on this page."""
        person = self.person
        event = EventIn(
            id=f"{person.id} {self.time.isoformat()} {kind}".strip(),
            time=time,
            name=kind,
            page=more.pop("page", self.page),
            user_agent=person.agent,
            screen=person.screen,
            language=person.place.language,
            visitor_id=person.id,
            user_id=person.user,
            timezone=person.place.timezone,
            **more,
        )
        return Happening(event, person.place)

    def events(self, referrer: str, campaign: str) -> Iterator[Happening]:
        """The view, what the visitor does there, and how it was read."""
        title = self.page.rsplit("/", 1)[-1].replace("-", " ").title() or "Home"
        is_engaged = self.rng.random() < ENGAGED_SHARE
        seconds = round(self.stay, 1)
        view: dict[str, Any] = {} if is_engaged else {"duration": seconds}
        page = self.page + campaign
        yield self.happening(self.time, page=page, title=title, referrer=referrer, **view)
        if act := act_on(self.rng, self.page):
            yield self.happening(self.time + timedelta(milliseconds=500), **act)
        if is_engaged:
            depth = {"scroll": round(100 * self.rng.betavariate(3, 1.6))}
            end = self.time + timedelta(seconds=self.stay)
            yield self.happening(end, ENGAGEMENT, duration=seconds, props=depth)


def visit(
    rng: random.Random, person: Person, start: datetime, now: datetime
) -> Iterator[Happening]:
    """The events of a visit, as far as they have happened by now."""
    referrer, campaign, time = person.referrer, person.campaign, start
    for page in way(rng):
        step = Step(rng, person, page, time)
        time += timedelta(seconds=step.stay + 1)
        if time >= now:
            return
        yield from step.events(referrer, campaign)
        referrer = campaign = ""


def way(rng: random.Random) -> list[str]:
    """The pages of a visit."""
    pages = [pick(rng, PAGES)]
    while rng.random() < 0.55 and len(pages) < 12:
        pages.append(pick(rng, PAGES))
    if len(pages) > 1 and rng.random() < 0.16:
        pages += CHECKOUT[: rng.choices((1, 2, 3), (4, 3, 4))[0]]
    return pages


def act_on(rng: random.Random, page: str) -> dict[str, Any]:
    """The custom event that a visitor causes on a page, if there is one."""
    if page == CHECKOUT[-1]:
        items = rng.choices((1, 2, 3), (6, 3, 1))[0]
        amount = Amount(Decimal(items * rng.randrange(900, 4_000)) / 100, "EUR")
        paid = rng.choices(("card", "invoice", "wallet"), (5, 2, 3))[0]
        return {"kind": PURCHASE, "revenue": amount, "props": {"items": items, "payment": paid}}
    chance = rng.random()
    if page.startswith("/blog"):
        if chance < 0.07:
            return {"kind": SIGN_UP, "props": {"form": rng.choice(("article", "footer"))}}
        return {"kind": "Download", "props": {"file": "brewing.pdf"}} if chance < 0.1 else {}
    if page.startswith("/products/") and chance < 0.25:
        return {"kind": "Add to cart", "props": {"product": page.rsplit("/", 1)[-1]}}
    if page == "/products" and chance < 0.08:
        return {"kind": "Search", "props": {"term": rng.choice(("matcha", "kettle", "oolong"))}}
    return {}
