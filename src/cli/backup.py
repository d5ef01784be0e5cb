"""The commands `backup` and `restore`: the whole database into a file, and out of it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.administration.sites import list_sites
from api.db.dump import back_up
from api.db.dump import restore as restore_database
from api.sites.directory import Sites
from bootstrap import migrated_database
from cli.installation import friendly_errors, read_settings, with_database
from settings import Settings


def backup(
    to: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
) -> None:
    """Writes the whole database into a file, as it is at one moment. The service may run."""
    with friendly_errors(), with_database(read_settings()) as settings:
        back_up(settings.database_url, to)
    print(f"{to.stat().st_size:,} bytes in {to}. Keep SECRET_KEY apart from it.")


def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote.")],
) -> None:
    """Fills an empty database with a backup, and brings it up to date with this release."""
    with friendly_errors(), with_database(read_settings()) as settings:
        restore_database(settings.database_url, file)
        sites = asyncio.run(site_keys(settings))
    print(f"Restored: {', '.join(sites)}")


async def site_keys(settings: Settings) -> list[str]:
    """The keys of the sites in the database, once it is migrated."""
    async with migrated_database(settings) as database:
        return [site.key for site in await list_sites(Sites(database), None, limit=10_000)]
