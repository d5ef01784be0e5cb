"""GET /healthz: the process lives. GET /readyz: it can do its work."""

from fastapi import APIRouter

from api.auth.access import AppDatabase
from api.db.database import POOL_TIMEOUT_SECONDS
from api.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does, whatever the database is up to."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(database: AppDatabase) -> dict[str, str]:
    """503 until the database is reachable and migrated."""
    async with database.writing.connection(timeout=POOL_TIMEOUT_SECONDS) as connection:
        cursor = await connection.execute("select to_regclass('rollup_state') is not null")
        if await cursor.fetchone() != (True,):
            raise Unavailable("The database is not migrated yet.")
    return {"status": "ready", "engine": database.engine.profile.value}
