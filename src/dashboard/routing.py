"""The pages: overview, live, login. They show what the API answers; the API decides who may see."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from starlette.staticfiles import StaticFiles

from api.auth.access import MaybeUser, readable_site
from api.errors import Unauthenticated
from api.sites.directory import DEFAULT_SITE

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent
STATIC = StaticFiles(directory=HERE / "static")
TEMPLATES = Jinja2Templates(directory=HERE / "templates")

SiteName = Annotated[str, Query(max_length=200)]

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@router.get("/")
async def overview(
    request: Request, user: MaybeUser, site: SiteName = DEFAULT_SITE
) -> HTMLResponse:
    """The analyst's first page."""
    return await page(request, user, site, "overview.html")


@router.get("/api/realtime/")
async def live(request: Request, user: MaybeUser, site: SiteName = DEFAULT_SITE) -> HTMLResponse:
    """What is happening now."""
    return await page(request, user, site, "live.html")


async def page(request: Request, user: MaybeUser, name: str, template: str) -> HTMLResponse:
    """A page about a site, or the login page for those who have to log in to see it."""
    try:
        site = await readable_site(request, user, name)
    except Unauthenticated:
        return render(request, "login.html", 401, {"next": str(request.url.path)})
    return render(request, template, 200, {"site": site, "user": user})


def render(request: Request, template: str, status: int, values: dict[str, object]) -> HTMLResponse:
    """A template with autoescape, under a policy that runs no script but our own."""
    return TEMPLATES.TemplateResponse(
        request, template, values, status_code=status, headers=SECURITY_HEADERS
    )
