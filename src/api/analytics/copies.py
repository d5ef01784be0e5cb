"""Copies of the visits and events that a filter chooses, which the questions of a batch share.

No rollup answers what is filtered by another dimension than its own: each question looks at all
visits of the range, and at all its events, for the few that the filter chooses. The cards of a page
do so a dozen times with the same filter and range. So these visits and events are copied once into
temporary tables of a connection, and the questions read those. What that saves:
docs/decisions/copies.md.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool

from api.analytics.planner import Copy, Plan
from api.analytics.question import sql_file
from api.db.database import Database, Rows, lend
from api.db.sql_files import execute, statement
from api.db.timeouts import ReadingConnection, read_exception
from api.sites.models import utc_now

LEAST_QUESTIONS = 3
"""So many questions of a batch have to have a filter before a copy pays off."""

LEAST_VISITS = 20_000
"""So many visits must a range have: few are read in no time."""

MOST_COPIED = 0.25
"""The largest share of the visits that is worth copying."""

MOST_VISITS = 200_000
"""The most visits that are copied: room on the disk, and the time of copying, are bounded."""

MOST_SECONDS = 20.0
"""The longest that a batch keeps its copies: clients that read slowly must not hold connections."""


class Copied:
    """A copy, and the connection whose temporary tables hold it, which runs one plan at a time."""

    def __init__(self, database: Database, copy: Copy) -> None:
        self.database = database
        self.copy = copy
        self.turn = asyncio.Lock()
        self.stack = AsyncExitStack()
        self.connection: ReadingConnection | None = None
        self.filling = asyncio.create_task(self.fill())
        self.filling.add_done_callback(read_exception)

    async def fill(self) -> None:
        """Takes a connection and copies. There is no copy where it would not pay off, where no
        connection is free, and where copying takes too long."""
        if is_busy(self.database.copying):
            return
        with suppress(OperationalError):
            connection = await self.stack.enter_async_context(lend(self.database.copying))
            if await self.copy_rows(connection):
                self.connection = connection
        if self.connection is None:
            with suppress(OperationalError):
                await self.stack.aclose()

    async def copy_rows(self, connection: ReadingConnection) -> bool:
        """Fills the temporary tables of a connection. False if it stopped because the range has few
        visits, or the filter chooses many."""
        copy, slots = self.copy, {"visit_filter": self.copy.chosen}
        values = {"site": copy.site, "lower": copy.lower, "upper": copy.upper}
        row = await (await execute(connection, sql_file("copied_total.sql"), values)).fetchone()
        visits = row[0] if row else 0
        if visits < LEAST_VISITS:
            return False
        most = min(int(MOST_COPIED * visits), MOST_VISITS)
        chosen = {**values, **copy.chosen.values, "most": most + 1}
        copied = await execute(connection, sql_file("copied_visits.sql"), chosen, slots)
        if copied.rowcount > most:
            return False
        await execute(connection, sql_file("copied_events.sql"), values)
        await execute(connection, sql_file("copied_statistics.sql"))
        return True

    async def rows(self, plan: Plan, copy: Copy) -> Rows | None:
        """The rows of a plan that reads this copy; None if there is no copy, or no longer."""
        await asyncio.wait([self.filling])
        async with self.turn:
            if self.connection is None:
                return None
            asked = statement(plan.path, {**plan.slots, **copy.slots})
            try:
                return await self.database.run_on(self.connection, asked, plan.values)
            except BaseException:
                self.connection = None  # Its transaction has failed, and with it the copy.
                raise

    async def close(self) -> None:
        """Gives the connection back, after the question that is being answered."""
        self.filling.cancel()
        await asyncio.wait([self.filling])
        async with self.turn:
            self.connection = None
            with suppress(OperationalError):
                await self.stack.aclose()


def is_busy(pool: AsyncConnectionPool[ReadingConnection]) -> bool:
    """Whether all connections that a pool may have are in use. Then nobody waits for one; making a
    new one is worth waiting for."""
    stats = pool.get_stats()
    return not stats["pool_available"] and stats["pool_size"] >= pool.max_size


class Copies:
    """The copies of one batch, which is answered as of one moment."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = utc_now()
        self.all: list[Copied] = []
        self.is_over = False
        self.timer = asyncio.get_running_loop().call_later(MOST_SECONDS, self.end)
        self.closing: list[asyncio.Task[None]] = []

    def begin(self, plans: Iterable[Plan]) -> None:
        """Starts filling the copies that these plans can read, without waiting for them."""
        for plan in plans:
            if plan.copy:
                self.find(plan.copy)

    def find(self, wanted: Copy) -> Copied | None:
        """This copy; None after the end of the batch."""
        if self.is_over:
            return None
        found = next((copied for copied in self.all if copied.copy == wanted), None)
        if found is None:
            found = Copied(self.database, wanted)
            self.all.append(found)
        return found

    async def rows(self, plan: Plan) -> Rows | None:
        """The rows of a plan; None if there is no copy that it can read."""
        copied = self.find(plan.copy) if plan.copy else None
        return await copied.rows(plan, plan.copy) if copied and plan.copy else None

    def end(self) -> None:
        """Closes the copies, without waiting for it: whoever asked may be gone."""
        if not self.is_over:
            self.is_over = True
            self.timer.cancel()
            self.closing = [asyncio.create_task(copied.close()) for copied in self.all]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of plans come from: a copy if there is one, else the tables."""

    database: Database
    copies: Copies | None = None

    def begin(self, plans: Iterable[Plan]) -> None:
        """Starts filling the copies that these plans can read; does nothing outside a batch."""
        if self.copies:
            self.copies.begin(plans)

    async def rows(self, plan: Plan) -> Rows:
        """The rows of a plan. Raises TooMuchAsked."""
        copied = await self.copies.rows(plan) if self.copies else None
        if copied is not None:
            return copied
        return await self.database.rows(
            plan.path, plan.values, plan.slots, prepare=plan.prepare, by_hash=plan.by_hash
        )
