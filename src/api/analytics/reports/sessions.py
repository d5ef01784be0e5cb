"""The reports of visits one by one and over time, and the events of one visit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.analytics.query import Params, Query
from api.analytics.question import (
    Question,
    Variant,
    is_unfiltered,
    requirements_of,
    single,
    sql_file,
)
from api.analytics.report import Report
from api.analytics.reports.timeseries import SeriesParams, with_series
from api.db.database import Database
from api.db.sql_files import Fragment
from api.errors import NotFound


class Session(BaseModel):
    """One visit."""

    id: UUID
    started: datetime
    ended: datetime
    duration: float
    pageviews: int
    events: int
    """Custom events."""
    bounce: bool
    entry_page: str
    exit_page: str
    session_id: str | None
    channel: str
    source: str
    country: str
    browser: str
    os: str
    device: str
    path: list[str]


class SessionTotals(BaseModel):
    """All visits of the range together."""

    visits: int
    visitors: int
    mean_duration: float | None
    median_duration: float | None
    pages_per_visit: float | None
    bounce_rate: float | None


class SessionsPoint(BaseModel):
    """The visits of one bucket of a series; `time` is its start."""

    time: datetime
    visits: int
    visitors: int
    mean_duration: float | None
    median_duration: float | None
    pages_per_visit: float | None
    bounce_rate: float | None


class SessionEvent(BaseModel):
    """One event of a visit."""

    id: UUID
    time: datetime
    name: str
    page: str
    title: str
    duration: float | None
    revenue: float | None
    currency: str | None
    props: dict[str, Any] | None
    seconds_to_next: float | None


class Timeline(BaseModel):
    """One visit from its first event to its last."""

    visit: Session
    events: list[SessionEvent]


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
    Params,
    single(Session, "reports/sessions.sql", "visit"),
    TOTALS,
    orders=("started", "duration", "pageviews", "events"),
)

SESSIONS_SERIES = Report(
    "sessions/series",
    "Visits over time, with mean and median duration",
    SeriesParams,
    single(SessionsPoint, "reports/sessions_series.sql", "visit"),
    TOTALS,
    prepare=with_series,
)


async def timeline(database: Database, query: Query[Params], visit: UUID) -> dict[str, Any]:
    """The visit and its events in order. Raises NotFound when no such visit is in the range."""
    values = {**query.sql_values, "visit": visit, "limit": 1, "offset": 0}
    only = {"visit_filter": Fragment("v.id = :visit")}
    found = await database.rows(sql_file("reports/sessions.sql"), values, only)
    if not found:
        raise NotFound("There is no such visit in this range.")
    events = await database.rows(sql_file("reports/session_events.sql"), values)
    return {"visit": found[0], "events": events}
