"""POST /api/events stores events; GET /api/events/{id} returns one; /pixel.gif counts a view."""

import pathlib
from base64 import b64decode
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from msgspec import Raw
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.access import AnyCaller, BearerToken, SiteName, readable_site
from api.auth.application import AppDatabase
from api.auth.callers import Caller
from api.db.database import Database
from api.db.timeouts import Deadline
from api.errors import (
    DATABASE_AWAY,
    MOST_PROBLEMS,
    REFUSALS,
    AnalyticsError,
    NotFound,
    Problem,
    Refusal,
    bounded,
    to_analytics_error,
)
from api.events.ingest import AppIngest, Ingest, Submission, ingest_of
from api.events.models import Event
from api.events.receive.body import pixel_event, read_body
from api.events.receive.parse import split_body
from api.events.receive.rejection import EVENT, AllRejected
from api.events.schema import (
    EVENT_BODY,
    PIXEL_PARAMETERS,
    EventOut,
    IngestReport,
    RefusedReport,
    to_out,
)
from api.events.write.writer import Outcome
from api.metrics import REFUSED
from api.paths import ANY_ORIGIN, EVENTS_PATHS
from api.refusals import handle
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site

router = APIRouter(prefix="/api/events", tags=["events"])

EVENT_BY_ID = pathlib.Path(__file__).parent / "event_by_id.sql"

Sent = EventOut | IngestReport
"""The response to a single event, and to a batch."""

RETRY = """All of it was stored before: a retry. Of a single event, users who may read the site get
what is stored; everybody else gets what was sent, and learns nothing about another event."""


@router.post(
    "",
    name="send",
    status_code=201,
    openapi_extra={"requestBody": EVENT_BODY, "security": [{}, {BearerToken.scheme_name: []}]},
    responses={
        200: {"model": Sent, "description": RETRY},
        201: {"model": Sent, "description": "Stored, and committed."},
        401: REFUSALS[401],
        403: REFUSALS[403],
        422: {"model": RefusedReport | Refusal, "description": "Nothing in it can be stored."},
        404: REFUSALS[404],
        429: REFUSALS[429],
    },
    response_model=None,
)
async def create_events(request: Request, ingest: AppIngest) -> Response:
    """Stores one event, an array of events, or one per line.

    The response to one event is the event as it is stored, to a batch a report with the outcome of
    each. 2xx means that everything in `accepted` is committed. Sending the same ids again changes
    nothing, as long as the times of the events lie at most seven days apart; an event without a
    time has that of its arrival.

    Channel, source, country, browser, os and device are those of the event itself. An event that is
    read later has those of its visit, which come from its first event.
    """
    with counting_refusals():
        content_type = request.headers.get("content-type", "").lower()
        body = await read_body(request, content_type)
        raw_events, is_batch = split_body(body, content_type)
        deadline = Deadline(ingest.database.answer_seconds)
        submissions = await ingest.submit(raw_events, request, deadline)
    if is_batch:
        return batch_response(submissions)
    return await single_response(submissions[0], ingest, request, deadline)


class FastLane:
    """Middleware that calls create_events without the framework's work for each request. The route
    above documents it, and is never reached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        if not is_http or scope["path"] not in EVENTS_PATHS or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await create_events(request, ingest_of(request))
        except (AnalyticsError, *DATABASE_AWAY) as error:
            response = await handle(request, error)
        await response(scope, receive, send)


@contextmanager
def counting_refusals() -> Generator[None]:
    try:
        yield
    except (AnalyticsError, *DATABASE_AWAY) as error:
        REFUSED.labels(to_analytics_error(error).code).inc()
        raise


PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel."""

PIXEL_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}

IMAGE = {"image/gif": {"schema": {"type": "string", "format": "binary"}}}

IMAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": IMAGE, "description": "Stored, and committed."},
    400: {"content": IMAGE, "description": "The query has too many parameters."},
    **{
        status: {"content": IMAGE, "description": REFUSALS[status]["description"]}
        for status in (401, 403, 404, 422, 429, 503)
    },
}
"""The responses of the pixel for OpenAPI: each is an image."""

pixel_router = APIRouter(tags=["events"])


