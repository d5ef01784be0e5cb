"""The properties of Umami's custom events: its table event_data, a file of its own in an export.

There may be more of them than fit into memory, so they are put into a scratch file of SQLite, which
the operating system removes with the connection.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from importing.formats.request import Skipped
from importing.products.entries import MOST_PROPS
from importing.products.files import Unreadable, parts_of
from importing.products.rows import Row, csv_table

MARK = "data_key"
"""The column by which the table is told from others."""

# In SQLite's own dialect, and about no table of the service's.
CREATE = "create table property (event text, name text, value text)"
INDEX = "create index property_event on property (event)"
INSERT = "insert into property values (?, ?, ?)"
SELECT = "select name, value from property where event = ? order by rowid limit ?"

MOST_READ = 4 * MOST_PROPS
"""Of how many properties of an event those are taken that are kept. One event may have all that
there are, and come as often as there are rows."""


class Properties:
    """The properties in an export of Umami, by the id of their event."""

    def __init__(self) -> None:
        self.scratch = sqlite3.connect("", check_same_thread=False)
        self.scratch.execute(CREATE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.scratch.close()

    def read(self, names: Sequence[str]) -> None:
        """Reads those in an export's files. What is wrong with a file is told when its events are
        read."""
        for name in names:
            try:
                for part in parts_of(name):
                    table = csv_table(part.stream)
                    if MARK in table.columns:
                        self.scratch.executemany(INSERT, properties_of(table.rows))
            except Unreadable:
                continue
        self.scratch.execute(INDEX)

    def of(self, event: str) -> dict[str, Any]:
        """The first properties of an event."""
        found = self.scratch.execute(SELECT, (event, MOST_READ))
        return {name: json.loads(value) for name, value in found}


def properties_of(rows: Iterable[Row | Skipped]) -> Iterator[tuple[str, str, str]]:
    """The id of the event, name and value (as JSON) of each row that has them."""
    for row in rows:
        if isinstance(row, Skipped):
            continue
        event = row.get("event_id") or row.get("website_event_id")
        if event and row[MARK]:
            yield event, row[MARK], json.dumps(value_of(row))


def value_of(row: Row) -> Any:
    text = row.get("string_value", "")
    match row.get("data_type"):
        case "2":
            return number_of(row.get("number_value") or text)
        case "3":
            return text == "true"
        case _:
            return text or row.get("date_value", "")


def number_of(text: str) -> float | int | str:
    """A number, whole where it is; the text itself if it is none."""
    try:
        number = float(text[:40])
    except ValueError:
        return text
    if number != number or abs(number) > 1e15:
        return text
    return int(number) if number.is_integer() else number
