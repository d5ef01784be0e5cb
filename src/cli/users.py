"""Commands about accounts."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from api.administration.users import users_like
from api.auth.accounts import create_user, user_named
from api.auth.changes import change_user, set_superuser
from api.auth.models import NewPassword, Registration, User
from api.auth.password_changes import change_password, reset_link
from api.auth.second_factor import turn_off
from api.auth.trail import OPERATOR
from api.db.database import Database
from api.errors import NotFound
from cli.installation import with_migrated_database
from settings import Settings

T = TypeVar("T")

commands = typer.Typer(no_args_is_help=True, help="Make and change accounts.")

Name = Annotated[str, typer.Argument(help="Name or e-mail address of the account.")]
Hidden = Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)]


@commands.command("create")
def create_user_command(
    email: str,
    password: Hidden,
    username: Annotated[str, typer.Option(help="By default the e-mail address.")] = "",
    superuser: Annotated[bool, typer.Option(help="May see and do everything.")] = False,
) -> None:
    """Makes an account, and prints its name."""
    values = {"username": username or None, "email": email, "password": password}
    new = valid(Registration.model_validate, values)

    async def work(database: Database, _: Settings) -> str:
        return (await create_user(database, new, is_superuser=superuser)).username

    print(with_migrated_database(work))


@commands.command("list")
def list_users() -> None:
    """Lists the accounts, newest first: number, name, e-mail address, and what they are."""

    async def work(database: Database, _: Settings) -> list[User]:
        return await users_like(database)

    for user in with_migrated_database(work):
        kinds = {"superuser": user.is_superuser, "inactive": not user.is_active}
        kinds["second factor"] = user.totp_since is not None
        print(
            user.number,
            user.username,
            user.email,
            *(word for word, is_it in kinds.items() if is_it),
            sep="\t",
        )


@commands.command("password")
def set_password(name: Name, password: Hidden) -> None:
    """Sets the password of an account, and ends its logins."""
    new = valid(TypeAdapter(NewPassword).validate_python, password)

    async def work(database: Database, _: Settings, user: User) -> None:
        await change_password(database, user, new, OPERATOR)

    with_user(name, work)


@commands.command("reset")
def print_reset_link(name: Name) -> None:
    """Prints a link with which an account sets a new password, once and within an hour."""

    async def work(database: Database, settings: Settings, user: User) -> str:
        async with database.session() as session:
            return await reset_link(session, settings, user, OPERATOR)

    print(with_user(name, work))


@commands.command("deactivate")
def deactivate(name: Name) -> None:
    """Ends the logins of an account, and refuses it until it is activated."""
    with_user(name, activity(is_active=False))


@commands.command("activate")
def activate(name: Name) -> None:
    """Lets an account log in again."""
    with_user(name, activity(is_active=True))


def activity(is_active: bool) -> Callable[[Database, Settings, User], Awaitable[User]]:
    async def work(database: Database, _: Settings, user: User) -> User:
        return await change_user(database, user.number, {"is_active": is_active}, OPERATOR)

    return work


@commands.command("superuser")
def change_superuser(
    name: Name,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make it an ordinary one.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even the last superuser.")] = False,
) -> None:
    """Makes an account a superuser, who may see and do everything."""

    async def work(database: Database, _: Settings, user: User) -> None:
        await set_superuser(database, user.number, not revoke, OPERATOR, force=force)

    with_user(name, work)


@commands.command("second-factor-off")
def turn_second_factor_off(name: Name) -> None:
    """Turns the second factor of an account off, whose owner lost it."""

    async def work(database: Database, _: Settings, user: User) -> None:
        async with database.session() as session:
            await turn_off(session, user, OPERATOR)

    with_user(name, work)


def with_user(name: str, work: Callable[[Database, Settings, User], Awaitable[T]]) -> T:
    """Runs work on the account with this name or e-mail address."""

    async def found(database: Database, settings: Settings) -> T:
        user = await user_named(database, name.strip().lower())
        if user is None:
            raise NotFound("There is no account with this name or e-mail address.")
        return await work(database, settings, user)

    return with_migrated_database(found)


def valid(check: Callable[[Any], T], value: Any) -> T:
    """The checked value. Exits with code 2 and the problems, without what was given: it may be a
    password."""
    try:
        return check(value)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'password'}: "
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors()
        ]
        raise typer.BadParameter("; ".join(problems)) from None
