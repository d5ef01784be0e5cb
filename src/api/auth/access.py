"""Who may do what: the dependencies of routes, and the one decision that all of them ask.

A role on a site contains those below it: viewers read, editors change what belongs to the site,
admins its settings and members, owners give it away and delete it. A route says in its signature
what it takes: `ViewedSite`, `EditableSite`, `AdministeredSite`, `OwnedSite`.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Path, Query
from fastapi.openapi.models import APIKey, HTTPBearer, OAuth2, OAuthFlowPassword, OAuthFlows
from fastapi.security.base import SecurityBase
from sqlmodel import select
from starlette.requests import HTTPConnection

from api.auth.application import (
    AppSites,
    database_of,
    key_uses_of,
    network_from,
    settings_of,
    sites_of,
    tokens_of,
)
from api.auth.callers import NOBODY, Caller, caller_with, logged_in
from api.auth.cookie import COOKIE
from api.auth.keys import Scope
from api.auth.models import User
from api.auth.tokens import Purpose
from api.auth.trail import Actor
from api.db.database import Database
from api.errors import Forbidden, Unauthenticated
from api.sites.directory import Sites, UnknownSite, unknown_site
from api.sites.models import Membership, Role, Site, Visibility
from api.text import PlainText

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class BearerToken(SecurityBase):
    """The token of the Authorization header, '' without one."""

    scheme_name = "bearer"
    model = HTTPBearer(
        bearerFormat="JWT",
        description="The `access_token` that `POST /api/auth/login` gives, an API key (`ak_…`), or"
        " the secret of a share link (`share_…`).",
    )

    async def __call__(self, connection: HTTPConnection) -> str:
        return bearer_in(connection)


class PasswordLogin(BearerToken):
    """The same token, for clients that get it by OAuth2 with username and password."""

    scheme_name = "password"
    model = OAuth2(
        flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl="/api/auth/token", scopes={})),
        description="Username and password, exchanged for a token.",
    )


class LoginCookie(SecurityBase):
    """The login token of the cookie; '' for a request of a page of another origin, and for one that
    changes something unless it says that it comes from a page of this one."""

    scheme_name = "cookie"
    model = APIKey.model_validate(
        {
            "in": "cookie",
            "name": COOKIE,
            "description": "Browsers get it from `POST /api/auth/login`. It is not read for pages"
            " of other origins, and for other methods than GET only with the header Origin.",
        }
    )

    async def __call__(self, connection: HTTPConnection) -> str:
        return cookie_in(connection)


def bearer_in(connection: HTTPConnection) -> str:
    """The token of a request's Authorization header, '' without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_in(connection: HTTPConnection) -> str:
    """The token of a request's cookie, '' where it is not read (see LoginCookie)."""
    is_safe = connection.scope.get("method", "GET") in SAFE_METHODS  # a WebSocket has none
    is_own = same_origin(connection) and (is_safe or "origin" in connection.headers)
    return connection.cookies.get(COOKIE, "") if is_own else ""


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the Origin header names this service, or is absent. A proxy may have changed the
    host, so the origin of BASE_URL is right, too."""
    origin = connection.headers.get("origin")
    if origin is None or names_host(origin, connection.headers.get("host", "")):
        return True
    return origin == settings_of(connection).base_url


def names_host(origin: str, host: str) -> bool:
    """Whether an origin has this host and port."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


async def reader_of(
    connection: HTTPConnection,
    bearer: Annotated[str, Depends(BearerToken())],
    _: Annotated[str, Depends(PasswordLogin())],
    cookie: Annotated[str, Depends(LoginCookie())],
) -> Caller:
    """Who asks, also by a share link. Only routes that limit their answers to what is shared may
    depend on this. Raises Unauthenticated for a bad Authorization header, not for a bad cookie."""
    return await caller_from(connection, bearer, cookie)


async def caller_of(caller: Annotated[Caller, Depends(reader_of)]) -> Caller:
    """Who asks. Raises Unauthenticated for a share link (see reader_of)."""
    return without_share(caller)


def without_share(caller: Caller) -> Caller:
    """The caller. Raises Unauthenticated for one that comes by a share link."""
    if caller.share is not None:
        raise Unauthenticated("This takes a login; a share link does not do.")
    return caller


async def caller_from(connection: HTTPConnection, bearer: str, cookie: str) -> Caller:
    """Who asks with these (see reader_of)."""
    database, tokens = database_of(connection), tokens_of(connection)
    if bearer:
        caller = await caller_with(database, tokens, bearer)
        if caller.key is not None:
            key_uses_of(connection).note(caller.key, network_from(connection))
        return caller
    try:
        return await logged_in(database, tokens, Purpose.COOKIE, cookie) if cookie else NOBODY
    except Unauthenticated:
        return NOBODY


