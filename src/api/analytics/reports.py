"""The table of contents: every report, its parameters, rows and sources.

A new report is one .sql file and one entry here. Its route, its documentation, its CSV form and
the test that its SQL is valid follow from that.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import LiteralString

from api.analytics import params, rows
from api.analytics.breakdown import BREAKDOWN_METRICS, breakdown
from api.analytics.dimensions import (
    CHANNEL,
    DEVICE_DIMENSIONS,
    ENTRY_PAGE,
    EXIT_PAGE,
    LOCATION_DIMENSIONS,
    SOURCE_DIMENSIONS,
    VISIT_DIMENSIONS,
)
from api.analytics.funnel import (
    funnel_shares,
    funnel_slots,
    valued_slots,
    with_chosen_step,
    with_steps,
)
from api.analytics.metrics import measures_of
from api.analytics.pages import PAGE_ORDERS, PAGES, with_pages
from api.analytics.paths import path_slots, with_ways
from api.analytics.periods import (
    LIFECYCLE,
    RETENTION,
    STICKINESS,
    first_cohort,
    retention_rates,
    with_cohorts,
    with_days,
    with_periods,
    with_series,
)
from api.analytics.query import Params, Query
from api.analytics.report import (
    CHOSEN_VISITS,
    VISITORS,
    Question,
    Report,
    Requirement,
    Variant,
    filters_visits,
    is_filtered,
    requirements_of,
    single,
)
from api.analytics.segments import SEGMENTS
from api.db.sql_files import Fragment
from api.rollups.definitions import VISITS

EVERYBODY = {"people": VISITORS}
"""All visitors of the range, of whom a rate is said."""


def with_custom_event(query: Query) -> Query:
    """The name and the property asked for; None for all and for none."""
    assert isinstance(query.params, params.CustomEventsParams)
    asked = query.params
    return replace(query, values={"name": asked.name, "property": asked.property})


VALUE: Mapping[str, Fragment] = {
    "value": Fragment("e.props ->> :property"),
    "has_value": Fragment("jsonb_exists(e.props, :property)"),
}


def custom_event_slots(query: Query) -> Mapping[str, Fragment]:
    """The property asked for. Without one properties need not be read."""
    assert isinstance(query.params, params.CustomEventsParams)
    return VALUE if query.params.property is not None else {}


def with_event_buckets(query: Query) -> Query:
    """Pages, and whether visits are needed at all."""
    assert isinstance(query.params, params.EventsParams)
    asked = {"pages": query.params.pages, "dimension": query.params.dimension or None}
    return replace(with_series(query), values=asked)


def is_broken_down(query: Query) -> bool:
    """Whether there is a dimension to break down by."""
    return query.dimension is not None


def of_first_touch(query: Query) -> bool:
    """Whether a visitor's first visit gets the credit instead of that of the order."""
    assert isinstance(query.params, params.RevenueParams)
    return query.params.attribution == "first"


def first_touch(_: Query) -> Mapping[str, Fragment]:
    """Any visit of the visitor, of which the first is taken."""
    return {"touch": Fragment("true")}


SESSION_METRICS: tuple[LiteralString, ...] = ("visitors", *BREAKDOWN_METRICS)

SESSION_TOTALS = Question(
    rows.SessionTotals,
    (
        Variant("sessions_totals_of_visits", base=("visit",), serves=is_filtered),
        Variant(
            "sessions_totals",
            {
                "visits": Requirement(VISITS, measures_of(SESSION_METRICS, "visits")),
                "people": VISITORS,
            },
            base=("visit",),
        ),
    ),
    SESSION_METRICS,
)


def by_bucket(_: Query) -> Mapping[str, Fragment]:
    """Visitors are counted by bucket of the series."""
    return {"dimension": Fragment("width_bucket(v.bucket, :starts::timestamptz[])")}


SERIES_METRICS: tuple[LiteralString, ...] = (
    *("visitors", "visits", "pageviews", "bounce_rate", "visit_duration"),
)

