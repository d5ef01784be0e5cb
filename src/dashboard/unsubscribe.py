"""The page at which whoever gets e-mail reports ends them: /unsubscribe/<id>/<token>.

Mail clients post to it when somebody presses their own button (RFC 8058). To read it ends nothing:
programs that check the links of an e-mail do that.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.auth.application import AppDatabase, settings_of
from api.db.database import Database
from api.email_reports.models import EmailReport
from api.email_reports.store import end_report, report_with
from api.errors import NotFound
from api.sites.models import Site
from api.text import LARGEST_BIGINT
from dashboard.routing import SECURITY_HEADERS, render

router = APIRouter(include_in_schema=False)

HEADERS = SECURITY_HEADERS | {"Referrer-Policy": "no-referrer"}

Found = tuple[EmailReport, Site]


@router.get("/unsubscribe/{number}/{token}")
async def ask(request: Request, number: str, token: str, database: AppDatabase) -> HTMLResponse:
    """What is sent, and a button that ends it."""
    return page(request, await find(request, database, number, token))


@router.post("/unsubscribe/{number}/{token}")
async def end(request: Request, number: str, token: str, database: AppDatabase) -> HTMLResponse:
    """Ends it. Takes no login: the token is one."""
    found = await find(request, database, number, token)
    if found:
        await end_report(database, found[0])
        found = await find(request, database, number, token)
    return page(request, found)


async def find(request: Request, database: Database, number: str, token: str) -> Found | None:
    """The subscription with this number and token, and its site; None where there is none."""
    if not number.isascii() or not number.isdigit() or len(number) > len(str(LARGEST_BIGINT)) - 1:
        return None
    try:
        return await report_with(database, settings_of(request).secrets, int(number), token)
    except NotFound:
        return None


def page(request: Request, found: Found | None) -> HTMLResponse:
    report, site = found or (None, None)
    values = {"report": report, "about": site}
    return render(request, "unsubscribe.html", 200 if found else 404, values, HEADERS)
