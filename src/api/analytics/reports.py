"""The table of contents: every report, its parameters, rows and sources.

A new report is one .sql file and one entry here. Its route, its documentation, its CSV form and
the test that its SQL is valid follow from that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from pydantic import BaseModel

from api.analytics import params, rows
from api.analytics.dimensions import (
    CHANNEL,
    DEVICE_DIMENSIONS,
    ENTRY_PAGE,
    EXIT_PAGE,
    LOCATION_DIMENSIONS,
    SOURCE_DIMENSIONS,
    VISIT_DIMENSIONS,
    Dimension,
)
from api.analytics.funnel import (
    funnel_shares,
    funnel_slots,
    funnel_values,
    funnel_visitor_values,
)
from api.analytics.metrics import measures_of
from api.analytics.order import order_by
from api.analytics.paths import path_slots, path_values
from api.analytics.periods import (
    first_cohort,
    lifecycle_values,
    retention_of_sets,
    retention_rates,
    retention_values,
    stickiness_values,
)
from api.analytics.planner import Need
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock
from api.analytics.rollups import EVENTS, FIRST_VISITS, VIEWS, VISITS
from api.analytics.segments import segment_slots
from api.db.queries import Fragment

Start = Callable[[Params, Clock], datetime]
Values = Callable[[Query], dict[str, Any]]
Slots = Callable[[Query], Mapping[str, Fragment]]
Finish = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def nothing_more(_: Query) -> dict[str, Any]:
    """Most reports bind what every report binds."""
    return {}


def as_they_are(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Most reports answer what the database answers."""
    return found


def never(_: Query) -> bool:
    """Most reports need more than sets of visitors."""
    return False


def always(_: Query) -> bool:
    """Some reports need nothing but sets of visitors."""
    return True


SETS: Mapping[str, Need] = {
    "sets": Need(VISITS, people=True),
    "new_sets": Need(FIRST_VISITS, people=True),
}


@dataclass(frozen=True, slots=True)
class TotalsOf:
    """How the whole range is summed up beside the rows of a report."""

    file: str
    row: type[BaseModel]
    metrics: tuple[LiteralString, ...] = ()
    needs: Mapping[str, Need] = field(default_factory=dict[str, Need])


PEOPLE = SETS["sets"]


def needs_of(metrics: tuple[LiteralString, ...], *more: LiteralString) -> Mapping[str, Need]:
    """What these metrics, and more measures of events, read: of visits and of events."""
    return {
        "visits": Need(VISITS, measures_of(metrics, "visits")),
        "events": Need(EVENTS, (*measures_of(metrics, "events"), *more)),
        "people": PEOPLE,
    }


HEADLINES: tuple[LiteralString, ...] = (
    *("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"),
)

TOTALS = TotalsOf("totals", rows.Totals, HEADLINES, needs_of(HEADLINES))


@dataclass(frozen=True, slots=True)
class Report:
    """One question and everything there is to know about it."""

    name: str
    """Also its path below /api/analytics."""
    title: str
    params: type[Params]
    row: type[BaseModel]
    sql: str = ""
    """Name of the .sql file, where it is not the report's own name."""
    metrics: tuple[LiteralString, ...] = ()
    """The columns of its rows that are metrics (see metrics.py)."""
    needs: Mapping[str, Need] = field(default_factory=dict[str, Need])
    """What the slots of its SQL read; the planner puts a source in each."""
    base: str = "visit"
    """The base table that it reads besides, or instead."""
    dimensions: tuple[Dimension, ...] = ()
    """What it can be broken down by; the first is the default."""
    orders: tuple[LiteralString, ...] = ()
    """Columns that its rows can be sorted by."""
    start: Start | None = None
    """Where the range starts when the caller names none, instead of 24 hours ago."""
    prepare: Values = nothing_more
    """More values for its SQL. Raises Invalid."""
    slots: Slots = nothing_more
    """More fragments for its SQL. Raises Invalid."""
    finish: Finish = as_they_are
    totals: TotalsOf = TOTALS
    of_sets: Callable[[Query], bool] = never
    """Whether sets of visitors alone can answer this question, in a .sql file of that name."""

    @property
    def file(self) -> str:
        """The name of its .sql file."""
        return self.sql or self.name


