"""From the parameters of a report to its answer: check, plan, execute, shape."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from anyio.to_thread import run_sync
from pydantic import ValidationError

from api.analytics.alternatives import Change, alternatives
from api.analytics.comparison import changes_of, compared_rows
from api.analytics.copies import Copies, Source
from api.analytics.goals.store import goal_steps
from api.analytics.planner import Plan, plan
from api.analytics.query import (
    Compare,
    Compared,
    Dimensioned,
    Filtered,
    P,
    Paged,
    Params,
    Query,
    Ranked,
)
from api.analytics.question import sql_file
from api.analytics.report import Page, Report
from api.analytics.time.ranges import Clock, compared_range, range_of
from api.analytics.vocabulary.dimensions import Dimension, find_dimension
from api.analytics.vocabulary.filters import Filter, names_goals, parse_clauses, parse_filters
from api.analytics.vocabulary.ranking import Order, parse_order
from api.analytics.vocabulary.steps import Step
from api.db.database import Database
from api.errors import Expired, Invalid, invalid
from api.rollups.available import available_rollups
from api.rollups.definitions import ROLLUPS
from api.sites.models import Site, utc_now

Plans = tuple[Plan, ...]
"""The plans of one range: of its rows and, where they are asked for, of its totals."""


async def parse_query(
    database: Database, report: Report[P], params: P, site: Site, now: datetime | None = None
) -> Query[P]:
    """The checked query, with the goals, first visit and rollups that it needs; as of now, or of
    another moment. Raises Invalid."""
    goals = await goal_steps(database, site) if may_name_goals(params) else {}
    clock = await clock_of(database, params, site, now or utc_now())
    query = build_query(report, params, site, clock, goals)
    return replace(query, rollups=await available_rollups(database, ROLLUPS))


def may_name_goals(params: Params) -> bool:
    """Whether the parameters contain steps, each of which may be a goal, or filters on goals."""
    filters = (getattr(params, name, "") for name in params.filter_fields)
    has_steps = not params.model_fields_set.isdisjoint(params.step_fields)
    return has_steps or any(names_goals(parse_clauses(text)) for text in filters)


async def clock_of(database: Database, params: Params, site: Site, now: datetime) -> Clock:
    """The present time and the query's time zone; for `period=all` also the site's first visit."""
    zone = ZoneInfo(params.timezone or site.timezone)
    if params.period != "all":
        return Clock(now, zone, since=site.created_at)
    (row,) = await database.rows(sql_file("first_seen.sql"), {"site": site.number})
    return Clock(now, zone, since=start_of_data(site, row["since"] or site.created_at))


def start_of_data(site: Site, since: datetime) -> datetime:
    """Where `period=all` begins: at the first visit or, where raw data has expired, at the start of
    its day, because rollups have whole buckets only."""
    is_gone = site.raw_data_since is not None and since < site.raw_data_since
    return since.replace(hour=0, minute=0, second=0, microsecond=0) if is_gone else since


def build_query(
    report: Report[P], params: P, site: Site, clock: Clock, goals: Mapping[str, Step]
) -> Query[P]:
    """The checked query. Raises Invalid; the message says what is allowed."""
    try:
        asked = range_of(params, clock)
        if report.start and not params.names_a_range:
            asked = report.start(params, clock), clock.end
        compared = compared_range(params, asked, clock)
    except (ValueError, OverflowError) as error:
        raise invalid("query", str(error)) from error
    dimension = dimension_of(report, params)
    chosen = parse_filters(params.filters if isinstance(params, Filtered) else "", goals)
    query = Query(
        site,
        *asked,
        timezone=clock.zone.key,
        now=clock.now,
        params=params,
        compared=compared,
        dimension=dimension,
        compared_filter=segment_of(params, goals) or chosen,
        filter=chosen,
        order=order_of(report, params, dimension),
        goals=goals,
    )
    return report.prepare(query)


def segment_of(params: Params, goals: Mapping[str, Step]) -> Filter | None:
    """The filter of the segment that an answer is compared with, if it is with one. Raises
    Invalid."""
    if not isinstance(params, Compared) or params.compare is not Compare.SEGMENT:
        return None
    return parse_filters(params.compare_filters, goals)


def dimension_of(report: Report[P], params: P) -> Dimension | None:
    """The dimension to break down by, if any. Raises Invalid for one that the report lacks."""
    if not isinstance(params, Dimensioned) or not params.dimension:
        return report.default_dimension
    return find_dimension(params.dimension, report.dimensions)


def order_of(report: Report[P], params: P, dimension: Dimension | None) -> Order | None:
    """The order that was asked for, by a column of the report or by the dimension. Raises
    Invalid."""
    if not isinstance(params, Ranked):
        return None
    columns: dict[str, LiteralString] = {column: column for column in report.orders}
    if dimension:
        columns[dimension.key] = "value"
    return parse_order(params.order, columns)


async def answer(
    database: Database, report: Report[P], params: P, site: Site, copies: Copies | None = None
) -> dict[str, Any]:
    """The answer to these parameters as of now, in the shape of report.Answer; of a query of a
    batch as of the moment of its copies. Raises Invalid, Expired and TooMuchAsked."""
    query = await parse_query(database, report, params, site, copies and copies.now)
    return await execute(Source(database, copies), report, query)


async def execute(source: Source, report: Report[P], query: Query[P]) -> dict[str, Any]:
    """The answer to a query, in the shape of report.Answer. Raises Expired and TooMuchAsked."""
    (_, plans), *others = ranges = plan_or_suggest(report, query)
    source.begin(plan for _, plans in ranges for plan in plans)
    found, totals = await answer_range(source, report, query, plans)
    rows, page = one_page(query.params, found, (totals or {}).get(report.counted_by))
    lines, comparison = report.finish(query, rows), None
    for compared, plans_then in others:
        choice = choice_of(report, rows)
        found, totals_then = await answer_range(source, report, compared, plans_then, choice)
        then = report.finish(compared, without_count(found))
        lines = compared_rows(report.key, lines, then)
        changes = totals and totals_then and changes_of(totals, totals_then)
        comparison = {"from": compared.lower, "to": compared.upper, "totals": changes}
    return {
        "query": {"report": report.name, **query.effective},
        "engine": plans[0].engine,
        "columns": report.columns(query),
        "totals": totals,
        "rows": [named(report, query, line) for line in lines],
        "page": page,
        "comparison": comparison,
    }


async def answer_range(
    source: Source,
    report: Report[P],
    query: Query[P],
    plans: Plans,
    choice: Mapping[str, Any] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The rows and totals of one range. One question after the other, so that a report keeps no
    more than one connection of the database busy: see Turns."""
    first, *others = plans
    found = await source.rows(replace(first, values={**first.values, **(choice or {})}))
    summed = [await source.rows(plan) for plan in others]
    if report.compute is None:
        return found, summed[0][0] if summed else None
    computed = await run_sync(report.compute, query, found)
    return page_of(query, computed.rows), computed.totals if query.has_totals else None


