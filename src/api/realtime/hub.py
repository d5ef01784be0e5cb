"""Live counts for everybody who watches: one listener a process, one computation a site.

The writer announces at commit which sites got something. At most once a second, the hub computes
one snapshot of each such site that somebody here watches and hands it to all its viewers. A
viewer that reads slowly gets the latest snapshot when it is ready for one; a viewer that blocks
for longer than five seconds is dropped. While nobody watches nobody listens: to hear of each batch
costs a process as much as to store some events.
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
"""The past moves on without any event: watched sites are computed anew this often."""

RECONNECT_SECONDS = 2.0


class Viewer:
    """One open page. Holds the latest snapshot that it has not been sent yet, never a queue."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.latest: str | None = None
        self.ready = asyncio.Event()

    def offer(self, text: str) -> None:
        """Replaces whatever was waiting."""
        self.latest = text
        self.ready.set()

    async def next(self) -> str:
        """The latest snapshot, as soon as there is one that was not sent."""
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
        self.stirred: set[int] = set()
        """Sites that got something since their last snapshot."""
        self.watched = asyncio.Event()
        """Whether there are viewers."""

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
        """A viewer of this site for as long as the block lasts; it gets a snapshot at once."""
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
        """A picture not older than a second. Viewers who come together share one computation."""
        async with self.computing[site.number]:
            taken, text = self.recent.get(site.number, (0.0, ""))
            if time.monotonic() - taken > TICK_SECONDS:
                text = (await snapshot(self.database, site)).model_dump_json()
                self.recent[site.number] = (time.monotonic(), text)
            return text

    async def listen(self) -> None:
        """Hears announcements; connects again, and looks at every site, after a silence."""
        while await self.watched.wait():
            try:
                async with await self.database.connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self.stirred |= set(self.viewers)
                    async for notification in connection.notifies():
                        self.stirred |= set(json.loads(notification.payload))
                        if not self.watched.is_set():
                            break
            except (psycopg.Error, ValueError) as error:
                log.warning("live: the database is away: %s", type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def tick(self) -> None:
        """Once a second, a new snapshot of each watched site where something happened."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            watched = set(self.viewers)
            due = watched if ticks % AGE_SECONDS == 0 else watched & self.stirred
            self.stirred.clear()
            for site_id in due:
                await self.publish(site_id)

    async def publish(self, site_id: int) -> None:
        """Computes one snapshot and offers it to all viewers of the site."""
        viewers = self.viewers.get(site_id)
        if not viewers:
            return
        try:
            picture = await snapshot(self.database, next(iter(viewers)).site)
        except (psycopg.Error, PoolTimeout) as error:
            self.stirred.add(site_id)
            log.warning("live: no snapshot of site %s: %s", site_id, type(error).__name__)
            return
        text = picture.model_dump_json()
        for viewer in viewers:
            viewer.offer(text)
