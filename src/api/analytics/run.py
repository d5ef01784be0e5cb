"""From a question to its answer: check, plan, ask, shape."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api.analytics.alternatives import Change, alternatives
from api.analytics.dimensions import Dimension, find_dimension
from api.analytics.filters import NO_FILTER, Clause, clauses_of, condition, parse_filters
from api.analytics.filters import condition_on_visit_of_event as on_visit_of_event
from api.analytics.goals import goals_of
from api.analytics.metrics import metrics_slot
from api.analytics.order import order_by
from api.analytics.params import BreakdownParams, SeriesParams
from api.analytics.planner import NOT_KEPT, Need, name_of, plan, require_raw
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, Range, compared_range, range_of, series
from api.analytics.report import SETS, Report, TotalsOf
from api.analytics.rollups import ROLLUPS
from api.analytics.steps import Step
from api.db.available import available_rollups
from api.db.database import Database
from api.db.queries import Fragment, slot_names
from api.db.rollup import Fact, Rollup
from api.errors import Expired, Invalid
from api.sites.models import Site, utc_now

SQL = Path(__file__).parent / "sql"


async def understand(database: Database, report: Report, params: Params, site: Site) -> Query:
    """The checked question, with what has to be looked up for it. Raises Invalid."""
    goals = await steps_of_goals(database, site) if params.mentions_goals else {}
    query = ask(report, params, site, await clock_of(database, params, site), goals)
    return replace(query, rollups=await available_rollups(database, ROLLUPS))


async def steps_of_goals(database: Database, site: Site) -> dict[str, Step]:
    """What each of the saved goals means."""
    return {goal.name: goal.step for goal in await goals_of(database, site)}


async def clock_of(database: Database, params: Params, site: Site) -> Clock:
    """Now, in the asked time zone; and since when there is data, where that matters."""
    zone, now = ZoneInfo(params.timezone or site.timezone), utc_now()
    if params.period != "all":
        return Clock(now, zone, since=site.created_at)
    (row,) = await database.rows(SQL / "first_seen.sql", {"site": site.number})
    return Clock(now, zone, since=beginning(site, row["since"] or site.created_at))


def beginning(site: Site, since: datetime) -> datetime:
    """Since when there is data; where raw data is gone, the day that it is summed up in."""
    is_gone = site.kept_since is not None and since < site.kept_since
    return since.replace(hour=0, minute=0, second=0, microsecond=0) if is_gone else since


def ask(
    report: Report,
    params: Params,
    site: Site,
    clock: Clock,
    goals: Mapping[str, Step] | None = None,
) -> Query:
    """The checked question. Raises Invalid, saying what to ask instead."""
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
        starts=starts_of(params, asked, clock.zone),
        dimension=dimension_of(report, params),
        filter=parse_filters(params.filters, goals or ()),
        goals=goals or {},
    )
    order_by(params, report.orders)
    return replace(query, values=report.prepare(query))


def starts_of(params: Params, asked: Range, zone: ZoneInfo) -> list[datetime]:
    """The buckets of a series; other reports have none. Raises Invalid for too many."""
    return series(asked, params.interval, zone) if isinstance(params, SeriesParams) else []


def dimension_of(report: Report, params: Params) -> Dimension | None:
    """The dimension to break down by. Raises Invalid for one that the report lacks."""
    if not isinstance(params, BreakdownParams):
        return None
    if not params.dimension:
        return report.dimensions[0] if report.needs else None
    return find_dimension(params.dimension, report.dimensions)


async def run(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """The answer in the shape of rows.Answer."""
    check(report, query)
    return {
        "query": query.normalised | {"report": report.name},
        "source": source_of(report, query),
        **await answer(database, report, query),
        "comparison": await comparison(database, report, query),
    }


def check(report: Report, query: Query) -> None:
    """Raises Expired, with what can be asked instead, where raw data is needed that is gone."""
    try:
        plan_all(report, query)
    except Expired as error:
        instead = alternatives(query, partial(is_answered, report, query))
        raise Expired(error.detail, instead) from None


def is_answered(report: Report, query: Query, change: Change) -> bool:
    """Whether the question can be answered with a change of its parameters."""
    given = query.params.model_dump(by_alias=True, exclude_unset=True)
    try:
        params = report.params.model_validate(given | change)
        zone = ZoneInfo(params.timezone or query.site.timezone)
        clock = Clock(query.now, zone, since=query.lower)
        changed = ask(report, params, query.site, clock, query.goals)
        plan_all(report, replace(changed, rollups=query.rollups))
    except (Invalid, ValidationError):
        return False
    return True


def plan_all(report: Report, query: Query) -> None:
    """Plans everything that an answer consists of. Raises Expired."""
    for asked in (query, compared(report, query)):
        if asked:
            question(report, asked)
            totals_question(report, asked)


async def answer(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """Totals and rows of the asked range, asked for at once."""
    path, filled = question(report, query)
    found, summed = await asyncio.gather(
        database.rows(path, query.sql_values, filled, is_summed_up(source_of(report, query))),
        totals(database, report, query),
    )
    return {"totals": summed, "rows": report.finish(found)}


async def comparison(database: Database, report: Report, query: Query) -> dict[str, Any] | None:
    """The same question about the range to compare with, None when nobody asked for that."""
    other = compared(report, query)
    if other is None:
        return None
    return {"from": other.lower, "to": other.upper, **await answer(database, report, other)}


def compared(report: Report, query: Query) -> Query | None:
    """The question about the range to compare with."""
    if query.compared is None:
        return None
    lower, upper = query.compared
    starts = starts_of(query.params, query.compared, ZoneInfo(query.timezone))
    other = replace(query, lower=lower, upper=upper, starts=starts)
    return replace(other, values=report.prepare(other))


def question(report: Report, query: Query) -> tuple[Path, Mapping[str, Fragment]]:
    """The .sql file that answers, and what fills its slots. Raises Expired."""
    if report.of_firsts(query) and query.site.kept_since:
        raise Expired(f"Nobody knows who came first before {query.site.kept_since:%Y-%m-%d}.")
    if by_sets(report, query):
        path = file_of(f"{report.file}_of_sets")
        return path, set_slots(path, query)
    path = file_for(report.file, query)
    if report.reads_base(query) or path.stem in OF_VISITS:
        require_raw(query)
    return path, slots(report, path, query)


async def explain(database: Database, report: Report, query: Query) -> tuple[str, str]:
    """Which tables answer a question, and what that costs: PostgreSQL's own account of one run."""
    check(report, query)
    path, filled = question(report, query)
    plan = await database.explain(path, query.sql_values, filled)
    return source_of(report, query), plan


