"""Filters as conditions in SQL, over visits (v) or events (e).

Of reports: a clause on events (page, event, props:…), applied to visits, means visits with such an
event; a clause on visits, applied to events, means events of such visits.

Of the Stats API, by its contract: one event has to pass all clauses together, those on visits by
its visit; applied to visits, the filter means visits with such an event.

They bind the site and the range [lower, upper) of the query, in which the visits start or the
events lie.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, LiteralString

from api.analytics.vocabulary.dimensions import Of, property_in
from api.analytics.vocabulary.filters import (
    NO_FILTER,
    Clause,
    Filter,
    Group,
    HasDone,
    Not,
    leaves_of,
)
from api.db.sql_files import Fragment

ANY_TIME: LiteralString = ""

IN_RANGE: LiteralString = (
    " and e.site_id = :site and e.time >= :lower and e.time < :upper::timestamptz + longest_visit()"
)
"""Where the events of visits lie that start in the range. A hash join reads no others then."""

REACHING: LiteralString = (
    " and e.site_id = :site and e.time >= :lower::timestamptz - longest_visit()"
    " and e.time < :upper::timestamptz + longest_visit()"
)
"""Where the events of visits lie that have an event in the range."""

LOOKED_UP: LiteralString = " offset 0"
"""The events of each visit are looked up: the planner makes no join of it."""


def condition(asked: Filter, of: Of, reach: LiteralString = ANY_TIME) -> Fragment:
    """The filter of a report as a condition over visits (v), whose events are sought with this
    reach, or over events (e)."""
    if of == "event" and asked != NO_FILTER and is_on_visits(asked):
        return condition_on_visit_of_event(asked)
    if isinstance(asked, Not | Group):
        return joined(asked, partial(condition, of=of, reach=reach))
    own = condition_on_event_and_visit(asked)
    return own if is_on_visits(asked) == (of == "visit") else with_event(own, reach)


def condition_on_event_and_visit(asked: Filter) -> Fragment:
    """The filter of the Stats API as a condition over an event (e) joined to its visit (v)."""
    match asked:
        case Clause():
            return comparison_condition(asked)
        case HasDone():
            return with_action(condition_on_event_and_visit(asked.part))
        case Not() | Group():
            return joined(asked, condition_on_event_and_visit)


def condition_on_visit_with_event(asked: Filter) -> Fragment:
    """The filter of the Stats API as a condition over visits (v) that start in the range."""
    inner = condition_on_event_and_visit(asked)
    return inner if is_on_visits(asked) else with_action(inner, IN_RANGE)


def joined(asked: Not | Group, condition_of: Callable[[Filter], Fragment]) -> Fragment:
    """The conditions of the parts of a filter, put together as the parts are."""
    if isinstance(asked, Not):
        inner = condition_of(asked.part)
        return Fragment(f"not ({inner.sql})", inner.values)
    parts = [condition_of(part) for part in asked.parts]
    values = {key: value for part in parts for key, value in part.values.items()}
    sql: LiteralString = asked.joint.join(f"({part.sql})" for part in parts)
    return Fragment(sql or "true", values)


def is_on_visits(asked: Filter) -> bool:
    """Whether all clauses are on visits. An event has one visit, so that these can be tested
    together: visits are then read once, and not once for each clause."""
    leaves = leaves_of(asked)
    return all(isinstance(leaf, HasDone) or leaf.dimension.of == "visit" for leaf in leaves)


VISITS_WITH: LiteralString = (
    "exists (select from event e where e.visitor_id = v.visitor_id and e.visit_id = v.id"
    " and e.time between v.started and v.last_event and "
)

EVENTS_OF: LiteralString = (
    "e.visit_id in (select v.id from visit v where v.site_id = :site and v.started < :upper"
    " and (v.started >= :lower::timestamptz - long_visit()"
    " or v.is_long and v.started >= :lower::timestamptz - longest_visit()) and "
)
"""A subquery that depends on nothing outside is computed once, as a hash table."""


def with_event(inner: Fragment, reach: LiteralString) -> Fragment:
    """Visits (v) with an event (e) like this, which is sought with this reach."""
    return Fragment(f"{VISITS_WITH}({inner.sql}){reach})", inner.values)


def with_action(inner: Fragment, reach: LiteralString = ANY_TIME) -> Fragment:
    """Visits (v) with a page view or custom event (e) like this, which is sought so."""
    return with_event(Fragment(f"e.name <> 'engagement' and ({inner.sql})", inner.values), reach)


def comparison_condition(clause: Clause) -> Fragment:
    """The comparison of one clause, over the table that its dimension is of."""
    number, dimension, comparison = clause.number, clause.dimension, clause.comparison
    bound: dict[str, Any] = {f"values_{number}": [*comparison.values]}
    if clause.property_name:
        dimension = property_in(dimension, f"property_{number}")
        bound[f"property_{number}"] = clause.property_name
    value = dimension.shown if comparison.of_shown else Fragment(dimension.sql)
    sql: LiteralString = f"{value.sql} {comparison.sql} any(:values_{number}::text[])"
    if dimension.table:
        sql = f"exists (select from {dimension.table} where {dimension.on} and {sql})"
    return Fragment(sql, {**bound, **value.values})


def condition_on_visit_of_event(asked: Filter) -> Fragment:
    """The filter as a condition over events: the visit of the event passes it."""
    if asked == NO_FILTER:
        return Fragment("true")
    inner = condition(asked, "visit", REACHING)
    # The inner e is the event of a clause; the outer e is the event whose visit is tested.
    return Fragment(f"{EVENTS_OF}({inner.sql}))", inner.values)
