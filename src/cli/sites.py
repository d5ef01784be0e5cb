"""Commands about sites."""

from typing import Annotated

import typer
from pydantic import ValidationError

from api.db.database import Database
from api.events.removal.expiry import regain
from api.sites.directory import Sites
from api.sites.models import Visibility
from api.sites.retention import Days, Retention, retention_of
from cli.installation import with_migrated_database
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings

commands = typer.Typer(no_args_is_help=True, help="Make sites, set their retention.")


@commands.command("create")
def create_site(
    key: Annotated[str, typer.Argument(help="The name that trackers and queries use.")],
    domain: Annotated[str, typer.Option(help="Its domain.")],
    timezone: Annotated[str, typer.Option(help="IANA time zone, e.g. Europe/Berlin.")] = "UTC",
    visibility: Annotated[Visibility, typer.Option(help="Who may read it.")] = Visibility.PRIVATE,
) -> None:
    """Makes a site, and prints its key. Does nothing where the key exists."""

    async def work(database: Database, _: Settings) -> str:
        made = await Sites(database).create(key, domain, timezone=timezone, visibility=visibility)
        return made.key

    print(with_migrated_database(work))


@commands.command("retention")
def set_retention(
    key: Annotated[str, typer.Argument(help="Key of the site.")],
    days: Annotated[
        str,
        typer.Argument(help="Days, 0 for ever, or default; none only shows."),
    ] = "",
) -> None:
    """Shows or sets for how many days raw data of a site is kept. Rollups stay."""
    try:
        wanted = (
            Days.model_validate({"days": None if days == "default" else days}) if days else None
        )
    except ValidationError as error:
        allowed = f"0, default, or {LEAST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}"
        raise typer.BadParameter(f"must be one of: {allowed}") from error

    async def work(database: Database, settings: Settings) -> Retention:
        sites = Sites(database)
        if wanted:
            await sites.set_retention(await sites.find(key), wanted.days)
        return retention_of(await sites.find(key), settings)

    print(with_migrated_database(work).model_dump_json(indent=2))


@commands.command("regain")
def regain_raw_data(key: Annotated[str, typer.Argument(help="Key of the site.")]) -> None:
    """Undoes an expiry that a wrong clock caused, for the raw data that is still complete."""

    async def work(database: Database, settings: Settings) -> Retention:
        sites = Sites(database)
        async with await database.connect() as connection:
            await regain(connection, (await sites.find(key)).number)
        sites.remembered.clear()
        return retention_of(await sites.find(key), settings)

    print(with_migrated_database(work).model_dump_json(indent=2))
