"""WebSockets: who opens one, and how many one account or address may have open at a time."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from fastapi import WebSocket

from api.auth.access import bearer_in, caller_from, cookie_in, same_origin, without_share
from api.auth.application import device_of
from api.auth.callers import Caller
from api.errors import Forbidden, TooManyRequests
from api.limits import neighbourhood

MOST_SOCKETS = 100
"""How many one account, or one address without a login, may have open in a process. Each costs a
connection and some memory for as long as it lasts."""

RETRY_SECONDS = 30.0


class Sockets:
    """The WebSockets that are open in this process, by who opened them."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()

    @contextmanager
    def open_for(self, owner: str) -> Generator[None]:
        """Counts a WebSocket for as long as the block lasts. Raises TooManyRequests for an owner
        who has as many as are allowed; '' is not limited."""
        if owner and self.opened[owner] >= MOST_SOCKETS:
            raise TooManyRequests("You have too many live views open.", RETRY_SECONDS)
        self.opened[owner] += 1
        try:
            yield
        finally:
            self.opened[owner] -= 1
            if not self.opened[owner]:
                del self.opened[owner]


def sockets_of(socket: WebSocket) -> Sockets:
    """The WebSockets of this process."""
    return socket.app.state.sockets


async def caller_of_socket(socket: WebSocket) -> Caller:
    """Who opens a WebSocket, before it is accepted. Raises Forbidden to pages of other origins, and
    Unauthenticated."""
    if not same_origin(socket):
        raise Forbidden("Pages of other origins may not watch.")
    return without_share(await caller_from(socket, bearer_in(socket), cookie_in(socket)))


def owner_of_socket(socket: WebSocket, caller: Caller) -> str:
    """Whom a WebSocket counts for: the account or, without one, the address; '' for this machine,
    which may be a proxy that forwards no addresses."""
    if caller.user is not None:
        return f"account {caller.account.number}"
    return neighbourhood(device_of(socket).address)
