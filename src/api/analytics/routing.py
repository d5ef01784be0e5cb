"""GET /api/analytics/{report}: one route per entry of REPORTS."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api.analytics.accepted import VARY, in_accepted_format
from api.analytics.answers import report_response
from api.analytics.execute import parse_query
from api.analytics.parquet_rows import PARQUET_TYPE
from api.analytics.query import P, RangeParams
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.reports.sessions import SESSIONS, SessionsParams, Timeline, timeline
from api.analytics.shared import hidden_from, limited
from api.analytics.turns import AppTurns
from api.auth.access import AnyCaller, AnyReader, readable_site
from api.auth.application import AppDatabase
from api.errors import REFUSALS
from api.revalidation import revalidated

router = APIRouter(tags=["analytics"])

Endpoint = Callable[..., Awaitable[Response]]


def endpoint_of(report: Report[P]) -> Endpoint:
    async def get_report(
        request: Request, caller: AnyReader, database: AppDatabase, turns: AppTurns, params: P
    ) -> Response:
        site = await readable_site(request, caller, params.site)
        asked = limited(caller, report, in_accepted_format(request, params))
        hidden = await hidden_from(database, caller, site)
        answer = await report_response(database, turns, report, asked, site, hidden)
        answer.headers.update(VARY)
        return revalidated(request, answer)

    # FastAPI reads the type of the parameters from here, as it differs from report to report.
    get_report.__annotations__["params"] = Annotated[report.params, Query()]
    get_report.__name__ = re.sub(r"\W", "_", report.name)
    get_report.__doc__ = report.title
    return get_report


def add_report(path: str, report: Report[P]) -> None:
    router.add_api_route(
        path,
        endpoint_of(report),
        methods=["GET"],
        name=report.name,
        summary=report.title,
        response_model=report.answers,
        responses={
            200: {"content": {"text/csv": {}, PARQUET_TYPE: {}}, "description": report.title},
            403: REFUSALS[403],
        },
    )


for listed in REPORTS:
    add_report(f"/api/analytics/{listed.name}", listed)
add_report("/api/events", EVENT_BUCKETS)


@router.get("/api/analytics/sessions/{visit}", response_model=Timeline)
async def session(
    visit: Annotated[UUID, Path(description="The `visit_id` of the visit.")],
    request: Request,
    caller: AnyCaller,
    database: AppDatabase,
    asked: Annotated[RangeParams, Query()],
) -> dict[str, Any]:
    """One visit and its events. It is found faster with a range that it started in."""
    site = await readable_site(request, caller, asked.site)
    anywhere = {} if asked.names_a_range else {"period": "all"}
    given = asked.model_dump(by_alias=True, exclude_unset=True) | anywhere
    query = await parse_query(database, SESSIONS, SessionsParams.model_validate(given), site)
    found = await timeline(database, query, visit)
    hidden = await hidden_from(database, caller, site)
    unseen = dict.fromkeys(hidden & found["visit"].keys())
    return found | {"visit": found["visit"] | unseen}
