"""Commands about sites and their members."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from api.administration.members import (
    add_member,
    list_members,
    remove_member,
)
from api.administration.site_models import NewSite, SiteChange
from api.administration.sites import (
    change_site,
    create_site,
    delete_site,
    list_sites,
    set_retention,
)
from api.auth.accounts import user_named
from api.auth.models import User
from api.auth.trail import OPERATOR
from api.db.database import Database
from api.errors import NotFound
from api.events.removal.expiry import regain
from api.sites.directory import Sites
from api.sites.models import PageRule, Role, Visibility
from api.sites.retention import Days, Retention, retention_of
from api.validation import problems_of
from cli.installation import with_migrated_database
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings

commands = typer.Typer(no_args_is_help=True, help="Make, list, change and delete sites.")
member_commands = typer.Typer(no_args_is_help=True, help="Add, list and remove members of a site.")
commands.add_typer(member_commands, name="member")

MOST_LISTED = 10_000

Key = Annotated[str, typer.Argument(help="Key of the site.")]
Name = Annotated[str, typer.Argument(help="Name or e-mail address of the account.")]


def new_site(given: Mapping[str, Any]) -> NewSite:
    """A site from the arguments of a command, checked like those of a request."""
    try:
        return NewSite.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error.errors(), given, NewSite, "site")
        text = "; ".join(f"{problem.where} {problem.problem}" for problem in problems)
        raise typer.BadParameter(text) from error


async def account_called(database: Database, name: str) -> User:
    """The account with this name or e-mail address. Raises NotFound."""
    user = await user_named(database, name.lower())
    if user is None:
        raise NotFound(f"There is no account called {name!r}.")
    return user


@commands.command("create")
def create(
    key: Annotated[str, typer.Argument(help="The name that trackers and queries use.")],
    domain: Annotated[str, typer.Option(help="Its domain.")],
    name: Annotated[str, typer.Option(help="What people call it; else the domain.")] = "",
    timezone: Annotated[str, typer.Option(help="IANA time zone, e.g. Europe/Berlin.")] = "UTC",
    visibility: Annotated[Visibility, typer.Option(help="Who may read it.")] = Visibility.PRIVATE,
    owner: Annotated[str, typer.Option(help="Name or e-mail address of its owner.")] = "",
) -> None:
    """Makes a site, and prints its key."""
    given = {"key": key, "domain": domain, "name": name, "timezone": timezone}
    new = new_site(given | {"visibility": visibility})

    async def work(database: Database, _: Settings) -> str:
        user = await account_called(database, owner) if owner else None
        return (await create_site(Sites(database), new, "UTC", OPERATOR, user)).key

    print(with_migrated_database(work))


@commands.command("list")
def list_all(
    search: Annotated[str, typer.Argument(help="A part of key, domain or name.")] = "",
) -> None:
    """Lists sites, one JSON object per line."""

    async def work(database: Database, _: Settings) -> list[str]:
        found = await list_sites(Sites(database), None, search=search, limit=MOST_LISTED)
        return [site.model_dump_json(exclude={"role"}) for site in found]

    for line in with_migrated_database(work):
        print(line)


@commands.command("rename")
def rename(key: Key, name: Annotated[str, typer.Argument(help="What people call it.")]) -> None:
    """Gives a site another name; its key stays."""
    change(key, SiteChange(name=name))


@commands.command("visibility")
def set_visibility(
    key: Key, visibility: Annotated[Visibility, typer.Argument(help="Who may read it.")]
) -> None:
    """Sets who may read a site. A service that runs knows it within five seconds."""
    change(key, SiteChange(visibility=visibility))


@commands.command("page-rules")
def page_rules(
    key: Key,
    rules: Annotated[
        list[PageRule] | None, typer.Argument(help="Which rules hold; without any, none does.")
    ] = None,
) -> None:
    """Sets which different addresses are one page, for events from now on."""
    change(key, SiteChange(page_rules=rules or []))


def change(key: str, wanted: SiteChange) -> None:
    async def work(database: Database, _: Settings) -> None:
        sites = Sites(database)
        await change_site(sites, await sites.find(key), wanted, OPERATOR)

    with_migrated_database(work)


@commands.command("delete")
def delete(
    key: Key,
    confirm: Annotated[str, typer.Option(prompt="The key again", help="The key again.")],
) -> None:
    """Deletes a site with everything of it. It cannot be undone."""
    if confirm != key:
        raise typer.BadParameter("is not the key of the site", param_hint="--confirm")

    async def work(database: Database, _: Settings) -> None:
        sites = Sites(database)
        await delete_site(sites, await sites.find(key), OPERATOR)

    with_migrated_database(work)


@commands.command("retention")
def retention(
    key: Key,
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
        site = await sites.find(key)
        if wanted:
            site = await set_retention(sites, site, wanted.days, OPERATOR)
        return retention_of(site, settings)

    print(with_migrated_database(work).model_dump_json(indent=2))


@commands.command("regain")
def regain_raw_data(key: Key) -> None:
    """Undoes an expiry that a wrong clock caused, for the raw data that is still complete."""

    async def work(database: Database, settings: Settings) -> Retention:
        sites = Sites(database)
        site = await sites.find(key)
        async with await database.connect() as connection:
            await regain(connection, site.number)
        return retention_of(await sites.by_id(site.number), settings)

    print(with_migrated_database(work).model_dump_json(indent=2))


@member_commands.command("add")
def add(
    key: Key,
    account: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.VIEWER,
) -> None:
    """Makes an account a member of a site, or gives a member another role."""

    async def work(database: Database, _: Settings) -> None:
        site = await Sites(database).find(key)
        user = await account_called(database, account)
        await add_member(database, site, user.number, role, OPERATOR)

    with_migrated_database(work)


@member_commands.command("remove")
def remove(key: Key, account: Name) -> None:
    """Removes a member of a site."""

    async def work(database: Database, _: Settings) -> None:
        site = await Sites(database).find(key)
        user = await account_called(database, account)
        await remove_member(database, site, user.number, Role.OWNER, OPERATOR)

    with_migrated_database(work)


@member_commands.command("list")
def list_all_members(key: Key) -> None:
    """Lists the members of a site, one JSON object per line."""

    async def work(database: Database, _: Settings) -> list[str]:
        site = await Sites(database).find(key)
        found = await list_members(database, site, Role.OWNER, limit=MOST_LISTED)
        return [member.model_dump_json() for member in found]

    for line in with_migrated_database(work):
        print(line)
