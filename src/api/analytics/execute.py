"""From the parameters of a report to its answer: check, plan, execute, shape."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api.analytics.alternatives import Change, alternatives
from api.analytics.goals.store import goal_steps
from api.analytics.planner import Plan, plan
from api.analytics.query import BreakdownParams, P, Params, Query
from api.analytics.question import sql_file
from api.analytics.report import Report
from api.analytics.time.ranges import Clock, compared_range, range_of
from api.analytics.vocabulary.dimensions import Dimension, find_dimension
from api.analytics.vocabulary.filters import names_goals, parse_clauses, parse_filters
from api.analytics.vocabulary.ranking import parse_order
from api.analytics.vocabulary.steps import Step
from api.db.database import Database
from api.errors import Expired, Invalid, invalid
from api.rollups.available import available_rollups
from api.rollups.definitions import ROLLUPS
from api.sites.models import Site, utc_now

Plans = tuple[Plan, ...]
"""The plans of one range: of its rows and, where they are asked for, of its totals."""


async def parse_query(database: Database, report: Report[P], params: P, site: Site) -> Query[P]:
    """The checked query, with the goals, first visit and rollups that it needs. Raises Invalid."""
    goals = await goal_steps(database, site) if may_name_goals(params) else {}
    query = build_query(report, params, site, await clock_of(database, params, site), goals)
    return replace(query, rollups=await available_rollups(database, ROLLUPS))


def may_name_goals(params: Params) -> bool:
    """Whether the parameters contain steps, each of which may be a goal, or filters on goals."""
    filters = (getattr(params, name) for name in params.filter_fields)
    has_steps = not params.model_fields_set.isdisjoint(params.step_fields)
    return has_steps or any(names_goals(parse_clauses(text)) for text in filters)


async def clock_of(database: Database, params: Params, site: Site) -> Clock:
    """The present time and the query's time zone; for `period=all` also the site's first visit."""
    zone, now = ZoneInfo(params.timezone or site.timezone), utc_now()
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
            asked = report.start(params, clock), clock.now
        compared = compared_range(params, asked, clock)
    except (ValueError, OverflowError) as error:
        raise invalid("query", str(error)) from error
    query = Query(
        site,
        *asked,
        timezone=clock.zone.key,
        now=clock.now,
        params=params,
        compared=compared,
        dimension=dimension_of(report, params),
        filter=parse_filters(params.filters, goals),
        order=parse_order(params.order, report.orders),
        goals=goals,
    )
    return report.prepare(query)


def dimension_of(report: Report[P], params: P) -> Dimension | None:
    """The dimension to break down by, if any. Raises Invalid for one that the report lacks."""
    if not isinstance(params, BreakdownParams) or not params.dimension:
        return report.default_dimension
    return find_dimension(params.dimension, report.dimensions)


async def answer(database: Database, report: Report[P], params: P, site: Site) -> dict[str, Any]:
    """The answer to these parameters as of now, in the shape of report.Answer. Raises Invalid,
    Expired and TooMuchAsked."""
    return await execute(database, report, await parse_query(database, report, params, site))


async def execute(database: Database, report: Report[P], query: Query[P]) -> dict[str, Any]:
    """The answer to a query, in the shape of report.Answer. Raises Expired and TooMuchAsked."""
    plans = plan_or_suggest(report, query)
    answers = [await answer_range(database, report, planned) for planned in plans]
    comparison = None
    if query.compared:
        lower, upper = query.compared
        comparison = {"from": lower, "to": upper, **answers[1]}
    return {
        "query": query.normalised | {"report": report.name},
        "source": plans[0][0].source,
        **answers[0],
        "comparison": comparison,
    }


async def answer_range(database: Database, report: Report[P], plans: Plans) -> dict[str, Any]:
    """The rows and totals of one range. One question after the other, so that a report keeps no
    more than one connection of the database busy: see Turns."""
    found, *summed = [await fetch(database, plan) for plan in plans]
    return {"totals": summed[0][0] if summed else None, "rows": report.finish(found)}


async def fetch(database: Database, plan: Plan) -> list[dict[str, Any]]:
    return await database.rows(plan.path, plan.values, plan.slots, plan.prepare)


async def explain(database: Database, report: Report[P], query: Query[P]) -> tuple[str, str]:
    """The tables that answer a query, and PostgreSQL's plan of one run as text."""
    rows, *_ = plan_or_suggest(report, query)[0]
    return rows.source, await database.explain(rows.path, rows.values, rows.slots)


def plan_or_suggest(report: Report[P], query: Query[P]) -> list[Plans]:
    """The plans of an answer. Raises Expired, listing queries that can be answered instead."""
    try:
        return plan_answer(report, query)
    except Expired as error:
        instead = alternatives(query, partial(is_answered, report, query))
        raise Expired(error.detail, instead) from None


def plan_answer(report: Report[P], query: Query[P]) -> list[Plans]:
    """The plans for the query's range and for the range to compare with, if any. Raises Expired."""
    ranges = [query]
    if query.compared:
        lower, upper = query.compared
        ranges.append(report.prepare(replace(query, lower=lower, upper=upper)))
    return [plan_range(report, one) for one in ranges]


def plan_range(report: Report[P], query: Query[P]) -> Plans:
    rows = plan(report.rows, query)
    return (rows, plan(report.totals, query.whole)) if query.params.has_totals else (rows,)


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
