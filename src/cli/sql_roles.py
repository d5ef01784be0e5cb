"""Commands about login roles of the database that read by SQL."""

from typing import Annotated

import typer

from api.db.database import Database
from api.sites.directory import Sites
from api.sql_access.roles import create_sql_role, revoke_sql_role, sql_roles
from cli.installation import with_migrated_database
from settings import Settings

commands = typer.Typer(
    no_args_is_help=True, help="Make, list and revoke login roles of the database that read by SQL."
)

Name = Annotated[str, typer.Argument(help="Name of the role.")]


@commands.command("create")
def create(
    name: Name,
    site: Annotated[list[str], typer.Option(help="Key of a site that it reads; may be repeated.")],
) -> None:
    """Makes a role that reads the views of these sites, and prints its password. It is shown this
    once."""

    async def work(database: Database, _: Settings) -> str:
        found = [await Sites(database).find(key) for key in dict.fromkeys(site)]
        return await create_sql_role(database, name, found)

    print(with_migrated_database(work))


@commands.command("list")
def list_roles() -> None:
    """Lists the roles with their sites, one a line."""

    async def work(database: Database, _: Settings) -> list[str]:
        roles = await sql_roles(database)
        return [f"{role} {' '.join(sites)}" for role, sites in roles.items()]

    for line in with_migrated_database(work):
        print(line)


@commands.command("revoke")
def revoke(name: Name) -> None:
    """Drops a role, and ends its connections."""

    async def work(database: Database, _: Settings) -> None:
        await revoke_sql_role(database, name)

    with_migrated_database(work)
