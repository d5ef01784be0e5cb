"""The table of contents: every report, its parameters, rows and sources.

A new report is one .sql file and one entry here. Its route, its documentation, its CSV form and
the test that its SQL is valid follow from that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from pydantic import BaseModel

from api.analytics import models
from api.analytics.buckets import DAY, midnight
from api.analytics.dimensions import (
    DEVICE_DIMENSIONS,
    ENTRY_PAGE,
    EXIT_PAGE,
    LOCATION_DIMENSIONS,
    SOURCE_DIMENSIONS,
    VISIT_DIMENSIONS,
    Dimension,
)
from api.analytics.filters import page_pattern
from api.analytics.planner import Need
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, months_back
from api.analytics.rollups import EVENTS, VISIT_MEASURES, VISITS
from api.db.queries import Fragment
from api.events.models import PAGEVIEW

Start = Callable[[Params, Clock], datetime]
Prepare = Callable[[Query], dict[str, Any]]
Finish = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def nothing_more(_: Query) -> dict[str, Any]:
    """Most reports bind what every report binds."""
    return {}


def as_they_are(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Most reports answer what the database answers."""
    return rows


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
    prepare: Prepare = nothing_more
    """More values for its SQL. Raises Invalid."""
    slots: Callable[[Query], Mapping[str, Fragment]] = nothing_more
    finish: Finish = as_they_are
    totals: str = "totals"
    """The .sql file of its totals."""
    totals_row: type[BaseModel] = models.Totals

    @property
    def file(self) -> str:
        """The name of its .sql file."""
        return self.sql or self.name


TOTALS_NEEDS: Mapping[str, Need] = {
    "visits": Need(VISITS, VISIT_MEASURES),
    "events": Need(EVENTS, ("pageviews",)),
}


def page_values(query: Query) -> dict[str, Any]:
    """The pages asked for; None for all."""
    params = query.params
    assert isinstance(params, models.PagesParams)
    return {"pages": params.pages}


def custom_event_values(query: Query) -> dict[str, Any]:
    """The name and the property asked for; None for all and for none."""
    params = query.params
    assert isinstance(params, models.CustomEventsParams)
    return {"name": params.name, "property": params.property}


def event_bucket_values(query: Query) -> dict[str, Any]:
    """Pages, and whether visits are needed at all."""
    params = query.params
    assert isinstance(params, models.EventsParams)
    return {
        "pages": params.pages,
        "dimension": params.dimension or None,
    }


def funnel_values(query: Query) -> dict[str, Any]:
    """The steps: the name of an event each, and a page or a pattern of pages."""
    params = query.params
    assert isinstance(params, models.FunnelParams)
    labels = params.pages or params.steps
    steps = [funnel_step(label, is_page=bool(params.pages)) for label in labels]
    names, pages, patterns = (list(column) for column in zip(*steps, strict=True))
    return {
        "labels": labels,
        "names": names,
        "pages": pages,
        "patterns": patterns,
        "window_seconds": params.window * 3600,
    }


def funnel_step(label: str, is_page: bool) -> tuple[str, str | None, str | None]:
    """A step's event name, page and pattern. Pages begin with a slash, or with a wildcard that
    stands for one; everything else is an event, on whatever page."""
    if not is_page and not label.startswith(("/", "*")):
        return label, None, ""
    return (PAGEVIEW, None, page_pattern(label)) if "*" in label else (PAGEVIEW, label, None)


def funnel_unit(query: Query) -> Mapping[str, Fragment]:
    """Who walks: visitors, or visits by themselves."""
    params = query.params
    assert isinstance(params, models.FunnelParams)
    return {"unit": Fragment("e.visitor_id, e.visit_id")} if params.unit == "visit" else {}