def by_sets(report: Report, query: Query) -> bool:
    """Whether sets of visitors answer this, and rollups have them."""
    if query.filter != NO_FILTER or not report.of_sets(query):
        return False
    return all(isinstance(plan(need, query), Rollup) for need in SETS.values())


def set_slots(path: Path, query: Query) -> Mapping[str, Fragment]:
    """The sets of visitors and of new ones; the new ones of the asked range only."""
    every = {**sources(SETS, query), "new_range": Fragment(":lower, :upper")}
    return {slot: every[slot] for slot in slot_names(path) & every.keys()}


def file_of(name: str) -> Path:
    """Where a question is."""
    return SQL / f"{name}.sql"


OF_VISITS = frozenset(path.stem for path in SQL.glob("*_of_visits.sql"))
"""Questions that have a second form, which reads each visit that a filter chooses once."""


def file_for(name: str, query: Query) -> Path:
    """Where a question is, in the form for the filter."""
    path, form = file_of(name), f"{name}_of_visits"
    return file_of(form) if form in OF_VISITS and visits_tell(path, query) else path


def visits_tell(path: Path, query: Query) -> bool:
    """Whether there is a filter, and the visits that it chooses are all it takes: they mostly know
    how many events they had, though not how many that fit a filter on events."""
    filtered = {clause.dimension.of for clause in clauses_of(query.filter)}
    return filtered == {"visit"} or (bool(filtered) and "event_filter" not in slot_names(path))


