"""What changed in the raw data of a site since a cursor: with it a copy elsewhere is kept equal.

The log names visits and spans of events (see api.events.changes.log); their rows are read as they
are now, after the log. So a row may be newer than the change that names it, and then a later change
names it again; and a row that is gone meanwhile is not read, and its removal comes later. Nothing
is lost, and the copy is equal once there are no more changes.
"""

from typing import Any
from uuid import UUID

from api.analytics.question import sql_file
from api.analytics.raw.cursors import ChangesCursor, cursor_text
from api.analytics.raw.lists import EVENTS
from api.analytics.raw.rows import RawEvent, RawVisit
from api.db.database import Database, Rows
from api.errors import Expired
from api.instants import Instant
from api.schema import Record
from api.sites.models import Site


class GoneEvent(Record):
    """An event that is gone."""

    id: UUID
    """Its id."""
    time: Instant
    """When it happened."""


class Gone(Record):
    """Rows that are gone: of erased persons, of bots, and visits that became part of others."""

    events: list[GoneEvent]
    """The events."""
    visits: list[UUID]
    """The ids of the visits."""


class Changes(Record):
    """What changed since a cursor. A copy deletes what is gone, then stores events by `id` and
    `time` and visits by `visit_id`, then deletes what lies before `raw_data_since`."""

    events: list[RawEvent]
    """Events that are new or changed, as they are now; and some that did not change."""
    visits: list[RawVisit]
    """Visits that are new or changed, as they are now."""
    gone: Gone
    """What to delete before the others are stored."""
    raw_data_since: Instant | None
    """Events before it, and visits that started before it, have expired; null while none have."""
    next: str
    """The cursor to go on from."""
    more: bool
    """Whether there are more changes already. If not, the copy is equal to the lists."""


async def last_change(database: Database, site: Site) -> ChangesCursor:
    """The cursor behind all changes that are committed."""
    (row,) = await database.rows(sql_file("raw/last_change.sql"), {"site": site.number})
    return ChangesCursor("changes", site.number, row["last"])


async def changes_since(
    database: Database, site: Site, since: ChangesCursor, limit: int
) -> Changes:
    """The changes since a cursor, about as many rows as `limit`. Raises Expired."""
    asked = {"site": site.number, "since": since.number, "limit": limit}
    (log,) = await database.rows(sql_file("raw/changes.sql"), asked)
    if not log["pruned"] <= since.number <= log["last"]:
        raise Expired("The changes since this cursor are not kept any more. Make a new copy.")
    until = since.until or log["until"]
    asked |= {"until": until, "raw_data_since": log["raw_data_since"]}
    events = await changed_events(database, since, limit, asked)
    is_first, is_complete = since.until is None, len(events) <= limit
    following = ChangesCursor("changes", site.number, until)
    if not is_complete:
        place = EVENTS.place_of(events[limit - 1])
        following = ChangesCursor("changes", site.number, since.number, until, place)
    return Changes.model_validate(
        {
            "events": events[:limit],
            "visits": await changed_visits(database, asked) if is_first else [],
            "gone": {
                "events": log["events_gone"] if is_first else [],
                "visits": log["visits_gone"] if is_first else [],
            },
            "raw_data_since": log["raw_data_since"],
            "next": cursor_text(following),
            "more": not is_complete or until < log["last"],
        }
    )


async def changed_events(
    database: Database, since: ChangesCursor, limit: int, asked: dict[str, Any]
) -> Rows:
    """The events that changes name after the place of the cursor, and one more than the limit."""
    values = {**asked, **since.place.values, "limit": limit + 1}
    return await database.rows(sql_file("raw/changed_events.sql"), values)


async def changed_visits(database: Database, asked: dict[str, Any]) -> Rows:
    return await database.rows(sql_file("raw/changed_visits.sql"), asked)
