"""GET /healthz: the process runs. GET /readyz: it can serve. GET /metrics: for Prometheus."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import psycopg
from fastapi import APIRouter, Depends, Request, Response

from api.auth.application import AppSettings
from api.db.clock import database_time
from api.db.database import Database
from api.db.engine import Profile
from api.db.probe import Probe
from api.db.room import embedded_folder, lack_of_room
from api.db.timeouts import PATIENCE, DeadlineConnection, read_exception, wait_at_most
from api.errors import REFUSALS, NotFound, Unavailable
from api.events.removal.expiry import stuck_lines
from api.limits import neighbourhood
from api.metrics import exposition
from api.rollups.overdue import refresh_is_behind
from api.schema import Record
from settings import Settings

log = logging.getLogger("analytics.health")

router = APIRouter(tags=["service"])

SHARED_SECONDS = 1.0
"""For how long a result is used for other callers."""

WARNINGS_SECONDS = 10.0
"""How often warnings are looked for. They take no traffic away, so they may come later."""


class Alive(Record):
    """The response of a process that runs."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""


class Ready(Record):
    """The response of a service that is ready."""

    status: Literal["ready"] = "ready"
    """Always `ready`: a service that is not ready responds with 503."""
    engine: Profile
    """What kind of server the database is."""
    warnings: list[str]
    """What is late and an operator should look at. Answers are exact all the same."""


class Readiness:
    """Checks whether this service can serve, once for all callers within SHARED_SECONDS."""

    def __init__(self, database: Database, settings: Settings, probe: Probe) -> None:
        self.database = database
        self.settings = settings
        self.probe = probe
        self.asked: asyncio.Task[Ready] | None = None
        self.asked_at = 0.0
        self.ready = Ready(engine=database.engine.profile, warnings=[])
        self.warned_at: float | None = None

    async def ask(self) -> Ready:
        """The state of this service. Raises Unavailable, with the reason, when it is not ready."""
        now = asyncio.get_running_loop().time()
        if not self.asked or (self.asked.done() and now - self.asked_at > SHARED_SECONDS):
            self.asked_at = now
            self.asked = asyncio.create_task(self.check())
            self.asked.add_done_callback(read_exception)
        return await wait_at_most(self.asked, PATIENCE * self.database.answer_seconds)

    async def check(self) -> Ready:
        """Checks disk space and the database, and looks for warnings from time to time."""
        folder = embedded_folder()
        if folder and (full := lack_of_room(folder)):
            raise Unavailable(full)
        connection = await self.probe.write()
        now = asyncio.get_running_loop().time()
        if self.warned_at is None or now - self.warned_at > WARNINGS_SECONDS:
            self.ready = await self.with_warnings(connection)
            self.warned_at = now
        return self.ready

    async def with_warnings(self, connection: DeadlineConnection) -> Ready:
        """Looks for warnings, briefly. A failure must not make the service less ready."""
        ready = Ready(engine=self.database.engine.profile, warnings=[])
        patience = f"{250 * self.database.answer_seconds:.0f}ms"
        try:
            async with connection.transaction():
                await connection.execute(
                    "select set_config('statement_timeout', %s, true)", [patience]
                )
                ready.warnings = await self.warnings(connection)
        except psycopg.Error as error:
            log.warning("readiness: the check for warnings failed: %s", error)
            ready.warnings = ["It could not be checked whether rollups or expiry are behind."]
        return ready

    async def warnings(self, connection: DeadlineConnection) -> list[str]:
        """A sentence about each rollup or site whose background work is late."""
        found: list[str] = []
        if names := await refresh_is_behind(connection):
            found.append(f"Rollups whose refresh is hours behind: {', '.join(names)}.")
        now = await database_time(connection)
        stuck = await stuck_lines(connection, self.settings.retention_days, now)
        found += [f"Expired raw data is not being removed: {line}." for line in stuck]
        return found


@asynccontextmanager
async def readiness(database: Database, settings: Settings) -> AsyncGenerator[Readiness]:
    """The Readiness of an application, for as long as the block lasts."""
    async with Probe(database.url, database.answer_seconds) as probe:
        yield Readiness(database, settings, probe)


async def readiness_of(request: Request) -> Readiness:
    """The Readiness of this process."""
    return request.app.state.readiness


@router.get("/healthz")
async def healthz() -> Alive:
    """Answers as long as the process runs, whatever state the database is in."""
    return Alive()


@router.get("/readyz")
async def readyz(readiness: Annotated[Readiness, Depends(readiness_of)]) -> Ready:
    """503 until the database is reachable, migrated, and has just committed a write; also while the
    disk of an embedded database is almost full. Work that is late is only a warning."""
    return await readiness.ask()


EXPOSITION = {"text/plain": {"schema": {"type": "string"}}}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": EXPOSITION}, 404: REFUSALS[404]},
)
async def metrics(request: Request, settings: AppSettings) -> Response:
    """The metrics of all workers of this service, in Prometheus's text format."""
    local = request.client is None or not neighbourhood(request.client.host)
    if settings.metrics == "off" or (settings.metrics == "local" and not local):
        raise NotFound
    text, content_type = exposition()
    return Response(text, media_type=content_type)
