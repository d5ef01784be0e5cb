"""What is asked of a site that has a long history, and what the oracle answers.

All reports, over hours, days, weeks and everything, in the site's time zone and in UTC, from
rollups and without them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oracle import reports
from oracle.conversions import goals, revenue, segments
from oracle.funnels import Asked as Steps
from oracle.funnels import funnel
from oracle.histories import DAY, FILTERS, HOUR, MINUTE
from oracle.lifecycle import lifecycle, retention, stickiness
from oracle.paths import paths
from oracle.periods import GREENWICH, Range, midnight
from oracle.site import Site
from oracle.stats import Question as StatsQuestion
from oracle.stats import stats
from oracle.telling import filtered
from oracle.visits import Visit

Row = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """Of what an oracle is asked: a site, a range, a time zone, and when."""

    told: Site
    span: Range
    zone: ZoneInfo
    now: datetime


Oracle = Callable[[Scene], Any]


@dataclass(frozen=True)
class Question:
    """A question to a report, and who knows the answer."""

    report: str
    rows: Oracle
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    totals: Oracle | None = None
    looks_back: timedelta = timedelta(0)
    """How far before the range it reads."""
    needs_full_history: bool = False
    """It needs the first event of a kind, whenever that was."""


@dataclass(frozen=True)
class Asked:
    """A question about a range, in a time zone, to some tables."""

    question: Question
    span: Range
    zone: ZoneInfo
    engine: str = "auto"
    summed_up: bool = False
    """Whether rollups know the answer, however long ago it was."""

    def __str__(self) -> str:
        lower, upper = (f"{edge:%Y-%m-%d %H:%M}" for edge in (self.span.lower, self.span.upper))
        params = " ".join(f"{name}={value}" for name, value in self.question.params.items())
        return f"{self.question.report} {params} {lower} to {upper} {self.zone} {self.engine}"


def all_totals(scene: Scene) -> Row:
    """The headline numbers."""
    return reports.totals(scene.told, scene.span)


def series(interval: str) -> Question:
    """A series over time."""
    return Question(
        "timeseries",
        lambda s: reports.timeseries(s.told, s.span, interval, s.zone.key),
        {"interval": interval},
        all_totals,
    )


def broken_down(report: str, dimension: str, value_of: Callable[[Visit], str]) -> Question:
    """Visits by a dimension."""
    return Question(
        report,
        lambda s: reports.breakdown(s.told, s.span, dimension, value_of),
        {"dimension": dimension},
        all_totals,
    )


def page_rows(scene: Scene) -> list[Row]:
    """Pages, as rollups know them."""
    unknown = ("visits", "time_on_page_seconds", "scroll_depth")
    rows = reports.pages(scene.told, scene.span)
    return [{key: row[key] for key in row if key not in unknown} for row in rows]


def coming_back(**how: Any) -> Question:
    """Retention."""
    said = {"return" if name == "end" else name: value for name, value in how.items()}
    return Question(
        "retention",
        lambda s: retention(s.told, s.span, s.zone.key, s.now, **how),
        said,
        needs_full_history="start" in how,
    )


def coming_and_going(interval: str, clauses: Sequence[Any] = ()) -> Question:
    """Lifecycle."""
    return Question(
        "lifecycle",
        lambda s: lifecycle(s.told, s.span, s.zone.key, s.now, interval, clauses),
        {"interval": interval, **filtered(clauses)},
        looks_back=2 * {"day": DAY, "week": 7 * DAY, "month": 31 * DAY}[interval],
    )


def walked(unit: str, mode: str) -> Question:
    """A funnel."""
    steps = ["/", "/a/**", "signup"]
    return Question(
        "funnel",
        lambda s: funnel(s.told, s.span, Steps(steps, 48, unit, mode, (), s.zone)),
        {"steps": steps, "window": 48, "unit": unit, "mode": mode},
    )


def paid(attribution: str) -> Question:
    """Revenue."""
    return Question(
        "revenue",
        lambda s: revenue(s.told, s.span, "source", attribution),
        {"dimension": "source", "attribution": attribution},
        needs_full_history=attribution == "first",
    )


def measured(metrics: Sequence[str], dimensions: Sequence[str] = ()) -> Question:
    """Metrics by dimensions, as POST /api/analytics/query answers them."""

    def rows(scene: Scene) -> list[Any]:
        asked = StatsQuestion(scene.told, scene.span, tuple(dimensions), (), scene.zone)
        return [[list(key), numbers] for key, numbers in sorted(stats(asked, metrics).items())]

    return Question("query", rows, {"metrics": [*metrics], "dimensions": [*dimensions]})


def browser(visit: Visit) -> str:
    """What guests use; of the others the service is told nothing."""
    return "Firefox" if visit.visitor.startswith("guest") else ""


OF_SOURCES = ("visitors", "visits", "bounce_rate", "visit_duration", "views_per_visit")
OF_ALL = ("visitors", "visits", "pageviews", "events", "new_visitors", "returning_visitors")

SUMMED_UP = [
    series("day"),
    series("week"),
    series("month"),
    Question("pages", page_rows, {}, all_totals),
    broken_down("traffic-sources", "source", lambda visit: visit.source),
    broken_down("devices", "browser", browser),
    broken_down("locations", "country", lambda visit: ""),
    broken_down("entries", "entry_page", lambda visit: visit.entry),
    broken_down("exits", "exit_page", lambda visit: visit.exit),
    coming_back(interval="week", periods=8),
    coming_back(interval="month", periods=4, rolling=True),
    coming_and_going("day"),
    coming_and_going("week"),
    Question("stickiness", lambda s: stickiness(s.told, s.span, s.zone.key), looks_back=30 * DAY),
    measured(OF_ALL[:4]),
    measured(OF_SOURCES, ["visit:source"]),
]
"""What rollups know for ever, in whole days of UTC."""

NEWCOMERS = FILTERS[2]

FROM_RAW_DATA = [
    Question(
        "pages",
        lambda s: reports.pages(s.told, s.span),
        {"detail": True},
        all_totals,
    ),
    broken_down("devices", "screen", lambda visit: visit.screen),
    Question(
        "sessions/series",
        lambda s: reports.sessions_series(s.told, s.span, "day", s.zone, NEWCOMERS),
        {"interval": "day", **filtered(NEWCOMERS)},
    ),
    Question("heatmap", lambda s: reports.heatmap(s.told, s.span, s.zone)),
    Question("paths", lambda s: paths(s.told, s.span, kept=4, zone=s.zone), {"limit": 4}),
    walked("visitor", "ordered"),
    walked("visit", "strict"),
    walked("visitor", "any"),
    coming_back(interval="day", periods=9, end="/pricing"),
    coming_back(interval="day", periods=9, start="signup"),
    coming_and_going("day", FILTERS[0]),
    Question("goals", lambda s: goals(s.told, s.span)),
    Question("events", lambda s: reports.custom_events(s.told, s.span)),
    Question(
        "event buckets",
        lambda s: reports.event_buckets(s.told, s.span, "day", s.zone),
        {"interval": "day"},
    ),
    paid("last"),
    paid("first"),
    Question(
        "segments",
        lambda s: segments(s.told, s.span, FILTERS[0], NEWCOMERS),
        {"a": filtered(FILTERS[0])["filters"], "b": filtered(NEWCOMERS)["filters"]},
    ),
    measured(
        ["visitors", "pageviews", "time_on_page", "scroll_depth", "exit_rate"], ["event:page"]
    ),
    measured(["visitors", "events", "conversion_rate"], ["event:goal"]),
]
"""What needs the events and visits themselves."""

ONE_BY_ONE = [
    Question(
        "sessions",
        lambda s: reports.sessions(s.told, s.span),
        totals=lambda s: reports.session_totals(s.told, s.span),
    ),
    series("hour"),
    measured([*OF_ALL, "revenue"], ["time:day"]),
]
"""What has many rows over a long range."""


def all_asked(start: datetime, now: datetime, zone: ZoneInfo) -> Iterator[Asked]:
    """Everything that is asked of a site with a history since a Monday."""
    today = midnight(now.astimezone(zone).date(), zone)
    ragged = Range(now - 3 * DAY - 17 * MINUTE, now - 41 * MINUTE)
    week = Range(midnight((today - 7 * DAY + HOUR).astimezone(zone).date(), zone), today)
    month = Range(midnight((today - 21 * DAY).astimezone(zone).date(), zone), now)
    for question in [series("minute"), *ONE_BY_ONE, *SUMMED_UP]:
        yield Asked(question, Range(now - 7 * HOUR, now), zone)
    for question in [*ONE_BY_ONE, *SUMMED_UP]:
        for engine in ("auto", "base"):
            yield Asked(question, ragged, zone, engine)
    for question in [*ONE_BY_ONE, *SUMMED_UP, *FROM_RAW_DATA]:
        yield Asked(question, week, zone)
    for question in [*SUMMED_UP, *FROM_RAW_DATA]:
        yield Asked(question, month, zone)
    for question in SUMMED_UP:
        yield Asked(question, month, zone, "base")
    yield from asked_of_all(start, now, zone)


def asked_of_all(start: datetime, now: datetime, zone: ZoneInfo) -> Iterator[Asked]:
    """What is asked about all that ever happened, and about the first week of it."""
    midnight_of_utc = datetime(now.year, now.month, now.day, tzinfo=UTC)
    for span in (Range(start, midnight_of_utc), Range(start, start + 7 * DAY)):
        for question in SUMMED_UP:
            yield Asked(question, span, GREENWICH, summed_up=True)
            yield Asked(question, span, zone)
        yield Asked(SUMMED_UP[0], span, GREENWICH, "base")
        for question in FROM_RAW_DATA:
            yield Asked(question, span, zone)
