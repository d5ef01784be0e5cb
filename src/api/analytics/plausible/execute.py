"""Answers queries of the Stats API. Rates are given in per cent and rounded."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from api.analytics.execute import clock_of, fetch
from api.analytics.goals.store import goal_steps
from api.analytics.plausible.grouping import Groups
from api.analytics.plausible.models import StatsQuery
from api.analytics.plausible.planning import parts_read, plan_or_suggest
from api.analytics.query import Params, Query
from api.analytics.time.buckets import Interval
from api.analytics.time.ranges import Clock, range_of
from api.analytics.vocabulary.dimensions import DIMENSIONS, GOAL, Dimension, plain_name
from api.analytics.vocabulary.filters import clauses_of, names_goals, property_name, read_filters
from api.analytics.vocabulary.metrics import METRICS, Grouping
from api.db.database import Database
from api.errors import invalid
from api.rollups.available import available_rollups
from api.rollups.definitions import ROLLUPS
from api.sites.models import Site

DATE_RANGES: Mapping[str, Mapping[str, Any]] = {
    "day": {"period": "today"},
    "24h": {"hours": 24},
    "7d": {"period": "7d"},
    "28d": {"period": "28d"},
    "30d": {"period": "30d"},
    "91d": {"days": 91},
    "month": {"period": "mtd"},
    "12mo": {"period": "12mo"},
    "year": {"period": "ytd"},
    "all": {"period": "all"},
}


def params_of(asked: StatsQuery) -> Params:
    """The range as parameters of the other reports. Raises Invalid."""
    if isinstance(asked.date_range, str):
        if asked.date_range not in DATE_RANGES:
            raise invalid("date_range", "is neither a name of a range nor two dates", DATE_RANGES)
        return Params.model_validate(DATE_RANGES[asked.date_range])
    try:
        return Params.model_validate(dict(zip(("from", "to"), asked.date_range, strict=True)))
    except ValidationError as error:
        problem = "must be two ISO dates or times, the earlier one first"
        raise invalid("date_range", problem) from error


async def answer_stats(database: Database, asked: StatsQuery, site: Site) -> dict[str, Any]:
    """The answer to a query. Raises Invalid, listing what is allowed, and Expired."""
    params = params_of(asked)
    clock = await clock_of(database, params, site)
    goals = await goal_steps(database, site) if names_goals(asked.filters) else {}
    groups = groups_of(asked)
    query = query_of(asked, site, clock, params, groups, goals)
    check_metrics(asked.metrics, groups.grouping, of_goals(query, groups.dimensions))
    values = asked.pagination.model_dump() | parts_read(asked.metrics, groups)
    query = replace(query, rollups=await available_rollups(database, ROLLUPS), values=values)
    plan = plan_or_suggest(asked, groups, query)
    return shaped(asked, query, plan.source, await fetch(database, plan))


def groups_of(asked: StatsQuery) -> Groups:
    """The groups that the dimensions make. Raises Invalid for an unknown dimension."""
    names = [plain_name(key) for key in asked.dimensions]
    dimensions = [None if is_time(name) else dimension_of(name) for name in names]
    return Groups(names, dimensions, interval_of(names))


def is_time(name: str) -> bool:
    return name == "time" or name.startswith("time:")


def interval_of(names: Sequence[str]) -> Interval:
    """The bucket of the time dimension: a day, if the dimension is `time` alone. Raises Invalid."""
    asked = [name.partition(":")[2] or "day" for name in names if is_time(name)]
    try:
        return Interval(asked[0]) if asked else Interval.DAY
    except ValueError as error:
        allowed = [f"time:{interval}" for interval in Interval]
        raise invalid("dimensions", f"{asked[0][:50]!r} is not an interval", allowed) from error


def dimension_of(name: str) -> Dimension:
    """The dimension with this name. Raises Invalid, listing all names, for an unknown one."""
    if property_name(name):
        return Dimension(name, "", "event")
    if name in DIMENSIONS:
        return DIMENSIONS[name]
    allowed = [f"{dimension.of}:{key}" for key, dimension in DIMENSIONS.items()]
    allowed += ["event:props:…", "time:day"]
    raise invalid("dimensions", f"{name[:50]!r} is not a dimension", allowed)


def of_goals(query: Query[Params], dimensions: Sequence[Dimension | None]) -> bool:
    """Whether the query groups by goals or filters on them."""
    return GOAL in dimensions or any(c.dimension is GOAL for c in clauses_of(query.filter))


def check_metrics(metrics: Sequence[str], grouping: Grouping, of_goals: bool) -> None:
    """Raises Invalid for unknown metrics, and for metrics that these groups do not have."""
    allowed = [metric.key for metric in METRICS.values() if grouping in metric.groupings]
    if unknown := [metric for metric in metrics if metric not in allowed]:
        problem = f"{', '.join(unknown)[:200]} cannot be computed for these dimensions"
        raise invalid("metrics", problem, allowed)
    if not of_goals and any(METRICS[metric].of_goals for metric in metrics):
        problem = "a conversion rate needs event:goal as a filter or a dimension"
        raise invalid("metrics", problem)


def query_of(
    asked: StatsQuery,
    site: Site,
    clock: Clock,
    params: Params,
    groups: Groups,
    goals: Collection[str],
) -> Query[Params]:
    """The query in the form of the other reports. Raises Invalid."""
    try:
        lower, upper = range_of(params, clock)
    except (ValueError, OverflowError) as error:
        raise invalid("date_range", str(error)) from error
    query = Query(
        site,
        lower,
        upper,
        timezone=clock.zone.key,
        now=clock.now,
        params=params.model_copy(update={"source": asked.source}),
        filter=read_filters(asked.filters, goals),
    )
    return groups.over(query, (lower, upper))


def shaped(
    asked: StatsQuery, query: Query[Params], source: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The answer: values in the order of the query, and the tables they were computed from."""
    meta: dict[str, Any] = {"source": source}
    if asked.include.total_rows:
        meta["total_rows"] = rows[0]["total_rows"] if rows else 0
    if asked.include.time_labels:
        meta["time_labels"] = [start.isoformat() for start in query.starts]
    return {
        "results": [
            {
                "metrics": [rounded(metric, row[metric]) for metric in asked.metrics],
                "dimensions": row["dimensions"],
            }
            for row in rows
        ],
        "meta": meta,
        "query": asked.model_dump(mode="json")
        | {"date_range": [query.lower.isoformat(), query.upper.isoformat()]},
    }


def rounded(key: str, value: float | None) -> float | int | None:
    """A value as the Stats API gives it: rates in per cent, with the decimals of the metric."""
    if not isinstance(value, float):
        return value
    metric = METRICS[key]
    return round(value * 100 if metric.percent else value, metric.decimals or None)
