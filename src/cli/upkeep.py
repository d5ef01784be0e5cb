"""What an operator does to an installation: migrate, fill, run its jobs, look at it."""

from api.db.database import Database
from api.db.scheduler import run_once
from api.jobs import jobs_for
from api.sites.directory import DEMO_SITE
from api.sites.models import utc_now
from cli.installation import with_prepared
from demo import fill_demo
from install import FirstLogin, furnish
from settings import Settings


def migrate() -> None:
    """Brings the schema to this release and syncs the rollups."""

    async def work(database: Database, settings: Settings) -> FirstLogin | None:
        return await furnish(database, settings)

    if login := with_prepared(work):
        print(f"First login: {login.email}  {login.password}")


def demo() -> None:
    """Fills the demo site with 30 days of made-up traffic, if it has none."""

    async def work(database: Database, _: Settings) -> int:
        return await fill_demo(database, utc_now())

    print(f"{with_prepared(work):,} events stored on the site {DEMO_SITE!r}")


def run_jobs() -> None:
    """Does every job once: partitions, rollups, salts and so on. For those who have a cron."""

    async def work(database: Database, settings: Settings) -> None:
        await run_once(database, jobs_for(database.engine, settings))

    with_prepared(work)


def doctor() -> None:
    """Says what this installation runs on."""

    async def work(database: Database, settings: Settings) -> None:
        engine = database.engine
        print(f"profile      {engine.profile}")
        print(f"postgresql   {engine.postgres}")
        print(f"timescaledb  {engine.timescaledb or 'not used'}")
        print(f"data         {settings.data_dir}")

    with_prepared(work)
