"""The login cookie, and no other: what else a browser sends is not for us to read."""

import re
from collections.abc import Iterable, Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "analytics_login"
"""The browser's copy of the login token: HttpOnly, and good for reading only (GET, WebSocket)."""

LOGIN = re.compile(rb"(?:^|;)\s*%b=([\w.-]+)\s*(?:;|$)" % COOKIE.encode())


class OwnCookie:
    """Leaves no cookie in a request but our own.

    TRAP: the framework reads all of them for every route, and before Python 3.11.10 takes quadratic
    time for one in quotes: 64 kB of backslashes stopped a process for 7 seconds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on."""
        if scope["type"] != "lifespan":
            scope["headers"] = [*with_own_cookie(scope["headers"])]
        await self.app(scope, receive, send)


def with_own_cookie(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """These headers without cookies that are not ours, or not such as we make them."""
    for name, value in headers:
        if name != b"cookie":
            yield name, value
        elif login := LOGIN.search(value):
            yield name, b"%b=%b" % (COOKIE.encode(), login[1])
