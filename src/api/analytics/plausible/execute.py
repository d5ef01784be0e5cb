"""Answers queries of the Stats API. Rates are given in per cent and rounded."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from api.analytics.copies import Source
from api.analytics.execute import clock_of
from api.analytics.goals.store import goal_steps
from api.analytics.plausible.grouping import Groups
from api.analytics.plausible.models import StatsQuery
from api.analytics.plausible.planning import OF_PAGE_VIEWS, parts_read, plan_or_suggest
from api.analytics.plausible.ranges import ALL, asked_range, automatic_interval
from api.analytics.plausible.shape import shaped
from api.analytics.query import Params, Query
from api.analytics.time.buckets import Interval
from api.analytics.time.ranges import Clock, Range
from api.analytics.vocabulary.dimensions import GOAL, PAGE, PROPERTY_PREFIX, Dimension
from api.analytics.vocabulary.filters import filters_on, names_goals, read_filters
from api.analytics.vocabulary.metrics import METRICS, Grouping
from api.analytics.vocabulary.stats_dimensions import STATS_DIMENSIONS, find_by_key
from api.db.database import Database
from api.errors import Invalid, invalid
from api.rollups.available import available_rollups
from api.rollups.definitions import ROLLUPS
from api.sites.models import Site, utc_now

TIME = "time"


async def answer_stats(database: Database, asked: StatsQuery, site: Site) -> dict[str, Any]:
    """The answer to a query. Raises Invalid, listing what is allowed, and Expired."""
    period = {"period": "all"} if asked.date_range == ALL else {}
    clock = await clock_of(database, Params.model_validate(period), site, utc_now())
    goals = await goal_steps(database, site) if names_goals(asked.filters) else {}
    span = asked_range(asked.date_range, clock)
    groups = groups_of(asked, span)
    query = query_of(asked, site, clock, span, groups, goals)
    check(asked, groups, query)
    values = asked.pagination.model_dump() | parts_read(asked.metrics, groups)
    query = replace(query, rollups=await available_rollups(database, ROLLUPS), values=values)
    plan = plan_or_suggest(asked, groups, query)
    return shaped(asked, groups, query, plan.engine, await Source(database).rows(plan))


def groups_of(asked: StatsQuery, span: Range) -> Groups:
    """The groups that the dimensions make. Raises Invalid for an unknown dimension."""
    interval = interval_of(asked.dimensions, span)
    names = [f"{TIME}:{interval}" if key == TIME else key for key in asked.dimensions]
    return Groups(
        names, [None if is_time(name) else dimension_of(name) for name in names], interval
    )


def is_time(name: str) -> bool:
    return name == TIME or name.startswith(f"{TIME}:")


def interval_of(names: Sequence[str], span: Range) -> Interval:
    """The bucket of the time dimension; of `time` alone the one that suits the range. Raises
    Invalid."""
    asked = [name.partition(":")[2] for name in names if is_time(name)]
    if len(asked) > 1:
        raise invalid("dimensions", "has more than one dimension of time")
    try:
        return Interval(asked[0]) if asked and asked[0] else automatic_interval(span)
    except ValueError as error:
        allowed = [f"{TIME}:{interval}" for interval in Interval]
        raise invalid("dimensions", f"{asked[0][:50]!r} is not an interval", allowed) from error


def dimension_of(name: str) -> Dimension:
    """The dimension with this name. Raises Invalid, listing all names, for an unknown one, and for
    one that is not stored."""
    try:
        found = find_by_key(name)
    except Invalid as error:
        raise invalid("dimensions", error.detail) from error
    if found is None:
        allowed = [*STATS_DIMENSIONS, f"event:{PROPERTY_PREFIX}…", f"{TIME}:day"]
        raise invalid("dimensions", f"{name[:50]!r} is not a dimension", allowed)
    return found


def check(asked: StatsQuery, groups: Groups, query: Query[Params]) -> None:
    """Raises Invalid for parts of the query that do not go together."""
    check_metrics(asked.metrics, groups.grouping)
    if any(METRICS[metric].of_goals for metric in asked.metrics) and not names(GOAL, groups, query):
        raise invalid("metrics", "a conversion rate needs event:goal as a filter or a dimension")
    of_views = [metric for metric in asked.metrics if metric in OF_PAGE_VIEWS]
    if of_views and not names(PAGE, groups, query):
        needed = "needs event:page as a filter or a dimension"
        raise invalid("metrics", f"{of_views[0]} {needed}")
    if "percentage" in asked.metrics and not asked.dimensions:
        raise invalid("metrics", "percentage needs a dimension")
    if asked.include.time_labels and not groups.by_time:
        problem = "include.time_labels needs a dimension of time"
        raise invalid("dimensions", problem, [f"{TIME}:day"])


def names(dimension: Dimension, groups: Groups, query: Query[Params]) -> bool:
    """Whether the query groups by this dimension, or filters on it."""
    return dimension in groups.dimensions or filters_on(query.filter, dimension)


def check_metrics(metrics: Sequence[str], grouping: Grouping) -> None:
    """Raises Invalid for unknown metrics, and for metrics that these groups do not have."""
    allowed = [metric.key for metric in METRICS.values() if grouping in metric.groupings]
    if unknown := [metric for metric in metrics if metric not in allowed]:
        problem = f"{', '.join(unknown)[:200]} cannot be computed for these dimensions"
        raise invalid("metrics", problem, allowed)


def query_of(
    asked: StatsQuery,
    site: Site,
    clock: Clock,
    span: Range,
    groups: Groups,
    goals: Collection[str],
) -> Query[Params]:
    """The query in the form of the other reports. Raises Invalid."""
    query = Query(
        site,
        *span,
        timezone=clock.zone.key,
        now=clock.now,
        params=Params.model_validate({"engine": asked.engine}),
        filter=read_filters(asked.filters, goals),
    )
    return groups.over(query, span)
