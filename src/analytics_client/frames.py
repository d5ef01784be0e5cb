"""Answers as data frames of pandas, polars or Arrow, or as lists of rows without any of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
else:
    Frame = Any

__all__ = ["Column", "Frame", "Library", "Table", "frame_of", "installed_library"]

Library = Literal["pandas", "polars", "arrow", "rows"]
"""What data frames are of. Type checkers are told pandas, whatever it is."""

MODULES: Mapping[Library, str] = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}

INDEXES = ("time", "cohort", "started")
"""The first of these columns that a table has is the index of its data frame."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Its type is one of docs/api.md, or `local`: a time without a zone."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they came, and what is needed to make a data frame of them."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    zone: str = "UTC"
    """The time zone of its times."""
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What is told beside the rows: totals, query, units."""

    def values(self, column: Column) -> list[Any]:
        """The values of a column, times and dates as such; None is unknown."""
        read = reader_of(column.type, self.zone)
        found = (row.get(column.name) for row in self.rows)
        return [None if value is None else read(value) for value in found]


def reader_of(kind: str, zone: str) -> Callable[[Any], Any]:
    """Reads a value of this type."""
    if kind == "time":
        place = ZoneInfo(zone)
        return lambda text: datetime.fromisoformat(text).astimezone(place)
    readers: dict[str, Callable[[Any], Any]] = {
        "date": date.fromisoformat,
        "local": datetime.fromisoformat,
        "number": float,
    }
    return readers.get(kind, lambda value: value)


def installed_library() -> Library:
    """The first of pandas, polars and Arrow that is installed, else `rows`."""
    found: list[Library] = [name for name, module in MODULES.items() if find_spec(module)]
    return found[0] if found else "rows"


def frame_of(table: Table, library: Library) -> Any:
    """The data frame of a table."""
    makers: dict[str, Callable[[Table], Any]] = {
        "pandas": pandas_frame,
        "polars": polars_frame,
        "arrow": arrow_table,
        "rows": rows_of,
    }
    return makers[library](table)


def pandas_frame(table: Table) -> Any:
    """A pandas.DataFrame. Its `attrs` have what is told beside the rows."""
    pandas: Any = import_module("pandas")
    dtypes = {
        "integer": "Int64",
        "number": "float64",
        "string": "string",
        "boolean": "boolean",
        "time": f"datetime64[us, {table.zone}]",
        "local": "datetime64[us]",
        "date": "datetime64[us]",
    }
    series = {
        column.name: pandas.Series(table.values(column), dtype=dtypes.get(column.type, "object"))
        for column in table.columns
    }
    frame = pandas.DataFrame(series)
    index = next((name for name in INDEXES if name in series), None)
    frame = frame.set_index(index) if index else frame
    frame.attrs = dict(table.about)
    return frame


def polars_frame(table: Table) -> Any:
    """A polars.DataFrame. Objects are text of JSON."""
    polars: Any = import_module("polars")
    dtypes = {
        "integer": polars.Int64,
        "number": polars.Float64,
        "string": polars.String,
        "boolean": polars.Boolean,
        "time": polars.Datetime("us", table.zone),
        "local": polars.Datetime("us"),
        "date": polars.Date,
        "object": polars.String,
    }
    return polars.DataFrame(
        [
            polars.Series(column.name, flat(table, column), dtype=dtypes.get(column.type))
            for column in table.columns
        ]
    )


def arrow_table(table: Table) -> Any:
    """A pyarrow.Table. Objects are text of JSON."""
    arrow: Any = import_module("pyarrow")
    types = {
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "string": arrow.string(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("us", table.zone),
        "local": arrow.timestamp("us"),
        "date": arrow.date32(),
        "object": arrow.string(),
    }
    arrays = [
        arrow.array(flat(table, column), type=types.get(column.type)) for column in table.columns
    ]
    return arrow.table(arrays, names=[column.name for column in table.columns])


def flat(table: Table, column: Column) -> list[Any]:
    """The values of a column, objects as text of JSON: their fields differ from row to row."""
    values = table.values(column)
    if column.type != "object":
        return values
    return [None if value is None else json.dumps(value) for value in values]


def rows_of(table: Table) -> list[dict[str, Any]]:
    """The rows as dicts, with times and dates as such."""
    values = {column.name: table.values(column) for column in table.columns}
    return [
        {name: found[place] for name, found in values.items()} for place in range(len(table.rows))
    ]
