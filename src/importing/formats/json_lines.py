"""Formats with a JSON object per line."""

from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

from importing.formats.request import MALFORMED, Format, Names, Skipped, Split, Values

DECODER = Decoder(dict[str, Any])


def json_format(name: str, names: Names) -> Format:
    """The format of lines that are objects with these names. A dot leads into an inner object."""
    return Format(name, names, splitter)


def splitter() -> Split:
    return split


def split(line: str) -> Values:
    if not line.startswith("{"):
        raise Skipped(MALFORMED)
    try:
        return DECODER.decode(line)
    except (DecodeError, RecursionError, UnicodeError) as error:
        raise Skipped(MALFORMED) from error
