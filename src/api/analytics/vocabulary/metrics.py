"""The metrics: what each means, its SQL, and the measures that it is computed from.

Measures are columns of facts (see api.rollups.definitions), summed over a group; a rollup that has
all of them can answer the metric. A new metric is one entry here. A report names the metrics of its
rows in its Question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, LiteralString

from api.db.sql_files import Fragment

Grouping = Literal["visit", "page", "host_page", "event"]
"""Kinds of groups. visit: by dimensions of visits and time alone; page: by page, too; host_page: by
page and hostname; event: by any dimension of events."""

ANY_GROUP: frozenset[Grouping] = frozenset(("visit", "page", "host_page", "event"))
VISIT_GROUPS: frozenset[Grouping] = frozenset(("visit",))
PAGE_GROUPS: frozenset[Grouping] = frozenset(("page", "host_page"))


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a group of visits, or of events."""

    key: LiteralString
    what: str
    sql: LiteralString
    """An expression over the sums of a group."""
    visits: tuple[LiteralString, ...] = ()
    """The measures of visits that it is computed from."""
    events: tuple[LiteralString, ...] = ()
    """The measures of events that it is computed from."""
    distinct_visitors: bool = False
    """Whether it counts distinct visitors, which cannot be added up."""
    groupings: frozenset[Grouping] = ANY_GROUP
    """The kinds of groups that it can be computed for."""
    of_goals: bool = False
    """Whether it is about the visitors who reached a goal."""
    unit: Literal["seconds", "ratio"] | None = None
    """Its unit. A ratio is from 0 to 1; the Stats API gives it in per cent."""
    decimals: int = 0
    """How many decimals the Stats API gives."""
    page_sql: LiteralString = ""
    """The expression by page, if it is another there: over the visits that entered on the page."""
    is_money: bool = False
    """Whether it is an amount, which the Stats API gives with its currency."""

    @property
    def column(self) -> LiteralString:
        """The name of its column in rows. That of seconds says so."""
        return f"{self.key}_seconds" if self.unit == "seconds" else self.key


METRICS = {
    metric.key: metric
    for metric in (
        Metric(
            "visitors",
            "Distinct visitors of the visits; by page or event, of those events.",
            "coalesce(visitors, 0)::bigint",
            distinct_visitors=True,
        ),
        Metric(
            "new_visitors",
            "Visitors whose first visit ever is among these visits.",
            "coalesce(new_visitors, 0)::bigint",
            distinct_visitors=True,
        ),
        Metric(
            "returning_visitors",
            "Visitors whose first visit ever is not among these visits.",
            "(coalesce(visitors, 0) - coalesce(new_visitors, 0))::bigint",
            distinct_visitors=True,
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
            "Page views of the visits / visits; by page, of the visits that entered on it.",
            "visit_pageviews::float8 / nullif(visits, 0)",
            visits=("visit_pageviews", "visits"),
            groupings=VISIT_GROUPS | PAGE_GROUPS,
            page_sql="visit_pageviews::float8 / nullif(visits_with_pageview, 0)",
            decimals=2,
        ),
        Metric(
            "bounce_rate",
            "Visits with one page view and no custom event / visits with a page view; by page, of"
            " the visits that entered on it.",
            "bounces::float8 / nullif(visits_with_pageview, 0)",
            visits=("bounces", "visits_with_pageview"),
            groupings=VISIT_GROUPS | PAGE_GROUPS,
            unit="ratio",
            decimals=1,
        ),
        Metric(
            "visit_duration",
            "Mean seconds from the first event of a visit to the end of the last; by page, of the"
            " visits that entered on it.",
            "visit_duration_us::float8 / 1e6 / nullif(visits, 0)",
            visits=("visit_duration_us", "visits"),
            groupings=VISIT_GROUPS | PAGE_GROUPS,
            page_sql="visit_duration_us::float8 / 1e6 / nullif(visits_with_pageview, 0)",
            unit="seconds",
        ),
        Metric(
            "revenue",
            "Sum of the amounts; null where there is none, and where currencies are mixed.",
            "case when currency = other_currency then revenue::float8 end",
            events=("revenue",),
            decimals=2,
        ),
        Metric(
            "total_revenue",
            "Sum of the amounts; null where there is none, and where currencies are mixed.",
            "case when currency = other_currency then revenue::float8 end",
            events=("revenue",),
            is_money=True,
        ),
        Metric(
            "average_revenue",
            "Sum of the amounts / events with an amount; null as the total.",
            "case when currency = other_currency then revenue::float8 / nullif(orders, 0) end",
            events=("revenue",),
            is_money=True,
        ),
        Metric(
            "percentage",
            "Visitors of the group / visitors of the query without dimensions.",
            "coalesce(visitors, 0)::float8 / nullif(all_visitors, 0)",
            distinct_visitors=True,
            unit="ratio",
            decimals=1,
        ),
        Metric(
            "conversion_rate",
            "Visitors who reached the goal / all visitors of the range.",
            "coalesce(visitors, 0)::float8 / nullif(everybody, 0)",
            distinct_visitors=True,
            of_goals=True,
            unit="ratio",
            decimals=2,
        ),
        Metric(
            "group_conversion_rate",
            "Visitors who reached the goal / all visitors of the same group.",
            "coalesce(visitors, 0)::float8 / nullif(group_visitors, 0)",
            distinct_visitors=True,
            of_goals=True,
            unit="ratio",
            decimals=2,
        ),
        Metric(
            "exit_rate",
            "Visits that ended on the page / page views of it.",
            "coalesce(exits, 0)::float8 / nullif(pageviews, 0)",
            visits=("visits",),
            events=("pageviews",),
            groupings=frozenset(("page",)),
            unit="ratio",
            decimals=1,
        ),
        Metric(
            "time_on_page",
            "Mean seconds per page view: engaged seconds where reported, else the time to the next"
            " page view of the visit; views with neither are left out.",
            "page_seconds::float8 / nullif(timed_views, 0)",
            unit="seconds",
        ),
        Metric(
            "scroll_depth",
            "Mean of the largest scroll depth that each page view reported; views without one are"
            " left out.",
            "scroll_depth",
            unit="ratio",
        ),
    )
}


BY_COLUMN = {metric.column: metric for metric in METRICS.values()}
"""All metrics by their column in rows."""


def metrics_slot(keys: Iterable[str], *, by_page: bool = False) -> Fragment:
    """These metrics as columns of a select list, over the sums of a group."""
    columns: list[LiteralString] = []
    for metric in (METRICS[key] for key in keys):
        sql = metric.page_sql if by_page and metric.page_sql else metric.sql
        columns.append(f"{sql} as {metric.column}")
    return Fragment(", ".join(columns))


def sums_slot(measures: Iterable[LiteralString], row: LiteralString) -> Fragment:
    """These measures summed up over the rows of a group (v of visits, e of events), as a select
    list."""
    return Fragment(", ".join(f"sum({row}.{measure}) as {measure}" for measure in measures))


def measures_of(keys: Iterable[str], of: str) -> tuple[LiteralString, ...]:
    """The measures of visits, or of events, that these metrics are computed from."""
    chosen = [METRICS[key] for key in keys]
    measures = [metric.visits if of == "visits" else metric.events for metric in chosen]
    found: dict[LiteralString, None] = {measure: None for some in measures for measure in some}
    return tuple(found)
