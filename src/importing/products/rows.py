"""The rows of an export: of CSV, of an array in JSON, and of JSON lines. Each row is bounded, and
one that cannot be read is skipped alone."""

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from importing.formats.request import MALFORMED, Skipped
from importing.products.files import Stream, Unreadable, lines_of, peek, read
from importing.products.json_array import array_entries

T = TypeVar("T")

Row = dict[str, str]
"""The values of a row by the names of its columns."""

LONGEST_ROW = 1_048_576
"""Characters of a row of CSV, which may have several lines."""

NOTHING = frozenset(("\\N", "NULL"))
"""How databases write a value that is missing."""

MARK = b"\xef\xbb\xbf"
"""The byte order mark that some programs begin a file with."""

BLANK = b" \t\r\n"

UNREADABLE_JSON = (msgspec.MsgspecError, RecursionError, ValueError, OverflowError, TypeError)


@dataclass(frozen=True, slots=True)
class Table:
    """A file of CSV: the names of its columns, and its rows."""

    columns: Sequence[str]
    rows: Iterator[Row | Skipped]

    def require(self, columns: Collection[str]) -> None:
        """Raises Unreadable unless it has these columns."""
        if missing := sorted({*columns} - {*self.columns}):
            raise Unreadable(f"has no column {', '.join(missing)}")


class RowLines:
    """Lines for csv.reader, which asks for as many as a row has. A quote that is never closed would
    make a row of the whole file: such a row ends with csv.Error."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.size = 0
        """The characters of the row so far."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.size += len(line)
        if self.size > LONGEST_ROW:
            raise csv.Error
        return f"{line}\n"


def csv_table(stream: Stream) -> Table:
    """The table in a stream. Raises Unreadable, also while rows are read."""
    skip_mark(stream)
    rows = csv_rows(stream)
    first = next(rows, None)
    if not isinstance(first, list):
        raise Unreadable("is no CSV with the names of columns in its first line")
    columns = [name.strip() for name in first]
    return Table(columns, (by_column(columns, row) for row in rows))


def skip_mark(stream: Stream) -> None:
    if peek(stream, len(MARK)).startswith(MARK):
        read(stream, len(MARK))


def csv_rows(stream: Stream) -> Iterator[list[str] | Skipped]:
    lines = RowLines(lines_of(stream))
    reader = csv.reader(lines)
    while True:
        lines.size = 0
        try:
            row = next(reader, None)
        except csv.Error:
            yield Skipped(MALFORMED)
            continue
        if row is None:
            return
        if row:
            yield row


def by_column(columns: Sequence[str], row: list[str] | Skipped) -> Row | Skipped:
    if isinstance(row, Skipped):
        return row
    if len(row) != len(columns):
        return Skipped(MALFORMED)
    return {
        name: "" if value in NOTHING else value for name, value in zip(columns, row, strict=True)
    }


def json_rows(stream: Stream, kind: type[T]) -> Iterator[T | Skipped]:
    """The objects in an array, or one in each line. Raises Unreadable while they are read."""
    decode = msgspec.json.Decoder(kind, strict=False).decode
    skip_mark(stream)
    is_array = peek(stream, 64)[:64].lstrip(BLANK).startswith(b"[")
    texts = array_entries(stream) if is_array else (line for line in lines_of(stream) if line)
    for text in texts:
        yield decoded(text, decode)


def decoded(text: str, decode: Callable[[str], T]) -> T | Skipped:
    try:
        return decode(text)
    except UNREADABLE_JSON:
        return Skipped(MALFORMED)
