"""GET /api/notifications, POST /api/notifications/read and WS /api/notifications/ws: what an
account is told of."""

import asyncio
from contextlib import ExitStack, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, WebSocket

from api.auth.access import BearerToken, LoggedIn, LoginCookie, logged_in_caller
from api.auth.application import AppDatabase, database_of
from api.auth.callers import Caller
from api.auth.sockets import caller_of_socket, owner_of_socket, sockets_of
from api.errors import DATABASE_AWAY, REFUSALS, AnalyticsError, to_analytics_error
from api.notifications.hub import Inboxes
from api.notifications.models import Inbox, ReadIn, ReadOut
from api.notifications.store import FIRST_PAGE, inbox_of, mark_read, unread_of
from api.refusals import response_to
from api.sockets import (
    POLICY_VIOLATION,
    RECHECK_SECONDS,
    SEND_SECONDS,
    TRY_AGAIN_LATER,
    first_to_end,
    until_gone,
)
from api.text import RowNumber

router = APIRouter(
    prefix="/api/notifications", tags=["notifications"], responses={403: REFUSALS[403]}
)

MOST_LISTED = 100

BETWEEN_SECONDS = 1.0
"""How long after a message the next one is sent at the earliest."""

WEBSOCKETS: dict[str, dict[str, Any]] = {
    "/api/notifications/ws": {
        "description": "Sends the newest notifications at once, and again when there is a new one"
        " or some were read, and while a job of the account runs, at most once a second. Every"
        " message is text, an Inbox in JSON. Nothing is expected from the client.",
        "security": [{BearerToken.scheme_name: []}, {LoginCookie.scheme_name: []}],
        "parameters": [],
        "message": {"$ref": "#/components/schemas/Inbox"},
        "responses": {
            "101": "Notifications follow.",
            "401": "A login is needed.",
            "403": "This takes a login and no API key, and no page of another origin.",
            "429": "This account has too many of them open.",
            "503": "The database is unavailable or slow.",
        },
        "refusal": {"$ref": "#/components/schemas/Refusal"},
        "close": {
            str(POLICY_VIOLATION): "The login has ended.",
            str(TRY_AGAIN_LATER): "A message was not read within"
            f" {SEND_SECONDS:.0f} seconds, or the database is unavailable.",
        },
    }
}
"""The WebSocket for the OpenAPI document."""


@router.get("", name="list")
async def list_notifications(
    caller: LoggedIn,
    database: AppDatabase,
    unread: Annotated[bool, Query(description="Only those that were not read.")] = False,
    before: Annotated[
        RowNumber | None, Query(description="Only those with a lower `id`: the next page.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most notifications to return.")
    ] = FIRST_PAGE,
) -> Inbox:
    """What your account was told of in the last 90 days, newest first."""
    return await inbox_of(database, caller.account.number, before, limit, unread)


@router.post("/read", name="read")
async def read(given: ReadIn, caller: LoggedIn, database: AppDatabase) -> ReadOut:
    """Marks notifications of your account as read."""
    account = caller.account.number
    await mark_read(database, account, given.ids, given.until)
    return ReadOut(unread=await unread_of(database, account))


@router.websocket("/ws")
async def watch(socket: WebSocket) -> None:
    """Sends notifications as they come. The handshake is refused without a login, and to pages of
    other origins."""
    with ExitStack() as stack:
        try:
            caller = await account_of(socket)
            stack.enter_context(sockets_of(socket).open_for(owner_of_socket(socket, caller)))
        except (AnalyticsError, *DATABASE_AWAY) as error:
            await socket.send_denial_response(response_to(to_analytics_error(error)))
            return
        await socket.accept()
        inboxes: Inboxes = socket.app.state.inboxes
        account = caller.account.number
        changed = stack.enter_context(inboxes.watching(account))
        await first_to_end(
            send_inboxes(socket, account, changed), until_gone(socket), until_logged_out(socket)
        )


async def account_of(socket: WebSocket) -> Caller:
    """The account that asks. Raises Unauthenticated and Forbidden."""
    return await logged_in_caller(await caller_of_socket(socket))


async def send_inboxes(socket: WebSocket, account: int, changed: asyncio.Event) -> None:
    """Sends the newest notifications, and again at each change, until the client does not take
    them or the database is unavailable."""
    try:
        while True:
            changed.clear()
            text = (await inbox_of(database_of(socket), account)).model_dump_json()
            await asyncio.wait_for(socket.send_text(text), SEND_SECONDS)
            await asyncio.sleep(BETWEEN_SECONDS)
            await changed.wait()
    except (TimeoutError, AnalyticsError, *DATABASE_AWAY):
        await socket.close(TRY_AGAIN_LATER)


async def until_logged_out(socket: WebSocket) -> None:
    with suppress(AnalyticsError):
        while await account_of(socket):  # noqa: ASYNC110 (no event tells of it)
            await asyncio.sleep(RECHECK_SECONDS)
    await socket.close(POLICY_VIOLATION)
