"""From a question to its answer: check, plan, ask, shape."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from api.analytics.dimensions import column_of
from api.analytics.models import BreakdownParams, SeriesParams
from api.analytics.planner import Need, name_of, plan
from api.analytics.query import LONGEST_RANGE, Params, Query, range_of
from api.analytics.reports import TOTALS_NEEDS, Report
from api.db.database import Database
from api.db.queries import Fragment
from api.errors import Invalid
from api.sites.models import Site

SQL = Path(__file__).parent / "sql"


def ask(report: Report, params: Params, site: Site, now: datetime) -> Query:
    """The checked question. Raises Invalid, saying what to ask instead."""
    timezone = params.timezone or site.timezone
    try:
        lower, upper = range_of(params, timezone, now)
        if report.start and not params.names_a_range:
            lower = report.start(params, timezone, now)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"from, to: {error}") from error
    interval = params.interval if isinstance(params, SeriesParams) else None
    query = Query(site, lower, upper, timezone, now, params, interval)
    check_length(query)
    return replace(query, values=report.prepare(query))


def check_length(query: Query) -> None:
    """Refuses series of more buckets than anybody can read."""
    if query.interval and query.upper - query.lower > LONGEST_RANGE[query.interval]:
        coarser = [
            interval.value
            for interval, longest in LONGEST_RANGE.items()
            if longest >= query.upper - query.lower
        ]
        raise Invalid(f"interval: {query.interval} is too fine for this range.", allowed=coarser)


async def run(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """The answer in the shape of models.Answer."""
    chosen = slots(report, query)
    rows = await database.rows(SQL / f"{report.file}.sql", query.sql_values, chosen)
    return {
        "query": query.normalised | {"report": report.name},
        "source": source_of(report, query),
        "totals": await totals(database, report, query),
        "rows": report.finish(rows),
    }


def slots(report: Report, query: Query) -> Mapping[str, Fragment]:
    """What fills the slots of the report's SQL: sources, the dimension, its own."""
    filled = {name: Fragment(plan(need, query).name) for name, need in needs(report, query).items()}
    if column := dimension_column(report, query):
        filled["dimension"] = Fragment(column)
    return {**filled, **report.slots(query)}


def needs(report: Report, query: Query) -> dict[str, Need]:
    """The report's needs, the dimension asked for among them."""
    column = dimension_column(report, query)
    dimensions = (column,) if column else ()
    return {
        name: replace(need, dimensions=(*need.dimensions, *dimensions))
        for name, need in report.needs.items()
    }


def dimension_column(report: Report, query: Query) -> Any:
    """The column to break down by, '' for none. Raises Invalid for one the report lacks."""
    params = query.params
    if not isinstance(params, BreakdownParams):
        return ""
    if not params.dimension:
        return report.dimensions[0].column if report.needs else ""
    return column_of(params.dimension, report.dimensions)


def source_of(report: Report, query: Query) -> str:
    """Every table that has a part in the rows."""
    planned = [name_of(plan(need, query)) for need in needs(report, query).values()]
    joined = ["visit"] if dimension_column(report, query) and not report.needs else []
    return "+".join(dict.fromkeys((*planned, report.base, *joined)))


async def totals(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """The numbers of the whole range. They have no buckets, so any rollup tiles it."""
    whole = replace(query, interval=None)
    chosen = (
        {name: Fragment(plan(need, whole).name) for name, need in TOTALS_NEEDS.items()}
        if report.totals == "totals"
        else {}
    )
    return (await database.rows(SQL / f"{report.totals}.sql", whole.sql_values, chosen))[0]
