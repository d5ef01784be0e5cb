"""The API's documentation for people: /docs (Swagger UI) and /redoc (ReDoc).

Their scripts are files of this installation, so both work without the internet.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboard.routing import SECURITY_HEADERS, render

router = APIRouter(include_in_schema=False)

POLICY = SECURITY_HEADERS["Content-Security-Policy"]

SWAGGER_POLICY = f"{POLICY}; img-src 'self' data:"
"""The style sheet of Swagger UI contains its icons as data: URLs."""

REDOC_POLICY = f"{SWAGGER_POLICY}; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"
"""ReDoc writes its styles into the page, and searches in a worker that it makes of a blob. Its
footer has an image from another server, which the policy blocks."""


def swagger(request: Request) -> HTMLResponse:
    """Every operation, with a form that calls it."""
    shown = {
        "title": "API docs",
        "styles": ["swagger-ui.css"],
        "scripts": ["swagger-ui-bundle.js", "swagger.js"],
    }
    return page(request, shown, SWAGGER_POLICY)


def redoc(request: Request) -> HTMLResponse:
    """Every operation, to be read."""
    shown = {"title": "API reference", "styles": [], "scripts": ["redoc.standalone.js", "redoc.js"]}
    return page(request, shown, REDOC_POLICY)


def page(request: Request, shown: Mapping[str, object], policy: str) -> HTMLResponse:
    headers = SECURITY_HEADERS | {"Content-Security-Policy": policy}
    return render(request, "api_docs.html", 200, shown, headers)


# A route of Starlette's also responds to HEAD.
router.add_route("/docs", swagger)
router.add_route("/redoc", redoc)
