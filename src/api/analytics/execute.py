"""From a question to its answer: check, plan, ask, shape."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api.analytics.alternatives import Change, alternatives
from api.analytics.dimensions import Dimension, find_dimension
from api.analytics.filters import names_goals, parse_clauses, parse_filters
from api.analytics.goals import goals_of
from api.analytics.params import BreakdownParams
from api.analytics.planner import Plan, plan
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, compared_range, range_of
from api.analytics.ranking import parse_order
from api.analytics.report import Report, sql_file
from api.analytics.steps import Step
from api.db.database import Database
from api.errors import Expired, Invalid
from api.rollups.available import available_rollups
from api.rollups.definitions import ROLLUPS
from api.sites.models import Site, utc_now


async def parse_query(database: Database, report: Report, params: Params, site: Site) -> Query:
    """The checked query, with what has to be looked up for it. Raises Invalid."""
    goals = await steps_of_goals(database, site) if may_name_goals(params) else {}
    query = build_query(report, params, site, await clock_of(database, params, site), goals)
    return replace(query, rollups=await available_rollups(database, ROLLUPS))


def may_name_goals(params: Params) -> bool:
    """Whether there are steps, which may be goals, or filters on goals."""
    filters = (getattr(params, name) for name in params.filter_fields)
    has_steps = not params.model_fields_set.isdisjoint(params.step_fields)
    return has_steps or any(names_goals(parse_clauses(text)) for text in filters)


async def steps_of_goals(database: Database, site: Site) -> dict[str, Step]:
    """What each of the saved goals means."""
    return {goal.name: goal.step for goal in await goals_of(database, site)}


async def clock_of(database: Database, params: Params, site: Site) -> Clock:
    """The present time in the asked time zone; for `period=all` also the site's first visit."""
    zone, now = ZoneInfo(params.timezone or site.timezone), utc_now()
    if params.period != "all":
        return Clock(now, zone, since=site.created_at)
    (row,) = await database.rows(sql_file("first_seen"), {"site": site.number})
    return Clock(now, zone, since=beginning(site, row["since"] or site.created_at))


def beginning(site: Site, since: datetime) -> datetime:
    """Since when there is data; where raw data is gone, the day that it is summed up in."""
    is_gone = site.raw_data_since is not None and since < site.raw_data_since
    return since.replace(hour=0, minute=0, second=0, microsecond=0) if is_gone else since


def build_query(
    report: Report, params: Params, site: Site, clock: Clock, goals: Mapping[str, Step]
) -> Query:
    """The checked query. Raises Invalid, saying what to ask instead."""
    try:
        asked = range_of(params, clock)
        if report.start and not params.names_a_range:
            asked = report.start(params, clock), clock.now
        compared = compared_range(params, asked, clock)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"range: {error}") from error
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


def dimension_of(report: Report, params: Params) -> Dimension | None:
    """The dimension to break down by. Raises Invalid for one that the report lacks."""
    if not isinstance(params, BreakdownParams) or not params.dimension:
        return report.default_dimension
    return find_dimension(params.dimension, report.dimensions)


async def execute(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """The answer in the shape of rows.Answer. Raises Expired."""
    plans = plan_or_suggest(report, query)
    answers = [await answer_range(database, report, *planned) for planned in plans]
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


async def answer_range(
    database: Database, report: Report, rows: Plan, totals: Plan
) -> dict[str, Any]:
    """Totals and rows of a range, asked for at once."""
    found, summed = await asyncio.gather(fetch(database, rows), fetch(database, totals))
    return {"totals": summed[0], "rows": report.finish(found)}


async def fetch(database: Database, plan: Plan) -> list[dict[str, Any]]:
    """What the database answers to a planned statement."""
    return await database.rows(plan.path, plan.values, plan.slots, plan.prepare)


async def explain(database: Database, report: Report, query: Query) -> tuple[str, str]:
    """Which tables answer a question, and what that costs: PostgreSQL's own account of one run."""
    rows, _ = plan_or_suggest(report, query)[0]
    return rows.source, await database.explain(rows.path, rows.values, rows.slots)


def plan_or_suggest(report: Report, query: Query) -> list[tuple[Plan, Plan]]:
    """The plans of an answer. Raises Expired with what can be asked instead."""
    try:
        return plan_answer(report, query)
    except Expired as error:
        instead = alternatives(query, partial(is_answered, report, query))
        raise Expired(error.detail, instead) from None


def plan_answer(report: Report, query: Query) -> list[tuple[Plan, Plan]]:
    """The plans of rows and totals, of the asked range and of the one it is compared with. Raises
    Expired."""
    ranges = [query]
    if query.compared:
        lower, upper = query.compared
        ranges.append(report.prepare(replace(query, lower=lower, upper=upper)))
    return [(plan(report.rows, one), plan(report.totals, one.whole)) for one in ranges]


def is_answered(report: Report, query: Query, change: Change) -> bool:
    """Whether the report can be planned with these parameters in the place of its own."""
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
