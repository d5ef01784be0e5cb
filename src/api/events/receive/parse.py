"""From bytes to events: one JSON object, an array of them, or one per line.

Each event is decoded by itself, so that a bad one is rejected alone.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw

from api.errors import Invalid
from api.events.models import EventIn

MAX_EVENTS = 1000
MAX_EVENT_BYTES = 32 * 1024
MAX_PROPS = 64
MAX_DEPTH = 3
MAX_DETAIL = 300
"""Characters of a reason, which quotes the sender."""

NAN_SENT = "NaN and Infinity are no JSON numbers; send null."
TOO_DEEP = f"Properties are nested at most {MAX_DEPTH} levels deep."


class Rejected(Invalid):
    """The event cannot be stored."""

    def __init__(self, code: str, detail: str, allowed: list[str] | None = None) -> None:
        super().__init__(detail, allowed)
        self.code = code  # pyright: ignore[reportAttributeAccessIssue]


class Malformed(Invalid):
    """The body is not JSON."""

    status = 400
    code = "MALFORMED_JSON"


ESCAPED_SURROGATE = re.compile(
    rb"\\\\"  # an escaped backslash, so that what follows it is no escape
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
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
    text = replace_escaped_surrogates(body.removeprefix(b"\xef\xbb\xbf").strip())
    try:
        if text.startswith(b"["):
            return counted(decode_array(text)), True
        return [decode_any(text)], False
    except NOT_JSON as error:
        if lines := json_lines(text):
            return counted(lines), True
        if text.startswith(b"{") and text.endswith(b"}"):
            return [Raw(text)], False  # one event, rejected with a reason and stored as such
        problem = problem_in(text, error)
        raise Malformed(f"The body is neither JSON nor JSON lines: {problem}") from error


def json_lines(text: bytes) -> list[Raw]:
    """The JSON lines of a body, if there are several and one at least looks like an object. Lines
    of a broken array are none: then the first line is no JSON, either."""
    lines = [Raw(line) for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or (text.startswith(b"[") and not is_json(lines[0])):
        return []
    return lines if any(bytes(line).lstrip().startswith(b"{") for line in lines) else []


def is_json(text: bytes | Raw) -> bool:
    try:
        decode_any(text)
    except NOT_JSON:
        return False
    return True


def replace_escaped_surrogates(text: bytes) -> bytes:
    """JSON with each escaped lone surrogate replaced: one cannot be decoded nor stored, and would
    make the whole batch invalid."""
    if b"\\ud" not in text.lower():
        return text
    return ESCAPED_SURROGATE.sub(lambda m: rb"\ufffd" if m["lone"] else m[0], text)


def counted(events: list[Raw]) -> list[Raw]:
    """The events. Raises Invalid when there are none or too many."""
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
    except RecursionError as error:
        raise Rejected("too_deep", TOO_DEEP) from error
    except NOT_JSON as error:
        raise malformed(bytes(raw), error) from error
    check_props(event.props)
    if b"\\u0000" in bytes(raw) and "\0" in "".join(texts(msgspec.to_builtins(event))):
        raise Rejected("nul_character", "Text must not contain the NUL character.")
    return event


def invalid_field(message: str) -> Rejected:
    """msgspec's message names the field; for an unknown one the known ones are listed."""
    if "unknown field" in message:
        return Rejected("unknown_field", message[:MAX_DETAIL], sorted(EventIn.__struct_fields__))
    return Rejected("invalid_field", message[:MAX_DETAIL])


def malformed(raw: bytes, error: Exception) -> Rejected:
    """Not JSON; with a code of its own for NaN, which many encoders make of a missing number."""
    if has_nan(raw):
        return Rejected("not_a_number", NAN_SENT)
    return Rejected("malformed_json", f"Not valid JSON: {error}")


def problem_in(text: bytes, error: Exception) -> str:
    """Why a body is not JSON. Only its beginning is searched for NaN."""
    return NAN_SENT if has_nan(text[:MAX_EVENT_BYTES]) else str(error)


def has_nan(text: bytes) -> bool:
    """Whether NaN or Infinity stands where a value belongs: Python's decoder takes them for one."""
    found: list[str] = []
    with suppress(ValueError, RecursionError):
        json.loads(text.decode("utf-8", "replace"), parse_constant=found.append)
    return bool(found)


def check_props(props: dict[str, Any] | None) -> None:
    """Raises Rejected for properties that are too many or too deep."""
    if not props:
        return
    if len(props) > MAX_PROPS:
        raise Rejected("too_many_props", f"An event has at most {MAX_PROPS} properties.")
    if depth(props) > MAX_DEPTH:
        raise Rejected("too_deep", TOO_DEEP)


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
