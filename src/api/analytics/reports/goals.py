"""The goals report: how often the saved goals were reached, and by how many visitors."""

from collections.abc import Mapping

from api.analytics.columns import Ratio, Row
from api.analytics.query import Compared, Filtered, Params, Query, Ranked
from api.analytics.question import VISITORS, single
from api.analytics.report import Report
from api.analytics.vocabulary.ranking import chosen_slot
from api.db.sql_files import Fragment


class GoalsParams(Ranked, Compared, Filtered, Params):
    """Parameters: which goals to list, a range to compare with, and filters."""


class GoalReached(Row):
    """How often a goal was reached."""

    name: str
    """The name of the goal."""
    conversions: int
    """Events that reached it."""
    visitors: int
    """Distinct visitors who reached it."""
    visits: int
    """Visits in which it was reached."""
    conversion_rate: Ratio | None
    """Visitors who reached it / all visitors of the range."""


def chosen_goal(query: Query[GoalsParams]) -> Mapping[str, Fragment]:
    return chosen_slot(query, "g.name")


GOALS = Report(
    "goals",
    "How often the saved goals were reached",
    GoalsParams,
    single(
        GoalReached,
        "reports/goals.sql",
        "event",
        requires={"visitors": VISITORS},
        slots=chosen_goal,
    ),
    orders=("conversions", "visitors", "visits", "conversion_rate", "name"),
    key=("name",),
)
