"""The dimensions of Plausible's Stats API, by its names (visit:…, event:…) and with its values.

What its contract has and is not stored here is refused: an answer of another meaning would look
like a right one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import LiteralString

from api.analytics.vocabulary.countries import COUNTRIES
from api.analytics.vocabulary.dimensions import (
    DIMENSIONS,
    PROPERTY,
    PROPERTY_PREFIX,
    Dimension,
    is_text,
    visit,
)
from api.errors import invalid

NO_SOURCE = {"": "Direct / None"}
NOT_SET = {"": "(not set)"}
NO_PROPERTY = {"": "(none)"}

COUNTRY_NAMES = {"": "", **COUNTRIES}
DEVICES = {
    **NOT_SET,
    "desktop": "Desktop",
    "mobile": "Mobile",
    "tablet": "Tablet",
    "tv": "TV",
    "console": "Console",
    "wearable": "Wearable",
}
BROWSERS = {**NOT_SET, "Edge": "Microsoft Edge", "Samsung Internet": "Samsung Browser"}
SYSTEMS = {**NOT_SET, "macOS": "Mac", "Linux": "GNU/Linux"}


def named(
    key: LiteralString, plain: str, names: Mapping[str, str] | None = None, *, closed: bool = False
) -> Dimension:
    """The plain dimension under another key, with other names for its values. A closed one has no
    values but these."""
    names = names or {}
    known = {name: name for name in names.values()} if closed else DIMENSIONS[plain].known
    return replace(DIMENSIONS[plain], key=key, names=names, known=known)


VISIT_NAMES = (
    named("source", "source", NO_SOURCE),
    named("channel", "channel"),
    named("referrer", "referrer", NO_SOURCE),
    replace(named("utm_medium", "medium", NOT_SET), is_lower_case=True),
    named("utm_campaign", "campaign", NOT_SET),
    named("utm_content", "content", NOT_SET),
    named("utm_term", "term", NOT_SET),
    named("device", "device", DEVICES, closed=True),
    named("browser", "browser", BROWSERS),
    named("browser_version", "browser_version", NOT_SET),
    named("os", "os", SYSTEMS),
    named("os_version", "os_version", NOT_SET),
    named("country", "country"),
    named("country_name", "country", COUNTRY_NAMES, closed=True),
    named("region_name", "region"),
    named("city_name", "city"),
    visit("entry_page_hostname", "hostname"),
)

NOT_STORED = {
    "visit:region": "codes of regions are not stored: use visit:region_name",
    "visit:city": "codes of cities are not stored: use visit:city_name",
    "visit:utm_source": "the tag utm_source is not stored apart from the source of a visit, which"
    " may come from its referrer: use visit:source",
    "visit:exit_page_hostname": "the hostname of the exit page is not stored: use"
    " visit:entry_page_hostname",
    "segment": "there are no segments: use the filters that the segment stands for",
}
"""What the contract has and cannot be answered, and why."""

OWN_NAMES = {f"{dimension.of}:{key}": dimension for key, dimension in DIMENSIONS.items()}
STATS_DIMENSIONS = {
    **{key: dimension for key, dimension in OWN_NAMES.items() if key not in NOT_STORED},
    **{f"visit:{dimension.key}": dimension for dimension in VISIT_NAMES},
    "event:name": DIMENSIONS["event"],
}
"""The dimensions by their names in the Stats API; those that only we have are named alike."""

REFERRER = STATS_DIMENSIONS["visit:referrer"]
EVENT_PROPERTY = replace(PROPERTY, names=NO_PROPERTY)


def find_by_key(key: str) -> Dimension | None:
    """The dimension with this key: one of the Stats API (visit:os, event:props:plan) or a plain one
    (os, props:plan). None for an unknown key; raises Invalid for what the Stats API has and is not
    stored."""
    if key in NOT_STORED:
        raise invalid(key, NOT_STORED[key])
    if property_name(key):
        return EVENT_PROPERTY if key.startswith("event:") else PROPERTY
    return STATS_DIMENSIONS.get(key) or DIMENSIONS.get(key)


def property_name(key: str) -> str:
    """The name of the property: `plan` of props:plan and event:props:plan; '' for any other key."""
    plain = key.removeprefix("event:")
    name = plain.removeprefix(PROPERTY_PREFIX)
    return name if name != plain and is_text(name) else ""
