"""Visits as Matomo tells of them: by its API, and in its log tables."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from product_visits import HOST, Action, Visit

BROWSERS = {
    "Chrome": "Chrome Mobile",
    "Firefox": "Firefox",
    "Safari": "Mobile Safari",
    "Edge": "Microsoft Edge",
}
SYSTEMS = {"Windows": "Windows", "iOS": "iOS", "Android": "Android"}
DEVICES = {"desktop": "Desktop", "mobile": "Smartphone", "tablet": "Tablet"}


def action_of(number: int, action: Action) -> dict[str, Any]:
    """An action as Matomo writes it: numbers as text here and there."""
    told: dict[str, Any] = {
        "url": f"https://{HOST}{action.page}",
        "timestamp": int(action.at.timestamp()),
        "serverTimePretty": "Apr 2, 2026 08:00:00",
        "icon": None,
    }
    if action.kind == "view":
        return {**told, "type": "action", "pageTitle": "A page", "pageId": str(number)}
    if action.kind == "event":
        named = {"eventCategory": "form", "eventAction": action.what, "eventName": "x"}
        return {**told, "type": "event", **named, "pageId": str(number), "eventValue": 2.5}
    return {
        "type": "ecommerceOrder",
        "orderId": f"order-{number}",
        "revenue": f"{action.amount:.2f}",
        "timestamp": str(int(action.at.timestamp())),
        "itemDetails": [{"itemSKU": "1", "price": 1}],
    }


def visit_of(visit: Visit) -> dict[str, Any]:
    """A visit as Matomo writes it."""
    by_campaign = bool(visit.campaign)
    return {
        "idSite": "1",
        "idVisit": str(visit.number),
        "visitIp": "203.0.113.0",
        "visitorId": visit.visitor.rjust(16, "0"),
        "userId": None,
        "actionDetails": [
            action_of(100 * visit.number + number, action)
            for number, action in enumerate(visit.actions)
        ],
        "siteCurrency": "EUR",
        "referrerType": "campaign" if by_campaign else "website" if visit.referrer else "direct",
        "referrerName": visit.campaign or visit.referrer,
        "referrerKeyword": "",
        "referrerUrl": f"https://{visit.referrer}/post" if visit.referrer else "",
        "languageCode": "de-de",
        "countryCode": visit.country.lower(),
        "region": "Bavaria",
        "city": "Munich",
        "deviceType": DEVICES[visit.device],
        "operatingSystemName": SYSTEMS[visit.os],
        "operatingSystemVersion": "10",
        "browserName": BROWSERS[visit.browser],
        "browserVersion": f"{visit.version}.0",
        "resolution": "1920x1080",
        "latitude": "48.1",
        "goalConversions": 0,
    }


def renamed(numbers: dict[str, Any]) -> dict[str, Any]:
    """The oracle's numbers, with events under the names that they get of a category."""
    events = {
        name if name == "purchase" else f"form: {name}": number
        for name, number in numbers["events"].items()
    }
    return {**numbers, "events": events}


def write(file: Path, visits: Sequence[Visit], lines: bool) -> Path:
    """An array, as the API returns it, or a visit in each line."""
    told = [visit_of(visit) for visit in visits]
    text = "\n".join(map(json.dumps, told)) if lines else json.dumps(told, indent=1)
    file.write_text(text)
    return file


CODES = {
    **{"Chrome": "CM", "Firefox": "FF", "Safari": "MF", "Edge": "PS"},
    **{"Windows": "WIN", "iOS": "IOS", "Android": "AND"},
    **{"desktop": 0, "mobile": 1, "tablet": 2},
}
"""The codes of browsers, systems and devices in the log tables."""


def log_rows(visit: Visit) -> Iterator[dict[str, Any]]:
    """The rows that the queries of docs/importing.md find of a visit."""
    kind = 6 if visit.campaign else 3 if visit.referrer else 1
    known = {
        **{"idsite": 1, "idvisit": visit.number, "idvisitor": visit.visitor.rjust(16, "0")},
        **{"user_id": None, "referer_type": kind, "referer_keyword": ""},
        "referer_name": visit.campaign or visit.referrer,
        "referer_url": f"https://{visit.referrer}/post" if visit.referrer else None,
        **{"language": "de-de", "country": visit.country.lower(), "region": "BY"},
        **{"city": "Munich", "device_type": CODES[visit.device], "os": CODES[visit.os]},
        **{"os_version": "10", "browser": CODES[visit.browser]},
        **{"browser_version": f"{visit.version}.0", "resolution": "1920x1080"},
    }
    for place, action in enumerate(visit.actions):
        yield known | log_action(100 * visit.number + place, action)


def log_action(number: int, action: Action) -> dict[str, Any]:
    """What the tables have of an action, or of an order."""
    told: dict[str, Any] = {"timestamp": int(action.at.timestamp())}
    if action.kind == "purchase":
        order = {"idgoal": 0, "goal": None, "idorder": f"order-{number}"}
        return {**told, **order, "revenue": action.amount, "currency": "EUR"}
    told |= {"idlink_va": number, "url": f"{HOST}{action.page}", "url_type": 1, "url_prefix": 2}
    if action.kind == "view":
        return {**told, "name": "A page", "name_type": 4, "event_category": None}
    event = {"event_category": "form", "event_action": action.what, "name": "x", "name_type": 12}
    return {**told, **event, "value": 2.5}


def write_log(file: Path, visits: Sequence[Visit]) -> Path:
    """The rows, one in each line."""
    file.write_text("\n".join(json.dumps(row) for visit in visits for row in log_rows(visit)))
    return file
