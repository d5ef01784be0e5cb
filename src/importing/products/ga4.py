"""Google Analytics 4: the rows of its export to BigQuery, as JSON lines or an array in JSON.

A visitor is the one of the browser's cookie, or the user where there is one; a visit is a session.
"""

from collections.abc import Iterator, Mapping
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
    split_version,
    system_of,
)

AUTOMATIC = frozenset(("session_start", "first_visit", "first_open"))
"""Events that Google derives of others: nothing that the visitor does."""

NAMES = {
    "page_view": "pageview",
    "user_engagement": "engagement",
    "click": "outbound",
    "file_download": "download",
    "view_search_results": "search",
}
"""What events are called here that the tracker or Google sends of itself."""

NOT_INTERACTIVE = frozenset(("scroll",))

PURCHASES = frozenset(("purchase", "in_app_purchase"))
"""The events whose value is revenue."""

NOT_PROPS = frozenset(
    (
        *("page_location", "page_title", "page_referrer", "ga_session_id", "ga_session_number"),
        *("engagement_time_msec", "session_engaged", "engaged_session_event", "entrances"),
        *("campaign", "source", "medium", "term", "content", "gclid", "dclid", "srsltid"),
        *("debug_mode", "ignore_referrer", "batch_ordering_id", "batch_page_id"),
    )
)
"""Parameters that are fields of the event here, or of Google's own making."""

LONGEST_ENGAGEMENT = 86_400

Number = int | float | str | None
"""BigQuery writes whole numbers as text."""


class Value(Struct):
    """The value of a parameter, in the field of its type."""

    string_value: str | None = None
    int_value: Number = None
    float_value: Number = None
    double_value: Number = None

    @property
    def value(self) -> Any:
        """The value in its type; None without one. Raises ValueError and OverflowError."""
        if self.int_value is not None:
            return whole_of(self.int_value)
        number = self.float_value if self.float_value is not None else self.double_value
        return self.string_value if number is None else float(number)


def whole_of(number: int | float | str) -> int:
    """A whole number of 64 bits, as BigQuery has them. Raises ValueError and OverflowError."""
    found = int(number)
    if not -(2**63) <= found < 2**63:
        raise OverflowError("has more than 64 bits")
    return found


class Param(Struct):
    """A parameter of an event."""

    key: str = ""
    value: Value | None = None


class WebInfo(Struct):
    """The browser of a web page."""

    browser: str | None = None
    browser_version: str | None = None
    hostname: str | None = None


class Device(Struct):
    """What the visitor uses."""

    category: str | None = None
    operating_system: str | None = None
    operating_system_version: str | None = None
    language: str | None = None
    web_info: WebInfo | None = None


class Geo(Struct):
    """Where the visitor is, by English names."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


class Collected(Struct):
    """The campaign tags that came with the event."""

    manual_source: str | None = None
    manual_medium: str | None = None
    manual_campaign_name: str | None = None
    manual_content: str | None = None
    manual_term: str | None = None


class Ecommerce(Struct):
    """What was bought."""

    purchase_revenue: Number = None
    transaction_id: str | None = None


class Row(Struct):
    """What is taken over of a row."""

    event_name: str
    event_timestamp: int
    user_pseudo_id: str | None = None
    user_id: str | None = None
    stream_id: str | int | None = None
    event_params: list[Param] | None = None
    batch_event_index: Number = None
    batch_ordering_id: Number = None
    batch_page_id: Number = None
    device: Device | None = None
    geo: Geo | None = None
    collected_traffic_source: Collected | None = None
    ecommerce: Ecommerce | None = None

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters by their names. Raises Skipped."""
        try:
            return {
                param.key: param.value.value for param in self.event_params or () if param.value
            }
        except (ValueError, OverflowError) as error:
            raise Skipped(MALFORMED) from error


def read_ga4(part: Part) -> Iterator[Entry]:
    """The entries of a file. Raises Unreadable."""
    yield from entries_of(json_rows(part.stream, Row), read_row)


def read_row(row: Row) -> Iterator[Entry]:
    if row.event_name in AUTOMATIC:
        raise Skipped("automatic")
    if not (row.user_pseudo_id or row.user_id):
        raise Skipped("no_visitor")
    event = event_of(row, row.params)
    yield Found(event, key_of(row), known_of(row), str(row.stream_id or ""))


def event_of(row: Row, params: Mapping[str, Any]) -> dict[str, Any]:
    web, device = web_of(row), row.device or Device()
    session = params.get("ga_session_id")
    name = NAMES.get(row.event_name, row.event_name)
    return as_sent(
        time=time_of(row.event_timestamp),
        name=name,
        page=str(params.get("page_location") or ""),
        hostname=web.hostname,
        title=str(params.get("page_title") or ""),
        referrer=str(params.get("page_referrer") or ""),
        visitor_id=row.user_pseudo_id,
        user_id=row.user_id,
        session_id=f"{row.user_pseudo_id or row.user_id}.{session}" if session else "",
        language=device.language,
        duration=engaged(params) if name == "engagement" else None,
        interactive=False if row.event_name in NOT_INTERACTIVE else None,
        revenue=revenue_of(row, params),
        props=props_of(row, params),
        **campaign_of(row),
    )


def key_of(row: Row) -> str:
    """What Google says tells events apart."""
    batch = (row.batch_page_id, row.batch_ordering_id, row.batch_event_index)
    return f"{row.user_pseudo_id} {row.user_id} {row.event_timestamp} {row.event_name} {batch}"


def web_of(row: Row) -> WebInfo:
    return (row.device and row.device.web_info) or WebInfo()


def engaged(params: Mapping[str, Any]) -> float:
    """The seconds for which the page was in the foreground."""
    milliseconds = params.get("engagement_time_msec")
    seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else 0.0
    return min(max(seconds, 0.0), LONGEST_ENGAGEMENT)


def props_of(row: Row, params: Mapping[str, Any]) -> dict[str, Any]:
    """The properties; page views and engagement have none here."""
    if row.event_name in ("page_view", "user_engagement"):
        return {}
    return as_props((key, value) for key, value in params.items() if key not in NOT_PROPS)


def revenue_of(row: Row, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a purchase earned, in its own currency."""
    bought = row.ecommerce.purchase_revenue if row.ecommerce else None
    amount = bought if bought is not None else params.get("value")
    currency = params.get("currency")
    if row.event_name not in PURCHASES or amount is None or not currency:
        return None
    return {"amount": str(amount), "currency": str(currency)}


def campaign_of(row: Row) -> dict[str, str | None]:
    told = row.collected_traffic_source or Collected()
    return {
        "utm_source": told.manual_source,
        "utm_medium": told.manual_medium,
        "utm_campaign": told.manual_campaign_name,
        "utm_content": told.manual_content,
        "utm_term": told.manual_term,
    }


def known_of(row: Row) -> dict[str, str]:
    web, device, geo = web_of(row), row.device or Device(), row.geo or Geo()
    _, version = split_version(device.operating_system_version or "")
    return as_known(
        **browser_of(web.browser or "", web.browser_version or ""),
        **system_of(device.operating_system or "", version),
        **device_of(device.category or ""),
        **country_of(geo.country or ""),
        region=plain(geo.region or ""),
        city=plain(geo.city or ""),
    )