def page_values(query: Query) -> dict[str, Any]:
    """The pages asked for (None for all), and whether the events have to be read."""
    asked = query.params
    assert isinstance(asked, params.PageReportParams)
    detail = asked.detail or asked.order.startswith(("visits", "time_on_page"))
    return {"pages": asked.pages, "detail": detail}


def custom_event_values(query: Query) -> dict[str, Any]:
    """The name and the property asked for; None for all and for none."""
    assert isinstance(query.params, params.CustomEventsParams)
    return {"name": query.params.name, "property": query.params.property}


def event_bucket_values(query: Query) -> dict[str, Any]:
    """Pages, and whether visits are needed at all."""
    assert isinstance(query.params, params.EventsParams)
    return {"pages": query.params.pages, "dimension": query.params.dimension or None}


TOUCH = Fragment("true")


def revenue_slots(query: Query) -> Mapping[str, Fragment]:
    """Which of a visitor's visits gets the credit: by default that of the order."""
    assert isinstance(query.params, params.RevenueParams)
    return {"touch": TOUCH} if query.params.attribution == "first" else {}


BREAKDOWN_METRICS: tuple[LiteralString, ...] = (
    *("visits", "views_per_visit", "bounce_rate", "visit_duration"),
)

BREAKDOWN_ORDERS: tuple[LiteralString, ...] = (*BREAKDOWN_METRICS, "visitors", "share", "value")

PAGE_ORDERS: tuple[LiteralString, ...] = (
    *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
    *("engaged_seconds", "time_on_page", "page"),
)

EVERYTHING = Fragment("true")


def bound(column: LiteralString) -> Fragment:
    """Who may be among the first by visitors: nobody has more visitors than visits (page views), so
    as many of these are needed as the last of the leaders has visitors."""
    return Fragment(
        f"{column} >= (select case when count(*) = :limit::bigint + :offset::bigint"
        " then min(visitors) else 0 end from leaders_people)"
    )


def counted_for(
    value: LiteralString, order: Fragment | None, most: Fragment
) -> dict[str, Fragment]:
    """For which values visitors must be counted: those listed, unless visitors decide on that."""
    slots = {
        "leaders": Fragment(f"{value} in (select value from leaders)"),
        "finalists": Fragment(f"{value} in (select value from finalists)"),
    }
    if order is None:
        return slots
    if not order.sql.startswith("visitors"):
        return {**slots, "by": order}
    return {**slots, "final": EVERYTHING if order.sql.startswith("visitors asc") else most}


def breakdown_slots(query: Query) -> Mapping[str, Fragment]:
    """The values of which visitors have to be counted."""
    assert query.dimension
    order = order_by(query.params, BREAKDOWN_ORDERS)
    return counted_for(query.dimension.sql, order, bound("visits"))


def page_slots(query: Query) -> Mapping[str, Fragment]:
    """The pages of which visitors have to be counted."""
    return counted_for("e.page", order_by(query.params, PAGE_ORDERS), bound("pageviews"))


def breakdown(name: str, title: str, dimensions: tuple[Dimension, ...]) -> Report:
    """A report of visits by one of some dimensions; they all ask the same question."""
    return Report(
        name,
        title,
        params.BreakdownParams,
        rows.Share,
        sql="breakdown",
        metrics=BREAKDOWN_METRICS,
        needs={
            "visits": Need(VISITS, measures_of(BREAKDOWN_METRICS, "visits")),
            "people": PEOPLE,
        },
        base="",
        dimensions=dimensions,
        orders=BREAKDOWN_ORDERS,
        slots=breakdown_slots,
    )


PLACE = Fragment("width_bucket(v.bucket, :starts::timestamptz[])")


def series_slots(_: Query) -> Mapping[str, Fragment]:
    """Visitors are counted by bucket of the series."""
    return {"dimension": PLACE}


SERIES_METRICS: tuple[LiteralString, ...] = (
    *("visitors", "visits", "pageviews", "bounce_rate", "visit_duration"),
)

