"""Filters as conditions in SQL, over visits (v) or events (e).

A clause on events (page, event, props:…), applied to visits, means visits with such an event; a
clause on visits, applied to events, means events of such visits. They bind the site and the range
[lower, upper) of the query, in which the visits start or the events lie.
"""

from typing import Any, LiteralString

from api.analytics.vocabulary.dimensions import Of
from api.analytics.vocabulary.filters import NO_FILTER, Clause, Filter, Group, Not, clauses_of
from api.db.sql_files import Fragment


def condition(asked: Filter, of: Of) -> Fragment:
    """The filter as a condition over visits (v) or events (e)."""
    if of == "event" and asked != NO_FILTER and is_on_visits(asked):
        return condition_on_visit_of_event(asked)
    match asked:
        case Clause():
            return clause_condition(asked, of)
        case Not():
            inner = condition(asked.part, of)
            return Fragment(f"not ({inner.sql})", inner.values)
        case Group():
            parts = [condition(part, of) for part in asked.parts]
            values = {key: value for part in parts for key, value in part.values.items()}
            joined: LiteralString = asked.joint.join(f"({part.sql})" for part in parts)
            return Fragment(joined or "true", values)


def is_on_visits(asked: Filter) -> bool:
    """Whether all clauses are on visits. An event has one visit, so that these can be tested
    together: visits are then read once, and not once for each clause."""
    return all(clause.dimension.of == "visit" for clause in clauses_of(asked))


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


def clause_condition(clause: Clause, of: Of) -> Fragment:
    """The condition of one clause; on the other table, that a row of it exists."""
    number, dimension = clause.number, clause.dimension
    expression: LiteralString = dimension.sql or f"coalesce(e.props ->> :property_{number}, '')"
    values = [clause.operator.convert(value) for value in clause.values]
    bound: dict[str, Any] = {f"values_{number}": values}
    if clause.property_name:
        bound[f"property_{number}"] = clause.property_name
    compared: LiteralString = f"{expression} {clause.operator.sql} any(:values_{number}::text[])"
    if dimension.table:
        compared = f"exists (select from {dimension.table} where {dimension.on} and {compared})"
    if dimension.of == of:
        return Fragment(compared, bound)
    return Fragment(f"{VISITS_WITH}{compared})", bound)


def condition_on_visit_of_event(asked: Filter) -> Fragment:
    """The filter as a condition over events: the visit of the event passes it."""
    if asked == NO_FILTER:
        return Fragment("true")
    inner = condition(asked, "visit")
    # The inner e is the event of a clause; the outer e is the event whose visit is tested.
    return Fragment(f"{EVENTS_OF}({inner.sql}))", inner.values)
