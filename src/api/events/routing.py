"""POST /api/events/ takes events in; GET /api/events/{id} shows one."""

from base64 import b64decode
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Raw
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.access import AppDatabase, MaybeUser, database_of, readable_site
from api.db.database import Database
from api.db.timeouts import Deadline
from api.errors import (
    DATABASE_AWAY,
    EVENTS_PATH,
    REFUSALS,
    AnalyticsError,
    NotFound,
    Refusal,
    handle,
    known,
    retry_after,
)
from api.events.bodies import pixel_event, read_body
from api.events.intake import Fate, maybe_sender, take_in
from api.events.models import Event
from api.events.parse import split_body
from api.events.schema import EVENT_BODY, EventOut, IngestReport, shown
from api.events.writer import Outcome
from api.metrics import REFUSED
from api.sites.directory import DEFAULT_SITE
from api.text import PlainText

router = APIRouter(prefix="/api/events", tags=["events"])

SQL = Path(__file__).parent / "sql"

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""Trackers run on other origins; nothing here depends on cookies."""


@router.post(
    "/",
    status_code=201,
    openapi_extra=EVENT_BODY,
    responses={
        200: {"model": EventOut, "description": "The event was stored before: a retry."},
        201: {"model": EventOut | IngestReport, "description": "Stored, and committed."},
        422: {"model": IngestReport | Refusal, "description": "Nothing in it can be stored."},
    },
    response_model=None,
)
async def create_events(request: Request) -> Response:
    """Stores one event, an array of events, or one per line.

    One event is answered with the event as stored; a batch with an account of each. 2xx means
    that everything in `accepted` is committed. Sending the same ids again changes nothing.

    Channel, source, country, browser, os and device are what the event tells by itself. Read
    afterwards, it shows those of its visit, which keeps what its first event told.
    """
    with counting_refusals():
        raw_events, is_batch = split_body(await read_body(request))
        deadline = Deadline(database_of(request).answer_seconds)
        fates = await take_in(request, raw_events, deadline)
    return batch_answer(fates) if is_batch else await single_answer(request, fates[0], deadline)


class FastLane:
    """The same function without the framework's work for each request: this answers, and the route
    above documents it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers those who post events, and lets everybody else pass."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", EVENTS_PATH):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await create_events(request)
        except (AnalyticsError, *DATABASE_AWAY) as error:
            answer = await handle(request, error)
        await answer(scope, receive, send)


@contextmanager
def counting_refusals() -> Generator[None]:
    """Adds requests that are refused as a whole to the metrics."""
    try:
        yield
    except (AnalyticsError, *DATABASE_AWAY) as error:
        REFUSED.labels(known(error).code).inc()
        raise


PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF, one by one."""

PIXEL_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}

IMAGES: dict[int | str, dict[str, Any]] = {
    status: {"content": {"image/gif": {}}, "description": refusal["description"]}
    for status, refusal in ({200: {"description": "Stored, and committed."}} | REFUSALS).items()
}
"""Whatever it says, it says as an image."""

pixel_router = APIRouter(tags=["events"])


@pixel_router.get(
    "/pixel.gif",
    response_class=Response,
    responses=IMAGES,
)
async def pixel(request: Request) -> Response:
    """Counts a view without a script: `<noscript><img src="…/pixel.gif?site=key"></noscript>`.

    The query takes the fields of an event. It is an image whatever happens: the status, and the
    header `X-Error`, say what did.
    """
    error = None
    try:
        with counting_refusals():
            event = pixel_event(request.url.query, request.headers.get("referer", ""))
            deadline = Deadline(database_of(request).answer_seconds)
            ((fate, _),) = await take_in(request, [Raw(event)], deadline)
        error = fate if isinstance(fate, AnalyticsError) else None
    except (AnalyticsError, *DATABASE_AWAY) as refusal:
        error = known(refusal)
    refused = {"X-Error": error.code} | retry_after(error) if error else {}
    return Response(PIXEL, error.status if error else 200, PIXEL_HEADERS | refused, "image/gif")


@router.options("/", include_in_schema=False)
async def preflight() -> Response:
    """Lets browsers post JSON from any origin."""
    allowed = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "*"}
    return Response(b"null", headers=ANY_ORIGIN | allowed, media_type="application/json")


async def single_answer(
    request: Request, fate: tuple[Fate, Outcome | None], deadline: Deadline
) -> Response:
    """The stored event; or raises what is wrong with it."""
    event, outcome = fate
    if isinstance(event, AnalyticsError):
        raise event
    if outcome is Outcome.ACCEPTED:
        return json_response(shown(event), 201)
    stored = await stored_before(request, event, deadline)
    return json_response(stored.model_dump() if stored else shown(event), 200)


def json_response(content: Mapping[str, Any], status: int) -> Response:
    """JSON that anybody may read."""
    return Response(msgspec.json.encode(content), status, ANY_ORIGIN, "application/json")


async def stored_before(request: Request, event: Event, deadline: Deadline) -> EventOut | None:
    """What was stored under the id of a retry, for those who may read the site. Anybody else could
    guess ids, and gets nothing but an echo; so does everybody while the database is slow: the event
    is stored, and nothing that fails afterwards is a reason to send it again."""
    try:
        user = await maybe_sender(request, deadline)
        site = await deadline.within(readable_site(request, user, event.site_key))
        return await deadline.within(find_event(database_of(request), site.number, event.id))
    except (AnalyticsError, *DATABASE_AWAY):
        return None


def batch_answer(fates: Sequence[tuple[Fate, Outcome | None]]) -> Response:
    """The account of a batch: 201 if anything was stored, 200 for retries, 422 if all is bad."""
    outcomes = [outcome for _, outcome in fates]
    report = {
        "accepted": outcomes.count(Outcome.ACCEPTED),
        "duplicate": outcomes.count(Outcome.DUPLICATE),
        "rejected": [
            {"index": index, "code": fate.code, "detail": fate.detail}
            for index, (fate, _) in enumerate(fates)
            if isinstance(fate, AnalyticsError)
        ],
        "ids": [str(fate.id) if isinstance(fate, Event) else None for fate, _ in fates],
    }
    stored = 201 if report["accepted"] else 200 if report["duplicate"] else 422
    return json_response(report, stored)


async def find_event(database: Database, site_id: int, event_id: UUID) -> EventOut:
    """One stored event. Raises NotFound."""
    rows = await database.rows(SQL / "event_by_id.sql", {"site": site_id, "id": event_id})
    if not rows:
        raise NotFound("There is no such event.")
    return EventOut.model_validate(rows[0])


@router.get("/{event_id}")
async def read_event(
    event_id: UUID,
    request: Request,
    user: MaybeUser,
    database: AppDatabase,
    site: Annotated[PlainText, Query(max_length=200)] = DEFAULT_SITE,
) -> EventOut:
    """One event of a site, as it is stored."""
    found = await readable_site(request, user, site)
    return await find_event(database, found.number, event_id)