REPORTS = (
    Report(
        "timeseries",
        "Visitors, visits and page views over time",
        params.SeriesParams,
        rows.Point,
        metrics=SERIES_METRICS,
        needs=needs_of(SERIES_METRICS, "custom_events"),
        base="",
        slots=series_slots,
    ),
    Report(
        "pages",
        "Pages, with entries, exits and bounce rate",
        params.PageReportParams,
        rows.Page,
        needs={
            "events": Need(EVENTS, ("pageviews", "engaged"), ("page",)),
            "entries": Need(VISITS, ("visits", "bounces"), ("entry_page",)),
            "exits": Need(VISITS, ("visits",), ("exit_page",)),
            "viewers": Need(VIEWS, dimensions=("page",), people=True),
        },
        base="",
        orders=PAGE_ORDERS,
        prepare=page_values,
        slots=page_slots,
    ),
    breakdown("traffic-sources", "Where visits came from", SOURCE_DIMENSIONS),
    breakdown("devices", "What visitors use", DEVICE_DIMENSIONS),
    breakdown("locations", "Where visitors are", LOCATION_DIMENSIONS),
    breakdown("entries", "The pages that visits begin on", (ENTRY_PAGE,)),
    breakdown("exits", "The pages that visits end on", (EXIT_PAGE,)),
    Report(
        "sessions",
        "Visits one by one, with their way through the site",
        Params,
        rows.Session,
        orders=("started", "duration", "pageviews", "events"),
        totals=TotalsOf("sessions_totals", rows.SessionTotals),
    ),
    Report(
        "sessions/series",
        "Visits over time, with mean and median duration",
        params.SeriesParams,
        rows.SessionsPoint,
        sql="sessions_series",
        totals=TotalsOf("sessions_totals", rows.SessionTotals),
    ),
    Report(
        "paths",
        "The ways that visits take from a page or to one",
        params.PathsParams,
        rows.Link,
        base="visit+event",
        prepare=path_values,
        slots=path_slots,
    ),
    Report(
        "funnel",
        "How far visitors got through a series of steps",
        params.FunnelParams,
        rows.Step,
        base="event",
        prepare=funnel_values,
        slots=funnel_slots,
        finish=funnel_shares,
    ),
    Report(
        "funnel/visitors",
        "Who got to a step of a funnel, or no further",
        params.FunnelVisitorsParams,
        rows.FunnelVisitor,
        sql="funnel_visitors",
        base="event",
        prepare=funnel_visitor_values,
        slots=funnel_slots,
    ),
    Report(
        "retention",
        "Who came back",
        params.RetentionParams,
        rows.Cohort,
        start=first_cohort,
        prepare=retention_values,
        finish=retention_rates,
        of_sets=retention_of_sets,
    ),
    Report(
        "lifecycle",
        "Who is new, stayed, came back or stayed away",
        params.LifecycleParams,
        rows.Stage,
        prepare=lifecycle_values,
        of_sets=always,
    ),
    Report(
        "stickiness",
        "Daily, weekly and monthly active visitors",
        Params,
        rows.ActiveVisitors,
        prepare=stickiness_values,
        of_sets=always,
    ),
    Report(
        "events",
        "Custom events and their properties",
        params.CustomEventsParams,
        rows.CustomEvent,
        base="event",
        orders=("count", "visitors", "visits", "name", "value"),
        prepare=custom_event_values,
    ),
    Report(
        "goals",
        "How often the saved goals were reached",
        Params,
        rows.GoalReached,
        base="event",
        orders=("conversions", "visitors", "visits", "conversion_rate", "name"),
    ),
    Report(
        "revenue",
        "Revenue by where the visitors came from",
        params.RevenueParams,
        rows.Revenue,
        base="event+visit",
        dimensions=(CHANNEL, *(d for d in SOURCE_DIMENSIONS if d is not CHANNEL)),
        orders=("revenue", "orders", "visitors", "average_order", "value"),
        slots=revenue_slots,
    ),
    Report(
        "segments",
        "Two segments side by side",
        params.SegmentsParams,
        rows.Segment,
        metrics=(*HEADLINES, "new_visitors", "returning_visitors"),
        base="visit+event",
        slots=segment_slots,
    ),
    Report("heatmap", "When visits begin, by weekday and hour", Params, rows.HeatmapCell),
    Report(
        "bots",
        "Bots, kept apart from visitors",
        Params,
        rows.Bot,
        base="bot_event",
        orders=("events", "pages", "bot", "last_seen"),
    ),
)

EVENT_BUCKETS = Report(
    "events",
    "Events in time buckets, by page and dimension",
    params.EventsParams,
    rows.EventBucket,
    sql="event_buckets",
    base="event",
    dimensions=VISIT_DIMENSIONS,
    prepare=event_bucket_values,
)
"""Answered at GET /api/events/, where its events go in."""
