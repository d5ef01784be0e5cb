"""What the made-up traffic is about: pages, sources, places, browsers, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")


@dataclass(frozen=True)
class Weighted(Generic[Value]):
    """Values, and how often each of them is met."""

    values: Sequence[Value]
    weights: Sequence[float]

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Where the share of each value ends, the whole being 1."""
        total = np.cumsum(self.weights)
        return total / total[-1]


def zipf(values: Sequence[Value], exponent: float = 1.0) -> Weighted[Value]:
    """Values whose weights fall with their rank."""
    return Weighted(values, [1 / rank**exponent for rank in range(1, len(values) + 1)])


HOSTNAME = "shop.example"

PAGES = zipf(
    [
        *("/", "/pricing", "/products", "/blog", "/signup", "/about", "/cart", "/contact"),
        *(f"/products/{number}" for number in range(1_000)),
        *(f"/blog/{number}-what-we-learned" for number in range(2_000)),
    ]
)

PLANS = Weighted(['{"plan": "free"}', '{"plan": "team"}', '{"plan": "pro"}'], [70, 20, 10])

HOURS = (2, 1, 1, 1, 2, 3, 5, 8, 10, 12, 12, 11, 11, 12, 12, 11, 10, 10, 11, 12, 12, 10, 7, 4)
"""How busy the hours of a day are."""


class Source(NamedTuple):
    """Where a visit comes from, by the columns of visits."""

    referrer: str = ""
    referrer_domain: str = ""
    channel: str = "Direct"
    source: str = ""
    medium: str = ""
    campaign: str = ""


def referral(domain: str, source: str, channel: str) -> Source:
    """A link on a page."""
    return Source(f"https://{domain}/", domain, channel, source)


def campaign(source: str, medium: str, channel: str, name: str) -> Source:
    """A link with tags."""
    return Source(channel=channel, source=source, medium=medium, campaign=name)


SITES = (
    *(("google.com", "Google", "Organic Search"), ("bing.com", "Bing", "Organic Search")),
    *(("duckduckgo.com", "DuckDuckGo", "Organic Search"), ("t.co", "X", "Organic Social")),
    *(("chatgpt.com", "ChatGPT", "AI Assistant"), ("reddit.com", "Reddit", "Organic Social")),
    *(("youtube.com", "YouTube", "Organic Video"), ("facebook.com", "Facebook", "Organic Social")),
)
MAILINGS = [campaign("newsletter", "email", "Email", f"issue-{number}") for number in range(12)]
ADS = [campaign("google", "cpc", "Paid Search", f"ads-{number}") for number in range(8)]
BLOGS = [referral(f"blog-{n}.example", f"blog-{n}.example", "Referral") for n in range(300)]
SOURCES = Weighted(
    [Source(), *(referral(*site) for site in SITES), *MAILINGS, *ADS, *BLOGS],
    [32, 24, 4, 4, 4, 4, 3, 3, 3, *[0.5] * 12, *[0.7] * 8, *zipf(BLOGS).weights],
)
DIRECT = 0


class Place(NamedTuple):
    """Where a visitor is, by the columns of visits."""

    country: str
    region: str
    city: str


COUNTRIES = [
    *("US", "DE", "GB", "FR", "IN", "CA", "NL", "BR", "ES", "AU", "IT", "PL", "SE", "JP", "CH"),
    *("AT", "BE", "MX", "ID", "TR", "DK", "NO", "FI", "PT", "IE", "CZ", "RO", "UA", "GR", "HU"),
    *("IL", "ZA", "SG", "NZ", "KR", "TW", "HK", "TH", "VN", "PH", "MY", "AR", "CL", "CO", "PE"),
    *("EG", "MA", "NG", "KE", "SA", "AE", "PK", "BD", "LK", "SK", "SI", "HR", "BG", "RS", "EE"),
]
PLACES = Weighted(
    [
        Place(country, f"{country}-{city % 8}", f"{country} city {city}")
        for country in COUNTRIES
        for city in range(25)
    ],
    [share / (city + 1) for share in zipf(COUNTRIES).weights for city in range(25)],
)


class Browser(NamedTuple):
    """What a visitor uses, by the columns of visits."""

    browser: str
    browser_version: str
    os: str
    os_version: str
    device: str
    screen: str


BROWSERS = Weighted(
    [
        Browser(browser, str(version - age), os, os_version, device, screen)
        for browser, version, os, os_version, device, screen in (
            ("Chrome", 142, "Windows", "11", "desktop", "1920x1080"),
            ("Chrome", 142, "Android", "15", "mobile", "412x915"),
            ("Safari", 26, "iOS", "26", "mobile", "393x852"),
            ("Chrome", 142, "macOS", "15", "desktop", "1728x1117"),
            ("Safari", 26, "macOS", "15", "desktop", "1512x982"),
            ("Edge", 142, "Windows", "11", "desktop", "1536x864"),
            ("Firefox", 145, "Windows", "10", "desktop", "1366x768"),
            ("Firefox", 145, "Linux", "", "desktop", "2560x1440"),
            ("Samsung Internet", 28, "Android", "14", "mobile", "360x800"),
            ("Safari", 18, "iPadOS", "18", "tablet", "820x1180"),
        )
        for age in range(4)
    ],
    [share / 2**age for share in (30, 22, 20, 9, 6, 6, 3, 2, 2, 2) for age in range(4)],
)

LANGUAGES = zipf(
    [
        *("en-US", "de-DE", "en-GB", "fr-FR", "es-ES", "pt-BR"),
        *("nl-NL", "it-IT", "pl-PL", "ja-JP", "sv-SE", "tr-TR"),
    ]
)
