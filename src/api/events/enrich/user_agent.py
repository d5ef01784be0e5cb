"""The browser, system, device class and crawler that a user agent names.

Names and versions follow ua-parser's public rules, crawlers the crawler-user-agents list. The
device class is ours, because neither of them has one.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, NotRequired, Protocol, TypedDict, cast

import re2
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import OS, Domain, PartialResult, UserAgent, load_lazy_builtins

# The native backend by name: ua_parser.parse() silently falls back to one 30 times slower.
from ua_parser.regex import Resolver

from api.text import replace_unstorable

LONGEST = 512
SHORTEST = 8

# The lazily built automaton of 1,500 crawler patterns does not fit re2's 8 MB default.
CRAWLER_MEMORY = 64 * 1024 * 1024

BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Opera Mobile": "Opera",
    "QQ Browser Mobile": "QQ Browser",
    "Other": "",
}

SYSTEMS = {
    "ATV OS X": "tvOS",
    "Mac OS X": "macOS",
    "WatchOS": "watchOS",
    "Web0S": "webOS",
    "Other": "",
}

# Releases that are named by two numbers; of all others the version is the major number.
TWO_NUMBERS = {("Android", "4"), ("KaiOS", "2"), ("Windows", "8"), ("macOS", "10")}

# First match wins, over the user agent followed by the name of its system. An iPad that asks for
# desktop pages calls itself a Mac and cannot be told from one.
DEVICES = tuple(
    (device, re.compile(tokens))
    for device, tokens in (
        ("console", r"PlayStation|PLAYSTATION|Xbox|Nintendo|Steam Deck"),
        ("tv", r"(?i:smart-?tv|apple ?tv|google ?tv|android tv|hbbtv|netcast|bravia|roku|crkey)"),
        ("tv", r"tvOS|webOS|Web0S|VIDAA|\bAFT[A-Z]|Tizen.*\bTV\b"),
        ("wearable", r"watchOS|Apple Watch|Wear OS|WearOS|Galaxy Watch|\bSM-[RL]\d{3}"),
        # "Tablet PC" is in user agents of old Internet Explorers on ordinary desktops.
        ("tablet", r"iPad|Tablet(?! PC)|PlayBook|Kindle|\bKF[A-Z]{3,}"),
        # Requests of apps through Dalvik never contain Mobile; most of them come from phones.
        ("mobile", r"Mobi|iPhone|iPod|\biOS\b|Opera Mini|Windows Phone|BlackBerry|KaiOS|Dalvik"),
        ("tablet", r"Android"),
        ("mobile", r"Symbian|SymbOS|Nokia|SonyEricsson|MIDP|J2ME|UP\.Browser"),
        ("desktop", r"Windows|Macintosh|macOS|X11|Linux|CrOS|BSD|Chrome OS"),
    )
)

# Patterns of the crawler list that also match browsers of people.
HUMAN_PATTERNS = {
    r"AP3A\.240617\.008",  # the Android 15 build of many Oppo, OnePlus and Pixel phones
    r"MetaIAB Facebook",  # Facebook's in-app browser
    r"Viber",  # the messenger's in-app browser
    r"Code\/1\.",  # the page preview of a code editor
    r"Trae\/",  # another one
    r"Fluid",  # wraps a site as a Mac application
    r"Sogou",  # also a phone browser; its crawlers contain "spider", which ua-parser recognises
}

# Crawlers whose pattern matches an address or an unusual spelling instead of their name.
CRAWLER_NAMES = {
    r"[cC]laude[bB]ot": "ClaudeBot",
    r"pinterest\.com\/bot": "Pinterestbot",
    r"yandex\.com\/bots": "YandexBot",
    r"developers\.google\.com\/\+\/web\/snippet": "Google web snippet",
    r"https:\/\/developers\.cloudflare\.com\/security-center\/": "Cloudflare Security Center",
}


MACHINE = "unknown"
"""The category of a program that is on no list."""

TEXT_BROWSERS = {"Lynx", "w3m"}
"""Browsers of people that need not name their system."""

PROGRAM = re.compile(r"(?:compatible; *|^ *)(?!Mozilla/)(?P<name>[A-Za-z][\w.-]{1,39})")


@dataclass(frozen=True, slots=True)
class Agent:
    """Browser, operating system, device and bot that a user agent string names. A field that is
    unknown is ''; a bot is None where there is none."""

    browser: str
    browser_version: str
    os: str
    os_version: str
    device: str
    bot: str | None
    bot_category: str | None


class Crawler(NamedTuple):
    """A crawler of the list: its readable name and the first tag of its entry."""

    name: str
    category: str


class CrawlerEntry(TypedDict):
    """The fields we read of one entry of the crawler-user-agents list."""

    pattern: str
    instances: NotRequired[list[str]]
    tags: NotRequired[list[str]]


class PatternSet(Protocol):
    """The part of re2.Set we use; the package has no types of its own."""

    def Add(self, pattern: str) -> int: ...
    def Compile(self) -> None: ...
    def Match(self, text: str) -> list[int] | None: ...


UNKNOWN = Agent("", "", "", "", "", None, None)


def read_agent(user_agent: str) -> Agent:
    """The browser, system, device and crawler of this user agent.

    A crawler matches the crawler-user-agents list, or is a 'Spider' to ua-parser. A text that names
    neither a system nor a kind of device is that of a machine, too: browsers name theirs. A text of
    less than 8 characters that names no crawler is unknown software, not a bot.
    """
    # Cut before the cache, whose keys come from outside and live as long as the process.
    return _read(replace_unstorable(user_agent[:LONGEST]))


@lru_cache(maxsize=8192)
def _read(text: str) -> Agent:
    crawler = _listed_crawler(text)
    if len(text) < SHORTEST and crawler is None:
        return UNKNOWN
    found = _resolver()(text, Domain.ALL)
    browser, browser_version = _browser(found.user_agent)
    system, system_version = _system(found.os)
    device = _device(f"{text} {system}")
    names_itself = bool(system or device) or browser in TEXT_BROWSERS
    crawler = crawler or _spider(found) or (None if names_itself else _machine(text))
    return Agent(
        browser=browser,
        browser_version=browser_version,
        os=system,
        os_version=system_version,
        device="bot" if crawler else device,
        bot=crawler.name if crawler else None,
        bot_category=crawler.category if crawler else None,
    )


def _browser(found: UserAgent | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    return BROWSERS.get(found.family, found.family), found.major or ""


def _system(found: OS | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    name, major = SYSTEMS.get(found.family, found.family), found.major or ""
    two = found.minor and (name, major) in TWO_NUMBERS
    return name, f"{major}.{found.minor}" if two else major


def _device(tokens: str) -> str:
    return next((device for device, pattern in DEVICES if pattern.search(tokens)), "")


def _machine(text: str) -> Crawler:
    """The program of this text, by its own name: after `compatible;`, else at the beginning."""
    name = PROGRAM.search(text)
    return Crawler(name["name"] if name else "unnamed", MACHINE)


def _spider(found: PartialResult) -> Crawler | None:
    if found.device is None or found.device.family != "Spider":
        return None
    return Crawler(found.user_agent.family if found.user_agent else "Spider", "other")


def _listed_crawler(text: str) -> Crawler | None:
    patterns, crawlers = crawler_patterns()
    hits = patterns.Match(text)
    # The list is in order of age, so the lowest number is the best known crawler.
    return crawlers[min(hits)] if hits else None


@cache
def _resolver() -> Resolver:
    return Resolver(load_lazy_builtins())


@cache
def crawler_patterns() -> tuple[PatternSet, tuple[Crawler, ...]]:
    """The crawler list as one automaton, and the crawler of each pattern number.

    re2 matches in linear time. An entry that it cannot compile is left out.
    """
    patterns = _empty_set()
    entries = cast("list[CrawlerEntry]", CRAWLER_USER_AGENTS_DATA)
    crawlers = tuple(_crawler(entry) for entry in entries if _add(patterns, entry["pattern"]))
    patterns.Compile()
    return patterns, crawlers


def _empty_set() -> PatternSet:
    options = re2.Options()
    options.max_mem = CRAWLER_MEMORY
    options.log_errors = False
    return cast("PatternSet", re2.Set.SearchSet(options))  # pyright: ignore[reportUnknownMemberType]


def _add(patterns: PatternSet, pattern: str) -> bool:
    if pattern in HUMAN_PATTERNS:
        return False
    try:
        return patterns.Add(pattern) >= 0
    except re2.error:  # pyright: ignore[reportUnknownMemberType]
        return False


def _crawler(entry: CrawlerEntry) -> Crawler:
    name = CRAWLER_NAMES.get(entry["pattern"]) or _readable(entry)
    return Crawler(name, next(iter(entry.get("tags", ())), "other"))


def _readable(entry: CrawlerEntry) -> str:
    """The name of a crawler: the words that its pattern matches in its own first sample, or the
    pattern without its syntax. It does not come from the visitor's text, so that one crawler has
    one name."""
    pattern = entry["pattern"]
    sample = re.search(pattern, next(iter(entry.get("instances", ())), ""))
    name = sample.group() if sample else re.sub(r"\\(.)", r"\1", pattern)
    return re.split(r";|/\d", name.strip(" ^$/();:,+"))[0]
