"""Rejected events, looked at and tried again: by whoever mends what was wrong with them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid5

from msgspec import Raw
from pydantic import BaseModel, ConfigDict, Field

from api.db.database import Database
from api.errors import AnalyticsError
from api.events.enrich.event import ID_NAMESPACE, Sender, enrich
from api.events.enrich.place import Places
from api.events.models import Event
from api.events.parse import Rejected, parse_event
from api.events.statements import execute
from api.events.writer import Outcome, store
from api.sites.models import Site, utc_now
from api.text import PlainText, RowNumber

SQL = Path(__file__).parent / "sql"

AT_ONCE = 1000


class RejectedOut(BaseModel):
    """A rejected event as it is kept."""

    id: int
    received_at: datetime
    code: str
    detail: str
    user_agent: str
    payload: str
    """The event as it was sent, without addresses, queries and secrets."""


class Replay(BaseModel):
    """Which rejected events to try again; all of them when nothing is said."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[RowNumber], Field(max_length=AT_ONCE)] | None = None
    code: Annotated[PlainText, Field(max_length=100)] | None = None


class ReplayReport(BaseModel):
    """What became of them. Those that are still rejected stay where they are."""

    accepted: int
    duplicate: int
    rejected: list[dict[str, Any]]


async def rejected_events(
    database: Database,
    site: Site,
    code: str | None = None,
    ids: Sequence[int] | None = None,
    before: int | None = None,
    limit: int = AT_ONCE,
) -> list[dict[str, Any]]:
    """The rejected events of a site, newest first."""
    wanted = {"code": code, "ids": None if ids is None else list(ids), "before": before}
    values = {"site": site.number, "limit": limit, **wanted}
    return await database.rows(SQL / "rejected.sql", values)


async def replay(database: Database, places: Places, site: Site, wanted: Replay) -> ReplayReport:
    """Tries rejected events again. Killed at any point and run again, it stores nothing twice."""
    rows = await rejected_events(database, site, wanted.code, wanted.ids)
    read = {row["id"]: replayed(row, site, places) for row in reversed(rows)}
    events = {number: event for number, event in read.items() if isinstance(event, Event)}
    results = await store(database, list(events.values())) if events else []
    fates = read | dict(zip(events, results, strict=True))
    stored = [number for number, fate in fates.items() if isinstance(fate, Outcome)]
    await drop(database, site, stored)
    return ReplayReport(
        accepted=list(fates.values()).count(Outcome.ACCEPTED),
        duplicate=list(fates.values()).count(Outcome.DUPLICATE),
        rejected=[
            {"id": number, "code": fate.code, "detail": fate.detail}
            for number, fate in fates.items()
            if isinstance(fate, AnalyticsError)
        ],
    )


def replayed(row: dict[str, Any], site: Site, places: Places) -> Event | Rejected:
    """The event as it was meant: by the visitor who sent it, at the time when it arrived."""
    try:
        given = parse_event(Raw(row["payload"].encode()))
        given.id = given.id or str(uuid5(ID_NAMESPACE, f"rejected {site.id} {row['id']}"))
        given.time = given.time or row["received_at"]
        return enrich(given, site, sender_of(row), places)
    except Rejected as error:
        return error


def sender_of(row: dict[str, Any]) -> Sender:
    """The sender of a kept event. Whoever replays it may decide about its time."""
    return Sender(
        ip="",
        user_agent=row["user_agent"],
        headers={},
        now=utc_now(),
        salt_of=lambda _: None,
        trusted=True,
        known_as=row["visitor_id"],
    )


async def drop(database: Database, site: Site, ids: Sequence[int]) -> None:
    """Forgets rejected events that are stored by now."""
    async with database.writer() as connection:
        await execute(connection, "drop_rejected", {"site": site.number, "ids": list(ids)})
