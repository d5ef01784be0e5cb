"""Operations that will go away: their responses say since when, until when, and what to use then.

docs/api.md, "Versions", has the policy. The headers are those of RFC 9745 (Deprecation), RFC 8594
(Sunset) and RFC 5829 (Link to the successor).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any, TypedDict

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTICE = timedelta(days=365)
"""How long an operation that is deprecated goes on answering, at least."""

EXTENSION = "x-deprecation"
"""The key of an operation in the OpenAPI document that holds the headers of its responses."""


class Retirement(TypedDict):
    """The keyword arguments that `retiring` returns for the decorator of a route."""

    deprecated: bool
    openapi_extra: dict[str, Any]


def retiring(since: date, until: date, instead: str) -> Retirement:
    """What the decorator of a route that will go away gets: `@router.get(path, **retiring(…))`.

    `since` is the first day on which it is deprecated, `until` the first on which it may be gone
    (both in UTC), `instead` the path of the operation to use. Raises ValueError if `until` comes
    sooner than NOTICE after `since`.
    """
    if until - since < NOTICE:
        raise ValueError(f"less than {NOTICE.days} days of notice")
    headers = {
        "Deprecation": f"@{midnight(since).timestamp():.0f}",
        "Sunset": format_datetime(midnight(until), usegmt=True),
        "Link": f'<{instead}>; rel="successor-version"',
    }
    return Retirement(deprecated=True, openapi_extra={EXTENSION: headers})


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class RetirementHeaders:
    """Middleware that adds the headers of an operation that will go away, to refusals as well. It
    has to be the innermost one: the router tells it the route by the scope that both have."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers_of(scope))
            await send(message)

        await self.app(scope, receive, send_with_headers)


def headers_of(scope: Scope) -> Mapping[str, str]:
    extra: dict[str, Any] | None = getattr(scope.get("route"), "openapi_extra", None)
    return (extra or {}).get(EXTENSION, {})
