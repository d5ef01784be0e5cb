"""Commands about accounts."""

from typing import Annotated

import typer

from api.auth.accounts import create_user
from api.auth.models import Registration
from api.db.database import Database
from cli.installation import with_migrated_database
from settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Make accounts.")


@commands.command("create")
def create_user_command(
    email: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
    username: Annotated[str, typer.Option(help="By default the e-mail address.")] = "",
    superuser: Annotated[bool, typer.Option(help="May see and do everything.")] = False,
) -> None:
    """Makes an account, and prints its name."""

    async def work(database: Database, _: Settings) -> str:
        new = Registration(username=username or None, email=email, password=password)
        return (await create_user(database, new, is_superuser=superuser)).username

    print(with_migrated_database(work))
