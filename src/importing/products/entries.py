"""An entry of an export: an event as a sender would send it, and what only the product knew."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from api.text import replace_unstorable
from importing.formats.request import MALFORMED, Skipped, instant

T = TypeVar("T")

LONG_FIELDS = frozenset(("page", "referrer", "title", "user_agent"))
LONGEST_LONG = 4_000
LONGEST_SHORT = 200
"""Characters: longer text is cut, as an event with a field that is too long is refused."""

MOST_PROPS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """An event of an export."""

    event: Mapping[str, Any]
    """The fields of api.events.models.EventIn."""
    key: str = ""
    """What tells it from other events of the export, where it has no id of the product."""
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields of the visit's context that no field of an event says: browser, country …"""
    origin: str = ""
    """The site by the product's own id, where one export may have several."""
    bot: str = ""
    """The name of the bot that the product says it was."""


Entry = Found | Skipped
"""What became of a row: an event, or why there is none."""


def as_sent(**given: Any) -> dict[str, Any]:
    """The fields that have a value, cut to what is accepted."""
    return {name: cut(name, value) for name, value in given.items() if value not in ("", None, {})}


def cut(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value[: LONGEST_LONG if name in LONG_FIELDS else LONGEST_SHORT]


def as_known(**given: str) -> dict[str, str]:
    """The fields of a context that have a value, as text that can be stored."""
    clean = {name: replace_unstorable(value[:LONGEST_SHORT]) for name, value in given.items()}
    return {name: value for name, value in clean.items() if value}


def as_props(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The first properties that have a name and a value."""
    pairs = [(key, value) for key, value in given if key and value not in ("", None)]
    return {key[:LONGEST_SHORT]: cut("page", value) for key, value in pairs[:MOST_PROPS]}


def entries_of(
    rows: Iterable[T | Skipped], read: Callable[[T], Iterable[Entry]]
) -> Iterator[Entry]:
    """The entries of rows. A row that cannot be read is one skipped entry."""
    for row in rows:
        if isinstance(row, Skipped):
            yield row
            continue
        try:
            yield from read(row)
        except Skipped as reason:
            yield reason


def time_of(text: str | int) -> str:
    """A time as a sender writes it, of ISO 8601 or of seconds since 1970 or fractions of them.
    Raises Skipped."""
    try:
        return instant(str(text)).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise Skipped(MALFORMED) from error
