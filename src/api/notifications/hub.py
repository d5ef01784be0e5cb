"""Tells the open pages of this process that the notifications of their account have changed: one
listener for all.

Whoever adds notifications, or marks them as read, announces the account at COMMIT. Nothing is
queued: a page that hears of a change reads what there is. Without open pages nothing is listened
to.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

import psycopg

from api.db.database import Database
from api.notifications.store import CHANNEL

log = logging.getLogger("analytics.notifications")

RECONNECT_SECONDS = 2.0

LOOK_SECONDS = 5.0
"""How often it is looked whether there still are pages."""


class Inboxes:
    """The open pages of this process, by account."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.pages: dict[int, set[asyncio.Event]] = defaultdict(set)
        """An event for each page, which is set when there is something to read."""
        self.watched = asyncio.Event()
        """Set while there are pages."""

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.listen(), name="notification listener")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @contextmanager
    def watching(self, account: int) -> Generator[asyncio.Event]:
        """What is set when the notifications of this account change, for as long as the block
        lasts."""
        changed = asyncio.Event()
        self.pages[account].add(changed)
        self.watched.set()
        try:
            yield changed
        finally:
            self.pages[account].discard(changed)
            if not self.pages[account]:
                del self.pages[account]
            if not self.pages:
                self.watched.clear()

    async def listen(self) -> None:
        """Receives announcements. After each connect every page reads again: announcements before
        it were not heard."""
        while await self.watched.wait():
            try:
                async with await self.database.connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    for account in [*self.pages]:
                        self.tell(account)
                    await self.receive(connection)
            except (psycopg.Error, OSError, ValueError) as error:
                log.warning("notifications: no announcements: %s", type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def receive(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Passes announcements on until there is no page any more."""
        while self.watched.is_set():
            async for notification in connection.notifies(timeout=LOOK_SECONDS):
                self.tell(int(notification.payload))

    def tell(self, account: int) -> None:
        for changed in self.pages.get(account, ()):
            changed.set()
