"""What the editors of a site do with its events: look after rejected ones, and forget a person."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.auth.access import AppDatabase, CurrentUser, EditedSite
from api.events.erasure import Person, Receipt, erase
from api.events.replay import AT_ONCE, RejectedOut, Replay, ReplayReport, rejected_events, replay

router = APIRouter(prefix="/api/sites/{key}", tags=["events"])


@router.get("/rejected")
async def list_rejected(
    site: EditedSite,
    database: AppDatabase,
    code: Annotated[str | None, Query(max_length=100)] = None,
    before: Annotated[int | None, Query(description="Older than this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=AT_ONCE)] = 100,
) -> list[RejectedOut]:
    """The rejected events of a site, newest first, with the reason of each."""
    rows = await rejected_events(database, site, code, before=before, limit=limit)
    return [RejectedOut.model_validate(row) for row in rows]


@router.post("/rejected/replay")
async def replay_rejected(
    wanted: Replay, site: EditedSite, request: Request, database: AppDatabase
) -> ReplayReport:
    """Tries rejected events again, up to a thousand at a time."""
    return await replay(database, request.app.state.places, site, wanted)


@router.post("/erasures", status_code=201)
async def erase_person(
    person: Person, site: EditedSite, user: CurrentUser, database: AppDatabase
) -> Receipt:
    """Forgets a person: events, visits, visitor and rejected events. The receipt counts them."""
    return await erase(database, site, person, user)
