"""The reports of visits one by one and over time, and the events of one visit."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Filtered, Params, Query, Ranked, Totalled
from api.analytics.question import (
    Question,
    Variant,
    is_unfiltered,
    requirements_of,
    single,
    sql_file,
)
from api.analytics.report import Report
from api.analytics.reports.timeseries import SeriesParams, completed, with_series
from api.analytics.time.ranges import EARLIEST
from api.db.database import Database
from api.db.sql_files import Fragment
from api.errors import NotFound
from api.instants import Instant
from api.schema import Record


class SessionsParams(Ranked, Totalled, Filtered, Params):
    """The parameters of the list of visits."""


class Session(Row):
    """One visit."""

    visit_id: UUID
    """Its id."""
    started: Instant
    """The time of its first event."""
    ended: Instant
    """The time of its last event plus the duration of that event."""
    duration_seconds: Seconds
    """The seconds from start to end."""
    pageviews: int
    custom_events: int
    """Events other than page views and engagement."""
    is_bounce: bool
    """Whether it had one page view and no interactive custom event."""
    entry_page: str
    """The page of its first page view."""
    exit_page: str
    """The page of its last page view."""
    session_id: str | None
    """The id of the session, if the sender gave one; null for callers without an account."""
    channel: str
    """The kind of source, e.g. Organic Search."""
    source: str
    """Where it came from; empty for direct traffic."""
    country: str
    """ISO 3166-1 alpha-2."""
    browser: str
    """The name of the browser."""
    os: str
    """The name of the operating system."""
    device: str
    """desktop, mobile, tablet …"""
    path: list[str]
    """The pages that were viewed, in order."""


class SessionTotals(Row):
    """All visits of the range together."""

    visits: int
    visitors: int
    visit_duration_seconds: Seconds | None
    median_duration_seconds: Seconds | None
    """Median seconds of the durations of the visits."""
    views_per_visit: float | None
    bounce_rate: Ratio | None


class SessionsPoint(SessionTotals):
    """The visits of one bucket of a series."""

    time: Instant
    """The start of the bucket."""
    complete: bool
    """Whether the bucket is over, and lies in the range with all of its time."""


class SessionEvent(Row):
    """One event of a visit, with the names that it was sent with."""

    id: UUID
    """Its id."""
    time: Instant
    """When it happened."""
    name: str
    """pageview, engagement, or the name of a custom event."""
    page: str
    """The path of the page."""
    title: str
    """The title of the page."""
    duration: Seconds | None
    """The seconds that were sent with it."""
    revenue: float | None
    """The amount that was sent with it, in the currency."""
    currency: str | None
    """ISO 4217."""
    props: dict[str, Any] | None
    """The properties that were sent with it."""
    seconds_to_next: Seconds | None
    """The time to the next event of the visit."""


class OtherVisit(Row):
    """Another visit of the same visitor."""

    visit_id: UUID
    """Its id."""
    started: Instant
    """The time of its first event."""
    duration_seconds: Seconds
    """The seconds from start to end."""
    pageviews: int
    custom_events: int
    """Events other than page views and engagement."""
    entry_page: str
    """The page of its first page view."""
    exit_page: str
    """The page of its last page view."""
    channel: str
    """The kind of source, e.g. Organic Search."""
    source: str
    """Where it came from; empty for direct traffic."""


class OtherVisits(Record):
    """The other visits of a visitor, at any time whose raw data has not expired."""

    total: int
    """How many there are."""
    latest: list[OtherVisit]
    """At most 50 of them, the latest first."""


class Timeline(Record):
    """One visit from its first event to its last."""

    visit: Session
    """The visit."""
    events: list[SessionEvent]
    """Its events, in order."""
    others: OtherVisits
    """The other visits of the same visitor."""


MOST_OTHERS = 50
"""How many other visits of a visitor are listed."""


METRICS = ("visitors", "visits", "views_per_visit", "bounce_rate", "visit_duration")

TOTALS = Question(
    SessionTotals,
    (
        Variant("reports/sessions_totals.sql", requirements_of(METRICS), ("visit",), is_unfiltered),
        Variant("reports/sessions_totals_of_visits.sql", base=("visit",)),
    ),
    METRICS,
)

SESSIONS = Report(
    "sessions",
    "Visits one by one, with their way through the site",
    SessionsParams,
    single(Session, "reports/sessions.sql", "visit"),
    TOTALS,
    orders=("started", "duration_seconds", "pageviews", "custom_events"),
    counted_by="visits",
)

SESSIONS_SERIES = Report(
    "sessions/series",
    "Visits over time, with mean and median duration",
    SeriesParams,
    single(SessionsPoint, "reports/sessions_series.sql", "visit"),
    TOTALS,
    prepare=with_series,
    finish=completed,
)


async def timeline(database: Database, query: Query[Params], visit: UUID) -> dict[str, Any]:
    """The visit, its events in order, and the other visits of its visitor. Raises NotFound when no
    such visit is in the range."""
    values = {**query.sql_values, "visit": visit, "limit": 1, "offset": 0}
    only = {"visit_lookup_filter": Fragment("v.id = :visit")}
    found = await database.rows(sql_file("reports/sessions.sql"), values, only)
    if not found:
        raise NotFound("There is no such visit in this range.")
    events = await database.rows(sql_file("reports/session_events.sql"), values)
    return {"visit": found[0], "events": events, "others": await others(database, query, values)}


async def others(
    database: Database, query: Query[Params], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The other visits of the visitor of a visit, in the shape of OtherVisits."""
    since = query.site.raw_data_since or EARLIEST
    given = {**values, "since": since, "most": MOST_OTHERS}
    rows = await database.rows(sql_file("reports/other_visits.sql"), given)
    totals = [row.pop("total") for row in rows]
    return {"total": totals[0] if totals else 0, "latest": rows}
