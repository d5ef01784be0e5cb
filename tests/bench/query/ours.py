"""The service itself on one kind of server, asked over HTTP in this process."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.db.database import Database
from api.db.engine import Profile
from api.sites.directory import Sites
from api.sites.models import Site, Visibility
from bench.query.world import HOSTNAME
from bootstrap import migrated_database
from main import build_app
from servers import fresh_database
from settings import Settings

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2


@dataclass(slots=True)
class Installation:
    """A running service with a public site."""

    profile: Profile
    settings: Settings
    database: Database
    client: httpx.AsyncClient
    site: Site
    spent: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds that each .sql file took since this was cleared, fetching included."""

    async def ask(self, report: str, params: Mapping[str, Any]) -> httpx.Response:
        """The answer to a report, and in `spent` where the time went."""
        self.spent.clear()
        asked = {"site": self.site.key, **params}
        return await self.client.get(f"/api/analytics/{report}", params=asked)

    async def size(self) -> int:
        """Bytes on disk, after what autovacuum does."""
        async with await self.database.connect() as connection:
            await connection.execute("vacuum analyze")
            cursor = await connection.execute("select pg_database_size(current_database())")
            row = await cursor.fetchone()
            assert row is not None
            return row[0]


@asynccontextmanager
async def installation(profile: Profile, address: str) -> AsyncGenerator[Installation]:
    """A fresh installation on this server."""
    with fresh_database(address) as url:
        settings = Settings(
            database_url=url,
            secret_key=SECRET,
            timescaledb="off" if profile is Profile.PLAIN else "auto",
            jobs=False,
        )
        async with migrated_database(settings) as database:
            assert database.engine.profile is profile, f"this server is {database.engine.profile}"
            site = await Sites(database).create("bench", HOSTNAME, visibility=Visibility.PUBLIC)
        app = build_app(settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://bench"
            ) as client,
        ):
            made = Installation(profile, settings, app.state.database, client, site)
            watch(made)
            yield made


def watch(installation: Installation) -> None:
    """Has the database note the time that each question takes."""
    database = installation.database
    unwatched = database.rows

    async def rows(path: Path, *rest: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return await unwatched(path, *rest, **options)
        finally:
            elapsed = time.perf_counter() - began
            spent = installation.spent
            spent[path.stem] = spent.get(path.stem, 0) + elapsed

    database.rows = rows
