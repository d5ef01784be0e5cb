"""The pages about sites and accounts, and the login. They show what the API returns to whoever
sees them."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.auth.access import AnyCaller, SiteName, readable_site
from api.auth.application import AppSites, settings_of, sites_of
from api.auth.trail import Action
from api.errors import Unauthenticated
from api.sites.directory import DEFAULT_SITE, DEMO_SITE, UnknownSite
from api.sites.models import Site, Visibility
from dashboard.languages import LANGUAGES, language_of, words_in
from dashboard.pages import OWN_PAGES, PAGES, Page

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent

Onward = Annotated[str, Query(alias="next", max_length=2000)]

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def version_of(folders: Iterable[Path]) -> str:
    """A version for exactly these files, so that browsers can cache them for ever."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(filter(Path.is_file, folder.rglob("*"))):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class VersionedFiles(StaticFiles):
    """Files below a version: /static/<version>/pages/overview.js. Modules import each other by
    relative address, so a page and all its modules are of one release.

    Files are served under any version, so that a page of an older release still works during an
    upgrade.
    """

    def __init__(self, folder: Path, packages: Sequence[tuple[str, str]]) -> None:
        """The files of this folder and of folders in packages: (package, folder)."""
        super().__init__(directory=folder, packages=[*packages])
        self.version = version_of(map(Path, self.all_directories))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, cached for ever under the current version and checked again under another."""
        version, *names = PurePath(path).parts or ("",)
        response = await super().get_response(str(PurePath(*names)), scope)
        current = version == self.version
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if current else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        if tag := response.headers.get("etag"):
            response.headers["ETag"] = f"W/{tag}"  # the file may be compressed on its way
        return response

    def address(self, name: str) -> str:
        return f"/static/{self.version}/{name}"


STATIC = VersionedFiles(HERE / "static", packages=[("fastapi_offline", "static")])
"""The files of the dashboard; and of Swagger UI and ReDoc, all that this package is used for."""

SHARED = ("vendor", "state", "api", "text", "parts", "frame")

PRELOADED = [
    f"{folder}/{path.name}"
    for folder in SHARED
    for path in sorted((HERE / "static" / folder).glob("*.js"))
    if not path.name.endswith(".min.js")
]
"""Modules that pages import. A browser that knows them all at once loads them side by side."""


def for_every_page(request: Request) -> dict[str, object]:
    settings = settings_of(request)
    address = settings.base_url or str(request.base_url).rstrip("/")
    language = language_of(request)
    return {
        "static": STATIC.address,
        "address": address,
        "pages": PAGES,
        "actions": [*Action],
        "preloaded": PRELOADED,
        "has_docs": settings.docs == "open",
        "language": language,
        "languages": LANGUAGES,
        "t": words_in(language),
    }


TEMPLATES = Jinja2Templates(HERE / "templates", context_processors=[for_every_page])


def endpoint(here: Page) -> Callable[..., Awaitable[HTMLResponse]]:
    async def shown(
        request: Request, caller: AnyCaller, site: SiteName = DEFAULT_SITE
    ) -> HTMLResponse:
        return await page(request, caller, site, here)

    return shown


def own_endpoint(here: Page) -> Callable[..., Awaitable[HTMLResponse]]:
    async def shown(request: Request, caller: AnyCaller) -> HTMLResponse:
        if caller.user is None:
            return await login_form(request, 401, address_of(request))
        return render(request, here.template, 200, {"user": caller.user, "here": here})

    return shown


for each in PAGES:
    router.add_api_route(each.path, endpoint(each), name=each.title)
for each in OWN_PAGES:
    router.add_api_route(each.path, own_endpoint(each), name=each.title)


@router.get("/login", response_model=None)
async def login(request: Request, caller: AnyCaller, onward: Onward = "/") -> Response:
    """The login form; somebody who is logged in already is sent to `next`."""
    if caller.user is not None:
        return RedirectResponse(own_path(onward), 303, {"Cache-Control": "no-store"})
    return await login_form(request, 200, onward)


@router.get("/invite")
async def invite(request: Request, caller: AnyCaller) -> HTMLResponse:
    """What an invitation is to, and a button to accept it. Its token is only known to the page."""
    return render(request, "invite.html", 200, {"user": caller.user})


async def page(request: Request, caller: AnyCaller, name: str, here: Page) -> HTMLResponse:
    """A page about a site; the login form (401) where that may help, 404 for an unknown site."""
    try:
        site = await readable_site(request, caller, name)
    except Unauthenticated:
        return await login_form(request, 401, address_of(request))
    except UnknownSite as error:
        demo = await demo_site(sites_of(request))
        values = {"detail": error.detail, "user": caller.user, "demo": demo}
        return render(request, "missing.html", 404, values)
    return render(request, here.template, 200, {"site": site, "user": caller.user, "here": here})


def address_of(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def login_form(request: Request, status: int, onward: str, **more: str) -> HTMLResponse:
    """The login form, with links to registration, if it is open, and to the demo site. `problem` is
    a text to show; `pending` a login that only lacks a code (see oidc.sign_in)."""
    values = {
        "next": own_path(onward),
        "registration": settings_of(request).registration,
        "providers": request.app.state.providers.values(),
        "demo": await demo_site(sites_of(request)),
        **more,
    }
    return render(request, "login.html", status, values)


def own_path(address: str) -> str:
    """The address if it is a path of this service; "/" for anything a browser may take for
    another host: `//host`, `/\\host`, a scheme, control characters."""
    is_own = address.startswith("/") and not address.startswith("//")
    return address if is_own and "\\" not in address and address.isprintable() else "/"


async def demo_site(sites: AppSites) -> Site | None:
    """The demo site, if there is one and anybody may read it."""
    try:
        site = await sites.find(DEMO_SITE)
    except UnknownSite:
        return None
    return site if site.is_demo and site.visibility == Visibility.PUBLIC else None


def render(
    request: Request,
    template: str,
    status: int,
    values: Mapping[str, object],
    headers: Mapping[str, str] = SECURITY_HEADERS,
) -> HTMLResponse:
    """A page from a template, under a policy that allows scripts of this service only."""
    return TEMPLATES.TemplateResponse(
        request, template, dict(values), status_code=status, headers=headers
    )
