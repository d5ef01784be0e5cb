"""The funnel reports: how far visitors got through a series of steps, and which visitors did."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, Literal, LiteralString, Self, TypeVar
from uuid import UUID

from pydantic import Field, model_validator

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Dimensioned, Filtered, Paged, Params, Query
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import VISIT_DIMENSIONS
from api.analytics.vocabulary.filters import DIGITS, Numbers
from api.analytics.vocabulary.steps import ANY_PAGE, Step, Text, page_step, read_step, step_values
from api.db.sql_files import Fragment
from api.instants import Instant

MAX_STEPS = 10

STEPS = "Pages, patterns, event names, or objects in JSON."


class StepsParams(Filtered, Params):
    """Parameters: the steps, which are pages (`/pricing`, `/blog/*`, `/docs/**`), names of events,
    or JSON objects."""

    step_fields = ("steps",)
    steps: list[Text] = Field([], max_length=MAX_STEPS, description=STEPS)
    pages: list[Text] = Field([], max_length=MAX_STEPS, description="Steps that are pages.")
    mode: Literal["ordered", "strict", "any"] = Field(
        "ordered", description="strict: nothing in between. any: in any order."
    )
    window: float = Field(
        7 * 24, gt=0, le=24 * 366, description="Hours from the first step to the last."
    )
    unit: Literal["visitor", "visit"] = Field("visitor", description="What passes the steps.")

    @model_validator(mode="after")
    def refuse_unclear_steps(self) -> Self:
        if bool(self.steps) == bool(self.pages):
            raise ValueError("give the steps of the funnel, as steps=… or as pages=…")
        return self

    @property
    def labels(self) -> list[str]:
        return self.pages or self.steps


class FunnelParams(Dimensioned, StepsParams):
    """Parameters: a funnel, and by which dimension of visits it is broken down."""

    limit: int = Field(10, ge=1, le=1000, description="The most values of the dimension.")


class FunnelVisitorsParams(Paged, StepsParams):
    """Parameters: a funnel, and one of its steps."""

    step: int = Field(1, ge=1, le=MAX_STEPS, description="The number of the step.")
    outcome: Literal["dropped", "reached"] = Field(
        "dropped", description="Who got there and no further, or all who got there."
    )

    @model_validator(mode="after")
    def refuse_unknown_step(self) -> Self:
        if self.step > len(self.labels):
            raise ValueError(f"step: the funnel has {len(self.labels)} steps")
        return self


S = TypeVar("S", bound=StepsParams)


class FunnelStep(Row):
    """One step of a funnel."""

    step: int
    """The number of the step, from 1."""
    label: str
    """The step as it was asked for."""
    count: int
    """How many visitors, or visits, got to it."""
    share_of_first: Ratio | None
    """The count / that of the first step."""
    share_of_previous: Ratio | None
    """The count / that of the step before."""
    dropped: int
    """How many reached the step before, but not this one."""
    median_seconds: Seconds | None
    """Median seconds from the previous step, of all that reached it; null for the first step."""
    p90_seconds: Seconds | None
    """The seconds within which nine of ten of them came from the previous step."""


class FunnelVisitor(Row):
    """A visitor, or a visit, that reached a step of a funnel."""

    visitor_id: str
    """The id of the visitor."""
    user_id: str | None
    """The id of the user, if one was told; null for callers without an account."""
    visit_id: UUID | None
    """The visit with unit=visit; else null."""
    reached: int
    """The number of the last step that was reached."""
    reached_at: Instant
    """When that step was first reached."""
    last_seen: Instant
    """The time of the last event in the range other than engagement."""
    last_page: str
    """The page of the last event in the range other than engagement."""


VISIT = Fragment(
    "left join visit v on h.step = 1 and v.visitor_id = h.visitor_id and v.id = h.visit_id"
    " and visit_reaches(v.started, h.time)"
    # For the planner, which leaves out the partitions or chunks of other times.
    " and v.started >= :lower::timestamptz - longest_visit() and v.started < :upper"
)
"""Joins the visit with the event of the first step."""

POSITIONS = {
    "visitor": Fragment("row_number() over (partition by e.visitor_id order by e.time, e.id)"),
    "visit": Fragment(
        "row_number() over (partition by e.visitor_id, e.visit_id order by e.time, e.id)"
    ),
}
"""The position of an event among all events of the visitor, or of the visit. Steps of a strict
funnel have consecutive positions."""

STEPS_BY_NUMBER: Numbers = (*DIGITS[1:], "10")

LATEST: tuple[LiteralString, ...] = tuple(
    f"max(time) filter (where step = {number}) over walk" for number in STEPS_BY_NUMBER
)
"""For each step, the time of its latest event up to the current row."""


UNITS: Mapping[str, LiteralString] = {"visitor": "visitor_id", "visit": "visitor_id, unit"}
"""The columns that tell one unit from another. One that is always null does not belong here: the
planner would sort the rows again at each level."""

LEVEL: LiteralString = """
), reached_{step} as (
    select visitor_id, unit, visit_id, time, id, step,
        case when step > {step} then latest else start end as start,
        case when step > {step} then arrived else since end as since
    from (
        select *, max(time) filter (where step = {step} and start is distinct from latest)
            over earlier as arrived
        from (
            select *, max(start) filter (where step = {step}) over earlier as latest
            from reached_{before}
            window earlier as (partition by {unit} order by time, id, step desc
                rows between unbounded preceding and 1 preceding)
        ) e
        window earlier as (partition by {unit} order by time, id, step desc
            rows between unbounded preceding and 1 preceding)
    ) e
    where case when step <= {step} then latest is null
        else time <= latest + make_interval(secs => :window_seconds) end
"""
"""Ordered funnels: the chains that got to a step, made of those that got to the step before. A row
of this step goes on if it is the first to arrive. A row of a later step goes on if it is within the
window of the latest chain that arrived; that chain arrived when it was first there, however often
it came by."""


def with_steps(query: Query[S]) -> Query[S]:
    params = query.params
    steps = funnel_steps(params, query.goals)
    values = {
        "labels": params.labels,
        "deepest": len(params.labels),
        **step_values(steps),
        "distinct_names": [*dict.fromkeys(step.name for step in steps)],
        "exact_pages": [step.page for step in steps if step.page and step.pattern is None],
        "anywhere": [step.name for step in steps if step.pattern == ANY_PAGE],
        "window_seconds": params.window * 3600,
    }
    return replace(query, values=values)


def funnel_steps(params: StepsParams, goals: Mapping[str, Step]) -> list[Step]:
    """The steps of the parameters. Each entry of `pages` is a page, whatever it looks like."""
    if params.pages:
        return [page_step(page) for page in params.pages]
    return [read_step(text, goals) for text in params.steps]


def funnel_slots(query: Query[StepsParams]) -> Mapping[str, Fragment]:
    params = query.params
    slots: dict[str, Fragment] = {}
    steps = funnel_steps(params, query.goals)
    if globs := [wider(step.page) for step in steps if step.page and step.pattern]:
        slots["globs"] = Fragment("e.page like any(:globs)", {"globs": globs})
    if params.unit == "visit":
        slots["unit"] = Fragment("e.visit_id")
        slots["per_unit"] = Fragment(UNITS["visit"])
    return {**slots, **slots_of_mode(params)}


def slots_of_mode(params: StepsParams) -> Mapping[str, Fragment]:
    """The slots that say how steps follow one another."""
    steps = len(params.labels)
    match params.mode:
        case "ordered":
            return level_slots(STEPS_BY_NUMBER[: max(steps - 1, 1)], UNITS[params.unit])
        case "strict":
            return {"position": POSITIONS[params.unit]}
        case "any":
            return {"latest": Fragment(f"array[{', '.join(LATEST[:steps])}]")}


def level_slots(steps: Numbers, unit: LiteralString) -> Mapping[str, Fragment]:
    """The levels of an ordered funnel from the second step to the last but one."""
    levels: LiteralString = "".join(
        LEVEL.format(step=step, before=before, unit=unit) for before, step in pairwise(steps)
    )
    return {"levels": Fragment(levels), "chains": Fragment(f"reached_{steps[-1]}")}


def wider(glob: str) -> str:
    """A pattern for LIKE that all pages of the glob match, and maybe more."""
    return re.sub(r"\*+", "%", re.sub(r"([%_\\])", r"\\\1", glob))


def valued_slots(query: Query[FunnelParams]) -> Mapping[str, Fragment]:
    """The same slots, with the breakdown: by the visit with the event of step 1."""
    if query.dimension is None:
        return funnel_slots(query)
    of_unit = "over (partition by h.visitor_id, h.unit)"
    by_value = Fragment(f"max({query.dimension.sql}) filter (where h.step = 1) {of_unit}")
    return {**funnel_slots(query), "visit": VISIT, "value": by_value}


def funnel_shares(_: object, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for _, steps in groupby(rows, key=lambda row: row["value"]):
        add_shares([*steps])
    return rows


def add_shares(steps: list[dict[str, Any]]) -> None:
    first = previous = steps[0]["count"]
    for row in steps:
        count = row["count"]
        row["share_of_first"] = count / first if first else None
        row["share_of_previous"] = count / previous if previous else None
        row["dropped"] = previous - count
        previous = count


def with_chosen_step(query: Query[FunnelVisitorsParams]) -> Query[FunnelVisitorsParams]:
    funnel, further = with_steps(query), query.params.outcome == "reached"
    return replace(funnel, values=funnel.values | {"further": further})


FUNNEL = Report(
    "funnel",
    "How far visitors got through a series of steps",
    FunnelParams,
    single(FunnelStep, "reports/funnel.sql", "event", slots=valued_slots),
    dimensions=VISIT_DIMENSIONS,
    prepare=with_steps,
    finish=funnel_shares,
)

FUNNEL_VISITORS = Report(
    "funnel/visitors",
    "Who got to a step of a funnel, or no further",
    FunnelVisitorsParams,
    single(FunnelVisitor, "reports/funnel_visitors.sql", "event", slots=funnel_slots),
    prepare=with_chosen_step,
)
