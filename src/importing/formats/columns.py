"""Formats with columns that a heading in the log names: W3C extended logs, CSV."""

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import unquote

from importing.formats.request import (
    HEADING,
    MALFORMED,
    Format,
    Names,
    Skipped,
    Split,
    Values,
)

TIME = "date and time"
"""The name of the value of the columns `date` and `time` of W3C together."""

Decode = Mapping[str, Callable[[str], str]]
"""How the values of columns are encoded that are not written as they are."""


def w3c_format(name: str, separator: str, decode: Decode, names: Names) -> Format:
    """A W3C extended log, whose columns the line #Fields names. Its times are UTC."""
    return Format(name, names, partial(w3c_splitter, separator, decode))


def w3c_splitter(separator: str, decode: Decode) -> Split:
    columns: list[str] = []

    def split(line: str) -> Values:
        if line.startswith("#"):
            if line.startswith("#Fields:"):
                columns[:] = line.removeprefix("#Fields:").split()
            raise Skipped(HEADING)
        values = by_column(columns, line.split(separator))
        decoded = {name: decode[name](values[name]) for name in decode.keys() & values.keys()}
        at = f"{values.get('date', '')}T{values.get('time', '')}"
        return {**values, **decoded, TIME: at}

    return split


def csv_format(name: str, first_column: str, names: Names) -> Format:
    """Values separated by commas, with a heading that has a column of this name."""
    return Format(name, names, partial(csv_splitter, first_column))


def csv_splitter(first_column: str) -> Split:
    columns: list[str] = []

    def split(line: str) -> Values:
        row = csv_row(line)
        if first_column in row:
            columns[:] = row
            raise Skipped(HEADING)
        return by_column(columns, row)

    return split


def csv_row(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), list[str]())
    except csv.Error as error:
        raise Skipped(MALFORMED) from error


def by_column(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The values of a row by the names of its columns. Raises Skipped if they differ in number."""
    if not columns or len(columns) != len(row):
        raise Skipped(MALFORMED)
    return dict(zip(columns, row, strict=True))


def plus_for_blank(text: str) -> str:
    """A value as IIS writes it, with a plus sign for each blank."""
    return text.replace("+", " ")


def encoded_percent(text: str) -> str:
    """An address as CloudFront writes it, with %25 for each percent sign."""
    return text.replace("%25", "%")


def percent_encoded(text: str) -> str:
    """Text as CloudFront writes it: percent-encoded, at times twice."""
    return unquote(unquote(text))
