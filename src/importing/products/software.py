"""What products call browsers, systems, devices and countries, in the names that they have here."""

import re
from collections.abc import Mapping

from api.analytics.vocabulary.countries import COUNTRIES
from api.events.enrich.user_agent import BROWSERS as BROWSER_FAMILIES
from api.events.enrich.user_agent import SYSTEMS as SYSTEM_FAMILIES
from api.events.enrich.user_agent import TWO_NUMBERS

UNKNOWN = frozenset(("", "-", "(not set)", "(none)", "(other)", "unknown", "unk", "other"))
"""How products write that they do not know, in lower case."""


def in_lower_case(names: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): ours for name, ours in names.items()}


BROWSERS = in_lower_case(BROWSER_FAMILIES) | {
    "android": "Android",
    "android webview": "Android WebView",
    "chrome": "Chrome",
    "chrome webview": "Android WebView",
    "chromium-webview": "Android WebView",
    "crios": "Chrome",
    "edge": "Edge",
    "edge-chromium": "Edge",
    "edge-ios": "Edge",
    "facebook": "Facebook",
    "firefox": "Firefox",
    "fxios": "Firefox",
    "headless chrome": "HeadlessChrome",
    "ie": "Internet Explorer",
    "instagram": "Instagram",
    "internet explorer": "Internet Explorer",
    "ios": "Safari",
    "ios-webview": "iOS WebView",
    "microsoft edge": "Edge",
    "opera": "Opera",
    "opera-mini": "Opera Mini",
    "safari": "Safari",
    "safari (in-app)": "iOS WebView",
    "samsung": "Samsung Internet",
    "samsung browser": "Samsung Internet",
    "silk": "Amazon Silk",
    "yandexbrowser": "Yandex Browser",
}

SYSTEMS = in_lower_case(SYSTEM_FAMILIES) | {
    "android os": "Android",
    "gnu/linux": "Linux",
    "ipados": "iOS",
    "mac": "macOS",
    "mac os": "macOS",
    "macintosh": "macOS",
}

DEVICES = {
    "car browser": "mobile",
    "console": "console",
    "desktop": "desktop",
    "feature phone": "mobile",
    "laptop": "desktop",
    "mobile": "mobile",
    "phablet": "mobile",
    "smart tv": "tv",
    "smartphone": "mobile",
    "tablet": "tablet",
    "tv": "tv",
    "wearable": "wearable",
}

COUNTRY_CODES = in_lower_case({name: code for code, name in COUNTRIES.items()}) | {
    "bosnia and herzegovina": "BA",
    "congo (drc)": "CD",
    "czech republic": "CZ",
    "hong kong": "HK",
    "ivory coast": "CI",
    "macao": "MO",
    "macau": "MO",
    "macedonia (fyrom)": "MK",
    "myanmar": "MM",
    "palestine": "PS",
    "swaziland": "SZ",
    "trinidad and tobago": "TT",
    "turkey": "TR",
}
"""The codes of countries by their English names."""

VERSIONED = re.compile(r"(?P<name>.*?) (?P<version>\d[\w.]{0,20})", re.DOTALL)


def plain(text: str) -> str:
    """The text, '' where it says that it is unknown."""
    text = text.strip()[:200]
    return "" if text.lower() in UNKNOWN else text


def split_version(text: str) -> tuple[str, str]:
    """Name and version of text such as Windows 10; no version where there is none."""
    found = VERSIONED.fullmatch(plain(text))
    return (found["name"], found["version"]) if found else (plain(text), "")


def browser_of(text: str, version: str = "") -> dict[str, str]:
    """The browser, and the major number of its version."""
    name = plain(text)
    version = plain(version)
    return {
        "browser": BROWSERS.get(name.lower(), name),
        "browser_version": version.partition(".")[0],
    }


def system_of(text: str, version: str = "") -> dict[str, str]:
    """The operating system, and its version as far as it is stored."""
    name = SYSTEMS.get(plain(text).lower(), plain(text))
    major, _, rest = plain(version).partition(".")
    minor = rest.partition(".")[0]
    two = minor and (name, major) in TWO_NUMBERS
    return {"os": name, "os_version": f"{major}.{minor}" if two else major}


def device_of(text: str) -> dict[str, str]:
    """The class of the device; '' for one that is not told apart here."""
    return {"device": DEVICES.get(text.strip().lower(), "")}


def country_of(text: str) -> dict[str, str]:
    """The code of the country, of its code or of its English name; '' for any other text."""
    text = plain(text)
    code = text.upper() if text.isascii() else ""
    return {"country": code if code in COUNTRIES else COUNTRY_CODES.get(text.lower(), "")}


def subdivision_of(code: str) -> dict[str, str]:
    """Country and region of a code of ISO 3166-2, DE-BE, or of a country."""
    country, separator, _ = plain(code).partition("-")
    return country_of(country) | {"region": plain(code).upper() if separator else ""}


def screen_of(text: str) -> dict[str, str]:
    """The screen, of two numbers with anything between them."""
    numbers = re.findall(r"\d{1,5}", text[:40])
    return {"screen": "x".join(numbers[:2])} if len(numbers) > 1 else {}
