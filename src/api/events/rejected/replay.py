"""Lists rejected events, and replays them once the mistake is mended."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid5

from msgspec import Raw
from pydantic import ConfigDict, Field

from api.db.database import Database
from api.events.enrich.event import ID_NAMESPACE
from api.events.enrich.event_time import corrected_time
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender
from api.events.ingest import Submission, write_ready
from api.events.receive.rejection import Rejected
from api.events.rejected.store import execute
from api.events.write.writer import Outcome, Writer
from api.schema import Record
from api.sites.models import Site, utc_now
from api.text import PlainText, RowNumber

LIST = Path(__file__).parent / "sql" / "list.sql"

MAX_AT_ONCE = 1000


class RejectedOut(Record):
    """A rejected event as it is stored."""

    id: int
    """Its number: later ones have higher numbers."""
    received_at: datetime
    """When it arrived."""
    error: str
    """The code of the reason."""
    detail: str
    """Why it was rejected, as a sentence."""
    user_agent: str
    """The user agent of its sender."""
    payload: str
    """The event as it was sent, without addresses, queries and secrets, and without the values of
    fields that no event has."""


class Replay(Record):
    """Which rejected events to replay; all of them without ids and error."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[RowNumber], Field(max_length=MAX_AT_ONCE)] | None = None
    """Only these rejected events."""
    error: Annotated[PlainText, Field(max_length=100)] | None = None
    """Only events that were rejected with this code."""


class RejectedAgain(Record):
    """A rejected event that was rejected again."""

    id: int
    """The number of the rejected event."""
    error: str
    """The code of the reason."""
    detail: str
    """Why it was rejected again, as a sentence."""


class ReplayReport(Record):
    """The outcome of a replay. Events that are rejected again stay stored."""

    accepted: int
    """How many were stored now."""
    duplicate: int
    """How many were stored already."""
    rejected: list[RejectedAgain]
    """Those that were rejected again."""


async def rejected_events(
    database: Database,
    site: Site,
    error: str | None = None,
    ids: Sequence[int] | None = None,
    before: int | None = None,
    limit: int = MAX_AT_ONCE,
) -> list[dict[str, Any]]:
    """The rejected events of a site, newest first."""
    wanted = {"error": error, "ids": None if ids is None else list(ids), "before": before}
    values = {"site": site.number, "limit": limit, **wanted}
    return await database.rows(LIST, values)


async def replay(writer: Writer, geo: GeoLocator, site: Site, wanted: Replay) -> ReplayReport:
    """Submits rejected events again. Repeated after a crash, it stores nothing twice."""
    rows = await rejected_events(writer.database, site, wanted.error, wanted.ids)
    submissions = {row["id"]: resubmission(row, site) for row in reversed(rows)}
    for submission in submissions.values():
        submission.enrich(geo)
    await write_ready(list(submissions.values()), writer.write)
    stored = [number for number, submission in submissions.items() if submission.outcome]
    await delete_replayed(writer.database, site, stored)
    outcomes = Counter(submission.outcome for submission in submissions.values())
    return ReplayReport(
        accepted=outcomes[Outcome.ACCEPTED],
        duplicate=outcomes[Outcome.DUPLICATE],
        rejected=[
            RejectedAgain(id=number, error=submission.error.code, detail=submission.error.detail)
            for number, submission in submissions.items()
            if submission.error
        ],
    )


def resubmission(row: dict[str, Any], site: Site) -> Submission:
    """The submission of a rejected event, with the visitor who sent it and, if need be, the time of
    its arrival."""
    submission = Submission(Raw(row["payload"].encode()), site=site, sender=sender_of(row))
    submission.parse()
    if given := submission.given:
        given.id = given.id or str(uuid5(ID_NAMESPACE, f"rejected {site.id} {row['id']}"))
        with suppress(Rejected):  # enrich will raise it again
            given.time = corrected_time(given, row["received_at"]) or row["received_at"]
            given.sent_at = None
    return submission


def sender_of(row: dict[str, Any]) -> Sender:
    """The sender of a rejected event, trusted like the editor who replays it."""
    return Sender(
        ip="",
        user_agent=row["user_agent"],
        headers={},
        now=utc_now(),
        salt_of=lambda _: None,
        trusted=True,
        stored_visitor_id=row["visitor_id"],
    )


async def delete_replayed(database: Database, site: Site, ids: Sequence[int]) -> None:
    async with database.writer() as connection:
        await execute(connection, "delete_replayed", {"site": site.number, "ids": list(ids)})
