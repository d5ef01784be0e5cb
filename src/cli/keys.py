"""Commands about API keys."""

from typing import Annotated

import typer

from api.administration.key_store import NewKey, create_key, keys_with, of_user, revoke_key
from api.administration.keys import LONGEST_DAYS, KeyOut, key_out
from api.auth.accounts import user_named
from api.auth.keys import Scope
from api.auth.models import User
from api.db.database import Database
from api.errors import NotFound
from api.sites.directory import Sites
from cli.installation import with_migrated_database
from settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

Account = Annotated[str, typer.Argument(help="Name or e-mail address of the account.")]


@commands.command("create")
def create(
    account: Account,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it is good for; may be repeated.")],
    site: Annotated[str, typer.Option(help="The only site that it is good for.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_DAYS, help="Days until it expires.")
    ] = None,
) -> None:
    """Makes an API key of an account, and prints it. It is shown this once."""

    async def work(database: Database, _: Settings) -> str:
        only = await Sites(database).find(site) if site else None
        user = await find_user(database, account)
        return (await create_key(database, user, NewKey(name, scope, only, days)))[1]

    print(with_migrated_database(work))


@commands.command("list")
def list_keys(account: Account) -> None:
    """Lists the API keys of an account, the newest first, one JSON object per line."""

    async def work(database: Database, _: Settings) -> list[KeyOut]:
        user = await find_user(database, account)
        return [key_out(found) for found in await keys_with(database, of_user(user))]

    for key in with_migrated_database(work):
        print(key.model_dump_json())


@commands.command("revoke")
def revoke(number: Annotated[int, typer.Argument(help="The id of the key.")]) -> None:
    """Revokes an API key, whose account it is, at once."""

    async def work(database: Database, _: Settings) -> None:
        await revoke_key(database, number)

    with_migrated_database(work)


async def find_user(database: Database, name: str) -> User:
    """The account. Raises NotFound."""
    if user := await user_named(database, name.lower()):
        return user
    raise NotFound(f"There is no account {name!r}.")
