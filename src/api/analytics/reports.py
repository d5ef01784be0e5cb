"""The table of contents: every report, its parameters, rows and sources.

A new report is one .sql file and one entry here. Its route, its documentation, its CSV form and
the test that its SQL is valid follow from that.
"""

from collections.abc import Mapping
from typing import Any, LiteralString

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
    valued_slots,
)
from api.analytics.metrics import measures_of
from api.analytics.order import among, bound, counted_for, order_by
from api.analytics.paths import path_slots, path_values
from api.analytics.periods import (
    first_cohort,
    lifecycle_values,
    retention_of_firsts,
    retention_of_sets,
    retention_rates,
    retention_values,
    stickiness_values,
)
from api.analytics.planner import Need
from api.analytics.query import Params, Query
from api.analytics.report import HEADLINES, PEOPLE, Report, TotalsOf, always, needs_of
from api.analytics.rollups import EVENTS, VIEWS, VISITS
from api.analytics.segments import segment_slots
from api.db.queries import Fragment


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


VALUE: Mapping[str, Fragment] = {
    "value": Fragment("e.props ->> :property"),
    "has_value": Fragment("jsonb_exists(e.props, :property)"),
}


def custom_event_slots(query: Query) -> Mapping[str, Fragment]:
    """The property asked for. Without one properties need not be read."""
    assert isinstance(query.params, params.CustomEventsParams)
    return VALUE if query.params.property is not None else {}


def event_bucket_values(query: Query) -> dict[str, Any]:
    """Pages, and whether visits are needed at all."""
    assert isinstance(query.params, params.EventsParams)
    return {"pages": query.params.pages, "dimension": query.params.dimension or None}


TOUCH = Fragment("true")


def revenue_slots(query: Query) -> Mapping[str, Fragment]:
    """Which of a visitor's visits gets the credit: by default that of the order."""
    assert isinstance(query.params, params.RevenueParams)
    return {"touch": TOUCH} if query.params.attribution == "first" else {}


def of_first_touch(query: Query) -> bool:
    """The first visit gets the credit, which has to be there then."""
    assert isinstance(query.params, params.RevenueParams)
    return query.params.attribution == "first"


BREAKDOWN_METRICS: tuple[LiteralString, ...] = (
    *("visits", "views_per_visit", "bounce_rate", "visit_duration"),
)

SESSION_METRICS: tuple[LiteralString, ...] = ("visitors", *BREAKDOWN_METRICS)

SESSION_TOTALS = TotalsOf(
    "sessions_totals",
    rows.SessionTotals,
    SESSION_METRICS,
    {"visits": Need(VISITS, measures_of(SESSION_METRICS, "visits")), "people": PEOPLE},
    base="visit",
)

BREAKDOWN_ORDERS: tuple[LiteralString, ...] = (*BREAKDOWN_METRICS, "visitors", "share", "value")

PAGE_ORDERS: tuple[LiteralString, ...] = (
    *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
    *("engaged_seconds", "time_on_page", "page"),
)


def breakdown_slots(query: Query) -> Mapping[str, Fragment]:
    """The values of which visitors have to be counted."""
    assert query.dimension
    order = order_by(query.params, BREAKDOWN_ORDERS)
    return counted_for(query.dimension.sql, order, bound("visits"))


MEASURED = ("entries", "exits", "bounce_rate", "exit_rate")
"""What pages can only be sorted by when it is known of all of them."""


def page_slots(query: Query) -> Mapping[str, Fragment]:
    """The pages of which visitors, entries and exits have to be counted."""
    ranked = Fragment("measured" if query.params.order.startswith(MEASURED) else "viewed")
    counted = counted_for("e.page", order_by(query.params, PAGE_ORDERS), bound("pageviews"))
    return {**counted, "ranked": ranked, "finalists": among("finalists", "e.page")}


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
        totals=SESSION_TOTALS,
    ),
    Report(
        "sessions/series",
        "Visits over time, with mean and median duration",
        params.SeriesParams,
        rows.SessionsPoint,
        sql="sessions_series",
        totals=SESSION_TOTALS,
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
        slots=valued_slots,
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
        of_firsts=retention_of_firsts,
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
        needs={"people": PEOPLE},
        base="event",
        orders=("count", "visitors", "visits", "name", "value"),
        prepare=custom_event_values,
        slots=custom_event_slots,
    ),
    Report(
        "goals",
        "How often the saved goals were reached",
        Params,
        rows.GoalReached,
        needs={"people": PEOPLE},
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
        of_firsts=of_first_touch,
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
