"""Filters as conditions in SQL, over visits (v) or events (e).

A clause on events (page, event, props:…), applied to visits, means visits with such an event; a
clause on visits, applied to events, means events of such visits.
"""

from typing import Any, LiteralString

from api.analytics.vocabulary.dimensions import Of
from api.analytics.vocabulary.filters import NO_FILTER, Clause, Filter, Group, Not
from api.db.sql_files import Fragment


def condition(asked: Filter, of: Of) -> Fragment:
    """The filter as a condition over visits (v) or events (e)."""
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


VISITS_WITH: LiteralString = (
    "exists (select from event e where e.visitor_id = v.visitor_id and e.visit_id = v.id"
    " and e.time between v.started and v.last_event and "
)

EVENTS_OF: LiteralString = (
    "exists (select from visit v where v.visitor_id = e.visitor_id and v.id = e.visit_id"
    " and visit_reaches(v.started, e.time) and "
)


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
    bridge = VISITS_WITH if of == "visit" else EVENTS_OF
    return Fragment(f"{bridge}{compared})", bound)


def condition_on_visit_of_event(asked: Filter) -> Fragment:
    """The filter as a condition over events: the visit of the event passes it."""
    if asked == NO_FILTER:
        return Fragment("true")
    inner = condition(asked, "visit")
    # The inner e is the event of a clause; the outer e is the event whose visit is tested.
    return Fragment(f"{EVENTS_OF}({inner.sql}))", inner.values)
