"""Umami: its table website_event as CSV, as Umami Cloud exports it or a database writes it.

A visitor is Umami's session, which lasts a month, and a visit is its visit.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from importing.formats.request import Skipped
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
from importing.products.rows import Row, csv_table
from importing.products.software import (
    browser_of,
    country_of,
    device_of,
    plain,
    screen_of,
    split_version,
    system_of,
)
from importing.products.umami_props import MARK, Properties

COLUMNS = ("created_at", "event_type", "session_id", "url_path")
"""The columns that a file needs."""

CURRENCY = re.compile("[A-Za-z]{3}")

PAGE_VIEW = "1"
CUSTOM_EVENT = "2"

TAGS = frozenset(("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"))


@contextmanager
def reading_umami(
    names: Sequence[str],
) -> Generator[Callable[[Part], Iterator[Entry]]]:
    """What reads the entries of an export's files; those with properties have been read."""
    with Properties() as properties:
        properties.read(names)
        yield partial(read_umami, properties)


def read_umami(properties: Properties, part: Part) -> Iterator[Entry]:
    """The entries of a file; a file with properties has none. Raises Unreadable."""
    table = csv_table(part.stream)
    if MARK in table.columns:
        yield from (row for row in table.rows if isinstance(row, Skipped))
        return
    table.require(COLUMNS)
    yield from entries_of(table.rows, partial(read_row, properties))


def read_row(properties: Properties, row: Row) -> Iterator[Entry]:
    if not row["session_id"]:
        raise Skipped("no_visitor")
    if row["event_type"] not in (PAGE_VIEW, CUSTOM_EVENT):
        raise Skipped("kind")
    key = "" if row.get("event_id") else "\n".join(row.values())
    yield Found(event_of(row, properties), key, known_of(row), row.get("website_id", ""))


def event_of(row: Row, properties: Properties) -> dict[str, Any]:
    is_custom = row["event_type"] == CUSTOM_EVENT
    tag = {"tag": row["tag"]} if row.get("tag") else {}
    props = {**tag, **(properties.of(row.get("event_id", "")) if is_custom else {})}
    return as_sent(
        id=row.get("event_id", ""),
        time=time_of(row["created_at"]),
        name=(row.get("event_name") or "event") if is_custom else "pageview",
        page=with_query(row["url_path"], row.get("url_query", "")),
        hostname=row.get("hostname", ""),
        title=row.get("page_title", ""),
        referrer=referrer_of(row),
        visitor_id=row["session_id"],
        user_id=row.get("distinct_id", ""),
        session_id=row.get("visit_id", ""),
        language=row.get("language", ""),
        props=as_props(props.items()),
        revenue=revenue_of(props),
        **screen_of(row.get("screen", "")),
        **{name: row.get(name, "") for name in TAGS},
    )


def known_of(row: Row) -> dict[str, str]:
    name, version = split_version(row.get("os", ""))
    region = row.get("region") or row.get("subdivision1", "")
    return as_known(
        **browser_of(row.get("browser", "")),
        **system_of(name, version),
        **device_of(row.get("device", "")),
        **country_of(row.get("country", "")),
        region=plain(region),
        city=plain(row.get("city", "")),
    )


def with_query(path: str, query: str) -> str:
    query = query.removeprefix("?")
    return f"{path}?{query}" if query else path


def referrer_of(row: Row) -> str:
    """The address that the visitor came from; '' for pages of the site itself, which have no
    domain."""
    domain = row.get("referrer_domain", "")
    return f"https://{domain}{row.get('referrer_path', '')}" if domain else ""


def revenue_of(props: dict[str, Any]) -> dict[str, str] | None:
    """The amount in the properties by which Umami knows revenue."""
    amount, currency = props.get("revenue"), props.get("currency")
    if not isinstance(amount, int | float) or not isinstance(currency, str):
        return None
    return {"amount": str(amount), "currency": currency} if CURRENCY.fullmatch(currency) else None
