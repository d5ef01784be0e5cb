"""Plans queries of the Stats API: from rollups where they have all of it, else from base tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import LiteralString

from api.analytics.alternatives import ceiling, floor, instant
from api.analytics.planner import Plan, plan
from api.analytics.plausible.grouping import Groups
from api.analytics.plausible.models import StatsQuery, StatsRow
from api.analytics.query import Params, Query
from api.analytics.question import NEW_VISITORS, VISITORS, Question, Requirement, Variant
from api.analytics.time.buckets import DAY, HOUR
from api.analytics.time.ranges import Range
from api.analytics.vocabulary.conditions import (
    condition_on_event_and_visit,
    condition_on_visit_with_event,
)
from api.analytics.vocabulary.dimensions import GOAL
from api.analytics.vocabulary.filters import NUMBERS, without_goals
from api.analytics.vocabulary.metrics import METRICS, measures_of, metrics_slot, sums_slot
from api.analytics.vocabulary.ranking import NOTHING, Direction
from api.db.sql_files import Fragment
from api.errors import Expired, Invalid, invalid
from api.rollups.definitions import EVENTS, VISITS

OF_EDGES = ("bounce_rate", "exit_rate")
"""The metrics of pages that are about visits that entered on the page, or ended there."""

OF_PAGE_VIEWS = ("time_on_page", "scroll_depth")
"""The metrics of single page views. They need the page as a dimension or a filter."""


def question_of(asked: StatsQuery, groups: Groups) -> Question[Params]:
    """The question, with rollups as its first variant where it groups visits."""
    of_visits = groups.grouping == "visit"
    requires = requirements_of(asked.metrics, groups)
    order = {"order": order_of(asked, groups)}
    sums = sum_slots(asked.metrics, groups)
    of_rollups = Variant(
        "plausible/query_rollups.sql",
        requires,
        slots=lambda _: order | sums | rollup_slots(asked.metrics, requires, groups),
        only_rollups=True,
    )
    reads_events = not of_visits or any(METRICS[metric].events for metric in asked.metrics)
    of_base = Variant(
        "plausible/query_visits.sql" if of_visits else "plausible/query_events.sql",
        base=("event", "visit") if reads_events else ("visit",),
        slots=lambda query: order | sums | base_slots(asked.metrics, query, groups),
    )
    variants = (of_rollups, of_base) if of_visits else (of_base,)
    return Question(StatsRow, variants, tuple(asked.metrics))


def requirements_of(metrics: Sequence[str], groups: Groups) -> Mapping[str, Requirement]:
    """What the slots of query_rollups.sql read. Visits are always read: they make the groups."""
    needed = {"visits": Requirement(VISITS, ("visits", *measures_of(metrics, "visits")))}
    if events := measures_of(metrics, "events"):
        needed["events"] = Requirement(EVENTS, events)
    if any(METRICS[metric].distinct_visitors for metric in metrics):
        needed["visitors"] = VISITORS
    if any(metric in ("new_visitors", "returning_visitors") for metric in metrics):
        needed["new_visitors"] = NEW_VISITORS
    return {slot: replace(one, dimensions=groups.columns) for slot, one in needed.items()}


def sum_slots(metrics: Sequence[str], groups: Groups) -> dict[str, Fragment]:
    """The sums that the metrics are made of; those of visits tell which groups there are."""
    slots: dict[str, Fragment] = {}
    if groups.grouping == "visit":
        measures = dict.fromkeys(("visits", *measures_of(metrics, "visits")))
        slots["visit_sums"] = sums_slot(measures, "v")
    if measures := measures_of(metrics, "events"):
        slots["event_sums"] = sums_slot(measures, "e")
    return slots


def rollup_slots(
    metrics: Sequence[str], requires: Mapping[str, Requirement], groups: Groups
) -> dict[str, Fragment]:
    """Slots of query_rollups.sql: the groups, and `false` for the parts that are not needed."""
    read = {*requires, *(("all_visitors",) if "percentage" in metrics else ())}
    unread = {"events", "visitors", "new_visitors", "all_visitors"} - read
    return {**{f"reads_{part}": NOTHING for part in unread}, **groups.of_buckets()}


def base_slots(metrics: Sequence[str], query: Query[Params], groups: Groups) -> dict[str, Fragment]:
    """Slots of the base tables' files: the groups, the filter, and the filter without goals, which
    chooses the visitors that a conversion rate divides by."""
    everybody = without_goals(query.filter)
    filters = {
        "visit_filter": condition_on_visit_with_event(query.filter),
        "event_filter": condition_on_event_and_visit(query.filter),
        "everybody_filter": condition_on_visit_with_event(everybody),
    }
    if groups.grouping == "visit":
        return {**groups.of_visits(), **filters}
    return {
        **groups.of_events(),
        **filters,
        "everybody_event_filter": condition_on_event_and_visit(everybody),
        "metrics": metrics_slot(metrics, by_page=True),
    }


def parts_read(metrics: Sequence[str], groups: Groups) -> dict[str, bool]:
    """Which parts of query_visits.sql and query_events.sql these metrics need."""
    chosen = [METRICS[metric] for metric in metrics]
    return {
        "of_everybody": any(metric.of_goals for metric in chosen),
        "of_visitors": all(d in (None, GOAL) or d.of == "visit" for d in groups.dimensions),
        "of_events": any(metric.events for metric in chosen),
        "of_all_groups": "percentage" in metrics,
        "of_pages": any(metric.page_sql or metric.key in OF_EDGES for metric in chosen),
        "of_page_views": any(metric in metrics for metric in OF_PAGE_VIEWS),
    }


def order_of(asked: StatsQuery, groups: Groups) -> Fragment:
    """The order of the rows; ties by the dimensions. Raises Invalid."""
    columns: dict[str, LiteralString] = {key: metric.column for key, metric in METRICS.items()}
    positions: dict[str, LiteralString] = {
        key: f"dimensions ->> {number}"
        for names in (groups.names, asked.dimensions)
        for key, number in zip(names, NUMBERS, strict=False)
    }
    parts: list[LiteralString] = []
    for key, way in ordered_by(asked, groups):
        if key not in asked.metrics and key not in positions:
            problem = f"{key[:50]!r} is not a metric or dimension of this query"
            raise invalid("order_by", problem, [*asked.metrics, *asked.dimensions])
        column = columns[key] if key in columns else positions[key]
        parts.append(f"{column} {'asc' if way == 'asc' else 'desc'} nulls last")
    return Fragment(f"{', '.join(parts)}, dimensions")


def ordered_by(asked: StatsQuery, groups: Groups) -> list[tuple[str, Direction]]:
    """The order that was asked for; without one, by time and then the first metric."""
    if asked.order_by:
        return asked.order_by
    names = zip(groups.names, groups.dimensions, strict=True)
    times: list[tuple[str, Direction]] = [(name, "asc") for name, d in names if d is None]
    return [*times, (asked.metrics[0], "desc")]


def plan_or_suggest(asked: StatsQuery, groups: Groups, query: Query[Params]) -> Plan:
    """The plan. Raises Expired, listing ranges that can be answered instead, as JSON for the
    body."""
    question = question_of(asked, groups)
    try:
        # These files read more than a copy has, though they include one that can read it.
        return replace(plan(question, query), copy=None)
    except Expired as error:
        ranges = [
            span for span in other_ranges(query) if is_answered(question, groups, query, span)
        ]
        texts = [json.dumps({"date_range": [*map(instant, span)]}) for span in ranges]
        raise Expired(error.detail, texts) from None


def is_answered(
    question: Question[Params], groups: Groups, query: Query[Params], span: Range
) -> bool:
    """Whether the question can be answered for another range."""
    try:
        plan(question, groups.over(query, span))
    except Invalid:
        return False
    return True


def other_ranges(query: Query[Params]) -> list[Range]:
    """Ranges to suggest: in whole hours, in whole days of UTC, and the part that has raw data."""
    kept = query.site.raw_data_since
    assert kept
    until = query.upper if query.upper > kept else query.now
    ranges = (query.lower, query.upper, HOUR), (query.lower, query.upper, DAY), (kept, until, HOUR)
    return [(floor(lower, width), ceiling(upper, width)) for lower, upper, width in ranges]
