"""Paths and methods: each path answers the same with and without a trailing slash, HEAD as GET
without the body, and OPTIONS with the methods that it has."""

from contextlib import suppress

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVENTS_PATH = "/api/events"

EVENTS_PATHS = frozenset((EVENTS_PATH, f"{EVENTS_PATH}/"))
"""The paths that events are posted to, from pages of any origin."""

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""Responses may be read from any origin: trackers run on other ones, and no cookie is read here."""

PREFLIGHT = {
    **ANY_ORIGIN,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*",
}
"""Headers of the response to a preflight request: pages of any origin may post JSON."""


class UniformPaths:
    """Middleware that removes a trailing slash (routes are declared without one), and answers HEAD
    and OPTIONS on every path that has a route."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": scope["path"].removesuffix("/") or "/"}
        method = scope.get("method")  # a WebSocket has none
        if method == "OPTIONS" and (response := options_response(scope)):
            await response(scope, receive, send)
        elif method == "HEAD":
            with suppress(HeadAnswered, ClientDisconnect):
                await self.app(as_get(scope), receive, without_body(send))
        else:
            await self.app(scope, receive, send)


def options_response(scope: Scope) -> Response | None:
    """The response to OPTIONS; None if there is no such path."""
    allow = allowed_methods(scope["app"], scope["path"])
    preflight = PREFLIGHT if scope["path"] in EVENTS_PATHS else {}
    return Response(status_code=204, headers={"Allow": allow, **preflight}) if allow else None


def allowed_methods(app: FastAPI, path: str) -> str:
    """The methods of a path, as the header Allow lists them; empty if there is no such path."""
    methods = declared_methods(app, path)
    usual = {"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"}
    return ", ".join(sorted(methods | usual)) if methods else ""


def declared_methods(app: FastAPI, path: str) -> set[str]:
    """The methods of the routes of a path. Static files have GET."""
    return {
        method
        for route in iter_route_contexts(app.routes)
        if not isinstance(route.original_route, WebSocketRoute) and route.path_regex.match(path)
        for method in route.methods or ("GET",)
    }


def as_get(scope: Scope) -> Scope:
    """A HEAD request as the GET request that it stands for, unless the path has a HEAD route."""
    is_declared = "HEAD" in declared_methods(scope["app"], scope["path"])
    return scope if is_declared else {**scope, "method": "GET"}


class HeadAnswered(OSError):
    """The response to HEAD is complete. It is an OSError, as it would be if the client had gone: so
    a response that is sent in parts ends."""


def without_body(send: Send) -> Send:
    """A `send` that leaves out the body of the response, and raises HeadAnswered instead of taking
    the second part of one."""

    async def send_head(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "body": b"", "more_body": False})
        if message.get("more_body"):
            raise HeadAnswered

    return send_head
