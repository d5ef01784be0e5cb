"""A request as a line of an access log tells it, made of the line's values by their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from api.addresses import plain_address

LONGEST_VALUE = 32_768
LONGEST_TIME = 40

MILLISECONDS_FROM = 1e11
"""As seconds, a number of this size would lie in the year 5138: it counts milliseconds, or if it is
a thousand times as large, microseconds."""

LOCAL_TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S", "%d/%b/%Y:%H:%M:%S.%f")

Field = Literal[
    "address",
    "time",
    "request",
    "url_request",
    "method",
    "target",
    "query",
    "status",
    "hostname",
    "referrer",
    "agent",
]
"""What is read of a request. `request` is the first line of HTTP, `GET / HTTP/1.1`; in a
`url_request` the target is a URL whose host is that of the site."""

Values = Mapping[str, Any]
"""What a line says, by the names that its format has for it."""

Names = Mapping[Field, Sequence[str]]
"""The names that a format has for a field. The first one that a line has a value for counts."""

Split = Callable[[str], Values]
"""Takes a line apart. Raises Skipped."""


class Skipped(Exception):
    """A line that is not counted as a page view. The message is the reason, one word."""


MALFORMED = "malformed"
HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Request:
    """A line of an access log, taken apart. What is empty in the log ('-') is ''."""

    address: str
    """Of the client: of a list (X-Forwarded-For) the first, without a port."""
    time: datetime
    """In UTC where the log tells no zone."""
    method: str
    target: str
    """Path and query."""
    status: int
    hostname: str
    referrer: str
    agent: str | None
    """None if the log does not tell user agents."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of access logs."""

    name: str
    names: Names
    splitter: Callable[[], Split]
    """Begins a log: what a heading says holds for the lines after it."""

    def reader(self) -> Callable[[str], Request]:
        """What reads the lines of one log, in order. Raises Skipped for a line without a request:
        with MALFORMED if it does not fit the format."""
        split = self.splitter()
        return lambda line: request_of(split(line), self.names)


def request_of(values: Values, names: Names) -> Request:
    """The request of these values. Raises Skipped."""
    found: dict[Field, str | None] = {field: find(values, names.get(field, ())) for field in names}
    method, target, hostname = target_of(found)
    try:
        time, status = instant(found.get("time") or ""), int((found.get("status") or "")[:4])
    except (ValueError, OverflowError, OSError) as error:
        raise Skipped(MALFORMED) from error
    if not (address := client_of(found.get("address") or "")):
        raise Skipped(MALFORMED)
    agent, referrer = found.get("agent"), found.get("referrer") or ""
    return Request(address, time, method, target, status, hostname, referrer, agent)


def find(values: Values, names: Sequence[str]) -> str | None:
    """The first value that there is under these names; None if the line has none of them."""
    told = [text for name in names if (text := text_of(look_up(values, name))) is not None]
    return next(filter(None, told), "" if told else None)


def look_up(values: Values, name: str) -> Any:
    """The value of a name; with a dot, that of a name in the value of another one."""
    if name in values:
        return values[name]
    outer, _, inner = name.partition(".")
    within: Any = values.get(outer)
    return look_up(within, inner) if inner and isinstance(within, dict) else None  # pyright: ignore[reportUnknownArgumentType]


def text_of(value: Any) -> str | None:
    """The text of a value, or of the first one in a list; '' for a dash or an object."""
    match value:
        case [first, *_]:
            return text_of(first) if not isinstance(first, list) else ""
        case str():
            return "" if value == "-" else value[:LONGEST_VALUE]
        case int() | float():
            return str(value) if abs(value) < 1e18 else ""
        case dict():
            return ""
        case _:
            return None


def target_of(found: Mapping[Field, str | None]) -> tuple[str, str, str]:
    """Method, target and hostname of a request."""
    line = found.get("request") or found.get("url_request")
    method, target = (found.get("method") or ""), (found.get("target") or "")
    if line and not target:
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0]
    query = (found.get("query") or "").removeprefix("?")
    target, origin = without_origin(with_query(target, query))
    hostname = origin if found.get("url_request") else found.get("hostname") or ""
    return method, target, without_port(hostname)


def without_origin(target: str) -> tuple[str, str]:
    """The path and query of a target, and the host if it is a URL."""
    if not target.lower().startswith(("http://", "https://")):
        return target, ""
    try:
        url = urlsplit(target)
    except ValueError:
        return "/", ""
    return with_query(url.path or "/", url.query), url.hostname or ""


def with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def client_of(address: str) -> str:
    """The client's address in one spelling, of '203.0.113.7, 10.0.0.1' or '[2001:db8::7]:443'."""
    parts = [part.strip() for part in address.split(",", 20)]
    first = next((part for part in parts if part and part not in ("-", "unknown")), "")
    return plain_address(without_port(first[:255]))


def without_port(host: str) -> str:
    """An address or a name, of '203.0.113.7:80', '[2001:db8::7]:80' or '2001:db8::7'."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


@lru_cache(maxsize=1024)
def instant(text: str) -> datetime:
    """The time that a text says: ISO 8601, seconds since 1970 (or thousandths, or millionths), or
    17/May/2015:10:05:03 +0000. Raises ValueError, OverflowError or OSError."""
    text = text[:LONGEST_TIME]
    if text[:1].isdigit() and text.replace(".", "", 1).isdigit():
        seconds = float(text)
        while seconds > MILLISECONDS_FROM:
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC)
    return in_utc(
        datetime.fromisoformat(text.replace("/", "-")) if text[:4].isdigit() else local(text)
    )


def in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def local(text: str) -> datetime:
    for layout in LOCAL_TIMES[:-1]:
        try:
            return datetime.strptime(text, layout)
        except ValueError:
            continue
    return datetime.strptime(text, LOCAL_TIMES[-1])
