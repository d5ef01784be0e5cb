"""The heatmap report: when visits begin, by weekday and hour of the local clock."""

from pydantic import BaseModel

from api.analytics.query import Params
from api.analytics.question import single
from api.analytics.report import Report


class HeatmapCell(BaseModel):
    """Visits that began in one hour of the clock on one weekday; empty hours have no row."""

    weekday: int
    """1 is Monday."""
    hour: int
    visits: int
    visitors: int


HEATMAP = Report(
    "heatmap",
    "When visits begin, by weekday and hour",
    Params,
    single(HeatmapCell, "reports/heatmap.sql", "visit"),
)
