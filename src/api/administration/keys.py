"""/api/keys, the API keys of one's account; and /api/sites/{key}/keys, those that are limited to a
site, for its admins."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.administration.key_store import (
    FoundKey,
    NewKey,
    create_key,
    keys_with,
    of_site,
    of_user,
    revoke_key,
)
from api.auth.access import AdministeredSite, LoggedIn, logged_in_caller, site_for
from api.auth.application import AppDatabase, AppSites, network_from
from api.auth.callers import Caller
from api.auth.keys import Scope
from api.errors import REFUSALS
from api.instants import Instant
from api.schema import Record
from api.sites.directory import Sites
from api.sites.models import Role, Site
from api.text import PlainText, RowNumber, refuse_unstorable

router = APIRouter(tags=["keys"], responses={403: REFUSALS[403]})

LONGEST_DAYS = 3650

NEEDED = {Scope.READ: Role.VIEWER, Scope.WRITE: Role.EDITOR, Scope.ADMIN: Role.ADMIN}
"""The role on a site that it takes to make a key for it with a scope."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(refuse_unstorable),
]
"""What people call a key or a link."""


class KeyIn(Record):
    """A new API key."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    """What it is for."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    """What it is good for, at most. `admin` contains the others."""
    site: Annotated[PlainText, Field(max_length=200)] | None = None
    """Key or domain of the only site that it is good for; null for all of the account. It takes a
    viewer of the site for `stats:read`, an editor for `events:write`, an admin for `admin`."""
    expires_in_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    """After how many days it expires; null for never."""


class KeyOut(Record):
    """An API key."""

    id: int
    """Its number."""
    name: str
    """What it is for."""
    prefix: str
    """Its first characters, by which people tell keys apart."""
    scopes: list[Scope]
    """What it is good for, at most."""
    site: str | None
    """The key of the only site that it is good for; null for all of its account."""
    username: str
    """The account that it belongs to."""
    created_at: Instant
    """When it was made."""
    expires_at: Instant | None
    """When it expires; null for never."""
    last_used_at: Instant | None
    """When it was used last, to the minute; null if it never was."""
    last_network: str | None
    """The network that it was used from last, e.g. 203.0.113.0/24; null if it never was."""


class KeyMade(KeyOut):
    """An API key that was just made."""

    secret: str
    """The key itself, for the header `Authorization: Bearer ak_…`. No other answer has it."""


@router.post("/api/keys", name="create", status_code=201, responses={409: REFUSALS[409]})
async def create(
    new: KeyIn, request: Request, caller: LoggedIn, database: AppDatabase, sites: AppSites
) -> KeyMade:
    """Makes an API key of your account: what a program uses instead of a login. It takes a login;
    no key makes keys."""
    site = await site_of(sites, caller, new)
    wanted = NewKey(new.name, new.scopes, site, new.expires_in_days)
    found, secret = await create_key(database, caller.account, wanted, network_from(request))
    return KeyMade(**fields_of(found), secret=secret)


async def site_of(sites: Sites, caller: Caller, new: KeyIn) -> Site | None:
    """The site that a new key is limited to. Raises UnknownSite, and Forbidden where the account
    may not do there what the key is for."""
    if new.site is None:
        return None
    strongest = next(role for role in Role if role in {NEEDED[scope] for scope in new.scopes})
    return await site_for(sites, caller, new.site, strongest)


@router.get("/api/keys", name="list")
async def list_keys(caller: LoggedIn, database: AppDatabase) -> list[KeyOut]:
    """The API keys of your account, the newest first."""
    return [key_out(found) for found in await keys_with(database, of_user(caller.account))]


KeyNumber = Annotated[RowNumber, Path(description="The `id` of the API key.")]


@router.delete("/api/keys/{number}", name="revoke", status_code=204)
async def revoke(
    number: KeyNumber, request: Request, caller: LoggedIn, database: AppDatabase
) -> None:
    """Revokes an API key of your account, at once."""
    user, network = caller.account, network_from(request)
    await revoke_key(database, number, of_user(user), actor=user.id, network=network)


@router.get("/api/sites/{key}/keys", name="list_of_site", dependencies=[Depends(logged_in_caller)])
async def list_keys_of_site(site: AdministeredSite, database: AppDatabase) -> list[KeyOut]:
    """The API keys that are limited to a site, whoever made them. Admins and owners only."""
    return [key_out(found) for found in await keys_with(database, of_site(site))]


@router.delete("/api/sites/{key}/keys/{number}", name="revoke_of_site", status_code=204)
async def revoke_key_of_site(
    caller: LoggedIn,
    site: AdministeredSite,
    number: KeyNumber,
    request: Request,
    database: AppDatabase,
) -> None:
    """Revokes an API key that is limited to a site, at once. Admins and owners only."""
    actor, network = caller.account.id, network_from(request)
    await revoke_key(database, number, of_site(site), actor=actor, network=network)


def key_out(found: FoundKey) -> KeyOut:
    """A key as responses show it."""
    return KeyOut(**fields_of(found))


def fields_of(found: FoundKey) -> dict[str, Any]:
    """The fields of a key in responses."""
    key = found.key
    return {name: getattr(key, name) for name in KeyOut.model_fields if hasattr(key, name)} | {
        "site": found.site.key if found.site else None,
        "username": found.user.username,
        "last_network": next(iter(key.networks), None),
    }