async def known_caller(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """A caller with an account: a login, or a key that may read. Raises Unauthenticated and
    Forbidden."""
    if caller.user is None:
        raise Unauthenticated
    if not caller.has(Scope.READ):
        raise Forbidden(f"This API key lacks the scope {Scope.READ}.")
    return caller


async def logged_in_caller(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """A caller who logged in: no key may change the account itself. Raises Unauthenticated and
    Forbidden."""
    if caller.user is None:
        raise Unauthenticated
    if caller.login is None:
        raise Forbidden("This takes a login; no API key may do it.")
    return caller


async def actor_of(
    connection: HTTPConnection, caller: Annotated[Caller, Depends(known_caller)]
) -> Actor:
    """A caller with an account, as the audit log names who changes something."""
    return Actor(caller.account.number, network_from(connection))


async def current_user(caller: Annotated[Caller, Depends(known_caller)]) -> User:
    """The account of a caller who has one (see known_caller)."""
    return caller.account


async def superuser(caller: Annotated[Caller, Depends(logged_in_caller)]) -> User:
    """A superuser who logged in. Raises Unauthenticated and Forbidden."""
    if not caller.account.is_superuser:
        raise Forbidden("Only superusers may do that.")
    return caller.account


async def account_role(database: Database, user: User, site: Site) -> Role | None:
    """The role of an account on a site, None without one."""
    if user.is_superuser:
        return Role.OWNER
    async with database.session() as session:
        wanted = select(Membership.role).where(
            Membership.user_id == user.id, Membership.site_id == site.id
        )
        found = (await session.execute(wanted)).scalars().first()
    return Role(found) if found else None


async def role_of(database: Database, caller: Caller, site: Site) -> Role | None:
    """What a caller is to a site: this decides every permission. None for nothing."""
    if caller.user is None:
        return role_with(None, caller, site)
    return role_with(await account_role(database, caller.user, site), caller, site)


def role_with(role: Role | None, caller: Caller, site: Site) -> Role | None:
    """What a caller is to a site on which their account has this role, None for none."""
    if caller.share is not None:
        is_shared = caller.share.board_id is None and caller.share.site_id == site.id
        return Role.VIEWER if is_shared else None
    if caller.user is None or not is_meant(caller, site):
        return everybody(site)
    if role is None and site.visibility == Visibility.MEMBERS:
        role = Role.VIEWER
    if role is None or not caller.has(Scope.READ):
        return everybody(site)
    return role if caller.has(Scope.ADMIN) else Role.VIEWER


def everybody(site: Site) -> Role | None:
    return Role.VIEWER if site.visibility == Visibility.PUBLIC else None


def is_meant(caller: Caller, site: Site) -> bool:
    """Whether the caller's key, if that is how it comes, is good for this site."""
    return caller.key is None or caller.key.site_id in (None, site.id)


async def is_trusted_sender(database: Database, caller: Caller, site: Site) -> bool:
    """Whether events of this caller may say what only a server of the site knows: old times,
    addresses, user agents, users."""
    if caller.user is None or not is_meant(caller, site) or not caller.has(Scope.WRITE):
        return False
    role = await account_role(database, caller.user, site)
    return role is not None and role.contains(Role.EDITOR)


async def site_for(sites: Sites, caller: Caller, name: str, needed: Role = Role.VIEWER) -> Site:
    """The site, if the caller has this role on it.

    Raises Unauthenticated without a login, UnknownSite for a site that the caller may not read, as
    for one that does not exist, and Forbidden for one that the caller may only read.
    """
    try:
        site = await sites.find(name)
    except UnknownSite:
        if caller == NOBODY:
            raise Unauthenticated from None
        raise
    role = await role_of(sites.database, caller, site)
    if role is not None and role.contains(needed):
        return site
    if caller == NOBODY:
        raise Unauthenticated
    if role is None:
        raise unknown_site(name)
    raise Forbidden(f"Only {needed}s of the site may do that.")


async def readable_site(connection: HTTPConnection, caller: Caller, name: str) -> Site:
    """The site, if the caller may read its numbers (see site_for)."""
    return await site_for(sites_of(connection), caller, name)


async def is_member(database: Database, caller: Caller, site: Site) -> bool:
    """Whether the caller's account has a role on the site of its own. Who may only read it because
    it is public, or open to all accounts, does not learn who its users are."""
    if caller.user is None or not is_meant(caller, site) or not caller.has(Scope.READ):
        return False
    return await account_role(database, caller.user, site) is not None


async def site_of_member(sites: Sites, caller: Caller, name: str) -> Site:
    """The site, if the caller is a member (see site_for). Raises Forbidden for others."""
    site = await site_for(sites, caller, name)
    if not await is_member(sites.database, caller, site):
        raise Forbidden("Only members of the site may do that.")
    return site


async def editable_site(connection: HTTPConnection, caller: Caller, name: str) -> Site:
    """The site, if the caller may change what belongs to it (see site_for)."""
    return await site_for(sites_of(connection), caller, name, Role.EDITOR)


def site_in_path(needed: Role) -> Callable[..., Awaitable[Site]]:
    """A dependency: the site in the path, if the caller has this role on it (see site_for)."""

    async def found(
        sites: AppSites,
        caller: Annotated[Caller, Depends(caller_of)],
        key: Annotated[str, Path(description="Key or domain of the site.")],
    ) -> Site:
        return await site_for(sites, caller, key, needed)

    return found


SiteName = Annotated[PlainText, Query(max_length=200, description="Key or domain of the site.")]

AnyReader = Annotated[Caller, Depends(reader_of)]
AnyCaller = Annotated[Caller, Depends(caller_of)]
KnownCaller = Annotated[Caller, Depends(known_caller)]
CurrentUser = Annotated[User, Depends(current_user)]
LoggedIn = Annotated[Caller, Depends(logged_in_caller)]
RequestActor = Annotated[Actor, Depends(actor_of)]
Superuser = Annotated[User, Depends(superuser)]

IN_PATH = {role: site_in_path(role) for role in Role}
"""The dependency that finds the site in the path for callers with a role on it."""

ViewedSite = Annotated[Site, Depends(IN_PATH[Role.VIEWER])]
EditableSite = Annotated[Site, Depends(IN_PATH[Role.EDITOR])]
AdministeredSite = Annotated[Site, Depends(IN_PATH[Role.ADMIN])]
OwnedSite = Annotated[Site, Depends(IN_PATH[Role.OWNER])]