@pixel_router.get(
    "/pixel.gif",
    response_class=Response,
    responses=IMAGES,
    openapi_extra={"parameters": PIXEL_PARAMETERS},
)
async def pixel(request: Request, ingest: AppIngest) -> Response:
    """Counts a view without a script: `<noscript><img src="…/pixel.gif?site=key"></noscript>`.

    The query has the fields of an event. The response is always an image: its status, and the
    header `X-Error`, tell whether the event was stored.
    """
    error = None
    try:
        with counting_refusals():
            event = pixel_event(request.url.query, request.headers.get("referer", ""))
            deadline = Deadline(ingest.database.answer_seconds)
            (submission,) = await ingest.submit([Raw(event)], request, deadline)
        error = submission.error
    except (AnalyticsError, *DATABASE_AWAY) as refusal:
        error = to_analytics_error(refusal)
    refused = {"X-Error": error.code} | error.headers if error else {}
    return Response(PIXEL, error.status if error else 200, PIXEL_HEADERS | refused, "image/gif")


@pixel_router.head("/pixel.gif", include_in_schema=False)
async def pixel_headers() -> Response:
    """Counts nothing: who asks for headers only does not show the image to anybody."""
    return Response(PIXEL, 200, PIXEL_HEADERS, "image/gif")


async def single_response(
    submission: Submission, ingest: Ingest, request: Request, deadline: Deadline
) -> Response:
    """The response to a single event: the stored event. Raises its error."""
    if submission.error:
        raise submission.error
    assert submission.event
    if submission.outcome is Outcome.ACCEPTED:
        return json_response(to_out(submission.event), 201)
    stored = await stored_before(submission.event, ingest, request, deadline)
    return json_response(stored.model_dump() if stored else to_out(submission.event), 200)


def json_response(content: Mapping[str, Any], status: int) -> Response:
    """JSON that pages of any origin may read."""
    return Response(msgspec.json.encode(content), status, ANY_ORIGIN, "application/json")


async def stored_before(
    event: Event, ingest: Ingest, request: Request, deadline: Deadline
) -> EventOut | None:
    """The stored event of a retry, for users who may read the site. None for anybody else, who
    could guess ids, and while the database is slow: the event is stored, so nothing that fails
    afterwards may have it sent again."""
    try:
        caller = await ingest.caller_of(request, deadline)
        site = await deadline.within(readable_site(request, caller, event.site_key))
        return await deadline.within(find_event(ingest.database, site, event.id, caller))
    except (AnalyticsError, *DATABASE_AWAY):
        return None


def batch_response(submissions: Sequence[Submission]) -> Response:
    """The report of a batch: 201 if an event was stored, else 200 if one was a duplicate, else
    422, and then it is a refusal as well."""
    outcomes = Counter(submission.outcome for submission in submissions)
    report: dict[str, Any] = {
        "accepted": outcomes[Outcome.ACCEPTED],
        "duplicate": outcomes[Outcome.DUPLICATE],
        "rejected": [
            {"index": index, "error": submission.error.code, "detail": submission.error.detail}
            for index, submission in enumerate(submissions)
            if submission.error
        ],
        "ids": [
            str(submission.event.id) if submission.event and submission.outcome else None
            for submission in submissions
        ],
    }
    problems = [bounded(problem) for problem in islice(problems_of(submissions), MOST_PROBLEMS)]
    if problems:
        report["problems"] = problems
    if report["accepted"] or report["duplicate"]:
        return json_response(report, 201 if report["accepted"] else 200)
    return json_response(AllRejected(len(submissions), problems).body() | report, 422)


def problems_of(submissions: Iterable[Submission]) -> Iterator[Problem]:
    """The problems of rejected events, with the index of the event: 3.page."""
    for index, error in enumerate(submission.error for submission in submissions):
        for problem in (error.problems or [Problem(EVENT, error.detail)]) if error else ():
            where = str(index) if problem.where == EVENT else f"{index}.{problem.where}"
            yield replace(problem, where=where)


async def find_event(database: Database, site: Site, event_id: UUID, caller: Caller) -> EventOut:
    """One stored event as this caller sees it. Raises NotFound."""
    rows = await database.rows(EVENT_BY_ID, {"site": site.number, "id": event_id})
    if not rows:
        raise NotFound("There is no such event.")
    # Whoever knows a session's id may add events to its visit.
    hidden = {} if caller.user is not None else {"session_id": None}
    return EventOut.model_validate(rows[0] | hidden)


@router.get("/{event_id}", name="read")
async def read_event(
    event_id: Annotated[UUID, Path(description="The `id` of the event.")],
    request: Request,
    caller: AnyCaller,
    database: AppDatabase,
    site: SiteName = DEFAULT_SITE,
) -> EventOut:
    """One event of a site, as it is stored."""
    found = await readable_site(request, caller, site)
    return await find_event(database, found, event_id, caller)
