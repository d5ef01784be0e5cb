"""WS /api/audit/live: the audit log as it grows, for superusers."""

import asyncio
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, WebSocket

from api.administration.trail import MOST_ENTRIES, Asked, Entry, entries
from api.auth.access import BearerToken, LoginCookie, logged_in_caller, superuser
from api.auth.application import database_of
from api.auth.callers import Caller
from api.auth.sockets import caller_of_socket, owner_of_socket, sockets_of
from api.db.database import Database
from api.errors import DATABASE_AWAY, AnalyticsError, to_analytics_error
from api.refusals import response_to
from api.sites.models import utc_now
from api.sockets import (
    POLICY_VIOLATION,
    RECHECK_SECONDS,
    SEND_SECONDS,
    TRY_AGAIN_LATER,
    first_to_end,
    until_gone,
)

router = APIRouter(tags=["audit"])

TICK_SECONDS = 1.0

WINDOW = timedelta(minutes=1)
"""How far back to look each time: entries become visible in another order than they are numbered,
as their transactions end."""

WEBSOCKETS: dict[str, dict[str, Any]] = {
    "/api/audit/live": {
        "description": "Sends the entries of the last minute, and each further one within some two"
        " seconds. Every message is text, an Entry in JSON. Nothing is expected from the client.",
        "security": [{BearerToken.scheme_name: []}, {LoginCookie.scheme_name: []}],
        "parameters": [],
        "message": {"$ref": "#/components/schemas/Entry"},
        "responses": {
            "101": "Entries follow.",
            "401": "A login is needed.",
            "403": "This takes a superuser who logged in, and no page of another origin.",
            "429": "This account has too many of them open.",
            "503": "The database is unavailable or slow.",
        },
        "refusal": {"$ref": "#/components/schemas/Refusal"},
        "close": {
            str(POLICY_VIOLATION): "The audit log may not be read any more.",
            str(TRY_AGAIN_LATER): "A message was not read within"
            f" {SEND_SECONDS:.0f} seconds, or the database is unavailable.",
        },
    }
}
"""The WebSocket for the OpenAPI document."""


@router.websocket("/api/audit/live")
async def watch_trail(socket: WebSocket) -> None:
    """Sends entries of the audit log as they are added."""
    with ExitStack() as stack:
        try:
            caller = await superuser_of(socket)
            stack.enter_context(sockets_of(socket).open_for(owner_of_socket(socket, caller)))
        except (AnalyticsError, *DATABASE_AWAY) as error:
            await socket.send_denial_response(response_to(to_analytics_error(error)))
            return
        await socket.accept()
        await first_to_end(send_entries(socket), until_gone(socket), until_forbidden(socket))


async def superuser_of(socket: WebSocket) -> Caller:
    """The superuser who asks. Raises Unauthenticated and Forbidden."""
    caller = await logged_in_caller(await caller_of_socket(socket))
    await superuser(caller)
    return caller


async def send_entries(socket: WebSocket) -> None:
    """Sends new entries until the client does not take them, or the database is unavailable."""
    sent: set[int] = set()
    try:
        while True:
            found = await latest(database_of(socket))
            for entry in found:
                if entry.id not in sent:
                    text = entry.model_dump_json()
                    await asyncio.wait_for(socket.send_text(text), SEND_SECONDS)
            sent = {entry.id for entry in found}
            await asyncio.sleep(TICK_SECONDS)
    except (TimeoutError, AnalyticsError, *DATABASE_AWAY):
        await socket.close(TRY_AGAIN_LATER)


async def latest(database: Database) -> list[Entry]:
    """The entries of the last minute, oldest first."""
    asked = Asked(since=utc_now() - WINDOW, limit=MOST_ENTRIES)
    rows = await entries(database, asked)
    return [Entry.model_validate(row) for row in reversed(rows)]


async def until_forbidden(socket: WebSocket) -> None:
    with suppress(AnalyticsError):
        while await superuser_of(socket):  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(RECHECK_SECONDS)
    await socket.close(POLICY_VIOLATION)
