"""POST /api/events/ takes events in; GET /api/events/{id} shows one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from msgspec import Raw

from api.auth.access import (
    AppDatabase,
    MaybeUser,
    bearer_of,
    database_of,
    may_write_as_others,
    readable_site,
    sites_of,
    user_of,
)
from api.auth.models import User
from api.db.database import Database
from api.errors import AnalyticsError, NotFound, TooLarge, Unauthenticated
from api.events.enrich.event import Sender, enrich
from api.events.models import Event
from api.events.parse import parse_event, split_body
from api.events.schema import EVENT_BODY, EventOut, IngestReport, shown
from api.events.writer import Outcome, Result
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site, utc_now

router = APIRouter(prefix="/api/events", tags=["events"])

SQL = Path(__file__).parent / "sql"

MAX_BODY_BYTES = 1024 * 1024

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
"""Trackers run on other origins; nothing here depends on cookies."""

Fate = Event | AnalyticsError


@router.post(
    "/",
    status_code=201,
    openapi_extra=EVENT_BODY,
    responses={
        200: {"model": EventOut, "description": "The event was stored before: a retry."},
        201: {"model": EventOut | IngestReport, "description": "Stored, and committed."},
    },
    response_model=None,
)
async def create_events(request: Request) -> JSONResponse:
    """Stores one event, an array of events, or one per line.

    One event is answered with the event as stored; a batch with an account of each. 2xx means
    that everything in `accepted` is committed. Sending the same ids again changes nothing.
    """
    raw_events, is_batch = split_body(await read_body(request))
    fates = await store(request, raw_events)
    return batch_answer(fates) if is_batch else await single_answer(request, fates[0])


@router.options("/", include_in_schema=False)
async def preflight() -> JSONResponse:
    """Lets browsers post JSON from any origin."""
    allowed = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "*"}
    return JSONResponse(None, headers=ANY_ORIGIN | allowed)


async def read_body(request: Request) -> bytes:
    """The body, as long as it is not too large. Raises TooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"A body is at most {MAX_BODY_BYTES} bytes long.")
    return bytes(body)


async def store(request: Request, raw_events: Sequence[Raw]) -> list[tuple[Fate, Outcome | None]]:
    """What became of each event: the event and its outcome, or why it was refused."""
    reader = EventReader(request, await sender_of(request), await maybe_sender(request))
    fates = [await reader.read(raw) for raw in raw_events]
    valid = [fate for fate in fates if isinstance(fate, Event)]
    results = iter(await request.app.state.queue.write(valid) if valid else [])
    return [with_result(fate, results) for fate in fates]


def with_result(fate: Fate, results: Iterator[Result]) -> tuple[Fate, Outcome | None]:
    """Joins an event with the writer's word on it."""
    if isinstance(fate, AnalyticsError):
        return fate, None
    result = next(results)
    return (fate, result) if isinstance(result, Outcome) else (result, None)


async def sender_of(request: Request) -> Sender:
    """What the connection says about the sender."""
    now = utc_now()
    salts = await request.app.state.salts.current(now)
    return Sender(
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
        headers=request.headers,
        now=now,
        salt_of=salts.get,
    )


async def maybe_sender(request: Request) -> User | None:
    """The user who sends. Ingest is open, so a bad login is no reason to lose an event."""
    try:
        return await user_of(request, token) if (token := bearer_of(request)) else None
    except Unauthenticated:
        return None


class EventReader:
    """Reads the events of one request, each by itself."""

    def __init__(self, request: Request, sender: Sender, user: User | None) -> None:
        self.request = request
        self.sender = sender
        self.user = user
        self.trust: dict[int, bool] = {}

    async def read(self, raw: Raw) -> Fate:
        """The event ready to be stored, or why it cannot be."""
        try:
            event = parse_event(raw)
            site = await sites_of(self.request).find(event.site or DEFAULT_SITE)
            sender = await self.sender_for(site)
            return enrich(event, site, sender, self.request.app.state.places)
        except AnalyticsError as error:
            return error

    async def sender_for(self, site: Site) -> Sender:
        """The sender, trusted with identities and old times where their role allows it."""
        if site.number not in self.trust:
            trusted = await may_write_as_others(self.request, site, self.user)
            self.trust[site.number] = trusted
        return replace(self.sender, trusted=self.trust[site.number])


async def single_answer(request: Request, fate: tuple[Fate, Outcome | None]) -> JSONResponse:
    """The stored event; or raises what is wrong with it."""
    event, outcome = fate
    if isinstance(event, AnalyticsError):
        raise event
    if outcome is Outcome.ACCEPTED:
        return JSONResponse(shown(event).model_dump(mode="json"), 201, ANY_ORIGIN)
    answer = await stored_before(request, event) or shown(event)
    return JSONResponse(answer.model_dump(mode="json"), 200, ANY_ORIGIN)


async def stored_before(request: Request, event: Event) -> EventOut | None:
    """What was stored under the id of a retry, for those who may read the site. Anybody else could
    guess ids, and gets nothing but an echo."""
    try:
        site = await readable_site(request, await maybe_sender(request), event.site_key)
    except AnalyticsError:
        return None
    return await find_event(database_of(request), site.number, event.id)


def batch_answer(fates: Sequence[tuple[Fate, Outcome | None]]) -> JSONResponse:
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
    return JSONResponse(report, stored, ANY_ORIGIN)


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
    site: Annotated[str, Query(max_length=200)] = DEFAULT_SITE,
) -> EventOut:
    """One event of a site, as it is stored."""
    found = await readable_site(request, user, site)
    return await find_event(database, found.number, event_id)
