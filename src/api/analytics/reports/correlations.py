"""The correlations report: which pages and events go with a conversion."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.methods.proportions import (
    Proportion,
    benjamini_hochberg,
    newcombe,
    p_value,
    score_of,
    wilson,
)
from api.analytics.query import Filtered, Paged, Params, Query, Totalled
from api.analytics.question import single
from api.analytics.report import Computed, Report
from api.analytics.reports.retention import one_step
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment

MOST_COMPARED = 1000
"""The most pages and events that are compared: those that most visits did."""


class CorrelationsParams(Paged, Totalled, Filtered, Params):
    """Parameters: the goal, and what reaches it."""

    step_fields = ("goal",)
    goal: Text = Field(description="The conversion: a page, a pattern, an event, or JSON.")
    unit: Literal["visit", "visitor"] = Field("visit", description="What reaches the goal.")
    least: int = Field(
        20,
        ge=1,
        le=1_000_000,
        description="How many have to have done it, and not to have done it.",
    )
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="That of the intervals.")


class Correlation(Row):
    """Who viewed a page, or sent a custom event, before they reached the goal, beside all others.
    Below, they are visits, or visitors with unit=visitor."""

    kind: Literal["page", "event"]
    """Whether it is a page that was viewed, or a custom event."""
    name: str
    """The page, or the name of the event."""
    number: int
    """How many did it, those who reached the goal before they did."""
    converted: int
    """How many of these reached the goal."""
    rate: Ratio
    """converted / number."""
    rate_lower: Ratio
    """The lower bound of the rate."""
    rate_upper: Ratio
    """The upper bound of the rate."""
    others: int
    """How many did not do it, or only after they had reached the goal."""
    others_converted: int
    """How many of these reached the goal."""
    others_rate: Ratio
    """others_converted / others."""
    lift: float | None
    """rate / others_rate; null if none of the others reached the goal."""
    difference: float
    """rate - others_rate."""
    difference_lower: float
    """The lower bound of the difference."""
    difference_upper: float
    """The upper bound of the difference."""
    score: float
    """The difference in standard deviations of what chance makes of it between two equal rates (the
    pooled z-test). Rows are in the order of its size."""
    p_value: Ratio
    """How often chance alone makes such a score, or a larger one, up or down."""
    q_value: Ratio
    """The share of false alarms to expect among all rows with a p-value up to this one."""


class CorrelationsSummary(Row):
    """All visits of the range, or visitors with unit=visitor."""

    number: int
    """Visits of the range, or visitors with a visit in it."""
    converted: int
    """Visits, or visitors, that reached the goal."""
    rate: Ratio | None
    """converted / number; null if there are none."""
    compared: int
    """How many pages and events were compared; q-values correct for so many tests."""


def with_goal(query: Query[CorrelationsParams]) -> Query[CorrelationsParams]:
    """The query with its goal. Raises Invalid for one that there is not."""
    goal = one_step("goal_", query.params.goal, query.goals)
    return replace(query, values={**goal, "most": MOST_COMPARED})


def by_unit(query: Query[CorrelationsParams]) -> Mapping[str, Fragment]:
    return {"unit": Fragment("null::uuid")} if query.params.unit == "visitor" else {}


def correlation_rows(query: Query[CorrelationsParams], rows: Sequence[dict[str, Any]]) -> Computed:
    """The pages and events, those first that are the furthest from chance."""
    (whole,) = (row for row in rows if row["kind"] is None)
    number, converted, params = whole["number"], whole["converted"], query.params
    compared = [
        row
        for row in rows
        if row["kind"] and 0 < converted < number and number - row["number"] >= params.least
    ]
    found = [compare(row, number, converted, params.confidence) for row in compared]
    q_values = benjamini_hochberg([row["p_value"] for row in found])
    for row, q_value in zip(found, q_values, strict=True):
        row["q_value"] = q_value
    summary = {
        "number": number,
        "converted": converted,
        "rate": converted / number if number else None,
        "compared": len(found),
    }
    return Computed(sorted(found, key=strongest), summary)


def strongest(row: Mapping[str, Any]) -> tuple[float, str, str]:
    return -abs(row["score"]), row["kind"], row["name"]


def compare(
    row: Mapping[str, Any], number: int, converted: int, confidence: float
) -> dict[str, Any]:
    """Those who did something beside all others."""
    done = Proportion(row["converted"], row["number"])
    others = Proportion(converted - done.part, number - done.whole)
    rate_lower, rate_upper = wilson(done, confidence)
    lower, upper = newcombe(done, others, confidence)
    score = score_of(done, others)
    return {
        "kind": row["kind"],
        "name": row["what"],
        "number": done.whole,
        "converted": done.part,
        "rate": done.rate,
        "rate_lower": rate_lower,
        "rate_upper": rate_upper,
        "others": others.whole,
        "others_converted": others.part,
        "others_rate": others.rate,
        "lift": done.rate / others.rate if others.part else None,
        "difference": done.rate - others.rate,
        "difference_lower": lower,
        "difference_upper": upper,
        "p_value": p_value(score),
        "score": score,
    }


CORRELATIONS = Report(
    "correlations",
    "Which pages and events go with a conversion",
    CorrelationsParams,
    single(Correlation, "reports/correlations.sql", "visit", "event", slots=by_unit),
    prepare=with_goal,
    compute=correlation_rows,
    computed_totals=CorrelationsSummary,
)
