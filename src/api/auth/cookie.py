"""Removes all cookies but those of this service from requests."""

import re
from collections.abc import Iterable, Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "analytics_login"
"""The cookie with the login token: HttpOnly, and read for GET and WebSocket only."""

FLOW_COOKIE = "analytics_provider"
"""The cookie of a login at another provider that has begun (see oidc.flow)."""

FLOW_PATH = "/login"
"""Where browsers send it."""

LANGUAGE_COOKIE = "analytics_language"
"""The cookie with the language that somebody chose for the dashboard."""

NAMES = "|".join([COOKIE, FLOW_COOKIE, LANGUAGE_COOKIE])

OWN = re.compile(rb"(?:^|;)\s*(%b)=([\w.-]+)\s*(?=;|$)" % NAMES.encode())


class OwnCookie:
    """Middleware that removes all cookies but those of this service.

    TRAP: the framework parses all cookies for every route, and before Python 3.11.10 takes
    quadratic time for one in quotes: 64 kB of backslashes stopped a process for 7 seconds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope["headers"] = [*with_own_cookie(scope["headers"])]
        await self.app(scope, receive, send)


def with_own_cookie(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """These headers without cookies, except those of this service that are well formed."""
    for name, value in headers:
        if name != b"cookie":
            yield name, value
        elif own := dict(reversed(OWN.findall(value))):  # the first of each name counts
            yield name, b"; ".join(b"%b=%b" % pair for pair in own.items())
