"""The heatmap report: when visits begin, by weekday and hour of the local clock."""

from api.analytics.columns import Row
from api.analytics.query import Filtered, Params, Totalled
from api.analytics.question import single
from api.analytics.report import TOTALS, Report


class HeatmapParams(Totalled, Filtered, Params):
    """Parameters: a range and filters."""


class HeatmapCell(Row):
    """Visits that began in one hour of the clock on one weekday; empty hours have no row."""

    weekday: int
    """1 is Monday."""
    hour: int
    """0 to 23, of the local clock."""
    visits: int
    visitors: int


HEATMAP = Report(
    "heatmap",
    "When visits begin, by weekday and hour",
    HeatmapParams,
    single(HeatmapCell, "reports/heatmap.sql", "visit"),
    TOTALS,
)
