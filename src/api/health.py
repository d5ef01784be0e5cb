"""GET /healthz: the process lives. GET /readyz: it can do its work. GET /metrics: how well."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.auth.access import AppSettings
from api.db.clock import database_time
from api.db.database import Database
from api.db.probe import Probe
from api.db.room import embedded_folder, lack_of_room
from api.db.timeouts import PATIENCE, DeadlineConnection, forget, wait_at_most
from api.errors import NotFound, Unavailable
from api.events.removal.expiry import stuck_lines
from api.limits import neighbourhood
from api.metrics import exposition
from api.rollups.overdue import refresh_is_behind
from settings import Settings

log = logging.getLogger("analytics.health")

router = APIRouter(tags=["health"])

SHARED_SECONDS = 1.0
"""How long an answer is good for whoever else asks."""

LOOK_SECONDS = 10.0
"""How often it is looked what is behind. That takes no traffic away and may be known later."""


class Ready(BaseModel):
    """What this service can say when it can do its work."""

    status: Literal["ready"] = "ready"
    engine: str
    warnings: list[str] = []
    """What is behind and should be looked at. Answers are exact all the same."""


class Readiness:
    """Finds out whether this service can do its work, once for all who ask at about a time."""

    def __init__(self, database: Database, settings: Settings, probe: Probe) -> None:
        self.database = database
        self.settings = settings
        self.probe = probe
        self.asked: asyncio.Task[Ready] | None = None
        self.asked_at = 0.0
        self.ready = Ready(engine=database.engine.profile.value)
        self.looked_at: float | None = None

    async def ask(self) -> Ready:
        """What there is to say. Raises Unavailable, with what is wrong."""
        now = asyncio.get_running_loop().time()
        if not self.asked or (self.asked.done() and now - self.asked_at > SHARED_SECONDS):
            self.asked_at = now
            self.asked = asyncio.create_task(self.find_out())
            self.asked.add_done_callback(forget)
        return await wait_at_most(self.asked, PATIENCE * self.database.answer_seconds)

    async def find_out(self) -> Ready:
        """The same, asked of the database."""
        folder = embedded_folder()
        if folder and (full := lack_of_room(folder)):
            raise Unavailable(full)
        connection = await self.probe.write()
        now = asyncio.get_running_loop().time()
        if self.looked_at is None or now - self.looked_at > LOOK_SECONDS:
            self.ready = await self.look(connection)
            self.looked_at = now
        return self.ready

    async def look(self, connection: DeadlineConnection) -> Ready:
        """What is behind. To find out must not take long, nor make the service less ready."""
        ready = Ready(engine=self.database.engine.profile.value)
        patience = f"{250 * self.database.answer_seconds:.0f}ms"
        try:
            async with connection.transaction():
                await connection.execute(
                    "select set_config('statement_timeout', %s, true)", [patience]
                )
                ready.warnings = await self.what_is_behind(connection)
        except psycopg.Error as error:
            log.warning("readiness: it could not be checked what is behind: %s", error)
            ready.warnings = ["It could not be checked whether rollups or expiry are behind."]
        return ready

    async def what_is_behind(self, connection: DeadlineConnection) -> list[str]:
        """A sentence about everything that is."""
        found: list[str] = []
        if names := await refresh_is_behind(connection):
            found.append(f"Rollups whose refresh is hours behind: {', '.join(names)}.")
        now = await database_time(connection)
        stuck = await stuck_lines(connection, self.settings.retention_days, now)
        found += [f"Expired raw data is not being removed: {line}." for line in stuck]
        return found


@asynccontextmanager
async def readiness(database: Database, settings: Settings) -> AsyncGenerator[Readiness]:
    """What /readyz asks, for as long as the application lives."""
    async with Probe(database.url, database.answer_seconds) as probe:
        yield Readiness(database, settings, probe)


def readiness_of(request: Request) -> Readiness:
    """That of this process."""
    return request.app.state.readiness


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does, whatever the database is up to."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(readiness: Annotated[Readiness, Depends(readiness_of)]) -> Ready:
    """503 until the database is reachable, migrated, and has just committed a write; and for an
    embedded one while its disk is as good as full. What is only behind is a warning."""
    return await readiness.ask()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, settings: AppSettings) -> Response:
    """What this service counts about itself, of all its workers, in Prometheus's text format."""
    local = request.client is None or not neighbourhood(request.client.host)
    if settings.metrics == "off" or (settings.metrics == "local" and not local):
        raise NotFound
    text, content_type = exposition()
    return Response(text, media_type=content_type)
