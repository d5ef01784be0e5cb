"""Dependencies of routes: the user of a request, and the sites that the user may read or change."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Path, Query
from fastapi.openapi.models import APIKey, HTTPBearer
from fastapi.security.base import SecurityBase
from sqlmodel import select
from starlette.requests import HTTPConnection

from api.auth.cookie import COOKIE
from api.auth.models import User
from api.auth.security import read_token
from api.db.database import Database
from api.errors import Forbidden, Unauthenticated
from api.sites.directory import Sites, UnknownSite, unknown_site
from api.sites.models import Membership, Role, Site, Visibility
from api.text import PlainText
from settings import Settings


def settings_of(connection: HTTPConnection) -> Settings:
    """The settings this application was built with."""
    return connection.app.state.settings


def database_of(connection: HTTPConnection) -> Database:
    """The database of this installation."""
    return connection.app.state.database


def sites_of(connection: HTTPConnection) -> Sites:
    """The sites of this installation."""
    return connection.app.state.sites


class BearerToken(SecurityBase):
    """The token of the Authorization header, '' without one."""

    scheme_name = "bearer"
    model = HTTPBearer(
        bearerFormat="JWT", description="The `access_token` that `POST /api/auth/login` gives."
    )

    def __call__(self, connection: HTTPConnection) -> str:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


class LoginCookie(SecurityBase):
    """The login token of the cookie. '' for a request that is neither a WebSocket nor of one of
    these methods, or that comes from a page of another origin."""

    scheme_name = "cookie"
    model = APIKey.model_validate(
        {
            "in": "cookie",
            "name": COOKIE,
            "description": "Browsers get it from `POST /api/auth/login`. It is read for GET,"
            " WebSocket and queries that are posted only, and not for pages of other origins.",
        }
    )

    def __init__(self, *methods: str) -> None:
        self.methods = methods

    def __call__(self, connection: HTTPConnection) -> str:
        is_read = connection.scope.get("method", "GET") in self.methods  # a WebSocket has none
        return connection.cookies.get(COOKIE, "") if is_read and same_origin(connection) else ""


bearer_of = BearerToken()
cookie_of = LoginCookie("GET")
cookie_of_query = LoginCookie("POST")
"""For queries that are posted as they are long. They change nothing."""


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the Origin header names this service, or is absent."""
    origin = connection.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == connection.headers.get("host")
    except ValueError:
        return False


async def maybe_user(
    connection: HTTPConnection,
    bearer: Annotated[str, Depends(bearer_of)],
    cookie: Annotated[str, Depends(cookie_of)],
) -> User | None:
    """The user who is logged in, or None. Raises Unauthenticated for a bad Bearer token."""
    database, secret = database_of(connection), settings_of(connection).secret
    if bearer:
        return await user_of(database, secret, bearer)
    if cookie:
        try:
            return await user_of(database, secret, cookie)
        except Unauthenticated:
            return None
    return None


async def asking_user(
    connection: HTTPConnection,
    bearer: Annotated[str, Depends(bearer_of)],
    cookie: Annotated[str, Depends(cookie_of_query)],
) -> User | None:
    """The user who posts a query, or None. Raises Unauthenticated for a bad Bearer token."""
    return await maybe_user(connection, bearer, cookie)


async def user_of(database: Database, secret: str, token: str) -> User:
    """The user whom a token belongs to. Read from the database each time, so that rights are
    current. Raises Unauthenticated."""
    user_id = read_token(token, secret)
    async with database.session() as session:
        user = await session.get(User, user_id)
    if user is None:
        raise Unauthenticated("This login is no longer valid. Please log in again.")
    return user


async def current_user(user: Annotated[User | None, Depends(maybe_user)]) -> User:
    """The user who is logged in. Raises Unauthenticated."""
    if user is None:
        raise Unauthenticated
    return user


async def role_on(database: Database, user: User, site: Site) -> str | None:
    """The user's role on a site, None without one."""
    async with database.session() as session:
        found = await session.execute(
            select(Membership.role).where(
                Membership.user_id == user.id, Membership.site_id == site.id
            )
        )
        return found.scalars().first()


async def readable_site(connection: HTTPConnection, user: User | None, name: str) -> Site:
    """The site, if this user may read its numbers (see site_read_by)."""
    return await site_read_by(sites_of(connection), user, name)


async def site_read_by(sites: Sites, user: User | None, name: str) -> Site:
    """The site, if this user may read its numbers; anybody may read those of a public site.

    Raises Unauthenticated without a login, and UnknownSite for a site that the user may not read,
    as for one that does not exist.
    """
    try:
        site = await sites.find(name)
    except UnknownSite:
        if user is None:
            raise Unauthenticated from None
        raise
    if site.visibility == Visibility.PUBLIC:
        return site
    if user is None:
        raise Unauthenticated
    if user.is_admin or site.visibility == Visibility.MEMBERS:
        return site
    if await role_on(sites.database, user, site) is None:
        raise unknown_site(name)
    return site


async def can_edit(database: Database, site: Site, user: User) -> bool:
    """Whether this user may change what belongs to a site: administrators, owners, editors."""
    return user.is_admin or await role_on(database, user, site) in (Role.OWNER, Role.EDITOR)


async def editable_site(connection: HTTPConnection, user: User | None, name: str) -> Site:
    """The site, if this user may change what belongs to it (see can_edit).

    Raises what readable_site raises, Unauthenticated without a login, and Forbidden.
    """
    site = await readable_site(connection, user, name)
    if user is None:
        raise Unauthenticated
    if not await can_edit(database_of(connection), site, user):
        raise Forbidden("Only owners and editors of the site may do that.")
    return site


async def editable_site_in_path(
    connection: HTTPConnection,
    user: Annotated[User | None, Depends(maybe_user)],
    key: Annotated[str, Path(description="Key or domain of the site.")],
) -> Site:
    """The site in the path (see editable_site)."""
    return await editable_site(connection, user, key)


SiteName = Annotated[PlainText, Query(max_length=200, description="Key or domain of the site.")]
EditableSite = Annotated[Site, Depends(editable_site_in_path)]
MaybeUser = Annotated[User | None, Depends(maybe_user)]
AskingUser = Annotated[User | None, Depends(asking_user)]
CurrentUser = Annotated[User, Depends(current_user)]
AppSettings = Annotated[Settings, Depends(settings_of)]
AppDatabase = Annotated[Database, Depends(database_of)]
AppSites = Annotated[Sites, Depends(sites_of)]
