"""Visitors: somebody on a site, with the ordinal of their first sight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.events.models import Event
from api.events.statements import Answer, Connection, as_json, execute
from api.events.visits import Visit


@dataclass
class Visitor:
    """Somebody on a site."""

    site_id: int
    id: int
    ordinal: int
    first_seen: datetime
    last_seen: datetime
    moved_from: datetime | None
    """Known before, but first seen later than is known now: then."""


Visitors = dict[int, Visitor]

Known = Mapping[str, Any]
"""A row with the ordinal and the first sight of a visitor."""


async def ask_for_visitors(connection: Connection, events: Sequence[Event]) -> list[Answer]:
    """Asks who of these events' visitors is known, and for the last ordinals of their sites."""
    sites = list({event.site_id for event in events})
    ids = {event.visitor_id for event in events} | {event.earlier_visitor_id for event in events}
    values = {"sites": sites, "visitors": list(ids - {None})}
    return [
        await execute(connection, "visitors", values),
        await execute(connection, "last_ordinals", {"sites": sites}),
    ]


def meet_visitors(
    visits: Sequence[Visit], known: Mapping[int, Known], ordinals: dict[int, int]
) -> Visitors:
    """The visitors of these visits; new ones get the next ordinals of their site."""
    visitors: Visitors = {}
    for visit in sorted(visits, key=lambda visit: (visit.started, visit.first_id)):
        if visit.visitor_id not in visitors:
            row = known.get(visit.visitor_id)
            visitors[visit.visitor_id] = meet(visit, row, ordinals)
        visitor = visitors[visit.visitor_id]
        visitor.last_seen = max(visitor.last_seen, visit.last_event)
    return visitors


def meet(visit: Visit, row: Known | None, ordinals: dict[int, int]) -> Visitor:
    """The visitor of their earliest changed visit: an old acquaintance, or the next in line."""
    if row is None:
        ordinals[visit.site_id] += 1
        ordinal, first_seen = ordinals[visit.site_id], visit.started
    else:
        ordinal, first_seen = row["ordinal"], min(row["first_seen"], visit.started)
    return Visitor(
        site_id=visit.site_id,
        id=visit.visitor_id,
        ordinal=ordinal,
        first_seen=first_seen,
        last_seen=visit.last_event,
        moved_from=row["first_seen"] if row and first_seen < row["first_seen"] else None,
    )


async def store_visitors(
    connection: Connection, visitors: Visitors, events: Sequence[Event], visits: Sequence[Visit]
) -> None:
    """Brings the visitor table up to date, with the user ids that the events tell."""
    users = {
        visit.visitor_id: event.user_id
        for event, visit in zip(events, visits, strict=True)
        if event.user_id is not None
    }
    rows = [vars(visitor) | {"user_id": users.get(visitor.id)} for visitor in visitors.values()]
    await execute(connection, "store_visitors", {"visitors": as_json(rows)})
