"""GET /api/realtime/stats and WS /api/realtime/ws. The page that shows them is in `dashboard`."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

from fastapi import APIRouter, Request, WebSocket

from api.auth.access import AnyReader, BearerToken, LoginCookie, SiteName, readable_site
from api.auth.application import AppDatabase
from api.auth.sockets import caller_of_socket, owner_of_socket, sockets_of
from api.errors import DATABASE_AWAY, REFUSALS, AnalyticsError, Forbidden, to_analytics_error
from api.realtime.hub import Hub, Viewer
from api.realtime.snapshot import Snapshot, snapshot
from api.refusals import response_to
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site
from api.sockets import (
    POLICY_VIOLATION,
    RECHECK_SECONDS,
    SEND_SECONDS,
    TRY_AGAIN_LATER,
    first_to_end,
    until_gone,
)

router = APIRouter(prefix="/api/realtime", tags=["live"])


@router.get("/stats", responses={403: REFUSALS[403]})
async def stats(
    request: Request, caller: AnyReader, database: AppDatabase, site: SiteName = DEFAULT_SITE
) -> Snapshot:
    """The live numbers of a site."""
    if caller.share is not None and caller.share.filters:
        raise Forbidden("This link has filters, which live numbers cannot have.")
    return await snapshot(database, await readable_site(request, caller, site))


WEBSOCKETS: dict[str, dict[str, Any]] = {
    "/api/realtime/ws": {
        "description": "Sends a snapshot at once, and again as events arrive, at most one a second."
        " Every message is text, a Snapshot in JSON. Nothing is expected from the client.",
        "security": [{}, {BearerToken.scheme_name: []}, {LoginCookie.scheme_name: []}],
        "parameters": [
            {
                "name": "site",
                "in": "query",
                "description": "Key or domain of the site.",
                "schema": {"type": "string", "default": DEFAULT_SITE},
            }
        ],
        "message": {"$ref": "#/components/schemas/Snapshot"},
        "responses": {
            "101": "Snapshots follow.",
            "401": "The site is not public, or there is none, and a login is needed.",
            "403": "The page is one of another origin.",
            "404": "There is no such site, or this account may not see it.",
            "422": "A parameter is not valid.",
            "429": "This account, or this address, has too many of them open.",
            "503": "The database is unavailable or slow.",
        },
        "refusal": {"$ref": "#/components/schemas/Refusal"},
        "close": {
            str(POLICY_VIOLATION): "The site may not be read any more.",
            str(TRY_AGAIN_LATER): f"A message was not read within {SEND_SECONDS:.0f} seconds.",
        },
    }
}
"""The WebSockets for the OpenAPI document, which has no words for them."""


@router.websocket("/ws")
async def watch(socket: WebSocket, site: SiteName = DEFAULT_SITE) -> None:
    """Sends snapshots of a site as events arrive, at most one a second.

    The handshake is refused without the right to read the site, and to pages of other origins.
    """
    hub: Hub = socket.app.state.hub
    async with AsyncExitStack() as stack:
        try:
            caller = await caller_of_socket(socket)
            found = await readable_site(socket, caller, site)
            stack.enter_context(sockets_of(socket).open_for(owner_of_socket(socket, caller)))
        except (AnalyticsError, *DATABASE_AWAY) as error:
            await socket.send_denial_response(response_to(to_analytics_error(error)))
            return
        await socket.accept()
        viewer = await stack.enter_async_context(hub.watching(found))
        await first_to_end(
            send_snapshots(socket, viewer), until_gone(socket), until_forbidden(socket, site)
        )


async def site_for(socket: WebSocket, name: str) -> Site:
    return await readable_site(socket, await caller_of_socket(socket), name)


async def send_snapshots(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        text = await viewer.next()
        try:
            await asyncio.wait_for(socket.send_text(text), SEND_SECONDS)
        except TimeoutError:
            await socket.close(TRY_AGAIN_LATER)
            return


async def until_forbidden(socket: WebSocket, name: str) -> None:
    with suppress(AnalyticsError):
        while await site_for(socket, name):  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(RECHECK_SECONDS)
    await socket.close(POLICY_VIOLATION)
