"""Which source and channel brought a visit: from its referrer, campaign tags and click ids.

Channels are those of Google Analytics 4's default channel grouping, in its order and with its
patterns, plus AI assistants.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from api.events.enrich.known_sources import (
    APPS,
    CLICK_IDS,
    COUNTRY_BRANDS,
    MAIL_WORDS,
    NAMES,
    PORTALS,
    SEARCH_HOSTS,
    SHORT_NAMES,
    SITES,
    KnownSource,
)
from api.text import replace_unstorable

LONGEST_TAG = 200
LONGEST_URL = 512

SOURCE_KEYS = ("utm_source", "source", "ref")
PLACEHOLDERS = {"(direct)", "(none)", "(not set)"}

PAID_MEDIUM = re.compile(r".*cp.*|ppc|retargeting|paid.*", re.DOTALL)
SHOP_CAMPAIGN = re.compile(r"(?:[^a-df-z]|^)shop|shopping")
PUSH_MEDIUM = re.compile(r"push$|mobile|notification")
DISPLAY_MEDIA = {"display", "banner", "expandable", "interstitial", "cpm"}
SOCIAL_MEDIA = {
    "social",
    "social-network",
    "social-media",
    "sm",
    "social network",
    "social media",
}

AD_NAME = re.compile(r"(.+?)[-_. ]?ads?")
HOST = re.compile(r"(?!.{254})(?:[\w-]+(?:\.[\w-]+)*|[\da-f:.]+)")
# google.de and google.co.uk, but not google.github.io: only the country may follow the brand.
COUNTRY_DOMAIN = re.compile(rf"({'|'.join(COUNTRY_BRANDS)})\.(?:com?\.)?[a-z]{{2}}$")


@dataclass(frozen=True, slots=True)
class TrafficSource:
    """The traffic source of a visit; '' for unknown fields."""

    channel: str
    source: str
    referrer_domain: str
    medium: str
    campaign: str
    content: str
    term: str


@dataclass(frozen=True, slots=True)
class Referrer:
    """Where a visit came from."""

    host: str
    """The host; of an app that is not listed the id of the app."""
    domain: str
    """The registrable domain of the host; of such an app its id."""


NOWHERE = Referrer("", "")


@dataclass(frozen=True, slots=True)
class Clues:
    """What the channel rules test, all in lower case."""

    source: str
    category: str
    medium: str
    campaign: str
    paid: bool

    @property
    def shopping(self) -> bool:
        return self.category == "shopping" or bool(SHOP_CAMPAIGN.search(self.campaign))

    @property
    def pushed(self) -> bool:
        return bool(PUSH_MEDIUM.search(self.medium))


# First match wins, so the order is part of the definition.
CHANNELS: tuple[tuple[str, Callable[[Clues], bool]], ...] = (
    ("Cross-network", lambda clues: "cross-network" in clues.campaign),
    ("Paid Shopping", lambda clues: clues.paid and clues.shopping),
    ("Paid Search", lambda clues: clues.paid and clues.category == "search"),
    ("Paid Social", lambda clues: clues.paid and clues.category == "social"),
    ("Paid Video", lambda clues: clues.paid and clues.category == "video"),
    ("Display", lambda clues: clues.medium in DISPLAY_MEDIA),
    ("Paid Other", lambda clues: clues.paid),
    ("Organic Shopping", lambda clues: clues.shopping),
    ("Organic Social", lambda clues: clues.category == "social" or clues.medium in SOCIAL_MEDIA),
    ("Organic Video", lambda clues: clues.category == "video" or "video" in clues.medium),
    ("AI Assistants", lambda clues: clues.category == "ai"),
    ("Organic Search", lambda clues: clues.category == "search" or clues.medium == "organic"),
    ("Email", lambda clues: clues.category == "email" or clues.medium in MAIL_WORDS),
    ("Affiliates", lambda clues: clues.medium == "affiliate"),
    ("Audio", lambda clues: clues.medium == "audio"),
    ("SMS", lambda clues: "sms" in (clues.source, clues.medium)),
    ("Mobile Push", lambda clues: clues.source == "firebase" or clues.pushed),
    # A tag without a source still means that a link was followed.
    ("Referral", lambda clues: bool(clues.source or clues.medium or clues.campaign)),
    ("Direct", lambda _: True),
)


def read_traffic_source(referrer: str, query: Mapping[str, str], hostname: str) -> TrafficSource:
    """The traffic source of a visit to `hostname`, from the referrer and query of its first page.

    The source is the first of: a tag (utm_source, source, ref), a referrer outside the site, the
    network of a click id. A click id means an advertisement only where its network sells them.
    """
    came_from = _referrer(referrer[:LONGEST_URL])
    if came_from.domain == _own_domain(hostname[:LONGEST_URL]):
        came_from = NOWHERE
    # Cut again: some characters become two in lower case.
    medium = _tag(query, "utm_medium").lower()[:LONGEST_TAG]
    campaign = _tag(query, "utm_campaign")
    site, advertised = _site(query, came_from)
    clues = Clues(
        source=site.name.lower(),
        category=site.category,
        medium=medium,
        campaign=campaign.lower(),
        paid=advertised or bool(PAID_MEDIUM.fullmatch(medium)),
    )
    return TrafficSource(
        channel=_channel(clues),
        source=site.name,
        referrer_domain=came_from.domain,
        medium=medium,
        campaign=campaign,
        content=_tag(query, "utm_content"),
        term=_tag(query, "utm_term"),
    )


def _channel(clues: Clues) -> str:
    return next(channel for channel, applies in CHANNELS if applies(clues))


def _site(query: Mapping[str, str], referrer: Referrer) -> tuple[KnownSource, bool]:
    """The source of a visit, and whether its tag or click id says that it was paid for."""
    tag = next(filter(None, (_tag(query, key) for key in SOURCE_KEYS)), "")
    click = next((click for key, click in CLICK_IDS.items() if _tag(query, key)), None)
    site, advertised = KnownSource("", ""), False
    if tag:
        site, advertised = _tagged_site(tag)
    elif referrer.host:
        site = _listed_site(referrer.host) or KnownSource(referrer.domain, "")
    elif click:
        site = NAMES[click.network.lower()]
    return site, advertised or (click is not None and site.name in click.advertises_on)


def _tagged_site(tag: str) -> tuple[KnownSource, bool]:
    """The source in a tag: a name ('google'), a domain ('chatgpt.com') or an ad product
    ('bing_ads'). And whether that is an ad product."""
    name = SHORT_NAMES.get(tag.lower(), tag.lower())
    if name in MAIL_WORDS:
        return KnownSource(tag, "email"), False
    if site := NAMES.get(name) or _listed_site(name):
        return site, False
    if (product := AD_NAME.fullmatch(name)) and (site := _brand(product[1])):
        return site, True
    return KnownSource(tag, ""), False


def _brand(name: str) -> KnownSource | None:
    return NAMES.get(SHORT_NAMES.get(name, name))


def _tag(query: Mapping[str, str], key: str) -> str:
    """A query value that can be stored, stripped; '' for a placeholder such as (none)."""
    if not (value := query.get(key, "").strip()[:LONGEST_TAG]):
        return ""
    value = replace_unstorable(value)
    return "" if value.lower() in PLACEHOLDERS else value


def _listed_site(host: str) -> KnownSource | None:
    """The listed site with the longest matching domain: gemini.google.com before google.com."""
    domain = whole = COUNTRY_DOMAIN.sub(r"\1.com", host)
    while domain and domain not in SITES:
        domain = domain.partition(".")[2]
    site = SITES.get(domain)
    if site is None or site.name not in PORTALS or _searches(whole.removesuffix(domain)):
        return site
    return KnownSource(site.name, "other")


def _searches(labels: str) -> bool:
    """Whether the host of a portal with these labels before its domain is a search engine."""
    return all(label in SEARCH_HOSTS or len(label) == 2 for label in labels.split(".") if label)


@lru_cache(maxsize=8192)
def _own_domain(hostname: str) -> str:
    return _registrable(_host(f"//{hostname}"))


@lru_cache(maxsize=8192)
def _referrer(referrer: str) -> Referrer:
    """The host of a web page, or the site or the id of an Android app."""
    scheme = referrer.strip().partition("://")[0].lower()
    host = _host(referrer)
    if scheme == "android-app":
        host = APPS.get(host, host)
        if _listed_site(host) is None:
            return Referrer(host, host)
    elif scheme not in ("http", "https"):
        return NOWHERE
    return Referrer(host, _registrable(host))


def _host(url: str) -> str:
    try:
        host = (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return host if HOST.fullmatch(host) else ""


@lru_cache(maxsize=8192)
def _registrable(host: str) -> str:
    """The registrable domain of a host; an IP address or a name such as localhost itself."""
    address = ":" in host or host.replace(".", "").isdigit()
    return host if address else _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
