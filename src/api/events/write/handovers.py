"""Moves stored visits to another visitor when a late event shows that they began a day earlier.

Without cookies a person is another visitor after midnight of UTC. A visit that goes on over it has
the visitor of its first event, also if its later events came first and were stored under the id of
their own day. Here the stored rows follow. To rollups it is as if that visitor were erased: the
buckets that count one of their rows are computed again.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import LiteralString

from api.events.write.sql import Connection, execute
from api.events.write.visitors import note_numbers
from api.events.write.visits import TIMEOUT, Handover
from api.rollups.changes import mark_removed

OF_A_VISITOR = timedelta(days=2)
"""Longer than the time from the first to the last visit of a hash, which is used for a day."""

MOVED: tuple[LiteralString, ...] = ("visits", "events", "unopened", "web_vitals", "js_errors")
"""Whose rows change, each by a file `hand_over_….sql`."""


async def hand_over(connection: Connection, handovers: Collection[Handover]) -> None:
    """Updates the visitor of stored visits and of their events, web vitals and errors."""
    for site_id in {handover.visit.site_id for handover in handovers}:
        await mark_removed(connection, site_id, givers(handovers, site_id))
        await note_numbers(connection, site_id)
    values = {
        "ids": [handover.visit.id for handover in handovers],
        "givers": [handover.stored_visitor_id for handover in handovers],
        "takers": [handover.visit.visitor_id for handover in handovers],
        "numbers": [handover.visit.final.visitor_number for handover in handovers],
        "lowers": [handover.lower for handover in handovers],
        "uppers": [handover.upper for handover in handovers],
        "earliest": min(handover.lower for handover in handovers) - TIMEOUT,
        "latest": max(handover.upper for handover in handovers) + TIMEOUT,
    }
    for kind in MOVED:
        await execute(connection, f"hand_over_{kind}", values)


async def settle_givers(connection: Connection, handovers: Collection[Handover]) -> None:
    """Updates the first visit of visitors who lost visits, and deletes visitors without any."""
    for site_id in {handover.visit.site_id for handover in handovers}:
        values = {
            "site": site_id,
            "visitors": givers(handovers, site_id),
            "earliest": min(handover.lower for handover in handovers) - OF_A_VISITOR,
            "latest": max(handover.upper for handover in handovers) + OF_A_VISITOR,
        }
        await execute(connection, "settle_visitors", values)
        await execute(connection, "settle_visits", values)
        await execute(connection, "delete_visitors_without_visits", values)


def givers(handovers: Collection[Handover], site_id: int) -> list[int]:
    return [
        handover.stored_visitor_id for handover in handovers if handover.visit.site_id == site_id
    ]
