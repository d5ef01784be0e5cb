"""POST /api/analytics/query: any metrics by any dimensions, in the form of Plausible's Stats API
v2, so that clients written for that work here. Rates are per cent, rounded, as they are there."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, LiteralString

from pydantic import ValidationError

from api.analytics.alternatives import ceiling, floor, instant
from api.analytics.buckets import DAY, HOUR, Interval
from api.analytics.dimensions import (
    DIMENSIONS,
    GOAL,
    Dimension,
    plain_name,
)
from api.analytics.filters import (
    NUMBERS,
    clauses_of,
    condition,
    property_name,
    read_filters,
    without_goals,
)
from api.analytics.groups import Groups
from api.analytics.metrics import METRICS, Grouping, metrics_slot
from api.analytics.planner import name_of, require_raw
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, range_of, series
from api.analytics.rollups import ROLLUPS
from api.analytics.run import file_of
from api.analytics.stats_models import StatsQuery
from api.analytics.stats_rollups import rollup_slots, rollups_for
from api.db.available import available_rollups
from api.db.database import Database
from api.db.queries import Fragment
from api.db.rollup import Rollup
from api.errors import Expired, Invalid
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
    """The range in the words of the other reports. Raises Invalid."""
    if isinstance(asked.date_range, str):
        if asked.date_range not in DATE_RANGES:
            raise Invalid("date_range is none of these, nor two dates.", [*DATE_RANGES])
        return Params.model_validate(DATE_RANGES[asked.date_range])
    try:
        return Params.model_validate(dict(zip(("from", "to"), asked.date_range, strict=True)))
    except ValidationError as error:
        raise Invalid("date_range: two ISO dates or times, the earlier one first.") from error


async def answer_stats(
    database: Database,
    asked: StatsQuery,
    site: Site,
    clock: Clock,
    params: Params,
    goals: Collection[str],
) -> dict[str, Any]:
    """The answer. Raises Invalid with what is allowed for anything unknown."""
    names = [plain_name(key) for key in asked.dimensions]
    interval = interval_of(names)
    dimensions = [None if is_time(name) else dimension_of(name) for name in names]
    grouping = grouping_of(dimensions)
    query = query_of(asked, site, clock, params, interval, goals)
    check_metrics(asked.metrics, grouping, of_goals(query, dimensions))
    query = replace(query, rollups=await available_rollups(database, ROLLUPS))
    groups = Groups(names, dimensions, interval)

    def choose(query: Query) -> Mapping[str, Rollup]:
        if grouping == "visit" and (found := rollups_for(asked.metrics, dimensions, query)):
            return found
        require_raw(query)
        return {}

    def is_answered(date_range: tuple[str, str]) -> bool:
        changed = asked.model_copy(update={"date_range": date_range})
        other = query_of(changed, site, clock, params_of(changed), interval, goals)
        with suppress(Invalid):
            choose(replace(other, rollups=query.rollups))
            return True
        return False

    try:
        rollups = choose(query)
    except Expired as error:
        raise Expired(error.detail, other_ranges(query, is_answered)) from None
    if rollups:
        return await answer_from(database, asked, query, rollups, groups)
    values = {
        **query.sql_values,
        **asked.pagination.model_dump(),
        **parts_read(asked.metrics, grouping),
        "of_visitors": all(d in (None, GOAL) or d.of == "visit" for d in dimensions),
    }
    slots = {
        **(groups.of_visits() if grouping == "visit" else groups.of_events()),
        **filter_slots(query, grouping),
        "metrics": metrics_slot(asked.metrics),
        "order": order_of(asked, names),
    }
    path = file_of("query_visits" if grouping == "visit" else "query_events")
    source = "event+visit" if grouping != "visit" or values["of_events"] else "visit"
    return shaped(asked, query, source, await database.rows(path, values, slots))


def other_ranges(query: Query, is_answered: Callable[[tuple[str, str]], bool]) -> list[str]:
    """Whole hours or days of UTC, and what raw data is there: what of that is answered, as the
    part of the body that says so."""
    kept = query.site.kept_since
    assert kept
    ends = (query.lower, HOUR), (query.lower, DAY), (kept, HOUR)
    found: list[str] = []
    for lower, width in ends:
        upper = query.upper if query.upper > lower else query.now
        date_range = instant(floor(lower, width)), instant(ceiling(upper, width))
        if is_answered(date_range):
            found.append(json.dumps({"date_range": date_range}))
    return found


async def answer_from(
    database: Database,
    asked: StatsQuery,
    query: Query,
    rollups: Mapping[str, Rollup],
    groups: Groups,
) -> dict[str, Any]:
    """The answer from rollups."""
    slots = {
        **rollup_slots(rollups, groups),
        "visit_filter": condition(query.filter, "visit"),
        "metrics": metrics_slot(asked.metrics),
        "order": order_of(asked, groups.names),
    }
    values = {**query.sql_values, **asked.pagination.model_dump()}
    found = await database.rows(file_of("query_rollups"), values, slots, is_brief=True)
    source = "+".join(name_of(rollup) for rollup in rollups.values())
    return shaped(asked, query, source, found)


def is_time(name: str) -> bool:
    """Whether a dimension is one of time."""
    return name == "time" or name.startswith("time:")


def interval_of(names: Sequence[str]) -> Interval:
    """The bucket of the time dimension; a day where it says nothing."""
    asked = [name.partition(":")[2] or "day" for name in names if is_time(name)]
    try:
        return Interval(asked[0]) if asked else Interval.DAY
    except ValueError as error:
        allowed = [f"time:{interval}" for interval in Interval]
        raise Invalid(f"dimensions: {asked[0][:50]!r} is no interval.", allowed) from error


def dimension_of(name: str) -> Dimension:
    """The dimension of this name. Raises Invalid, listing those there are."""
    if property_name(name):
        return Dimension(name, "", "event")
    for dimension in DIMENSIONS:
        if dimension.key == name:
            return dimension
    allowed = [f"{dimension.of}:{dimension.key}" for dimension in DIMENSIONS]
    raise Invalid(
        f"dimensions: {name[:50]!r} is not one of these.", [*allowed, "event:props:…", "time:day"]
    )


def grouping_of(dimensions: Sequence[Dimension | None]) -> Grouping:
    """What kind of groups these dimensions make; time alone makes groups of visits."""
    of_events = {d.key for d in dimensions if d is not None and d.of == "event"}
    if not of_events:
        return "visit"
    return "page" if of_events == {"page"} else "event"


def of_goals(query: Query, dimensions: Sequence[Dimension | None]) -> bool:
    """Whether the question is about those who reached a goal."""
    return GOAL in dimensions or any(c.dimension is GOAL for c in clauses_of(query.filter))


def check_metrics(metrics: Sequence[str], grouping: Grouping, of_goals: bool) -> None:
    """Refuses metrics there are not, and those that this kind of groups cannot have."""
    allowed = [metric.key for metric in METRICS.values() if grouping in metric.by]
    if unknown := [metric for metric in metrics if metric not in allowed]:
        raise Invalid(f"metrics: {', '.join(unknown)[:200]} cannot be had here.", [*allowed])
    if not of_goals and any("conversion" in metric for metric in metrics):
        raise Invalid("metrics: a conversion rate needs event:goal as a filter or a dimension.")


def parts_read(metrics: Sequence[str], grouping: Grouping) -> dict[str, bool]:
    """Which parts of the question these metrics need."""
    of_everybody = any("conversion" in metric for metric in metrics)
    if grouping == "visit":
        return {
            "of_everybody": of_everybody,
            "of_events": any(METRICS[metric].events for metric in metrics),
        }
    return {
        "of_everybody": of_everybody,
        "of_pages": any(metric in ("bounce_rate", "exit_rate") for metric in metrics),
        "of_time_on_page": "time_on_page" in metrics,
    }


def query_of(
    asked: StatsQuery,
    site: Site,
    clock: Clock,
    params: Params,
    interval: Interval,
    goals: Collection[str],
) -> Query:
    """The question as the other reports put it."""
    try:
        lower, upper = range_of(params, clock)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"date_range: {error}") from error
    by_time = any(is_time(key) for key in asked.dimensions)
    return Query(
        site,
        lower,
        upper,
        timezone=clock.zone.key,
        now=clock.now,
        params=params.model_copy(update={"source": asked.source}),
        starts=series((lower, upper), interval, clock.zone) if by_time else (),
        filter=read_filters(asked.filters, goals),
    )


def filter_slots(query: Query, grouping: Grouping) -> dict[str, Fragment]:
    """The filter for each part; everybody is everybody, whether or not they reached a goal."""
    everybody = without_goals(query.filter)
    slots = {
        "event_filter": condition(query.filter, "event"),
        "visit_filter": condition(query.filter, "visit"),
        "everybody_filter": condition(everybody, "visit"),
    }
    if grouping != "visit":
        slots["everybody_event_filter"] = condition(everybody, "event")
    return slots


def order_of(asked: StatsQuery, names: Sequence[str]) -> Fragment:
    """As asked; else series by time and everything else by the first metric."""
    columns: dict[str, LiteralString] = {key: metric.key for key, metric in METRICS.items()}
    places: dict[str, LiteralString] = {
        key: f"dimensions ->> {number}"
        for key, number in zip(asked.dimensions, NUMBERS, strict=False)
    }
    default = "asc" if any(is_time(name) for name in names) else "desc"
    wanted = asked.order_by or [
        ((asked.dimensions if default == "asc" else asked.metrics)[0], default)
    ]
    parts: list[LiteralString] = []
    for key, way in wanted:
        if key not in asked.metrics and key not in places:
            raise Invalid(
                f"order_by: {key[:50]!r} was not asked for.", [*asked.metrics, *asked.dimensions]
            )
        column = columns[key] if key in columns else places[key]
        parts.append(f"{column} {'asc' if way == 'asc' else 'desc'} nulls last")
    return Fragment(f"{', '.join(parts)}, dimensions")


def shaped(
    asked: StatsQuery, query: Query, source: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The rows in the order in which things were asked for, and where they come from."""
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
    """A number as the Stats API says it."""
    if not isinstance(value, float):
        return value
    metric = METRICS[key]
    return round(value * 100 if metric.percent else value, metric.decimals or None)
