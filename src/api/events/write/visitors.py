"""Visitors of a site, numbered in the order in which they are first seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from api.events.models import Event
from api.events.write.sql import Connection, execute
from api.events.write.visits import Visit


class Visitor(Struct):
    """A visitor to store: new, or with changes."""

    site_id: int
    id: int
    number: int
    first_seen: datetime
    user_id: str | None = None
    """The user id in the events of this batch."""
    is_new: bool = False
    moved_from: datetime | None = None
    """The stored `first_seen`, if this batch has an earlier event."""


class KnownVisitor(Struct):
    """The stored number and first visit of a visitor."""

    number: int
    first_seen: datetime


def resolve_visitors(
    visits: Sequence[Visit], stored: Mapping[int, KnownVisitor], last_numbers: dict[int, int]
) -> list[Visitor]:
    """The visitors of these visits. Sets `visitor_number` and `first_seen` of each visit; new
    visitors get the next numbers of their site."""
    visitors: dict[int, Visitor] = {}
    for visit in sorted(visits, key=lambda visit: visit.first):
        visitor = visitors.get(visit.visitor_id)
        if visitor is None:
            visitor = resolve(visit, stored.get(visit.visitor_id), last_numbers)
            visitors[visit.visitor_id] = visitor
        visit.visitor_number, visit.first_seen = visitor.number, visitor.first_seen
    return list(visitors.values())


def resolve(visit: Visit, stored: KnownVisitor | None, last_numbers: dict[int, int]) -> Visitor:
    """The visitor of this visit, the earliest of theirs in the batch: the stored one, or a new
    one."""
    site, visitor = visit.site_id, visit.visitor_id
    if stored is None:
        last_numbers[site] += 1
        return Visitor(site, visitor, last_numbers[site], visit.started, is_new=True)
    if visit.started < stored.first_seen:
        return Visitor(site, visitor, stored.number, visit.started, moved_from=stored.first_seen)
    return Visitor(site, visitor, stored.number, stored.first_seen)


def changed_visitors(
    visitors: Sequence[Visitor], assigned: Sequence[tuple[Event, Visit]]
) -> list[Visitor]:
    """Those of these visitors that have to be stored, with the user ids of the events."""
    users = {
        visit.visitor_id: event.user_id for event, visit in assigned if event.user_id is not None
    }
    for visitor in visitors:
        visitor.user_id = users.get(visitor.id)
    return [v for v in visitors if v.is_new or v.moved_from or v.user_id is not None]


async def move_first_seen(connection: Connection, visitors: Sequence[Visitor]) -> None:
    """Sets an earlier first visit of visitors in all of their visits."""
    if moved := [visitor for visitor in visitors if visitor.moved_from]:
        values = {
            "visitors": [visitor.id for visitor in moved],
            "first_seens": [visitor.first_seen for visitor in moved],
        }
        await execute(connection, "move_first_seen", values)


async def note_numbers(connection: Connection, site: int) -> None:
    """Stores how many visitor numbers a site has given out, before visitors are deleted."""
    await execute(connection, "note_visitor_numbers", {"site": site})
