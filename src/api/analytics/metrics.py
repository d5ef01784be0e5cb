"""The metrics: what each is, what it is made of, and whether it may be added up.

The measures that a metric is made of are columns of facts (see rollups.py), summed over a group;
a rollup that has them all can answer it. A new metric is one entry here. Reports take theirs by
naming them as fields of their rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, LiteralString

from api.db.sql_files import Fragment

Grouping = Literal["visit", "page", "event"]
"""Groups are made by dimensions of visits and time, by page among others of visits, or by other
dimensions of events."""

ANY: frozenset[Grouping] = frozenset(("visit", "page", "event"))
VISITS: frozenset[Grouping] = frozenset(("visit",))
PAGES: frozenset[Grouping] = frozenset(("page",))


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a group of visits, or of events."""

    key: LiteralString
    what: str
    sql: LiteralString
    """Over the sums of a group."""
    visits: tuple[LiteralString, ...] = ()
    """The measures of visits that it is made of."""
    events: tuple[LiteralString, ...] = ()
    """The measures of events that it is made of."""
    people: bool = False
    """Whether it counts distinct visitors, which no sum can."""
    by: frozenset[Grouping] = ANY
    """The kinds of groups that it can be computed for."""
    of_goals: bool = False
    """Whether it is about the visitors who reached a goal."""
    percent: bool = False
    """Whether the Stats API says it per hundred."""
    decimals: int = 0
    """How many of them the Stats API says."""


METRICS = {
    metric.key: metric
    for metric in (
        Metric(
            "visitors",
            "Distinct visitors of the visits; by page or event, of those events.",
            "coalesce(visitors, 0)::bigint",
            people=True,
        ),
        Metric(
            "new_visitors",
            "Visitors whose first visit ever is among these visits.",
            "coalesce(new_visitors, 0)::bigint",
            people=True,
        ),
        Metric(
            "returning_visitors",
            "Visitors whose first visit ever is not among these visits.",
            "(coalesce(visitors, 0) - coalesce(new_visitors, 0))::bigint",
            people=True,
        ),
        Metric(
            "visits",
            "Visits that started in the range; by page or event, those it happened in.",
            "coalesce(visits, 0)::bigint",
            visits=("visits",),
        ),
        Metric(
            "pageviews",
            "Page views.",
            "coalesce(pageviews, 0)::bigint",
            events=("pageviews",),
        ),
        Metric(
            "events",
            "Page views and custom events.",
            "(coalesce(pageviews, 0) + coalesce(custom_events, 0))::bigint",
            events=("pageviews", "custom_events"),
        ),
        Metric(
            "views_per_visit",
            "Page views of the visits / visits.",
            "visit_pageviews::float8 / nullif(visits, 0)",
            visits=("visit_pageviews", "visits"),
            by=VISITS,
            decimals=2,
        ),
        Metric(
            "bounce_rate",
            "Visits with one page view and no custom event / visits with a page view; by page, of"
            " the visits that entered on it.",
            "bounces::float8 / nullif(visits_with_pageview, 0)",
            visits=("bounces", "visits_with_pageview"),
            by=VISITS | PAGES,
            percent=True,
            decimals=1,
        ),
        Metric(
            "visit_duration",
            "Mean seconds from the first event of a visit to the end of the last.",
            "duration_seconds::float8 / nullif(visits, 0)",
            visits=("duration_seconds", "visits"),
            by=VISITS,
        ),
        Metric(
            "revenue",
            "Sum of the amounts; null where there is none, and where currencies are mixed.",
            "case when currency = other_currency then revenue::float8 end",
            events=("revenue",),
            decimals=2,
        ),
        Metric(
            "conversion_rate",
            "Visitors who reached the goal / all visitors of the range.",
            "visitors::float8 / nullif(everybody, 0)",
            people=True,
            of_goals=True,
            percent=True,
            decimals=1,
        ),
        Metric(
            "group_conversion_rate",
            "Visitors who reached the goal / all visitors of the same group.",
            "visitors::float8 / nullif(group_visitors, 0)",
            people=True,
            of_goals=True,
            percent=True,
            decimals=1,
        ),
        Metric(
            "exit_rate",
            "Visits that ended on the page / page views of it.",
            "coalesce(exits, 0)::float8 / nullif(pageviews, 0)",
            visits=("visits",),
            events=("pageviews",),
            by=PAGES,
            percent=True,
            decimals=1,
        ),
        Metric(
            "time_on_page",
            "Mean seconds per page view: engaged seconds where reported, else the time to the next"
            " page view of the visit; views with neither are left out.",
            "page_seconds::float8 / nullif(timed_views, 0)",
            by=PAGES,
        ),
    )
}


def metrics_slot(keys: Iterable[str]) -> Fragment:
    """These metrics as a select list over the sums of a group."""
    return Fragment(", ".join(f"{METRICS[key].sql} as {METRICS[key].key}" for key in keys))


def measures_of(keys: Iterable[str], of: str) -> tuple[LiteralString, ...]:
    """The measures of visits, or of events, that these metrics are made of."""
    chosen = [METRICS[key] for key in keys]
    measures = [metric.visits if of == "visits" else metric.events for metric in chosen]
    found: dict[LiteralString, None] = {measure: None for some in measures for measure in some}
    return tuple(found)
