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
from dashboard.pages import Page
from dashboard.routing import SECURITY_HEADERS, render

router = APIRouter(include_in_schema=False)

POLICY = "Content-Security-Policy"

OVERVIEW = Page("Overview", "/", "pages/overview.js", "styles/overview.css")
BOARD = Page("Board", "/boards", "pages/shared_board.js", "styles/boards.css")
LIVE = Page("Live", "/api/realtime", "pages/shared_live.js", "styles/live.css")


@router.get("/share/{share_id}")
async def shared(
    request: Request, share_id: str, database: AppDatabase, live: str | None = None
) -> HTMLResponse:
    """The page, which opens the link and then shows its board, or the overview of its site; with
    `live` in the address the live numbers of the site alone, for a small frame."""
    link = await find_link(database, share_id)
    headers = SECURITY_HEADERS | {"Referrer-Policy": "no-referrer"}
    if link and link.origins:
        framed = f"frame-ancestors {' '.join(link.origins)}"
        headers |= {POLICY: headers[POLICY].replace("frame-ancestors 'none'", framed)}
    is_live = live is not None and link is not None and link.board_id is None
    values = {"link": link, "shown": shown_by(link, is_live), "is_live": is_live}
    return render(request, "share.html", 200 if link else 404, values, headers)


def shown_by(link: ShareLink | None, is_live: bool) -> Page:
    """The page that draws what a link shows."""
    if link and link.board_id:
        return BOARD
    return LIVE if is_live else OVERVIEW


async def find_link(database: Database, share_id: str) -> ShareLink | None:
    """The link with this id; None where there is none that is valid."""
    try:
        return await share_of_id(database, UUID(share_id))
    except (Unauthenticated, ValueError):
        return None
