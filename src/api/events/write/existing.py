"""What is stored that concerns a batch: read in one statement, behind the locks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import LiteralString, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder

from api.db.sql_files import Fragment, statement
from api.events.models import Event
from api.events.write.sql import SQL, Connection, as_json
from api.events.write.visitors import KnownVisitor
from api.events.write.visits import Visit

NEW = timedelta(days=1)
"""A batch is new if all of its activity began less than this ago, by the server's clock."""

NONE, ALL = Fragment("false"), Fragment("true")

# What a new batch can belong to: 7 days before it (LONGEST_VISIT, known_ids.sql), and a day to
# spare. TimescaleDB leaves older chunks out of the plan for this condition alone, also when it
# keeps the plan; else each of them costs some 10 µs a lookup, after a year a millisecond.
RECENT_VISITS = Fragment("started > now() - interval '9 days'")
RECENT_EVENTS = Fragment("time > now() - interval '9 days'")


class Existing(Struct):
    """What is stored that concerns a batch."""

    ids: set[tuple[int, UUID]]
    """Site and id of each event of the batch that is stored already."""
    visits_near: list[Visit]
    visits_of_sessions: list[Visit]
    unopened: list[Visit]
    visitors: dict[int, KnownVisitor]
    last_numbers: dict[int, int]
    """The highest visitor number that is taken, by site; without sites that are deleted."""
    watermark: datetime | None
    """The latest watermark of all rollups: no bucket after it is stored."""
    change: int
    """The number of what this transaction changes."""
    xid: str
    """The number of this transaction."""

    @property
    def visits(self) -> list[Visit]:
        return self.visits_near + self.visits_of_sessions + self.unopened

    @property
    def known_visitors(self) -> Mapping[int, KnownVisitor]:
        """The visitors of the events and of these visits."""
        of_visits = {
            visit.visitor_id: KnownVisitor(visit.visitor_number, visit.first_seen)
            for visit in self.visits
            if visit.first_seen
        }
        return of_visits | self.visitors


class Span(Struct):
    """Between which times a visitor, or a session of a site, has events in a batch."""

    visitor_id: int
    site_id: int
    session_id: str | None
    lower: datetime
    upper: datetime


decode = Decoder(Existing).decode


async def load_existing(
    connection: Connection, events: Sequence[Event], began: datetime
) -> Existing:
    """What is stored that concerns these events, in a transaction that began at this time."""
    people = [event for event in events if not event.bot]
    spans = spans_of(people)
    own = [event for event in events if event.own_id]
    asked = existing_sql(
        ids=bool(own),
        observed=any(event.is_observation for event in own),
        near=any(span.session_id is None for span in spans),
        sessions=any(span.session_id is not None for span in spans),
        is_new=all(event.engaged_from > began - NEW for event in events),
    )
    values = {
        "sent": as_json([{"site_id": e.site_id, "id": e.id, "time": e.time} for e in own]),
        "spans": as_json(spans),
        "visitors": as_json(visitors_of(people)),
        "sites": as_json({event.site_id for event in events}),
    }
    cursor = await connection.execute(asked, values)
    (found,) = await cursor.fetchall()
    return decode(found[0])


@cache
def existing_sql(
    *, ids: bool, observed: bool, near: bool, sessions: bool, is_new: bool
) -> LiteralString:
    """existing.sql for a batch that asks for these kinds of rows."""
    visits, events = (RECENT_VISITS, RECENT_EVENTS) if is_new else (ALL, ALL)
    slots = {
        "ids": events if ids else NONE,
        "observed": events if observed else NONE,
        "near": visits if near else NONE,
        "sessions": visits if sessions else NONE,
    }
    return statement(SQL.folder / "existing.sql", slots).text


def spans_of(events: Sequence[Event]) -> list[Span]:
    visitors: dict[int, Span] = {}
    sessions: dict[tuple[int, str], Span] = {}
    for event in events:
        if event.session_id is not None:
            widen(sessions, (event.site_id, event.session_id), event)
            continue
        for visitor_id in event.visitor_ids:
            widen(visitors, visitor_id, event).visitor_id = visitor_id
    return [*visitors.values(), *sessions.values()]


Key = TypeVar("Key")


def widen(spans: dict[Key, Span], key: Key, event: Event) -> Span:
    """Extends the span of a visitor or session so that this event lies in it, and returns it."""
    engaged_from, time = event.engaged_from, event.time
    span = spans.get(key)
    if span is None:
        spans[key] = span = Span(
            event.visitor_id, event.site_id, event.session_id, engaged_from, time
        )
    else:
        span.lower, span.upper = min(span.lower, engaged_from), max(span.upper, time)
    return span


def visitors_of(events: Sequence[Event]) -> Collection[Mapping[str, int]]:
    asked = {(visitor, event.site_id) for event in events for visitor in event.visitor_ids}
    return [{"site_id": site, "visitor_id": visitor} for visitor, site in asked]
