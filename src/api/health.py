"""GET /healthz: the process lives. GET /readyz: it can do its work. GET /metrics: how well."""

from fastapi import APIRouter, Request, Response

from api.auth.access import AppDatabase, AppSettings
from api.db.connection import within
from api.db.database import Database
from api.errors import NotFound, Unavailable
from api.limits import neighbourhood
from api.metrics import exposition

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does, whatever the database is up to."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(database: AppDatabase) -> dict[str, str]:
    """503 until the database is reachable and migrated."""
    await within(require_migrated(database), database.answer_seconds)
    return {"status": "ready", "engine": database.engine.profile.value}


async def require_migrated(database: Database) -> None:
    """Raises Unavailable while the database is not migrated, or what says that it is away."""
    async with database.writer() as connection:
        cursor = await connection.execute("select to_regclass('rollup_state') is not null")
        if await cursor.fetchone() != (True,):
            raise Unavailable("The database is not migrated yet.")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, settings: AppSettings) -> Response:
    """What this service counts about itself, of all its workers, in Prometheus's text format."""
    local = request.client is None or not neighbourhood(request.client.host)
    if settings.metrics == "off" or (settings.metrics == "local" and not local):
        raise NotFound
    text, content_type = exposition()
    return Response(text, media_type=content_type)
