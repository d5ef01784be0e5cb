"""The page of a share link: /share/<id>#<secret>.

Browsers keep the fragment to themselves. The id says which origins may frame the page, and no more.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.auth.application import AppDatabase
from api.auth.shares import ShareLink, share_of_id
from api.db.database import Database
from api.errors import Unauthenticated
from dashboard.routing import SECURITY_HEADERS, render

router = APIRouter(include_in_schema=False)

POLICY = "Content-Security-Policy"


@router.get("/share/{share_id}")
async def shared(request: Request, share_id: str, database: AppDatabase) -> HTMLResponse:
    """The page, which opens the link and then shows the overview of its site."""
    link = await find_link(database, share_id)
    headers = SECURITY_HEADERS | {"Referrer-Policy": "no-referrer"}
    if link and link.origins:
        framed = f"frame-ancestors {' '.join(link.origins)}"
        headers |= {POLICY: headers[POLICY].replace("frame-ancestors 'none'", framed)}
    return render(request, "share.html", 200 if link else 404, {"link": link}, headers)


async def find_link(database: Database, share_id: str) -> ShareLink | None:
    """The link with this id; None where there is none that is valid."""
    try:
        return await share_of_id(database, UUID(share_id))
    except (Unauthenticated, ValueError):
        return None
