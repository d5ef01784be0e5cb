"""The log of raw changes: what is new, changed or gone in events and visits, by site and number.

Copies of raw data elsewhere follow it (see api.analytics.raw.changes). It names rows and does not
hold them: a reader reads what is stored of them now. Whoever changes events or visits notes it here
in the same transaction, under a number that was drawn behind the locks, so that the changes of a
site commit in the order of their numbers. Expiry notes nothing: the line of the site tells.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.events.models import Event
from api.events.write.sql import Connection, SqlFolder
from api.events.write.visits import Handover, Move, Visit

execute = SqlFolder(Path(__file__).parent / "sql").execute


class RawChange(Struct):
    """A visit that a batch stored or changed, with the span of those of its events that are new or
    have another visit than before; or ids of visits that are gone."""

    site_id: int
    visitor_id: int | UnsetType = UNSET
    started: datetime | UnsetType = UNSET
    lower: datetime | UnsetType = UNSET
    upper: datetime | UnsetType = UNSET
    visits_gone: list[UUID] | UnsetType = UNSET


def changes_of(
    assigned: Sequence[tuple[Event, Visit]],
    absorbed: Sequence[Visit],
    moves: Sequence[Move],
    handovers: Collection[Handover],
) -> list[RawChange]:
    """What a batch changes: its events with their visits, visits that became part of others, and
    those that got another visitor.

    A visit that begins with another event now keeps its id, so it is not gone.
    """
    merged = [visit for visit in absorbed if visit.stored_started]
    gone = [RawChange(visit.site_id, visits_gone=[visit.id]) for visit in merged]
    of_events = ((visit, event.time, event.time) for event, visit in assigned)
    of_moves = ((move.target.final, move.lower, move.upper) for move in moves)
    handed = ((handover.visit.final, handover.lower, handover.upper) for handover in handovers)
    return [*spans_by_visit((*of_events, *of_moves, *handed)), *gone]


def spans_by_visit(
    touched: Iterable[tuple[Visit, datetime, datetime]],
) -> Iterable[RawChange]:
    """For each visit the span from the first to the last of these times."""
    spans: dict[UUID, tuple[Visit, datetime, datetime]] = {}
    for visit, lower, upper in touched:
        _, first, last = spans.get(visit.id, (visit, lower, upper))
        spans[visit.id] = visit, min(first, lower), max(last, upper)
    return [
        RawChange(visit.site_id, visit.visitor_id, visit.started, lower, upper)
        for visit, lower, upper in spans.values()
    ]


async def note_removal(connection: Connection, site: int, visitors: Sequence[int]) -> None:
    """Notes that the events and visits of these visitors are gone, before they are deleted, and
    deletes what the log has of the visitors. The caller has locked the site."""
    values = {"site": site, "visitors": visitors}
    await execute(connection, "note_removal", values)
    await execute(connection, "delete_visitors", values)


async def prune_changes(connection: Connection, before: datetime) -> None:
    """Deletes changes from before a time. Each site keeps the highest number that was deleted: a
    copy that has not read up to there is refused, and never incomplete without knowing it."""
    async with connection.transaction():
        await execute(connection, "move_boundary", {"before": before})
        await execute(connection, "prune", {})
