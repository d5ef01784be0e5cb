"""Formats that are told as by nginx (log_format) or Apache (LogFormat): text with variables in it.

A layout becomes an expression of RE2, whose time is linear in the line whatever the layout is.
"""

import re
from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any

import re2

from api.errors import invalid
from importing.formats.request import MALFORMED, Field, Format, Names, Skipped, Split, Values

NAMES: Names = {
    "address": (
        *("remote_addr", "client_ip", "remote_ip", "clientip", "ip"),
        *("http_x_real_ip", "http_x_forwarded_for", "x_forwarded_for"),
    ),
    "time": ("time_iso8601", "time_local", "msec", "@timestamp", "timestamp", "time"),
    "request": ("request",),
    "url_request": ("url_request",),
    "method": ("request_method", "method"),
    "target": ("request_uri", "uri", "url", "path"),
    "query": ("args", "query_string"),
    "status": ("status", "status_code"),
    "hostname": ("host", "http_host"),
    "referrer": ("http_referer", "http_referrer", "referer", "referrer"),
    "agent": ("http_user_agent", "user_agent", "useragent", "agent"),
}
"""The variables of nginx, and what people call them in JSON."""

READ = {name for names in NAMES.values() for name in names}

NEEDED: dict[str, tuple[Field, ...]] = {
    "an address ($remote_addr, %h)": ("address",),
    "a time ($time_local, %t)": ("time",),
    'a request ($request, "%r")': ("request", "url_request", "target"),
    "a status ($status, %>s)": ("status",),
}

APACHE = {
    **{"h": "remote_addr", "a": "remote_addr", "l": "identity", "u": "remote_user"},
    **{"r": "request", "s": "status", "m": "request_method", "U": "uri", "q": "args"},
    **{"v": "host", "V": "host", "p": "server_port", "referer": "http_referer"},
    **{"user-agent": "http_user_agent", "x-forwarded-for": "http_x_forwarded_for"},
    **{"x-real-ip": "http_x_real_ip", "host": "http_host"},
}
"""Apache's directives, and the headers in %{…}i, as variables of nginx."""

PIECE = re.compile(
    r"%[<>]?(?P<apache>[A-Za-z])|%[<>]?\{(?P<named>[^{}]*)\}(?P<kind>[A-Za-z])|\$(?:(?P<nginx>\w+)|\{(?P<braced>\w+)\})"
)

WITH_BLANKS = {
    *("remote_user", "http_user_agent", "http_referer", "request", "url_request", "text"),
    *("http_x_forwarded_for", "http_x_real_ip"),
}
"""Variables that may have blanks outside of quotes."""

SHAPES = {
    "status": r"\d{3}",
    "identity": r'[^\s".:]+',
    "remote_addr": r'[^\s",]+(?: *, *[^\s",]+)*',
    "server_port": r"\d+",
    "remote_port": r"\d+",
    "host": r'[^\s"/:]+|\[[0-9a-fA-F:]+\]',
    "uri": r'[^\s"?]*',
    "is_args": r"\??",
    "args": r'[^\s"]*',
    "time_local": r"\d+/\w+/\d+:[\d:.]+(?: [+-]\d{4})?",
}
"""Variables of which more is known than what encloses them."""

SYSLOG = r'(?:[^"\[]*(?:\[\d+\])?: )?'
"""What syslog puts before a line."""

QUOTED = r'(?:[^"\\]|\\.)*?'
BRACKETED = r"[^\]]*?"
BLANK_FREE = r"\S*?"
ANYTHING = r'(?:[^\s"](?:[^"]*?[^\s"])??)??'
"""Outside of quotes, with blanks inside only."""

ESCAPED = re.compile(r'\\(["\\])')


def text_format(name: str, layout: str, more: str = r"\s.*") -> Format:
    """The format of this layout. At the end of a line, more may follow: text of this expression."""
    variables = expression_of(layout, more)[1]
    names = {field: [one for one in NAMES[field] if one in variables] for field in NAMES}
    told: Names = {field: names[field] for field in NAMES if names[field]}
    return Format(name, told, partial(splitter, layout, more))


def own_format(layout: str) -> Format:
    """The format of a layout that somebody gave. Raises Invalid if it lacks something."""
    own = text_format("own", layout)
    missing = [what for what, fields in NEEDED.items() if not own.names.keys() & {*fields}]
    if missing:
        raise invalid("format", f"needs {', '.join(missing)}")
    return own


def splitter(layout: str, more: str) -> Split:
    expression, variables = expression_of(layout, more)

    def split(line: str) -> Values:
        match = expression.fullmatch(line.encode())  # bytes take half the time of text
        if match is None:
            raise Skipped(MALFORMED)
        values = zip(variables, match.groups(), strict=True)
        return {name: unescaped(value.decode()) for name, value in values}

    return split


def unescaped(text: str) -> str:
    return ESCAPED.sub(r"\1", text) if "\\" in text else text


@cache
def expression_of(layout: str, more: str) -> tuple[Any, tuple[str, ...]]:
    """A layout as an expression, and the variables of its groups, in order: those that are read."""
    layout = layout.replace('\\"', '"')
    variables: list[str] = []
    expression = "".join(parts_of(layout, variables))
    if not expression.endswith(f"{ANYTHING}|-))"):
        expression += f"(?:{more})?"
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(f"{SYSLOG}{expression}", options)  # pyright: ignore[reportUnknownMemberType]
    except re2.error as error:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        raise invalid("format", "is too long a layout") from error
    return compiled, tuple(variables)


def parts_of(layout: str, variables: list[str]) -> Iterator[str]:
    """The parts of the expression. Each variable that is read is added to the list, once."""
    pieces = list(PIECE.finditer(layout))
    yield literal(layout[: pieces[0].start()] if pieces else layout)
    for piece, following in pairwise([*pieces, None]):
        assert piece
        end = following.start() if following else len(layout)
        before = layout[: piece.start()]
        yield from group(piece, before, variables)
        yield literal(layout[piece.end() : end])


def group(piece: re.Match[str], before: str, variables: list[str]) -> Iterator[str]:
    """The part for a variable that comes after this part of the layout."""
    variable = variable_of(piece)
    brackets = variable == "time_local" and piece["apache"] == "t"
    shape = SHAPES.get(variable) or enclosed(variable, before)
    shape = rf"(?:{shape}|-)" if variable != "time_local" else shape
    kind = "" if variable in READ and variable not in variables else "?:"
    if not kind:
        variables.append(variable)
    yield rf"\[({kind}{shape})\]" if brackets else f"({kind}{shape})"


def enclosed(variable: str, before: str) -> str:
    """What a variable may consist of: all but what closes the quotes or brackets it is in."""
    if before.count('"') % 2:
        return QUOTED
    if before.rfind("[") > before.rfind("]"):
        return BRACKETED
    return ANYTHING if variable in WITH_BLANKS else BLANK_FREE


def variable_of(piece: re.Match[str]) -> str:
    """The name of a variable, as nginx calls it."""
    if piece["apache"] == "t":
        return "time_local"
    if piece["kind"] == "i" or piece["kind"] == "a":
        name = piece["named"].lower()
        return APACHE.get(name if piece["kind"] == "i" else "a", name)
    if piece["kind"]:
        return f"{piece['kind']}_{piece['named']}"
    letter = piece["apache"]
    return APACHE.get(letter, letter) if letter else piece["nginx"] or piece["braced"]


def literal(text: str) -> str:
    """Text that stands in each line; where it has blanks, there may be more of them."""
    words = re.split(" +", text)
    return " +".join(re.escape(word) for word in words)
