"""GET /api/events/raw, /api/visits and /api/changes: raw data of a site, for users who may read it.

Raw rows have ids of users, and properties as they were sent. So they are for members of the site,
also those of a public one, whose reports anybody may read.
"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.analytics.accepted import VARY, in_accepted_format
from api.analytics.parquet_rows import PARQUET_TYPE
from api.analytics.raw.changes import Changes, changes_since, last_change
from api.analytics.raw.cursors import ChangesCursor, Cursor, read_cursor
from api.analytics.raw.lists import EVENTS, MOST_ROWS, PAGE_ROWS, VISITS, RawList, RawParams
from api.analytics.raw.responses import RawPage, raw_response
from api.analytics.turns import AppTurns
from api.auth.access import KnownCaller, SiteName, site_of_member
from api.auth.application import AppDatabase, AppSites
from api.sites.directory import DEFAULT_SITE

router = APIRouter(tags=["raw"])

CURSOR_HEADERS = {
    "X-Changes-Cursor": {
        "description": "Of all formats but json: the cursor of changes, from before the first row.",
        "schema": {"type": "string"},
    },
    "X-Next-Cursor": {
        "description": "Of all formats but json, with a limit: the cursor of the next rows.",
        "schema": {"type": "string"},
    },
}


def formats(description: str) -> dict[int | str, dict[str, Any]]:
    """The successful response of a list, beside that in JSON."""
    content: dict[str, Any] = {"application/x-ndjson": {}, "text/csv": {}, PARQUET_TYPE: {}}
    return {200: {"description": description, "headers": CURSOR_HEADERS, "content": content}}


def add_list(path: str, raw: RawList, what: str) -> None:
    async def get_list(
        request: Request,
        caller: KnownCaller,
        database: AppDatabase,
        sites: AppSites,
        turns: AppTurns,
        params: Annotated[RawParams, Query()],
    ) -> Response:
        site = await site_of_member(sites, caller, params.site)
        asked = in_accepted_format(request, params)
        answer = await raw_response(raw, asked, site, database, sites, turns)
        answer.headers.update(VARY)
        return answer

    get_list.__doc__ = (
        f"{raw.report.title}: a page of them as JSON, or all of a range as JSON lines, CSV or"
        " Parquet."
    )
    router.add_api_route(
        path,
        get_list,
        methods=["GET"],
        name=raw.name,
        response_model=RawPage[raw.row],
        responses=formats(what),
    )


add_list("/api/events/raw", EVENTS, "Events.")
add_list("/api/visits", VISITS, "Visits.")


@router.get("/api/changes", name="changes")
async def raw_changes(
    caller: KnownCaller,
    database: AppDatabase,
    sites: AppSites,
    turns: AppTurns,
    site: SiteName = DEFAULT_SITE,
    since: Annotated[
        Cursor | None,
        Query(description="A cursor of changes; without it nothing but the present one is told."),
    ] = None,
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=MOST_ROWS,
            description="About how many rows to return: what a batch changed is told together.",
        ),
    ] = PAGE_ROWS,
) -> Changes:
    """Events and visits that are new, changed or gone since a cursor was given, to keep a copy of
    them equal."""
    found = await site_of_member(sites, caller, site)
    cursor = (
        read_cursor(since, ChangesCursor, "changes", found.number, "since")
        if since is not None
        else await last_change(database, found)
    )
    return await turns.share(object(), partial(changes_since, database, found, cursor, limit))
