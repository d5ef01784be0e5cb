"""Matomo's log tables: a row for each action or conversion, with what they know of its visit.

The queries of docs/importing.md write such rows in JSON. They are read like actions of the API
(matomo.py) and have the same ids, so that what both have is stored once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from importing.formats.request import Skipped
from importing.products.entries import Entry
from importing.products.files import Part
from importing.products.matomo import Action, Value, Visit, entry_of, text
from importing.products.rows import json_rows

PREFIXES = {"0": "http://", "1": "http://www.", "2": "https://", "3": "https://www."}
"""What the tables leave out of an address."""

REFERRERS = {"1": "direct", "2": "search", "3": "website", "6": "campaign", "7": "social"}

KINDS = {"1": "action", "2": "outlink", "3": "download"}
"""Types of addresses in log_action, and the types of the API."""

SITE_SEARCH = "8"
"""The type in log_action of what was searched for."""

CONVERSIONS = {"0": "ecommerceOrder", "-1": ""}
"""Goals that are none: an order, and a cart that was left."""

DEVICES: Mapping[str, str] = {
    "0": "desktop",
    "1": "smartphone",
    "2": "tablet",
    "3": "feature phone",
    "4": "console",
    "5": "tv",
    "6": "car browser",
    "10": "phablet",
    "12": "wearable",
}

BROWSERS: Mapping[str, str] = {
    "AN": "Android",
    "CH": "Chrome",
    "CI": "Chrome Mobile iOS",
    "CM": "Chrome Mobile",
    "CV": "Chrome Webview",
    "FF": "Firefox",
    "FM": "Firefox Mobile",
    "IE": "Internet Explorer",
    "MF": "Mobile Safari",
    "OM": "Opera Mobile",
    "OP": "Opera",
    "PS": "Microsoft Edge",
    "SB": "Samsung Browser",
    "SF": "Safari",
}
SYSTEMS: Mapping[str, str] = {
    "AND": "Android",
    "COS": "Chrome OS",
    "IOS": "iOS",
    "IPA": "iPadOS",
    "LIN": "GNU/Linux",
    "MAC": "Mac",
    "UBT": "Ubuntu",
    "WIN": "Windows",
}
"""The names for the codes that the log tables have of devices, browsers and systems. A code that is
not listed is taken over as it is."""


class LogRow(Struct):
    """What the queries write of an action or of a conversion."""

    idvisit: str | int
    timestamp: Value = None
    idsite: Value = None
    idvisitor: Value = None
    user_id: Value = None
    referer_type: Value = None
    referer_name: Value = None
    referer_keyword: Value = None
    referer_url: Value = None
    language: Value = None
    country: Value = None
    region: Value = None
    city: Value = None
    device_type: Value = None
    os: Value = None
    os_version: Value = None
    browser: Value = None
    browser_version: Value = None
    resolution: Value = None
    idlink_va: Value = None
    url: Value = None
    url_type: Value = None
    url_prefix: Value = None
    name: Value = None
    name_type: Value = None
    event_category: Value = None
    event_action: Value = None
    content: Value = None
    value: Value = None
    search_category: Value = None
    search_count: Value = None
    idgoal: Value = None
    goal: Value = None
    idorder: Value = None
    revenue: Value = None
    currency: Value = None


def read_matomo_log(part: Part) -> Iterator[Entry]:
    """The entries of a file, of which the rows of a visit stand together. Raises Unreadable."""
    last, met = None, Counter[str]()
    for row in json_rows(part.stream, LogRow):
        if isinstance(row, Skipped):
            yield row
            continue
        if row.idvisit != last:
            last, met = row.idvisit, Counter[str]()
        yield entry_of(visit_of(row), action_of(row), met)


def visit_of(row: LogRow) -> Visit:
    country, region = text(row.country), text(row.region)
    return Visit(
        id_visit=row.idvisit,
        action_details=[],
        id_site=row.idsite,
        visitor_id=row.idvisitor,
        user_id=row.user_id,
        site_currency=row.currency,
        referrer_type=REFERRERS.get(text(row.referer_type)),
        referrer_name=row.referer_name,
        referrer_keyword=row.referer_keyword,
        referrer_url=row.referer_url,
        language_code=row.language,
        country_code=country,
        region=f"{country}-{region}".upper() if region else "",
        city=row.city,
        device_type=DEVICES.get(text(row.device_type)),
        operating_system_name=SYSTEMS.get(text(row.os), row.os),
        operating_system_version=row.os_version,
        browser_name=BROWSERS.get(text(row.browser), row.browser),
        browser_version=row.browser_version,
        resolution=row.resolution,
    )


def action_of(row: LogRow) -> Action:
    kind = kind_of(row)
    is_search = kind == "search"
    return Action(
        type=kind,
        timestamp=row.timestamp,
        url=PREFIXES.get(text(row.url_prefix), "") + text(row.url),
        page_title=row.name,
        page_id=row.idlink_va,
        event_category=row.event_category,
        event_action=row.event_action,
        event_name=row.name,
        event_value=row.value,
        site_search_keyword=row.name if is_search else None,
        site_search_category=row.search_category,
        site_search_count=row.search_count,
        goal_name=row.goal,
        goal_id=row.idgoal,
        order_id=row.idorder,
        revenue=row.revenue,
    )


def kind_of(row: LogRow) -> str:
    """The type that the API gives the action; '' for one that it does not take over."""
    if row.idgoal is not None:
        return CONVERSIONS.get(text(row.idgoal), "goal")
    if row.content is not None:
        return ""
    if row.event_category is not None:
        return "event"
    return "search" if text(row.name_type) == SITE_SEARCH else KINDS.get(text(row.url_type), "")
