"""Routes for editors of a site: list and replay rejected events, erase a person, reclassify a
bot."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.access import CurrentUser, EditableSite
from api.auth.application import AppDatabase
from api.errors import REFUSALS
from api.events.ingest import AppIngest
from api.events.rejected.replay import (
    MAX_AT_ONCE,
    RejectedOut,
    Replay,
    ReplayReport,
    rejected_events,
    replay,
)
from api.events.removal.erasure import Person, Receipt, erase
from api.events.removal.reclassify import BotFound, BotMoved, move_bot
from api.text import PlainText, RowNumber

router = APIRouter(prefix="/api/sites/{key}", tags=["sites"], responses={403: REFUSALS[403]})


@router.get("/rejected")
async def list_rejected(
    site: EditableSite,
    database: AppDatabase,
    error: Annotated[
        PlainText | None, Query(max_length=100, description="Only those with this code.")
    ] = None,
    before: Annotated[
        RowNumber | None, Query(description="Only those with a lower `id`: the next page.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_AT_ONCE, description="The most events to return.")
    ] = 100,
) -> list[RejectedOut]:
    """The rejected events of a site, newest first, with the reason of each."""
    rows = await rejected_events(database, site, error, before=before, limit=limit)
    return [RejectedOut.model_validate(row) for row in rows]


@router.post("/rejected/replay")
async def replay_rejected(wanted: Replay, site: EditableSite, ingest: AppIngest) -> ReplayReport:
    """Submits rejected events again, up to a thousand at a time."""
    return await replay(ingest.writer, ingest.geo, site, wanted)


@router.post("/erasures", status_code=201)
async def erase_person(
    person: Person, site: EditableSite, user: CurrentUser, database: AppDatabase
) -> Receipt:
    """Erases a person: events, visits, visitor and rejected events. The receipt counts them."""
    return await erase(database, site, person, user)


@router.post("/bots", status_code=201)
async def move_bot_out(
    found: BotFound, site: EditableSite, user: CurrentUser, database: AppDatabase
) -> BotMoved:
    """Moves the events of a visitor that was a bot to the report `bots`; no other number has
    them."""
    return await move_bot(database, site, found, user)