def slots(report: Report, path: Path, query: Query) -> Mapping[str, Fragment]:
    """What fills the slots of the report's SQL: sources, the dimension, filters, its own."""
    if path.stem in OF_VISITS:
        return {**metrics(report), **filters(path, query)}
    asked = {"dimension": Fragment(query.dimension.sql)} if query.dimension else {}
    order = order_by(query.params, report.orders)
    return {
        **sources(report.needs, query),
        **metrics(report),
        **asked,
        **({"order": order} if order else {}),
        **filters(path, query),
        **report.slots(query),
    }


def metrics(report: Report | TotalsOf) -> Mapping[str, Fragment]:
    """The metrics that are columns of its rows."""
    return {"metrics": metrics_slot(report.metrics)} if report.metrics else {}


def sources(needs: Mapping[str, Need], query: Query) -> Mapping[str, Fragment]:
    """The source that the planner chose for each part."""
    return {slot: Fragment(plan(need, query).name) for slot, need in all_needs(needs, query)}


def all_needs(needs: Mapping[str, Need], query: Query) -> Iterator[tuple[str, Need]]:
    """What each part reads in truth: the dimension asked for, and those of the filter, too."""
    asked = (query.dimension.column,) if query.dimension else ()
    for slot, need in needs.items():
        filtered = tuple(column_in(need.fact, clause) for clause in clauses_of(query.filter))
        yield slot, replace(need, dimensions=(*need.dimensions, *asked, *filtered))


def column_in(fact: Fact, clause: Clause) -> LiteralString:
    """The column that a clause needs in a rollup of this fact; the other table's are in none."""
    return clause.dimension.column if clause.dimension.of == fact.table else NOT_KEPT


def filters(path: Path, query: Query) -> Mapping[str, Fragment]:
    """The filter in the forms that this file has slots for.

    Raises Invalid when there is a filter and the question cannot be filtered.
    """
    forms = {
        "visit_filter": condition(query.filter, "visit"),
        "event_filter": condition(query.filter, "event"),
        "visit_of_event_filter": on_visit_of_event(query.filter),
    }
    filled = {slot: form for slot, form in forms.items() if slot in slot_names(path)}
    if not filled and query.filter != NO_FILTER:
        raise Invalid("filters: this report cannot be filtered.")
    return filled


def source_of(report: Report, query: Query) -> str:
    """Every table that has a part in the rows."""
    if by_sets(report, query):
        read = slot_names(file_of(f"{report.file}_of_sets"))
        return "+".join(name_of(plan(SETS[slot], query)) for slot in SETS if slot in read)
    if file_for(report.file, query).stem in OF_VISITS:
        return "visit+event"
    planned = [name_of(plan(need, query)) for _, need in all_needs(report.needs, query)]
    joined = ["visit"] if query.dimension and not report.needs else []
    detailed = ["event"] if query.values.get("detail") else []
    return "+".join(filter(None, dict.fromkeys((*planned, report.base, *joined, *detailed))))


def is_summed_up(source: str) -> bool:
    """Whether all of this comes from rollups: it takes longer to plan than to read."""
    return all(part.startswith("rollup:") for part in source.split("+"))


async def totals(database: Database, report: Report, query: Query) -> dict[str, Any]:
    """The numbers of the whole range."""
    path, filled, is_brief = totals_question(report, query)
    found = await database.rows(path, whole_range(query).sql_values, filled, is_brief)
    return found[0]


def whole_range(query: Query) -> Query:
    """The question about the range as a whole. It has no buckets, so any rollup tiles it."""
    return replace(query, starts=(), dimension=None)


def totals_question(report: Report, query: Query) -> tuple[Path, Mapping[str, Fragment], bool]:
    """The .sql file of the totals, what fills its slots, and whether it takes longer to plan than
    to read. Raises Expired."""
    whole = whole_range(query)
    path = file_for(report.totals.file, whole)
    if path.stem in OF_VISITS:
        require_raw(whole)
    needs: Mapping[str, Need] = {} if path.stem in OF_VISITS else report.totals.needs
    filled = {**sources(needs, whole), **metrics(report.totals), **filters(path, whole)}
    planned = [name_of(plan(need, whole)) for _, need in all_needs(needs, whole)]
    return path, filled, is_summed_up("+".join(filter(None, (*planned, report.totals.base))))