REPORTS = (
    Report(
        "timeseries",
        "Visitors, visits and page views over time",
        params.SeriesParams,
        Question(
            rows.Point,
            (
                Variant("timeseries_of_visits", base=CHOSEN_VISITS, serves=filters_visits),
                Variant(
                    "timeseries",
                    requirements_of(SERIES_METRICS, "custom_events"),
                    slots=by_bucket,
                ),
            ),
            SERIES_METRICS,
        ),
        prepare=with_series,
    ),
    Report(
        "pages",
        "Pages, with entries, exits and bounce rate",
        params.PageReportParams,
        PAGES,
        orders=PAGE_ORDERS,
        prepare=with_pages,
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
        single(rows.Session, "sessions", "visit"),
        SESSION_TOTALS,
        orders=("started", "duration", "pageviews", "events"),
    ),
    Report(
        "sessions/series",
        "Visits over time, with mean and median duration",
        params.SeriesParams,
        single(rows.SessionsPoint, "sessions_series", "visit"),
        SESSION_TOTALS,
        prepare=with_series,
    ),
    Report(
        "paths",
        "The ways that visits take from a page or to one",
        params.PathsParams,
        single(rows.Link, "paths", "visit", "event", slots=path_slots),
        prepare=with_ways,
    ),
    Report(
        "funnel",
        "How far visitors got through a series of steps",
        params.FunnelParams,
        single(rows.Step, "funnel", "event", slots=valued_slots),
        prepare=with_steps,
        finish=funnel_shares,
    ),
    Report(
        "funnel/visitors",
        "Who got to a step of a funnel, or no further",
        params.FunnelVisitorsParams,
        single(rows.FunnelVisitor, "funnel_visitors", "event", slots=funnel_slots),
        prepare=with_chosen_step,
    ),
    Report(
        "retention",
        "Who came back",
        params.RetentionParams,
        RETENTION,
        start=first_cohort,
        prepare=with_cohorts,
        finish=retention_rates,
    ),
    Report(
        "lifecycle",
        "Who is new, stayed, came back or stayed away",
        params.LifecycleParams,
        LIFECYCLE,
        prepare=with_periods,
    ),
    Report(
        "stickiness",
        "Daily, weekly and monthly active visitors",
        Params,
        STICKINESS,
        prepare=with_days,
    ),
    Report(
        "events",
        "Custom events and their properties",
        params.CustomEventsParams,
        single(rows.CustomEvent, "events", "event", requires=EVERYBODY, slots=custom_event_slots),
        orders=("count", "visitors", "visits", "name", "value"),
        prepare=with_custom_event,
    ),
    Report(
        "goals",
        "How often the saved goals were reached",
        Params,
        single(rows.GoalReached, "goals", "event", requires=EVERYBODY),
        orders=("conversions", "visitors", "visits", "conversion_rate", "name"),
    ),
    Report(
        "revenue",
        "Revenue by where the visitors came from",
        params.RevenueParams,
        Question(
            rows.Revenue,
            (
                Variant(
                    "revenue",
                    base=("event", "visit"),
                    serves=of_first_touch,
                    slots=first_touch,
                    needs_full_history=True,
                ),
                Variant("revenue", base=("event", "visit")),
            ),
        ),
        dimensions=(CHANNEL, *(d for d in SOURCE_DIMENSIONS if d is not CHANNEL)),
        orders=("revenue", "orders", "visitors", "average_order", "value"),
    ),
    Report(
        "segments",
        "Two segments side by side",
        params.SegmentsParams,
        SEGMENTS,
    ),
    Report(
        "heatmap",
        "When visits begin, by weekday and hour",
        Params,
        single(rows.HeatmapCell, "heatmap", "visit"),
    ),
    Report(
        "bots",
        "Bots, kept apart from visitors",
        Params,
        single(rows.Bot, "bots", "bot_event"),
        orders=("events", "pages", "bot", "last_seen"),
    ),
)

EVENT_BUCKETS = Report(
    "events",
    "Events in time buckets, by page and dimension",
    params.EventsParams,
    Question(
        rows.EventBucket,
        (
            Variant("event_buckets", base=("event", "visit"), serves=is_broken_down),
            Variant("event_buckets", base=("event",)),
        ),
    ),
    dimensions=VISIT_DIMENSIONS,
    prepare=with_event_buckets,
)
"""Answered at GET /api/events/, where its events go in."""
