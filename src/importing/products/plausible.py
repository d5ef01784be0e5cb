"""Plausible: its CSV export, a zip archive of a file for each of its reports.

It has numbers of days, and no events behind them: they are kept as they are (see aggregates.py).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import NamedTuple

from api.text import replace_unstorable
from importing.formats.request import MALFORMED, Skipped
from importing.products.files import Part, Unreadable
from importing.products.rows import Row, csv_table

FILE = re.compile(r"imported_(?P<kind>[a-z_]+?)(?:_\d{8}_\d{8})?\.csv")

LARGEST = 10**12
LONGEST_VALUE = 2_000

VISIT_NUMBERS = {
    "visitors": "visitors",
    "visits": "visits",
    "pageviews": "pageviews",
    "bounces": "bounces",
    "visit_duration": "visit_seconds",
}
"""Columns of numbers, and what they are called here."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A file of the export: its columns, and what they are called here."""

    dimensions: Mapping[str, str]
    numbers: Mapping[str, str]


def named(*names: str) -> dict[str, str]:
    """Dimensions that are called the same here."""
    return {name: name for name in names}


def of_visits(dimensions: Mapping[str, str], visits: str = "visits") -> Kind:
    """A file with the numbers of visits, whose number is in this column."""
    numbers = {name: ours for name, ours in VISIT_NUMBERS.items() if name != "visits"}
    return Kind(dimensions, {**numbers, visits: "visits"})


KINDS: Mapping[str, Kind] = {
    "visitors": of_visits({}),
    "sources": of_visits(
        {
            **named("source", "referrer"),
            "utm_source": "utm_source",
            "utm_medium": "medium",
            "utm_campaign": "campaign",
            "utm_content": "content",
            "utm_term": "term",
        }
    ),
    "pages": Kind(named("hostname", "page"), named("visitors", "visits", "pageviews")),
    "entry_pages": of_visits(named("entry_page"), "entrances"),
    "exit_pages": of_visits(named("exit_page"), "exits"),
    "locations": of_visits(named("country", "region", "city")),
    "devices": of_visits(named("device")),
    "browsers": of_visits(named("browser", "browser_version")),
    "operating_systems": of_visits(
        {"operating_system": "os", "operating_system_version": "os_version"}
    ),
    "custom_events": Kind(
        {"name": "event", **named("link_url", "path")}, named("visitors", "events")
    ),
}
"""The files of the export, by the middle of their names."""


class UnknownFile(Unreadable):
    """A file that is none of the export's."""


class Aggregate(NamedTuple):
    """The numbers of a day for some values."""

    kind: str
    day: date
    values: Mapping[str, str]
    numbers: Mapping[str, int]


def read_aggregates(part: Part) -> Iterator[Aggregate | Skipped]:
    """The rows of a file. Raises Unreadable for one that is none of the export's, and at the end of
    one that is damaged."""
    kind = kind_of(part.name)
    columns = KINDS[kind]
    table = csv_table(part.stream)
    table.require(("date", *columns.dimensions, *columns.numbers))
    for row in table.rows:
        yield row if isinstance(row, Skipped) else aggregate_of(kind, row)


def kind_of(name: str) -> str:
    """The kind of a file, by its name. Raises UnknownFile."""
    found = FILE.fullmatch(PurePosixPath(name).name)
    if found is None or found["kind"] not in KINDS:
        allowed = ", ".join(f"imported_{kind}.csv" for kind in KINDS)
        raise UnknownFile(f"is none of {allowed}")
    return found["kind"]


def aggregate_of(kind: str, row: Row) -> Aggregate | Skipped:
    columns = KINDS[kind]
    try:
        numbers = {ours: number_of(row[name]) for name, ours in columns.numbers.items()}
        day = date.fromisoformat(row["date"])
    except ValueError:
        return Skipped(MALFORMED)
    values = {ours: value_of(ours, row[name]) for name, ours in columns.dimensions.items()}
    return Aggregate(kind, day, {name: value for name, value in values.items() if value}, numbers)


def number_of(text: str) -> int:
    """A whole number; 0 where there is none. Raises ValueError."""
    if text and not (text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST))):
        raise ValueError(text[:20])
    return int(text or 0)


def value_of(dimension: str, text: str) -> str:
    value = replace_unstorable(text[:LONGEST_VALUE])
    return value.lower() if dimension == "device" else value
