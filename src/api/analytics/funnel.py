"""The funnel reports: how far visitors got through a series of steps, and who got how far."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from api.analytics.dimensions import VISIT_DIMENSIONS, find_dimension
from api.analytics.params import FunnelParams, FunnelVisitorsParams
from api.analytics.query import Query
from api.analytics.steps import Step, page_step, read_step, step_values
from api.db.queries import Fragment

VISIT = Fragment(
    "join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id"
    " and v.started between e.time - interval '7 days' and e.time"
)

PLACES = {
    "visitor": Fragment("row_number() over (partition by e.visitor_id order by e.time, e.id)"),
    "visit": Fragment(
        "row_number() over (partition by e.visitor_id, e.visit_id order by e.time, e.id)"
    ),
}
"""The number of an event among all of the visitor, or of the visit: strict funnels need it."""

VALUE = "(array_agg(e.value order by e.time, e.id) filter (where s.step = 1))[1]"
VALUE_OF_ANY = "(array_agg(e.value order by e.time, e.id))[1]"


def funnel_values(query: Query) -> dict[str, Any]:
    """The steps, the window and whether there is a breakdown."""
    params = query.params
    assert isinstance(params, FunnelParams)
    return {
        "labels": params.labels,
        **step_values(funnel_steps(params, query.goals)),
        "window_seconds": params.window * 3600,
        "broken_down": bool(params.breakdown),
    }


def funnel_steps(params: FunnelParams, goals: Mapping[str, Step]) -> list[Step]:
    """What the steps mean; under the name of pages, all of them are pages."""
    if params.pages:
        return [page_step(page) for page in params.pages]
    return [read_step(text, goals) for text in params.steps]


def funnel_slots(query: Query) -> Mapping[str, Fragment]:
    """Who walks, in which way, and by which dimension."""
    params = query.params
    assert isinstance(params, FunnelParams)
    slots: dict[str, Fragment] = {}
    if params.unit == "visit":
        slots["unit"] = Fragment("e.visit_id")
    if params.mode == "any":
        slots["walk"] = Fragment("funnel_collect")
    if params.mode == "strict":
        slots["place"] = PLACES[params.unit]
    if params.breakdown:
        dimension = find_dimension(params.breakdown, VISIT_DIMENSIONS)
        slots["dimension"] = Fragment(dimension.sql)
        slots["visit"] = VISIT
        slots["value"] = Fragment(VALUE_OF_ANY if params.mode == "any" else VALUE)
    return slots


def funnel_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step against the first and the one before, for each value."""
    for _, steps in groupby(rows, key=lambda row: row["value"]):
        add_shares([*steps])
    return rows


def add_shares(steps: list[dict[str, Any]]) -> None:
    """The shares of one funnel."""
    first = previous = steps[0]["count"]
    steps[0] |= {"median_seconds": None, "p90_seconds": None}
    for row in steps:
        count = row["count"]
        row["share_of_first"] = count / first if first else None
        row["share_of_previous"] = count / previous if previous else None
        row["dropped"] = previous - count
        previous = count


def funnel_visitor_values(query: Query) -> dict[str, Any]:
    """The funnel, and the step that is asked about."""
    params = query.params
    assert isinstance(params, FunnelVisitorsParams)
    further = params.outcome == "reached"
    return {**funnel_values(query), "step": params.step, "further": further}
