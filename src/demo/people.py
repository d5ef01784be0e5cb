"""Made-up visitors: where they are, what they use, and where they come from."""

import random
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar


class Place(NamedTuple):
    """A place, and the language that people mostly read there."""

    timezone: str
    """It tells the country."""
    region: str
    city: str
    language: str


NOWHERE = Place("", "", "", "")

PLACES = {
    Place("Europe/Berlin", "Berlin", "Berlin", "de-DE"): 11,
    Place("Europe/Berlin", "Bavaria", "Munich", "de-DE"): 8,
    Place("Europe/Berlin", "Hamburg", "Hamburg", "de-DE"): 6,
    Place("Europe/Berlin", "North Rhine-Westphalia", "Cologne", "de-DE"): 5,
    Place("America/New_York", "New York", "New York", "en-US"): 12,
    Place("America/New_York", "Massachusetts", "Boston", "en-US"): 5,
    Place("America/Chicago", "Illinois", "Chicago", "en-US"): 5,
    Place("America/Los_Angeles", "California", "San Francisco", "en-US"): 6,
    Place("America/Los_Angeles", "Washington", "Seattle", "en-US"): 4,
    Place("Europe/London", "England", "London", "en-GB"): 9,
    Place("Europe/London", "Scotland", "Edinburgh", "en-GB"): 3,
    Place("Europe/Paris", "Île-de-France", "Paris", "fr-FR"): 6,
    Place("Europe/Vienna", "Vienna", "Vienna", "de-AT"): 3,
    Place("Europe/Zurich", "Zurich", "Zurich", "de-CH"): 3,
    Place("Europe/Amsterdam", "North Holland", "Amsterdam", "nl-NL"): 3,
    Place("Europe/Madrid", "Madrid", "Madrid", "es-ES"): 3,
    Place("Europe/Warsaw", "Mazovia", "Warsaw", "pl-PL"): 2,
    Place("America/Toronto", "Ontario", "Toronto", "en-CA"): 3,
    Place("America/Sao_Paulo", "São Paulo", "São Paulo", "pt-BR"): 4,
    Place("Asia/Tokyo", "Tokyo", "Tokyo", "ja-JP"): 6,
    Place("Asia/Kolkata", "Karnataka", "Bengaluru", "en-IN"): 6,
    Place("Asia/Singapore", "Singapore", "Singapore", "en-SG"): 2,
    Place("Australia/Sydney", "New South Wales", "Sydney", "en-AU"): 4,
    Place("Africa/Johannesburg", "Gauteng", "Johannesburg", "en-ZA"): 2,
}

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

NEWSLETTER = "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn"
ADS = "?utm_source=google&utm_medium=cpc&utm_campaign=kettles&gclid=demo"
CAMPAIGNS = {
    "": 86,
    f"{NEWSLETTER}&utm_content=header": 4,
    f"{NEWSLETTER}&utm_content=button": 3,
    f"{ADS}&utm_content=picture&utm_term=electric+kettle": 3,
    f"{ADS}&utm_content=text&utm_term=tea+kettle": 2,
    "?utm_source=instagram&utm_medium=paid_social&utm_campaign=gifts&utm_content=story": 2,
}


class Device(NamedTuple):
    """A browser on a device."""

    agent: str
    screens: tuple[str, ...]


CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
WIDE = ("1920x1080", "1920x1080", "2560x1440", "1536x864", "1366x768")
MAC = ("1440x900", "1728x1117", "2560x1440")
PHONE = ("412x915", "360x800", "393x873")
DEVICES = {
    Device(f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", WIDE): 32,
    Device(f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36", MAC): 12,
    Device(f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", PHONE): 22,
    Device(
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {SAFARI}", ("390x844", "430x932")
    ): 20,
    Device(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", WIDE
    ): 7,
    Device(f"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) {SAFARI}", ("820x1180", "1024x1366")): 4,
}


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up visitor, with what is the same in all visits."""

    id: str
    agent: str
    screen: str
    place: Place
    referrer: str
    campaign: str
    user: str | None = None
    """The id of the account of a customer who has one."""
    hours_away: float = 90
    """How many hours lie between two visits on average."""


CUSTOMER_SHARE = 0.05
HOURS_AWAY = (30, 60, 120)
"""Customers with an account come in rhythms of their own."""


def make_person(rng: random.Random, number: int) -> Person:
    """The visitor with this number."""
    device = pick(rng, DEVICES)
    person = Person(
        id=f"demo {number}",
        agent=device.agent,
        screen=rng.choice(device.screens),
        place=pick(rng, PLACES),
        referrer=pick(rng, REFERRERS),
        campaign=pick(rng, CAMPAIGNS),
    )
    if rng.random() >= CUSTOMER_SHARE:
        return person
    return replace(person, user=f"customer-{number:04}", hours_away=rng.choice(HOURS_AWAY))


T = TypeVar("T")


def pick(rng: random.Random, weighted: dict[T, int]) -> T:
    """One of these, each as often as its weight says."""
    return rng.choices(list(weighted), list(weighted.values()))[0]