def funnel_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step against the first and the one before."""
    first = previous = rows[0]["count"]
    rows[0] |= {"median_seconds": None, "p90_seconds": None}
    for row in rows:
        count = row["count"]
        row["share_of_first"] = count / first if first else None
        row["share_of_previous"] = count / previous if previous else None
        row["dropped"] = previous - count
        previous = count
    return rows


def first_cohort(params: Params, clock: Clock) -> datetime:
    """As many whole periods back as there are to show, the current one being the last."""
    assert isinstance(params, models.RetentionParams)
    back = params.periods - 1
    if params.interval == "month":
        return midnight(months_back(clock.today, back), clock.zone)
    since_start = (clock.today.weekday() + (params.week_start == "sunday")) % 7
    days = since_start + 7 * back if params.interval == "week" else back
    return midnight(clock.today - days * DAY, clock.zone)


def retention_values(query: Query) -> dict[str, Any]:
    """Period arithmetic in SQL's terms."""
    params = query.params
    assert isinstance(params, models.RetentionParams)
    sunday = params.interval == "week" and params.week_start == "sunday"
    return {
        "period": params.interval,
        "periods": params.periods,
        "rolling": params.rolling,
        "shift": "1 day" if sunday else "0 days",
        "step": {"day": "1 day", "week": "7 days", "month": "1 month"}[params.interval],
    }


def retention_rates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shares of the cohort beside the counts."""
    for row in rows:
        row["rates"] = [None if n is None else n / row["size"] for n in row["retained"]]
    return rows


BREAKDOWN_ORDERS: tuple[LiteralString, ...] = (
    *("visits", "visitors", "share", "views_per_visit"),
    *("bounce_rate", "visit_duration", "value"),
)


def breakdown(name: str, title: str, dimensions: tuple[Dimension, ...]) -> Report:
    """A report of visits by one of some dimensions; they all ask the same question."""
    return Report(
        name,
        title,
        models.BreakdownParams,
        models.Share,
        sql="breakdown",
        needs={"visits": Need(VISITS, VISIT_MEASURES)},
        dimensions=dimensions,
        orders=BREAKDOWN_ORDERS,
    )


REPORTS = (
    Report(
        "timeseries",
        "Visitors, visits and page views over time",
        models.SeriesParams,
        models.Point,
        needs={
            "visits": Need(VISITS, ("visits", "viewed", "bounces", "seconds")),
            "events": Need(EVENTS, ("pageviews", "custom_events")),
        },
    ),
    Report(
        "pages",
        "Pages, with entries, exits and bounce rate",
        models.PagesParams,
        models.Page,
        needs={"events": Need(EVENTS, ("pageviews", "engaged"), ("page",))},
        orders=(
            *("pageviews", "visitors", "visits", "entries", "exits"),
            *("bounce_rate", "engaged_seconds", "page"),
        ),
        prepare=page_values,
    ),
    breakdown("traffic-sources", "Where visits came from", SOURCE_DIMENSIONS),
    breakdown("devices", "What visitors use", DEVICE_DIMENSIONS),
    breakdown("locations", "Where visitors are", LOCATION_DIMENSIONS),
    breakdown("entries", "The pages that visits begin on", (ENTRY_PAGE,)),
    breakdown("exits", "The pages that visits end on", (EXIT_PAGE,)),
    Report(
        "sessions",
        "Visits one by one, with their way through the site",
        models.Params,
        models.Session,
        orders=("started", "duration", "pageviews", "events"),
        totals="sessions_totals",
        totals_row=models.SessionTotals,
    ),
    Report(
        "funnel",
        "How far visitors got through a series of steps",
        models.FunnelParams,
        models.Step,
        base="event",
        prepare=funnel_values,
        slots=funnel_unit,
        finish=funnel_shares,
    ),
    Report(
        "retention",
        "Who came back",
        models.RetentionParams,
        models.Cohort,
        start=first_cohort,
        prepare=retention_values,
        finish=retention_rates,
    ),
    Report(
        "events",
        "Custom events and their properties",
        models.CustomEventsParams,
        models.CustomEvent,
        base="event",
        orders=("count", "visitors", "visits", "name", "value"),
        prepare=custom_event_values,
    ),
    Report("heatmap", "When visits begin, by weekday and hour", models.Params, models.HeatmapCell),
    Report(
        "bots",
        "Bots, kept apart from visitors",
        Params,
        models.Bot,
        base="bot_event",
        orders=("events", "pages", "bot", "last_seen"),
    ),
)

EVENT_BUCKETS = Report(
    "events",
    "Events in time buckets, by page and dimension",
    models.EventsParams,
    models.EventBucket,
    sql="event_buckets",
    base="event",
    dimensions=VISIT_DIMENSIONS,
    prepare=event_bucket_values,
)
"""Answered at GET /api/events/, where its events go in."""
