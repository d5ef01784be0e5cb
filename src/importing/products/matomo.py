"""Matomo: visits with their actions, as Live.getLastVisitsDetails returns them in JSON.

A visit stays one visit, and a visitor is Matomo's. What Matomo tells of the visit as a whole (its
referrer and campaign) goes to its first action.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from importing.formats.request import MALFORMED, Skipped
from importing.products.entries import (
    Entry,
    Found,
    as_known,
    as_props,
    as_sent,
    entries_of,
    time_of,
)
from importing.products.files import Part
from importing.products.rows import json_rows
from importing.products.software import (
    browser_of,
    country_of,
    device_of,
    plain,
    screen_of,
    system_of,
)

Value = str | int | float | bool | None
"""Matomo writes many numbers as text, and what is missing as null or false."""


class Action(Struct, rename="camel"):
    """What is taken over of an action; which fields it has depends on its type."""

    type: str = ""
    timestamp: Value = None
    url: Value = None
    page_title: Value = None
    page_id: Value = None
    event_category: Value = None
    event_action: Value = None
    event_name: Value = None
    event_value: Value = None
    site_search_keyword: Value = None
    site_search_category: Value = None
    site_search_count: Value = None
    goal_name: Value = None
    goal_id: Value = None
    order_id: Value = None
    revenue: Value = None


class Visit(Struct, rename="camel"):
    """What is taken over of a visit."""

    id_visit: str | int
    action_details: list[Action]
    id_site: Value = None
    visitor_id: Value = None
    user_id: Value = None
    site_currency: Value = None
    referrer_type: Value = None
    referrer_name: Value = None
    referrer_keyword: Value = None
    referrer_url: Value = None
    campaign_name: Value = None
    campaign_source: Value = None
    campaign_medium: Value = None
    campaign_content: Value = None
    campaign_keyword: Value = None
    language_code: Value = None
    country_code: Value = None
    region: Value = None
    city: Value = None
    device_type: Value = None
    operating_system_name: Value = None
    operating_system_version: Value = None
    browser_name: Value = None
    browser_version: Value = None
    resolution: Value = None


Meaning = Callable[[Visit, Action], Mapping[str, Any]]
"""The fields of the event that an action is, beside those that all have."""


def text(value: Value) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def page_view(_: Visit, action: Action) -> Mapping[str, Any]:
    return {"name": "pageview", "page": text(action.url), "title": text(action.page_title)}


def custom_event(_: Visit, action: Action) -> Mapping[str, Any]:
    category, what = text(action.event_category), text(action.event_action)
    props = {"category": category, "action": what, "name": action.event_name}
    return {
        "name": f"{category}: {what}",
        "page": text(action.url),
        "props": as_props({**props, "value": action.event_value}.items()),
    }


def search(_: Visit, action: Action) -> Mapping[str, Any]:
    props = {
        "keyword": action.site_search_keyword,
        "category": action.site_search_category,
        "results": action.site_search_count,
    }
    return {"name": "search", "page": text(action.url), "props": as_props(props.items())}


def link(name: str) -> Meaning:
    """A click on a link, under the name that the tracker gives it."""
    return lambda _, action: {"name": name, "props": as_props([("url", action.url)])}


def goal(visit: Visit, action: Action) -> Mapping[str, Any]:
    """A goal is reached by another action, so that by itself it keeps no visit from bouncing."""
    return {
        "name": f"Goal: {text(action.goal_name) or text(action.goal_id)}",
        "page": text(action.url),
        "interactive": False,
        **revenue_of(visit, action),
    }


def order(visit: Visit, action: Action) -> Mapping[str, Any]:
    props = as_props([("order", action.order_id)])
    return {"name": "purchase", "props": props, **revenue_of(visit, action)}


def revenue_of(visit: Visit, action: Action) -> Mapping[str, Any]:
    amount, currency = text(action.revenue), text(visit.site_currency)
    if not currency or amount in ("", "0", "0.0", "0.00"):
        return {}
    return {"revenue": {"amount": amount, "currency": currency}}


MEANINGS: Mapping[str, Meaning] = {
    "action": page_view,
    "event": custom_event,
    "search": search,
    "outlink": link("outbound"),
    "download": link("download"),
    "goal": goal,
    "ecommerceOrder": order,
}
"""The types of actions that are taken over."""


def read_matomo(part: Part) -> Iterator[Entry]:
    """The entries of a file. Raises Unreadable."""
    yield from entries_of(json_rows(part.stream, Visit), read_visit)


def read_visit(visit: Visit) -> Iterator[Entry]:
    met = Counter[str]()
    for action in visit.action_details:
        yield entry_of(visit, action, met)


def entry_of(visit: Visit, action: Action, met: Counter[str]) -> Entry:
    """What becomes of an action, after those of the visit that were met."""
    try:
        event = event_of(visit, action, met)
    except Skipped as reason:
        return reason
    return Found(event, known=known_of(visit), origin=text(visit.id_site))


def event_of(visit: Visit, action: Action, met: Counter[str]) -> dict[str, Any]:
    """The event of an action, after those of the visit that were met. Raises Skipped."""
    meaning = MEANINGS.get(action.type)
    if meaning is None:
        raise Skipped("kind")
    if action.type == "action" and not text(action.url):
        raise Skipped(MALFORMED)
    time, source = time_of(text(action.timestamp)), {} if met else source_of(visit)
    return as_sent(
        id=id_of(visit, action, met),
        time=time,
        visitor_id=text(visit.visitor_id) or f"visit {visit.id_visit}",
        user_id=text(visit.user_id),
        session_id=f"{text(visit.id_site)}.{visit.id_visit}",
        language=text(visit.language_code),
        **screen_of(text(visit.resolution)),
        **source,
        **meaning(visit, action),
    )


def id_of(visit: Visit, action: Action, met: Counter[str]) -> str:
    """The id of an action: by Matomo's ids, and the time for what has none of its own."""
    own = text(action.page_id) or text(action.order_id) or text(action.goal_id)
    parts = (text(visit.id_site), visit.id_visit, action.type, own, text(action.timestamp))
    name = " ".join(map(str, ("matomo", *parts)))
    met[name] += 1
    return f"{name} {met[name]}"


def source_of(visit: Visit) -> dict[str, str]:
    """The fields that say where the visit came from. A campaign's name is Matomo's referrer."""
    is_campaign = visit.referrer_type == "campaign"
    url, name = text(visit.referrer_url), text(visit.referrer_name)
    named = {} if url or is_campaign or visit.referrer_type == "direct" else {"utm_source": name}
    return {
        "referrer": url,
        **named,
        **(campaign_of(visit, name) if is_campaign else {}),
    }


def campaign_of(visit: Visit, name: str) -> dict[str, str]:
    return {
        "utm_source": text(visit.campaign_source),
        "utm_medium": text(visit.campaign_medium),
        "utm_campaign": text(visit.campaign_name) or name,
        "utm_content": text(visit.campaign_content),
        "utm_term": text(visit.campaign_keyword) or text(visit.referrer_keyword),
    }


def known_of(visit: Visit) -> dict[str, str]:
    return as_known(
        **browser_of(text(visit.browser_name), text(visit.browser_version)),
        **system_of(text(visit.operating_system_name), text(visit.operating_system_version)),
        **device_of(text(visit.device_type)),
        **country_of(text(visit.country_code)),
        region=plain(text(visit.region)),
        city=plain(text(visit.city)),
    )
