"""The dimensions that an answer can be broken down by. A new one is one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from api.errors import Invalid


@dataclass(frozen=True, slots=True)
class Dimension:
    """A key that callers use, and the column of a visit that it stands for."""

    key: str
    column: LiteralString


SOURCE_DIMENSIONS = (
    Dimension("source", "source"),
    Dimension("channel", "channel"),
    Dimension("referrer", "referrer_domain"),
    Dimension("medium", "medium"),
    Dimension("campaign", "campaign"),
    Dimension("content", "content"),
    Dimension("term", "term"),
)

DEVICE_DIMENSIONS = (
    Dimension("device", "device"),
    Dimension("browser", "browser"),
    Dimension("browser_version", "browser_version"),
    Dimension("os", "os"),
    Dimension("os_version", "os_version"),
    Dimension("screen", "screen"),
    Dimension("language", "language"),
    Dimension("country", "country"),
)

VISIT_DIMENSIONS = (*SOURCE_DIMENSIONS, *DEVICE_DIMENSIONS)

COLUMNS: Mapping[str, LiteralString] = {d.key: d.column for d in VISIT_DIMENSIONS}


def column_of(key: str, allowed: tuple[Dimension, ...]) -> LiteralString:
    """The column behind a key. Raises Invalid, listing the allowed keys, for any other."""
    keys = [dimension.key for dimension in allowed]
    if key not in keys:
        raise Invalid(f"dimension: {key[:50]!r} is not one of these.", allowed=keys)
    return COLUMNS[key]
