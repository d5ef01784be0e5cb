"""Visitors: somebody on a site, with the number of their first sight."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from api.events.models import Event
from api.events.statements import Answer, Connection, as_json, execute
from api.events.visits import Visit


class Visitor(Struct):
    """Somebody on a site."""

    site_id: int
    id: int
    number: int
    first_seen: datetime
    user_id: str | None = None
    """What this batch tells of it."""
    is_new: bool = False
    moved_from: datetime | None = None
    """Known before, but first seen later than is known now: then."""


class Known(Struct):
    """The number and the first sight of a visitor whom the database knows."""

    number: int
    first_seen: datetime


async def ask_for_visitors(connection: Connection, events: Sequence[Event]) -> Answer:
    """Asks who of these events' visitors is known."""
    asked = {(event.visitor_id, event.site_id) for event in events}
    asked |= {
        (event.earlier_visitor_id, event.site_id)
        for event in events
        if event.earlier_visitor_id is not None
    }
    rows = [{"site_id": site, "visitor_id": visitor} for visitor, site in asked]
    return await execute(connection, "visitors", {"visitors": as_json(rows)})


def meet_visitors(
    visits: Sequence[Visit], known: Mapping[int, Known], last_numbers: dict[int, int]
) -> list[Visitor]:
    """The visitors of these visits, each of which learns whose it is; new ones get the next
    last numbers of their site."""
    visitors: dict[int, Visitor] = {}
    for visit in sorted(visits, key=lambda visit: visit.first):
        visitor = visitors.get(visit.visitor_id)
        if visitor is None:
            visitor = meet(visit, known.get(visit.visitor_id), last_numbers)
            visitors[visit.visitor_id] = visitor
        visit.visitor_number, visit.first_seen = visitor.number, visitor.first_seen
    return list(visitors.values())


def meet(visit: Visit, known: Known | None, last_numbers: dict[int, int]) -> Visitor:
    """The visitor of their earliest changed visit: an old acquaintance, or the next in line."""
    site, visitor = visit.site_id, visit.visitor_id
    if known is None:
        last_numbers[site] += 1
        return Visitor(site, visitor, last_numbers[site], visit.started, is_new=True)
    if visit.started < known.first_seen:
        return Visitor(site, visitor, known.number, visit.started, moved_from=known.first_seen)
    return Visitor(site, visitor, known.number, known.first_seen)


async def store_visitors(
    connection: Connection,
    visitors: Sequence[Visitor],
    events: Sequence[Event],
    visits: Sequence[Visit],
) -> None:
    """Brings the visitor table up to date, with the user ids that the events tell."""
    users = {
        visit.visitor_id: event.user_id
        for event, visit in zip(events, visits, strict=True)
        if event.user_id is not None
    }
    for visitor in visitors:
        visitor.user_id = users.get(visitor.id)
    if changed := [v for v in visitors if v.is_new or v.moved_from or v.user_id is not None]:
        await execute(connection, "store_visitors", {"visitors": as_json(changed)})
    if moved := [visitor for visitor in visitors if visitor.moved_from]:
        values = {
            "visitors": [visitor.id for visitor in moved],
            "first_seens": [visitor.first_seen for visitor in moved],
        }
        await execute(connection, "move_first_seen", values)
