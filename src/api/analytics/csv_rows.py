"""Rows as CSV: the values of the JSON rows, in a form that reads back into the same types.

Text is always in quotes and null is nothing at all, so that an empty text is not null. Times are as
in JSON, booleans are true and false. A row with lists has a line for each entry of its lists, with
the number of the entry. An object in a row has a column for each of its values, named by the path
to it (comparison.visits.difference).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from string import whitespace
from typing import Any, Literal, cast

from api.instants import instant_text

FORMULA_STARTS = (*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with; the last four are the same in full width."""

UNSEEN = whitespace + "\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"
"""What a spreadsheet may skip before it."""

Flavour = Literal["plain", "excel"]

Line = dict[str, Any]


def csv_text(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], index: str, flavour: Flavour
) -> str:
    """The rows as CSV with a header. `columns` come first, then what else is in a row; `index`
    names the column that numbers the entries of lists."""
    lines = [line for row in rows for line in spread(flat(row), index)]
    header = [*dict.fromkeys([*columns, *(name for line in lines for name in line)])]
    body = (csv_line([line.get(name) for name in header], flavour) for line in lines)
    return "".join((csv_line(header, "plain"), *body))


def csv_line(values: Iterable[Any], flavour: Flavour) -> str:
    """A line of these values. An object among them is JSON text."""
    return f"{','.join(cell(value, flavour) for value in values)}\r\n"


def flat(row: Mapping[str, Any], path: str = "") -> Line:
    """The values of a row by their paths."""
    found: Line = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(cast(Mapping[str, Any], value), f"{path}{name}.")
        else:
            found[path + name] = value
    return found


def spread(line: Line, index: str) -> Iterator[Line]:
    """A line for each entry of the lists in this one; the line itself where it has no list."""
    lists = {
        name: cast(list[Any], value) for name, value in line.items() if isinstance(value, list)
    }
    if not lists:
        yield line
        return
    for position in range(max(1, *map(len, lists.values()))):
        entries = {
            name: values[position] if position < len(values) else None
            for name, values in lists.items()
        }
        yield {**line, **entries, index: position}


def cell(value: Any, flavour: Flavour) -> str:
    """A value as it stands between commas."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return json.dumps(value)
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case dict():
            return quoted(json.dumps(value, ensure_ascii=False))
        case _:
            return quoted(guarded(str(value)) if flavour == "excel" else str(value))


def guarded(text: str) -> str:
    """Text that a spreadsheet would run gets an apostrophe, also behind a semicolon: in countries
    with a decimal comma that divides cells, and a quote within a cell protects nothing."""
    parts = text.split(";")
    return ";".join(
        f"'{part}" if part.lstrip(UNSEEN).startswith(FORMULA_STARTS) else part for part in parts
    )


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