def page_of(query: Query[Params], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The page of these rows as SQL would return it: with one row more, and the number of all."""
    if not query.page:
        return [*rows]
    start, number = query.page["offset"], query.page["limit"]
    return [{**row, "total_rows": len(rows)} for row in rows[start : start + number]]


def choice_of(report: Report[P], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values that choose the rows with the keys of these, and their number."""
    keys = [[row[column] for column in report.key] for row in rows]
    return {"chosen": json.dumps(keys), "limit": len(keys), "offset": 0} if report.key else {}


def one_page(
    params: Params, found: list[dict[str, Any]], total: int | None
) -> tuple[list[dict[str, Any]], Page | None]:
    """The rows of the page that was asked for, and what is said of it. One row more than the limit
    was read, and the rows say how many there are unless a total does."""
    if not isinstance(params, Paged):
        return found, None
    has_more = len(found) > params.limit
    if found and "total_rows" in found[0]:
        total = found[0]["total_rows"]
    after = params.offset + params.limit if has_more else None
    return without_count(found[: params.limit]), Page(total=total, next=after)


def without_count(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "total_rows"} for row in rows]


def named(report: Report[P], query: Query[P], row: dict[str, Any]) -> dict[str, Any]:
    """The row with the value of its dimension by the name of the dimension."""
    if "value" in report.rows.row.model_fields or "value" not in row:
        return row
    rest = {name: row[name] for name in row if name != "value"}
    return {query.dimension.key: row["value"], **rest} if query.dimension else rest


async def explain(database: Database, report: Report[P], query: Query[P]) -> tuple[str, str]:
    """The tables that answer a query, and PostgreSQL's plan of one run as text."""
    ((_, (rows, *_)), *_) = plan_or_suggest(report, query)
    return rows.engine, await database.explain(
        rows.path, rows.values, rows.slots, by_hash=rows.by_hash
    )


def plan_or_suggest(report: Report[P], query: Query[P]) -> list[tuple[Query[P], Plans]]:
    """The plans of an answer. Raises Expired, listing queries that can be answered instead."""
    try:
        return plan_answer(report, query)
    except Expired as error:
        instead = alternatives(query, partial(is_answered, report, query))
        raise Expired(error.detail, instead) from None


def plan_answer(report: Report[P], query: Query[P]) -> list[tuple[Query[P], Plans]]:
    """The plans for the query and for what it is compared with, if anything. Raises Expired."""
    ranges = [query]
    if query.compared:
        lower, upper = query.compared
        then = replace(
            query,
            lower=lower,
            upper=upper,
            filter=query.compared_filter,
            is_comparison=bool(report.key),
        )
        ranges.append(report.prepare(then))
    return [(one, plan_range(report, one)) for one in ranges]


def plan_range(report: Report[P], query: Query[P]) -> Plans:
    rows = plan(report.rows, query)
    if report.totals is None or not query.has_totals:
        return (rows,)
    return rows, plan(report.totals, query.whole)


def is_answered(report: Report[P], query: Query[P], change: Change) -> bool:
    """Whether the query can be planned with these parameters changed."""
    given = query.params.model_dump(by_alias=True, exclude_unset=True)
    try:
        params = report.params.model_validate(given | change)
        zone = ZoneInfo(params.timezone or query.site.timezone)
        clock = Clock(query.now, zone, since=query.lower)
        changed = build_query(report, params, query.site, clock, query.goals)
        plan_answer(report, replace(changed, rollups=query.rollups))
    except (Invalid, ValidationError):
        return False
    return True
