"""POST /api/analytics/query: any metrics by any dimensions, in the form of Plausible's Stats API
v2, so that clients written for that work here. Rates are per cent, rounded, as they are there."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.analytics.buckets import Interval, bucket_starts
from api.analytics.dimensions import DIMENSIONS, PROPERTY, Dimension, plain_name
from api.analytics.filters import NUMBERS, condition, property_name, read_filters
from api.analytics.query import LONGEST_RANGE, Params, Query
from api.analytics.ranges import Clock, range_of
from api.analytics.run import file_of
from api.db.database import Database
from api.db.queries import Fragment
from api.errors import Invalid
from api.sites.models import Site

METRICS_OF_EVENTS: tuple[LiteralString, ...] = ("visitors", "visits", "pageviews", "events")
METRICS: tuple[LiteralString, ...] = (
    *METRICS_OF_EVENTS,
    *("bounce_rate", "visit_duration", "views_per_visit"),
)

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

LABELS: Mapping[str, LiteralString] = {
    "minute": "YYYY-MM-DD HH24:MI:SS",
    "hour": "YYYY-MM-DD HH24:MI:SS",
    "day": "YYYY-MM-DD",
    "week": "YYYY-MM-DD",
    "month": "YYYY-MM-DD",
}

MAX_DIMENSIONS = 5


class Pagination(BaseModel):
    """Which rows to return."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(1000, ge=1, le=10_000)
    offset: int = Field(0, ge=0, le=1_000_000)


class Include(BaseModel):
    """What else to return."""

    model_config = ConfigDict(extra="forbid")

    imports: bool = False
    time_labels: bool = False
    total_rows: bool = False


class StatsQuery(BaseModel):
    """A question in the form of Plausible's Stats API v2."""

    model_config = ConfigDict(extra="forbid")

    site_id: str = Field(max_length=200)
    metrics: list[str] = Field(min_length=1, max_length=len(METRICS))
    date_range: str | tuple[str, str]
    dimensions: list[str] = Field([], max_length=MAX_DIMENSIONS)
    filters: list[Any] = []
    order_by: list[tuple[str, Literal["asc", "desc"]]] = Field([], max_length=10)
    include: Include = Include()
    pagination: Pagination = Field(default_factory=lambda: Pagination.model_validate({}))


class StatsRow(BaseModel):
    """Values in the order in which metrics and dimensions were asked for."""

    metrics: list[float | int | None]
    dimensions: list[str]


class StatsAnswer(BaseModel):
    """The answer in the form of Plausible's Stats API v2."""

    results: list[StatsRow]
    meta: dict[str, Any]
    query: dict[str, Any]


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
    database: Database, asked: StatsQuery, site: Site, clock: Clock, params: Params
) -> dict[str, Any]:
    """The answer. Raises Invalid with what is allowed for anything unknown."""
    names = [plain_name(key) for key in asked.dimensions]
    interval = interval_of(names)
    of_events = any(dimension_of(name).of == "event" for name in names if not is_time(name))
    check_metrics(asked.metrics, of_events)
    query = query_of(asked, site, clock, params, interval)
    slots = {
        "event_dimensions": dimension_list(names, interval, "e.time"),
        "event_filter": condition(query.filter, "event"),
        "order": order_of(asked, names),
    }
    if not of_events:
        slots["visit_dimensions"] = dimension_list(names, interval, "v.started")
        slots["visit_filter"] = condition(query.filter, "visit")
    values = {**query.sql_values, **asked.pagination.model_dump()}
    path = file_of("query_events" if of_events else "query_visits")
    return shaped(asked, query, await database.rows(path, values, slots))


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


def check_metrics(metrics: Sequence[str], of_events: bool) -> None:
    """Refuses metrics there are not, and those of visits by dimensions of events."""
    allowed = METRICS_OF_EVENTS if of_events else METRICS
    if unknown := [metric for metric in metrics if metric not in allowed]:
        raise Invalid(f"metrics: {', '.join(unknown)[:200]} cannot be had here.", [*allowed])


def query_of(
    asked: StatsQuery, site: Site, clock: Clock, params: Params, interval: Interval
) -> Query:
    """The question as the other reports put it."""
    try:
        lower, upper = range_of(params, clock)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"date_range: {error}") from error
    by_time = any(is_time(key) for key in asked.dimensions)
    if by_time and upper - lower > LONGEST_RANGE[interval]:
        raise Invalid(f"dimensions: time:{interval} is too fine for this range.")
    return Query(
        site,
        lower,
        upper,
        timezone=clock.zone.key,
        now=clock.now,
        params=params,
        starts=bucket_starts(lower, upper, interval, clock.zone) if by_time else (),
        filter=read_filters(asked.filters),
    )


def dimension_list(names: Sequence[str], interval: Interval, time: LiteralString) -> Fragment:
    """The dimensions as one JSON array, which can be grouped and sorted by."""
    label = LABELS[interval]
    parts: list[LiteralString] = []
    values: dict[str, Any] = {}
    for name, number in zip(names, NUMBERS, strict=False):
        if is_time(name):
            start: LiteralString = (
                f"(:starts::timestamptz[])[width_bucket({time}, :starts::timestamptz[])]"
            )
            parts.append(f"to_char({start} at time zone :timezone, '{label}')")
        elif name.startswith(PROPERTY):
            parts.append(f"coalesce(e.props ->> :dimension_{number}, '(none)')")
            values[f"dimension_{number}"] = name.removeprefix(PROPERTY)
        else:
            parts.append(dimension_of(name).sql)
    return Fragment(f"jsonb_build_array({', '.join(parts)})", values)


def order_of(asked: StatsQuery, names: Sequence[str]) -> Fragment:
    """As asked; else series by time and everything else by the first metric."""
    columns: dict[str, LiteralString] = {metric: metric for metric in METRICS}
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


def shaped(asked: StatsQuery, query: Query, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rows in the order in which things were asked for."""
    meta: dict[str, Any] = {}
    if asked.include.total_rows:
        meta["total_rows"] = rows[0]["total_rows"] if rows else 0
    if asked.include.time_labels:
        meta["time_labels"] = [start.isoformat() for start in query.starts]
    return {
        "results": [
            {
                "metrics": [row[metric] for metric in asked.metrics],
                "dimensions": row["dimensions"],
            }
            for row in rows
        ],
        "meta": meta,
        "query": asked.model_dump(mode="json")
        | {"date_range": [query.lower.isoformat(), query.upper.isoformat()]},
    }
