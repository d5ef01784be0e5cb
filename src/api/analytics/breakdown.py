"""The reports of visits by one of their dimensions, which all ask the same question."""

from collections.abc import Mapping
from typing import LiteralString

from api.analytics import rows
from api.analytics.dimensions import Dimension
from api.analytics.metrics import measures_of
from api.analytics.params import BreakdownParams
from api.analytics.query import Query
from api.analytics.ranking import ranking_slots
from api.analytics.report import VISITORS, Question, Report, Requirement, Variant
from api.db.sql_files import Fragment
from api.rollups.definitions import VISITS

BREAKDOWN_METRICS: tuple[LiteralString, ...] = (
    *("visits", "views_per_visit", "bounce_rate", "visit_duration"),
)

BREAKDOWN_ORDERS: tuple[LiteralString, ...] = (*BREAKDOWN_METRICS, "visitors", "share", "value")


def breakdown_slots(query: Query) -> Mapping[str, Fragment]:
    """The values of which visitors have to be counted."""
    assert query.dimension
    return ranking_slots(query.dimension.sql, query.order, "visits")


BREAKDOWN = Question(
    rows.Share,
    (
        Variant(
            "breakdown",
            {
                "visits": Requirement(VISITS, measures_of(BREAKDOWN_METRICS, "visits")),
                "people": VISITORS,
            },
            slots=breakdown_slots,
        ),
    ),
    BREAKDOWN_METRICS,
)


def breakdown(name: str, title: str, dimensions: tuple[Dimension, ...]) -> Report:
    """A report of visits by one of some dimensions; they all ask the same question."""
    return Report(
        name,
        title,
        BreakdownParams,
        BREAKDOWN,
        dimensions=dimensions,
        default_dimension=dimensions[0],
        orders=BREAKDOWN_ORDERS,
    )
