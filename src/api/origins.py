"""What browsers and proxies must know of a response, and which of them may ask at all.

Every response says that its type is not to be guessed, that no page may frame it or run it, and
that it is not to be kept, unless a route says otherwise. Pages of other origins may read what is
posted to the events (see paths.py), and of the rest what API_ORIGINS allows them.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Misdirected
from api.paths import EVENTS_PATHS
from api.refusals import response_to
from settings import Settings

DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

HTTPS_ONLY = "max-age=31536000"
"""A year, as browsers' lists of such hosts demand."""

OPEN_PATHS = EVENTS_PATHS | {"/pixel.gif", "/script.js"}
"""What pages of any origin use, and reach under host names of their own (a proxy of the site)."""

UNNAMED_PATHS = OPEN_PATHS | {"/healthz", "/readyz", "/metrics"}
"""What is asked under any host name: probes know addresses only."""

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

EXPOSED = (
    *("Content-Disposition", "ETag", "Link", "Location", "RateLimit", "RateLimit-Policy"),
    *("Deprecation", "Sunset"),
)
"""Headers of responses that scripts of other origins may read."""


class CommonHeaders:
    """Middleware that adds DEFAULTS to responses that lack them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                add_defaults(MutableHeaders(scope=message), scope.get("scheme", "http"))
            await send(message)

        await self.app(scope, receive, send_with_headers)


def add_defaults(headers: MutableHeaders, scheme: str) -> None:
    for name, value in DEFAULTS.items():
        headers.setdefault(name, value)
    is_open = "access-control-allow-origin" in headers
    resource = "cross-origin" if is_open else "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", resource)
    if scheme in ("https", "wss"):
        headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)


class KnownHosts:
    """Middleware that refuses host names that this service does not have (see hosts_of): a page of
    another name that leads here would have the origin of ours."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_named = scope["type"] != "lifespan" and scope["path"] not in UNNAMED_PATHS
        if not self.hosts or not is_named or host_of(Headers(scope=scope)) in self.hosts:
            await self.app(scope, receive, send)
            return
        await response_to(Misdirected())(scope, receive, send)


def host_of(headers: Mapping[str, str]) -> str:
    """The host that a request names, without the port; '' for one that is no host."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def hosts_of(settings: Settings) -> list[str]:
    """The host names of this service: HOSTS, else that of BASE_URL; and always this machine's. None
    at all if neither is set: then every name is taken."""
    base = urlsplit(settings.base_url).hostname
    named = settings.host_names or ([base] if base else [])
    return [*named, *LOCAL_HOSTS] if named else []


class OtherOrigins:
    """Middleware that lets pages of API_ORIGINS read what the API answers, with an Authorization
    header of theirs; never with cookies."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self.allowing = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=EXPOSED,
        )
        self.has_origins = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"] not in OPEN_PATHS
        app = self.allowing if self.has_origins and is_api else self.app
        await app(scope, receive, send)
