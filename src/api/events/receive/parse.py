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

from api.errors import Malformed, Problem, invalid
from api.events.models import EventIn
from api.events.receive.fields import rejection_of
from api.events.receive.rejection import EVENT, Reason, Rejected, rejected

MAX_EVENTS = 1000
MAX_EVENT_BYTES = 32 * 1024
MAX_PROPS = 64
MAX_DEPTH = 3

LINES = "application/x-ndjson"
"""The content type of JSON lines, one of which is a batch, too."""

NAN_SENT = "NaN and Infinity are not valid in JSON; send null"
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


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


def split_body(body: bytes, content_type: str = "") -> tuple[list[Raw], bool]:
    """The events of a body, not decoded yet, and whether it was a batch: an array, or JSON lines.

    Raises Malformed when it is not JSON, Invalid when it has no events or too many.
    """
    text = replace_escaped_surrogates(body.removeprefix(b"\xef\xbb\xbf").strip())
    try:
        if text.startswith(b"["):
            return counted(decode_array(text)), True
        return [decode_any(text)], content_type.startswith(LINES)
    except NOT_JSON as error:
        if lines := json_lines(text):
            return counted(lines), True
        if text.startswith(b"{") and text.endswith(b"}"):
            # One event, rejected with a reason and stored as such.
            return [Raw(text)], content_type.startswith(LINES)
        problem = f"is neither JSON nor JSON lines: {problem_in(text, error)}"
        raise Malformed(problems=[Problem("body", problem)]) from error


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
        raise invalid("body", f"has {len(events)} events; a batch has 1 to {MAX_EVENTS}")
    return events


def parse_event(raw: Raw) -> EventIn:
    """One event, decoded and checked. Raises Rejected with a code and a reason."""
    if len(raw) > MAX_EVENT_BYTES:
        problem = f"is longer than {MAX_EVENT_BYTES} bytes"
        raise rejected(Reason.EVENT_TOO_LARGE, EVENT, problem)
    try:
        event = decode_event(raw)
    except msgspec.ValidationError as error:
        raise invalid_fields(raw) from error
    except RecursionError as error:
        raise rejected(Reason.TOO_DEEP, EVENT, TOO_DEEP) from error
    except NOT_JSON as error:
        raise malformed(bytes(raw), error) from error
    check_props(event.props)
    if b"\\u0000" in bytes(raw) and "\0" in "".join(texts(msgspec.to_builtins(event))):
        raise rejected(Reason.NUL_CHARACTER, EVENT, "must not contain the NUL character")
    return event


def invalid_fields(raw: Raw) -> Rejected:
    """The rejection of an event with fields that are unknown or invalid, unless what follows them
    is not even JSON, or nested too deeply."""
    try:
        return rejection_of(raw)
    except RecursionError:
        return rejected(Reason.TOO_DEEP, EVENT, TOO_DEEP)
    except NOT_JSON as error:
        return malformed(bytes(raw), error)


def malformed(raw: bytes, error: Exception) -> Rejected:
    """The rejection of an event that is not JSON, with a code of its own for NaN, which many
    encoders write for a missing number."""
    if has_nan(raw):
        return rejected(Reason.NOT_A_NUMBER, EVENT, NAN_SENT)
    return rejected(Reason.EVENT_MALFORMED, EVENT, f"is not JSON: {error}")


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
        problem = f"has more than {MAX_PROPS} properties"
        raise rejected(Reason.TOO_MANY_PROPS, "props", problem)
    if depth(props) > MAX_DEPTH:
        raise rejected(Reason.TOO_DEEP, "props", TOO_DEEP)


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
