"""What an observation tells: the props of `web_vital` and `js_error`, checked and reduced.

Props that are not known here are left out: a site may add its own to all events.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from api.errors import Problem
from api.events.enrich.redaction import LONGEST_PAGE, redact_all, referrer_of
from api.events.models import WEB_VITAL, EventIn
from api.events.receive.rejection import Reason, Rejected, rejected

LONGEST_MESSAGE = 300
LONGEST_SOURCE = 500
LONGEST_FRAME = 200
LARGEST_POSITION = 2**31 - 1
"""Of a line or a column in a file."""


VitalName = Literal["LCP", "INP", "CLS", "FCP", "TTFB"]
"""The names of web vitals."""


class Vital(NamedTuple):
    """A web vital: its thresholds by Google (web.dev/articles/vitals), and what is believed."""

    good: float
    """The largest value that is good."""
    poor: float
    """Larger values are poor; those between need improvement."""
    largest: float = 600_000
    """The largest value that is stored: of times, in milliseconds, ten minutes."""


VITALS: Mapping[VitalName, Vital] = {
    "LCP": Vital(2500, 4000),
    "INP": Vital(200, 500),
    "CLS": Vital(0.1, 0.25, largest=100),
    "FCP": Vital(1800, 3000),
    "TTFB": Vital(800, 1800),
}
"""All that are stored: times in milliseconds, and CLS, a plain number."""


def observed_props(event: EventIn) -> Mapping[str, Any]:
    """The props of an observation. Raises Rejected for what cannot be one."""
    props = event.props or {}
    return vital_props(props) if event.name == WEB_VITAL else error_props(props)


def vital_props(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """Which vital it is, and its value. Raises Rejected."""
    name: VitalName | None = next((key for key in VITALS if key == props.get("name")), None)
    if name is None:
        problem = Problem("props.name", "is not the name of a web vital", list(VITALS))
        raise Rejected(Reason.INVALID_FIELD, problem)
    value, largest = props.get("value"), VITALS[name].largest
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
        problem = f"must be a number from 0 to {largest:g}"
        raise rejected(Reason.INVALID_FIELD, "props.value", problem)
    return {"name": name, "value": float(value)}


def error_props(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message, where in which file it happened, and the innermost call, without personal data
    and secrets. Raises Rejected without a message."""
    message = text_of(props.get("message"), LONGEST_MESSAGE)
    if not message:
        raise rejected(Reason.INVALID_FIELD, "props.message", "must be the message of an error")
    return {
        "message": message,
        "source": source_of(props),
        "frame": text_of(props.get("frame"), LONGEST_FRAME),
    }


def text_of(value: Any, longest: int) -> str:
    """Text without personal data and secrets, in one line. What is redacted is cut first, so that
    its time is bounded."""
    text = value[:LONGEST_PAGE] if isinstance(value, str) else ""
    return " ".join(redact_all(text).split())[:longest]


def source_of(props: Mapping[str, Any]) -> str:
    """The file without its query, with the line and the column: https://a.example/app.js:10:5. Of
    one that is in its own address, only that it is."""
    file = props.get("source")
    if not isinstance(file, str) or not file:
        return ""
    if file.startswith("data:"):
        return "data:"
    positions = [props.get("line"), props.get("column")]
    known = [n for n in positions if type(n) is int and 0 < n <= LARGEST_POSITION]
    return ":".join((referrer_of(file)[:LONGEST_SOURCE], *map(str, known)))
