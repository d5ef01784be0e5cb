"""Live numbers, pushed to the open pages of this process: one listener for all, one snapshot for
each site.

The writer announces at commit which sites got events. At most once a second, the hub computes one
snapshot of each such site that has viewers here and gives it to all of them. A viewer that reads
slowly gets the latest snapshot when it is ready for one; a viewer that blocks for longer than five
seconds is dropped. Without viewers nothing is listened to: receiving the announcement of each batch
costs a process as much as storing some events.
"""

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

import psycopg
from psycopg_pool import PoolTimeout

from api.db.database import Database
from api.events.write.writer import CHANNEL
from api.metrics import VIEWERS
from api.realtime.snapshot import snapshot
from api.sites.models import Site

log = logging.getLogger("analytics.realtime")

TICK_SECONDS = 1.0

AGE_SECONDS = 10
"""How often watched sites are computed even without events, because their 30 minutes move on."""

RECONNECT_SECONDS = 2.0


class Viewer:
    """One open page. It holds the latest snapshot that has not been sent, never a queue."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.latest: str | None = None
        self.ready = asyncio.Event()

    def offer(self, text: str) -> None:
        """Makes this the snapshot to send, in place of any that has not been sent."""
        self.latest = text
        self.ready.set()

    async def next(self) -> str:
        await self.ready.wait()
        self.ready.clear()
        assert self.latest is not None
        return self.latest


class Hub:
    """The viewers of this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.viewers: dict[int, set[Viewer]] = defaultdict(set)
        self.computing: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.recent: dict[int, tuple[float, str]] = {}
        self.changed_sites: set[int] = set()
        """Sites that got events since their last snapshot."""
        self.watched = asyncio.Event()
        """Set while there are viewers."""

    async def __aenter__(self) -> Self:
        self.tasks = [
            asyncio.create_task(self.listen(), name="live listener"),
            asyncio.create_task(self.tick(), name="live ticker"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    @asynccontextmanager
    async def watching(self, site: Site) -> AsyncGenerator[Viewer]:
        """A viewer of this site, for as long as the block lasts. It gets a snapshot at once."""
        viewer = Viewer(site)
        self.viewers[site.number].add(viewer)
        self.watched.set()
        VIEWERS.inc()
        try:
            viewer.offer(await self.first_snapshot(site))
            yield viewer
        finally:
            self.viewers[site.number].discard(viewer)
            VIEWERS.dec()
            if not self.viewers[site.number]:
                del self.viewers[site.number]
            if not self.viewers:
                self.watched.clear()

    async def first_snapshot(self, site: Site) -> str:
        """A snapshot that is at most a second old. Viewers who come together share one."""
        async with self.computing[site.number]:
            taken, text = self.recent.get(site.number, (0.0, ""))
            if time.monotonic() - taken > TICK_SECONDS:
                text = (await snapshot(self.database, site)).model_dump_json()
                self.recent[site.number] = (time.monotonic(), text)
            return text

    async def listen(self) -> None:
        """Receives announcements. After each connect it has every watched site computed."""
        while await self.watched.wait():
            try:
                async with await self.database.connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self.changed_sites |= set(self.viewers)
                    async for notification in connection.notifies():
                        self.changed_sites |= set(json.loads(notification.payload))
                        if not self.watched.is_set():
                            break
            except (psycopg.Error, ValueError) as error:
                log.warning("live: the database is unavailable: %s", type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def tick(self) -> None:
        """Once a second, computes a snapshot of each watched site that got events."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            watched = set(self.viewers)
            due = watched if ticks % AGE_SECONDS == 0 else watched & self.changed_sites
            self.changed_sites.clear()
            for site_id in due:
                await self.publish(site_id)

    async def publish(self, site_id: int) -> None:
        viewers = self.viewers.get(site_id)
        if not viewers:
            return
        try:
            picture = await snapshot(self.database, next(iter(viewers)).site)
        except (psycopg.Error, PoolTimeout) as error:
            self.changed_sites.add(site_id)
            log.warning("live: no snapshot of site %s: %s", site_id, type(error).__name__)
            return
        text = picture.model_dump_json()
        for viewer in viewers:
            viewer.offer(text)
