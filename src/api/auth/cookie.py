"""Removes all cookies but the login cookie from requests."""

import re
from collections.abc import Iterable, Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "analytics_login"
"""The cookie with the login token: HttpOnly, and read for GET and WebSocket only."""

LOGIN = re.compile(rb"(?:^|;)\s*%b=([\w.-]+)\s*(?:;|$)" % COOKIE.encode())


class OwnCookie:
    """Middleware that removes all cookies but the login cookie.

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
    """These headers without cookies, except a login cookie that is well formed."""
    for name, value in headers:
        if name != b"cookie":
            yield name, value
        elif login := LOGIN.search(value):
            yield name, b"%b=%b" % (COOKIE.encode(), login[1])
