"""The funnel reports: how far visitors got through a series of steps, and who got how far."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, LiteralString

from api.analytics.dimensions import VISIT_DIMENSIONS, find_dimension
from api.analytics.filters import DIGITS
from api.analytics.params import FunnelParams, FunnelVisitorsParams
from api.analytics.query import Query
from api.analytics.steps import ANY_PAGE, Step, page_step, read_step, step_values
from api.db.sql_files import Fragment

VISIT = Fragment(
    "left join visit v on h.step = 1 and v.visitor_id = h.visitor_id and v.id = h.visit_id"
    " and v.started between h.time - interval '7 days' and h.time"
)
"""The visit in which the funnel was entered."""

PLACES = {
    "visitor": Fragment("row_number() over (partition by e.visitor_id order by e.time, e.id)"),
    "visit": Fragment(
        "row_number() over (partition by e.visitor_id, e.visit_id order by e.time, e.id)"
    ),
}
"""The number of an event among all of the visitor, or of the visit: strict funnels need it."""

LATEST: tuple[LiteralString, ...] = tuple(
    f"max(time) filter (where step = {number}) over walk" for number in (*DIGITS[1:], "10")
)
"""When each step was last done."""


def with_steps(query: Query) -> Query:
    """The steps, the window and whether there is a breakdown."""
    params = query.params
    assert isinstance(params, FunnelParams)
    steps = funnel_steps(params, query.goals)
    values = {
        "labels": params.labels,
        **step_values(steps),
        "anywhere": [step.name for step in steps if step.pattern == ANY_PAGE],
        "mode": params.mode,
        "window_seconds": params.window * 3600,
        "broken_down": bool(params.breakdown),
    }
    return replace(query, values=values)


def funnel_steps(params: FunnelParams, goals: Mapping[str, Step]) -> list[Step]:
    """What the steps mean; under the name of pages, all of them are pages."""
    if params.pages:
        return [page_step(page) for page in params.pages]
    return [read_step(text, goals) for text in params.steps]


def funnel_slots(query: Query) -> Mapping[str, Fragment]:
    """Who walks, in which way, and to which pages."""
    params = query.params
    assert isinstance(params, FunnelParams)
    slots: dict[str, Fragment] = {}
    if globs := [step.pattern for step in funnel_steps(params, query.goals) if step.pattern]:
        slots["globs"] = Fragment("e.page ~ any(:globs)", {"globs": globs})
    if params.unit == "visit":
        slots["unit"] = Fragment("e.visit_id")
    if params.mode == "any":
        slots["latest"] = Fragment(f"array[{', '.join(LATEST[: len(params.labels)])}]")
    if params.mode == "strict":
        slots["place"] = PLACES[params.unit]
    return slots


def valued_slots(query: Query) -> Mapping[str, Fragment]:
    """The same, by the dimension of the visit in which the funnel was entered."""
    params = query.params
    assert isinstance(params, FunnelParams)
    if not params.breakdown:
        return funnel_slots(query)
    value = find_dimension(params.breakdown, VISIT_DIMENSIONS).sql
    of_unit = "over (partition by h.visitor_id, h.unit)"
    by_value = Fragment(f"max({value}) filter (where h.step = 1) {of_unit}")
    return {**funnel_slots(query), "visit": VISIT, "value": by_value}


def funnel_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step against the first and the one before, for each value."""
    for _, steps in groupby(rows, key=lambda row: row["value"]):
        add_shares([*steps])
    return rows


def add_shares(steps: list[dict[str, Any]]) -> None:
    """The shares of one funnel."""
    first = previous = steps[0]["count"]
    for row in steps:
        count = row["count"]
        row["share_of_first"] = count / first if first else None
        row["share_of_previous"] = count / previous if previous else None
        row["dropped"] = previous - count
        previous = count


def with_chosen_step(query: Query) -> Query:
    """The funnel, and the step that is asked about."""
    params = query.params
    assert isinstance(params, FunnelVisitorsParams)
    chosen = {"step": params.step, "further": params.outcome == "reached"}
    funnel = with_steps(query)
    return replace(funnel, values=funnel.values | chosen)
