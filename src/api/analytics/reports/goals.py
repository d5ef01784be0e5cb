"""The goals report: how often the saved goals were reached, and by how many visitors."""

from pydantic import BaseModel

from api.analytics.query import Params
from api.analytics.question import VISITORS, single
from api.analytics.report import Report


class GoalReached(BaseModel):
    """How often a goal was reached."""

    name: str
    conversions: int
    visitors: int
    visits: int
    conversion_rate: float | None
    """Visitors who reached it / all visitors of the range."""


GOALS = Report(
    "goals",
    "How often the saved goals were reached",
    Params,
    single(GoalReached, "reports/goals.sql", "event", requires={"visitors": VISITORS}),
    orders=("conversions", "visitors", "visits", "conversion_rate", "name"),
)
