"""GET /healthz: the process lives. GET /readyz: it can do its work. GET /metrics: how well."""

from collections import Counter

from fastapi import APIRouter, Request, Response

from api.auth.access import AppDatabase, AppSettings
from api.db.connection import within
from api.db.database import Database
from api.db.forms import stored_forms
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
    doubled = await within(doubled_rollups(database), database.answer_seconds)
    return {
        "status": "ready",
        "engine": database.engine.profile.value,
        "rollups": f"two forms of: {', '.join(doubled)}" if doubled else "current",
    }


async def doubled_rollups(database: Database) -> list[str]:
    """The rollups of which there are two forms: a new one that is being filled, or an old one that
    remembers what cannot be computed any more. Raises Unavailable while the database is not
    migrated, or what says that it is away."""
    async with database.writer() as connection:
        cursor = await connection.execute("select to_regclass('rollup_state') is not null")
        if await cursor.fetchone() != (True,):
            raise Unavailable("The database is not migrated yet.")
        titles = Counter(form.title for form in await stored_forms(connection))
    return sorted(title for title, forms in titles.items() if forms > 1)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, settings: AppSettings) -> Response:
    """What this service counts about itself, of all its workers, in Prometheus's text format."""
    local = request.client is None or not neighbourhood(request.client.host)
    if settings.metrics == "off" or (settings.metrics == "local" and not local):
        raise NotFound
    text, content_type = exposition()
    return Response(text, media_type=content_type)
