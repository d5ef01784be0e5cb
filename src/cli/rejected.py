"""Commands about rejected events."""

from typing import Annotated, Any

import typer

from api.db.database import Database
from api.events.enrich.geo import GeoLocator
from api.events.rejected.replay import (
    RejectedOut,
    Replay,
    ReplayReport,
    rejected_events,
    replay,
)
from api.events.write.writer import Writer
from api.sites.directory import Sites
from cli.installation import with_migrated_database
from settings import Settings

commands = typer.Typer(no_args_is_help=True, help="List rejected events, and try them again.")


@commands.command("list")
def list_rejected(
    site: Annotated[str, typer.Argument(help="Key of the site.")],
    error: Annotated[str | None, typer.Option(help="Only those with this code.")] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 100,
) -> None:
    """Lists rejected events, newest first, one JSON object per line."""

    async def work(database: Database, _: Settings) -> list[dict[str, Any]]:
        found = await Sites(database).find(site)
        return await rejected_events(database, found, error, limit=limit)

    for row in with_migrated_database(work):
        print(RejectedOut.model_validate(row).model_dump_json())


@commands.command("replay")
def replay_rejected(
    site: Annotated[str, typer.Argument(help="Key of the site.")],
    error: Annotated[str | None, typer.Option(help="Only those with this code.")] = None,
    number: Annotated[list[int] | None, typer.Option(help="Only these, by id.")] = None,
) -> None:
    """Tries rejected events again. Those that are stored now leave the list."""

    async def work(database: Database, settings: Settings) -> ReplayReport:
        geo = GeoLocator(settings.geoip_db, None)
        found = await Sites(database).find(site)
        return await replay(Writer(database), geo, found, Replay(ids=number, error=error))

    print(with_migrated_database(work).model_dump_json(indent=2))
