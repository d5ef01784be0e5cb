"""What is asked, as data: of us a report over HTTP, of the peers the .sql files with its parts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Answer = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
Shape = Callable[[Answer], Rows]

HOURS_24, DAYS_7, DAYS_30, DAYS_90 = "24 h", "7 d", "30 d", "90 d"
RANGES = (HOURS_24, DAYS_7, DAYS_30, DAYS_90)


def range_of(name: str, end: datetime) -> tuple[datetime, datetime]:
    """The last 24 hours, or the last so many days of which the last one is not over."""
    if name == HOURS_24:
        return end - timedelta(hours=24), end
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=int(name.split()[0]) - 1), end


@dataclass(frozen=True, slots=True)
class Part:
    """One query of a report: its rows, or its totals."""

    label: str
    sql: str
    """The peers' file."""
    shape: Shape
    """Our answer as the rows of the peers' query."""
    is_totals: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A report of ours with its parameters, and the parts of it that are compared."""

    report: str
    parts: tuple[Part, ...]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the peers' queries need besides the range."""
    ranges: tuple[str, ...] = RANGES


def rows_with(*columns: str) -> Shape:
    """These columns of the rows."""
    return lambda answer: [[row[column] for column in columns] for row in answer["rows"]]


def totals_with(*columns: str) -> Shape:
    """These columns of the totals, as one row."""
    return lambda answer: [[answer["totals"][column] for column in columns]]


def series(answer: Answer) -> Rows:
    """The buckets in which anything happened, by the seconds since 1970 of their start."""
    columns = ("visitors", "visits", "pageviews", "custom_events", "bounce_rate")
    columns += ("visit_duration_seconds",)
    return [
        [datetime.fromisoformat(row["time"]).timestamp(), *(row[column] for column in columns)]
        for row in answer["rows"]
        if row["visits"] or row["pageviews"] or row["custom_events"]
    ]


def cells(answer: Answer) -> Rows:
    """The cells of a retention table that are not empty."""
    return [
        [row["cohort"], n, visitors]
        for row in answer["rows"]
        for n, visitors in enumerate(row["retained"])
        if visitors
    ]


SESSION = rows_with(
    *("path", "pageviews", "custom_events", "is_bounce", "entry_page", "exit_page"),
    *("channel", "source", "country", "browser", "os", "device"),
)
TOTALS = totals_with(
    "visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration_seconds"
)
SESSION_TOTALS = totals_with(
    *("visits", "visitors", "visit_duration_seconds", "median_duration_seconds"),
    *("views_per_visit", "bounce_rate"),
)
PAGE = rows_with(
    "page", "pageviews", "visitors", "entries", "exits", "bounce_rate", "engaged_seconds"
)
SHARE = ("visits", "visitors", "share", "views_per_visit", "bounce_rate", "visit_duration_seconds")

EVERYTHING = {"filter": "true"}
FILTER = json.dumps([["is", "country", ["DE"]], ["is", "browser", ["Chrome"]]])
FILTERED = {"filter": "country = 'DE' and browser = 'Chrome'"}


def breakdown(
    label: str, report: str, dimension: str, order: str = "visits", filters: str = ""
) -> Question:
    """The top ten values of a dimension of visits."""
    values = {"dimension": dimension, "order": order, **(FILTERED if filters else EVERYTHING)}
    part = Part(label, "breakdown", rows_with(dimension, *SHARE))
    params = {"dimension": dimension, "order": f"{order}:desc", "filters": filters}
    return Question(report, (part,), params, values)


QUESTIONS = (
    Question(
        "timeseries",
        (
            Part("series by day", "series", series),
            Part("totals", "totals", TOTALS, is_totals=True),
            Part("unique visitors", "visitors", totals_with("visitors"), is_totals=True),
        ),
        {"interval": "day"},
        {"interval": "day", **EVERYTHING},
    ),
    Question(
        "timeseries",
        (Part("series by hour", "series", series),),
        {"interval": "hour"},
        {"interval": "hour", **EVERYTHING},
    ),
    Question("pages", (Part("top pages", "pages", PAGE),), {}, EVERYTHING),
    breakdown("top sources", "traffic-sources", "source"),
    breakdown("top browsers", "devices", "browser"),
    breakdown("top countries", "locations", "country"),
    breakdown("top sources by visitors", "traffic-sources", "source", "visitors"),
    breakdown("top countries by visitors", "locations", "country", "visitors"),
    Question(
        "timeseries",
        (
            Part("series by day, filtered", "series", series),
            Part("totals, filtered", "totals", TOTALS, is_totals=True),
        ),
        {"interval": "day", "filters": FILTER},
        {"interval": "day", **FILTERED},
    ),
    breakdown("top sources, filtered", "traffic-sources", "source", filters=FILTER),
    Question("pages", (Part("top pages, filtered", "pages", PAGE),), {"filters": FILTER}, FILTERED),
    Question(
        "sessions",
        (
            Part("sessions", "sessions", SESSION),
            Part("sessions, summed up", "sessions_totals", SESSION_TOTALS, is_totals=True),
        ),
    ),
    Question(
        "funnel",
        (Part("funnel of 3 steps", "funnel", rows_with("step", "count")),),
        {"steps": ["/", "/pricing", "signup"]},
    ),
    Question(
        "retention",
        (Part("retention by week", "retention", cells),),
        {"interval": "week", "periods": 14},
        ranges=(DAYS_30, DAYS_90),
    ),
)
"""The filtered questions combine two dimensions of visits, so that no rollup can answer them.
Unique visitors are had of ours with all the other totals, and of the peers alone."""
