"""Commands for operators: migrate, fill the demo site, run the jobs, show the installation."""

import typer

from api.administration.alerts import Alerts, alert_once, alert_secret
from api.db.database import Database
from api.db.scheduler import run_once
from api.jobs import jobs_for, messaging_jobs
from api.sites.directory import DEMO_SITE
from api.sites.models import utc_now
from api.submitted.runner import Runner, answer_once
from api.submitted.webhooks import call_once, webhooks_of
from bootstrap import FirstLogin, create_defaults
from cli.installation import read_settings, with_migrated_database
from demo.fill import fill_demo
from settings import Settings

jobs = typer.Typer(no_args_is_help=True, help="Background jobs.")


def migrate() -> None:
    """Brings schema and rollups of the database up to date with this release."""

    async def work(database: Database, settings: Settings) -> FirstLogin | None:
        return await create_defaults(database, settings)

    if login := with_migrated_database(work):
        print(f"First login: {login.username}  {login.password}")


def demo() -> None:
    """Fills the demo site with 30 days of made-up traffic, if it is empty."""

    async def work(database: Database, _: Settings) -> int:
        return await fill_demo(database, utc_now())

    print(f"{with_migrated_database(work):,} events stored on the site {DEMO_SITE!r}")


@jobs.command("run")
def run_jobs() -> None:
    """Runs every background job once, and answers submitted jobs, for installations that use cron
    instead of JOBS=true."""

    async def work(database: Database, settings: Settings) -> None:
        await run_once(database, jobs_for(database.engine, settings))
        webhooks = webhooks_of(settings)
        await run_once(database, messaging_jobs(database, settings, webhooks))
        await answer_once(database, Runner(database))
        await call_once(database, webhooks)
        if settings.alert_webhook:
            await alert_once(database, Alerts(settings, webhooks))

    with_migrated_database(work)


def show_alert_secret() -> None:
    """Prints the secret with which messages to ALERT_WEBHOOK are signed (Standard Webhooks)."""
    print(alert_secret(read_settings().secret))


def doctor() -> None:
    """Shows the engine profile, versions and data directory of this installation."""

    async def work(database: Database, settings: Settings) -> None:
        engine = database.engine
        print(f"profile      {engine.profile}")
        print(f"postgresql   {engine.postgres}")
        print(f"timescaledb  {engine.timescaledb or 'not used'}")
        print(f"data         {settings.data_dir}")

    with_migrated_database(work)
