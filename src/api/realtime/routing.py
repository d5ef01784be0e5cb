"""GET /api/realtime/stats and WS /api/realtime/ws. The page that shows them is in `dashboard`."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from fastapi import APIRouter, Request, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.auth.access import AnyReader, SiteName, bearer_of, cookie_of, readable_site
from api.auth.application import AppDatabase
from api.errors import DATABASE_AWAY, REFUSALS, AnalyticsError, Forbidden, to_analytics_error
from api.realtime.hub import Hub, Viewer
from api.realtime.snapshot import Snapshot, snapshot
from api.realtime.sockets import caller_of_socket, owner_of_socket, sockets_of
from api.refusals import response_to
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site

router = APIRouter(prefix="/api/realtime", tags=["live"])

SEND_SECONDS = 5.0
"""A viewer that does not take a snapshot within this time is dropped."""

RECHECK_SECONDS = 30.0
"""How often it is checked that a viewer may still read the site."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


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
        "security": [{}, {bearer_of.scheme_name: []}, {cookie_of.scheme_name: []}],
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


async def until_gone(socket: WebSocket) -> None:
    """Returns when the client has closed the connection."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def until_forbidden(socket: WebSocket, name: str) -> None:
    with suppress(AnalyticsError):
        while await site_for(socket, name):  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(RECHECK_SECONDS)
    await socket.close(POLICY_VIOLATION)


async def first_to_end(*coroutines: Any) -> None:
    """Runs all until one ends, then cancels the others. Raises errors other than a closed
    connection."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_all(tasks)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, WebSocketDisconnect | RuntimeError):
            raise error


async def end_all(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancels tasks until all have ended. One that waits for what comes at this moment may lose a
    cancellation, and would go on for ever."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=1)
