"""What rules watch: CONDITIONS, by the kind of the rule. What they count is the answer of a report,
so it is what the dashboard shows."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from api.alerts.models import AlertRule, RuleKind
from api.alerts.windows import Window
from api.analytics.execute import answer
from api.analytics.goals.store import MAX_GOALS
from api.analytics.question import sql_file
from api.analytics.report import Report
from api.analytics.reports.anomalies import ANOMALIES
from api.analytics.reports.events import CUSTOM_EVENTS
from api.analytics.reports.goals import GOALS
from api.analytics.reports.revenue import REVENUE
from api.analytics.reports.timeseries import TIMESERIES
from api.db.database import Database
from api.errors import Expired, Invalid
from api.sites.models import Site

NOT_FOUND_EVENT = "404"
"""The name of the event that the tracker sends of a page that was not found."""

LEAST_WEEKS = 2
"""Of how many weeks before there have to be numbers: one is no measure of what is usual."""

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of its site about a window."""

    database: Database
    site: Site
    rule: AlertRule
    window: Window

    async def rows(self, report: Report[Any], **more: Any) -> list[dict[str, Any]]:
        """The rows of a report about the window. Raises AnalyticsError."""
        given = {"site": self.site.key, "from": self.window.start, "to": self.window.end, **more}
        params = report.params.model_validate(given)
        return (await answer(self.database, report, params, self.site))["rows"]


Measure = Callable[[Asked], Awaitable[float]]


async def visits(asked: Asked) -> float:
    """Visits that began in the window."""
    rows = await asked.rows(TIMESERIES, interval=asked.rule.per, totals=False)
    return sum(row["visits"] for row in rows)


async def conversions(asked: Asked) -> float:
    """Events that reached the goal of the rule; 0 if there is no goal of that name any more."""
    rows = await asked.rows(GOALS, limit=MAX_GOALS)
    return sum(row["conversions"] for row in rows if row["name"] == asked.rule.goal)


async def pages_not_found(asked: Asked) -> float:
    """Events that tell of a page that was not found."""
    rows = await asked.rows(CUSTOM_EVENTS, name=NOT_FOUND_EVENT, totals=False)
    return sum(row["custom_events"] for row in rows)


async def revenue(asked: Asked) -> float:
    """The sum of all amounts in the currency of the rule."""
    rows = await asked.rows(REVENUE, limit=MOST_ROWS, totals=False)
    return sum(row["revenue"] for row in rows if row["currency"] == asked.rule.currency)


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted in a window, what is usual there, and whether that meets the condition."""

    value: float
    expected: float | None
    is_met: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """What a kind of rule counts, and when it is met."""

    kind: RuleKind
    measure: Measure
    words: str
    """What is told of it, with {value}, {expected}, {goal} and {currency}."""
    is_rising: bool = True
    """Whether it is met by what is large, and so during a window; else after its end only."""
    judge: Callable[[Asked, "Condition"], Awaitable[Found]] | None = None
    """What compares the count with what is usual; without it the threshold is a count."""
    limits: tuple[float, float] | None = None
    """The least and the largest threshold; None for any."""
    needs: str | None = None
    """The field that such a rule needs, and no other rule has."""


async def look(asked: Asked) -> Found:
    """Whether the condition of a rule is met in a window. Raises AnalyticsError."""
    condition = CONDITIONS[RuleKind(asked.rule.kind)]
    return await (condition.judge or count_reached)(asked, condition)


async def count_reached(asked: Asked, condition: Condition) -> Found:
    """Met by a count from the threshold on, or below it."""
    value, limit = await condition.measure(asked), asked.rule.threshold
    return Found(value, None, value >= limit if condition.is_rising else value < limit)


async def unlike_median(asked: Asked, condition: Condition) -> Found:
    """Met by a count that differs from the median of four weeks by so many percent."""
    value = await condition.measure(asked)
    usual = await usual_of(asked, condition.measure)
    return Found(value, usual, usual is not None and differs(asked.rule, condition, value, usual))


async def anomalous(asked: Asked, condition: Condition) -> Found:
    """Met by a window that the report anomalies lists. Too few weeks before it do not meet it."""
    rule = asked.rule
    try:
        rows = await asked.rows(ANOMALIES, interval=rule.per, threshold=rule.threshold)
    except Invalid:
        rows = []
    if not rows:
        return Found(await condition.measure(asked), None, is_met=False)
    (row,) = rows
    value, usual = row["observed"], row["expected"]
    return Found(value, usual, max(value, usual) >= rule.minimum)


USUAL = "{value} visits, where {expected} are usual"

CONDITIONS: Mapping[RuleKind, Condition] = {
    condition.kind: condition
    for condition in (
        Condition(RuleKind.TRAFFIC_SPIKE, visits, USUAL, judge=unlike_median),
        Condition(
            RuleKind.TRAFFIC_DROP,
            visits,
            USUAL,
            is_rising=False,
            judge=unlike_median,
            limits=(0, 100),
        ),
        Condition(
            RuleKind.ANOMALY, visits, USUAL, is_rising=False, judge=anomalous, limits=(1, 100)
        ),
        Condition(
            RuleKind.GOAL_REACHED, conversions, "{value} conversions of “{goal}”", needs="goal"
        ),
        Condition(RuleKind.NOT_FOUND, pages_not_found, "{value} pages not found"),
        Condition(
            RuleKind.REVENUE_ABOVE, revenue, "a revenue of {value} {currency}", needs="currency"
        ),
        Condition(
            RuleKind.REVENUE_BELOW,
            revenue,
            "a revenue of {value} {currency}",
            is_rising=False,
            needs="currency",
        ),
    )
}


def differs(rule: AlertRule, condition: Condition, value: float, usual: float) -> bool:
    """Whether a value differs from what is usual as much as the rule says."""
    share = rule.threshold / 100
    if condition.is_rising:
        return value >= max(rule.minimum, usual * (1 + share))
    return usual >= rule.minimum and value <= usual * (1 - share)


async def usual_of(asked: Asked, measure: Measure) -> float | None:
    """The median of the same local time in the four weeks before; None while there are not enough
    of them since the first visit to the site."""
    (row,) = await asked.database.rows(sql_file("first_seen.sql"), {"site": asked.site.number})
    known: list[float] = []
    for window in asked.window.weeks_before(ZoneInfo(asked.site.timezone)):
        if row["since"] is not None and row["since"] <= window.start:
            with suppress(Expired):
                known.append(await measure(Asked(asked.database, asked.site, asked.rule, window)))
    return median(known) if len(known) >= LEAST_WEEKS else None
