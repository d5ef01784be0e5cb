"""From bytes to events: one JSON object, an array of them, or one per line.

Each event is decoded by itself, so that a bad one is refused alone.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from api.errors import Invalid
from api.events.models import EventIn

MAX_EVENTS = 1000
MAX_EVENT_BYTES = 32 * 1024
MAX_PROPS = 64
MAX_DEPTH = 3


class Rejected(Invalid):
    """The event cannot be stored."""

    def __init__(self, code: str, detail: str, allowed: list[str] | None = None) -> None:
        super().__init__(detail, allowed)
        self.code = code  # pyright: ignore[reportAttributeAccessIssue]


class Malformed(Invalid):
    """The body is not JSON."""

    status = 400
    code = "MALFORMED_JSON"


HALF_CHARACTER = re.compile(
    rb"\\\\"  # an escaped backslash, so that what follows it is no escape
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # both halves
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for bytes that are no JSON, or more than it can take."""

decode_event = msgspec.json.Decoder(EventIn).decode
decode_array = msgspec.json.Decoder(list[Raw]).decode
decode_any = msgspec.json.Decoder(Raw).decode


def split_body(body: bytes) -> tuple[list[Raw], bool]:
    """The events of a body, still undecoded, and whether it was a batch.

    Raises Malformed when it is not JSON, Invalid when there are too many or none.
    """
    text = whole_characters(body.removeprefix(b"\xef\xbb\xbf").strip())
    try:
        if text.startswith(b"["):
            return counted(decode_array(text)), True
        return [decode_any(text)], False
    except NOT_JSON as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and any(line.lstrip().startswith(b"{") for line in lines):
            return counted([Raw(line) for line in lines]), True
        raise Malformed(f"The body is neither JSON nor JSON lines: {error}") from error


def whole_characters(text: bytes) -> bytes:
    """JSON with each lone surrogate replaced: half a character cannot be decoded nor stored, and
    would take the whole batch down with it."""
    if b"\\ud" not in text.lower():
        return text
    return HALF_CHARACTER.sub(lambda m: rb"\ufffd" if m["half"] else m[0], text)


def counted(events: list[Raw]) -> list[Raw]:
    """The events, if there are as many as one request may carry."""
    if not 0 < len(events) <= MAX_EVENTS:
        raise Invalid(f"A batch holds 1 to {MAX_EVENTS} events, this one {len(events)}.")
    return events


def parse_event(raw: Raw) -> EventIn:
    """One event, checked by itself. Raises Rejected with a code and a reason."""
    if len(raw) > MAX_EVENT_BYTES:
        raise Rejected("too_large", f"An event is at most {MAX_EVENT_BYTES} bytes long.")
    try:
        event = decode_event(raw)
    except msgspec.ValidationError as error:
        raise invalid_field(str(error)) from error
    except NOT_JSON as error:
        raise Rejected("malformed_json", f"Not valid JSON: {error}") from error
    if b"\\u0000" in bytes(raw) and "\0" in "".join(texts(msgspec.to_builtins(event))):
        raise Rejected("nul_character", "Text must not contain the NUL character.")
    check_props(event.props)
    return event


def invalid_field(message: str) -> Rejected:
    """msgspec's message names the field; an unknown field gets the list of known ones."""
    if "unknown field" in message:
        return Rejected("unknown_field", message, sorted(EventIn.__struct_fields__))
    return Rejected("invalid_field", message)


def check_props(props: dict[str, Any] | None) -> None:
    """Refuses properties that are too many or too deep to be of use in a report."""
    if not props:
        return
    if len(props) > MAX_PROPS:
        raise Rejected("too_many_props", f"An event has at most {MAX_PROPS} properties.")
    if depth(props) > MAX_DEPTH:
        raise Rejected("too_deep", f"Properties are nested at most {MAX_DEPTH} levels deep.")


def depth(value: Any) -> int:
    """How many levels of objects and arrays a value has."""
    level = 0
    current: list[Any] = [value]
    while current := [child for item in current for child in children(item)]:
        level += 1
    return level


def children(value: Any) -> list[Any]:
    """What an object or array contains, one level down."""
    if isinstance(value, dict):
        return list(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def texts(value: Any) -> Iterator[str]:
    """Every piece of text in a value, keys included."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from (str(key) for key in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    for child in children(value):
        yield from texts(child)
