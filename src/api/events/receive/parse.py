"""From bytes to events: a JSON object, an array of objects, or one object per line.

Each event is decoded by itself, so that an invalid one is rejected alone.
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
"""The most characters of a reason, which may quote the event."""

NAN_SENT = "NaN and Infinity are not valid in JSON; send null."
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
    rb"\\\\"  # an escaped backslash: the next character begins no escape
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not JSON, and for JSON that is nested too deeply."""

decode_event = msgspec.json.Decoder(EventIn).decode
decode_array = msgspec.json.Decoder(list[Raw]).decode
decode_any = msgspec.json.Decoder(Raw).decode


def split_body(body: bytes) -> tuple[list[Raw], bool]:
    """The events of a body, not decoded yet, and whether it was a batch.

    Raises Malformed when it is not JSON, Invalid when it has no events or too many.
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
    """The lines of a body, if there are several and at least one looks like an object. Lines of a
    broken array are not JSON lines: then the first line is not JSON, either."""
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
    """JSON with U+FFFD for each escaped lone surrogate: one can be neither decoded nor stored, and
    would make the whole batch invalid."""
    if b"\\ud" not in text.lower():
        return text
    return ESCAPED_SURROGATE.sub(lambda m: rb"\ufffd" if m["lone"] else m[0], text)


def counted(events: list[Raw]) -> list[Raw]:
    """The events themselves. Raises Invalid when there are none or too many."""
    if not 0 < len(events) <= MAX_EVENTS:
        raise Invalid(f"A batch holds 1 to {MAX_EVENTS} events, this one {len(events)}.")
    return events


def parse_event(raw: Raw) -> EventIn:
    """One event, decoded and checked. Raises Rejected with a code and a reason."""
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
    """The rejection of an event with an invalid field. msgspec's message names the field; for an
    unknown field all fields are listed."""
    if "unknown field" in message:
        return Rejected("unknown_field", message[:MAX_DETAIL], sorted(EventIn.__struct_fields__))
    return Rejected("invalid_field", message[:MAX_DETAIL])


def malformed(raw: bytes, error: Exception) -> Rejected:
    """The rejection of an event that is not JSON, with a code of its own for NaN, which many
    encoders write for a missing number."""
    if has_nan(raw):
        return Rejected("not_a_number", NAN_SENT)
    return Rejected("malformed_json", f"Not valid JSON: {error}")


def problem_in(text: bytes, error: Exception) -> str:
    """Why a body is not JSON. NaN is searched for in its first bytes only."""
    return NAN_SENT if has_nan(text[:MAX_EVENT_BYTES]) else str(error)


def has_nan(text: bytes) -> bool:
    """Whether NaN or Infinity stands in the place of a value; Python's decoder accepts both."""
    found: list[str] = []
    with suppress(ValueError, RecursionError):
        json.loads(text.decode("utf-8", "replace"), parse_constant=found.append)
    return bool(found)


def check_props(props: dict[str, Any] | None) -> None:
    if not props:
        return
    if len(props) > MAX_PROPS:
        raise Rejected("too_many_props", f"An event has at most {MAX_PROPS} properties.")
    if depth(props) > MAX_DEPTH:
        raise Rejected("too_deep", TOO_DEEP)


def depth(value: Any) -> int:
    level = 0
    current: list[Any] = [value]
    while current := [child for item in current for child in children(item)]:
        level += 1
    return level


def children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def texts(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from (str(key) for key in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    for child in children(value):
        yield from texts(child)
