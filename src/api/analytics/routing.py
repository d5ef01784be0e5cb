"""GET /api/analytics/{report}: one route per entry of REPORTS."""

import csv
import io
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.analytics.execute import answer, parse_query
from api.analytics.query import Format, P, Params
from api.analytics.report import Answer, Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.reports.sessions import SESSIONS, Timeline, timeline
from api.analytics.turns import AppTurns
from api.auth.access import AppDatabase, MaybeUser, readable_site

router = APIRouter(tags=["analytics"])

Endpoint = Callable[..., Awaitable[Any]]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def endpoint_of(report: Report[P]) -> Endpoint:
    async def get_report(
        request: Request, user: MaybeUser, database: AppDatabase, turns: AppTurns, params: P
    ) -> Any:
        site = await readable_site(request, user, params.site)
        key = report.name, request.url.query, site.model_dump_json()
        found = await turns.share(key, partial(answer, database, report, params, site))
        if params.format is Format.CSV:
            return csv_answer(
                report, found["rows"], name=f"{site.key}-{report.name.replace('/', '-')}"
            )
        return found

    # FastAPI reads the type of the parameters from here, as it differs from report to report.
    get_report.__annotations__["params"] = Annotated[report.params, Query()]
    get_report.__name__ = re.sub(r"\W", "_", report.name)
    get_report.__doc__ = report.title
    return get_report


def csv_answer(report: Report[P], rows: list[dict[str, Any]], name: str) -> Response:
    """The rows as CSV, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(report.rows.row.model_fields)
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in report.rows.row.model_fields])
    download = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.csv"}
    return PlainTextResponse(text.getvalue(), media_type="text/csv", headers=download)


def cell(value: Any) -> Any:
    """A value for a cell. Text that a spreadsheet would run gets an apostrophe; lists are
    joined."""
    if isinstance(value, list):
        value = " > ".join("" if item is None else str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, str) and value.lstrip().startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def add_report(path: str, report: Report[P]) -> None:
    router.add_api_route(
        path,
        endpoint_of(report),
        methods=["GET"],
        name=report.name,
        summary=report.title,
        response_model=Answer[report.rows.row, report.totals.row],
        responses={200: {"content": {"text/csv": {}}, "description": report.title}},
    )


for listed in REPORTS:
    add_report(f"/api/analytics/{listed.name}", listed)
add_report("/api/events", EVENT_BUCKETS)


@router.get("/api/analytics/sessions/{visit}", response_model=Timeline)
async def session(
    visit: UUID,
    request: Request,
    user: MaybeUser,
    database: AppDatabase,
    params: Annotated[Params, Query()],
) -> dict[str, Any]:
    """One visit and its events. It is found faster with a range that it started in."""
    site = await readable_site(request, user, params.site)
    anywhere = {} if params.names_a_range else {"period": "all"}
    asked = params.model_copy(update=anywhere)
    query = await parse_query(database, SESSIONS, asked, site)
    return await timeline(database, query, visit)
