"""The reports of visits by one of their dimensions, which share one question."""

from collections.abc import Mapping

from pydantic import BaseModel

from api.analytics.query import BreakdownParams, Params, Query
from api.analytics.question import Question, Variant, is_filtered, requirements_of
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import (
    DEVICE_DIMENSIONS,
    ENTRY_PAGE,
    EXIT_PAGE,
    LOCATION_DIMENSIONS,
    SOURCE_DIMENSIONS,
    Dimension,
)
from api.analytics.vocabulary.ranking import ranking_slots
from api.db.sql_files import Fragment


class BreakdownRow(BaseModel):
    """One value of a dimension of visits."""

    value: str
    """'' where it is unknown. An empty source is direct traffic."""
    visits: int
    visitors: int
    share: float
    """Visits with this value / all visits in the range."""
    views_per_visit: float
    bounce_rate: float | None
    visit_duration: float


METRICS = ("visits", "views_per_visit", "bounce_rate", "visit_duration")


def breakdown_slots(query: Query[Params]) -> Mapping[str, Fragment]:
    assert query.dimension
    return ranking_slots(query.dimension.sql, query.order, "visits")


BREAKDOWN = Question(
    BreakdownRow,
    (
        Variant(
            "reports/breakdown.sql",
            requirements_of(METRICS),
            slots=breakdown_slots,
            only_rollups=True,
        ),
        Variant("reports/breakdown_filtered.sql", base=("visit",), serves=is_filtered),
        Variant("reports/breakdown.sql", requirements_of(METRICS), slots=breakdown_slots),
    ),
    METRICS,
)


def breakdown(name: str, title: str, dimensions: tuple[Dimension, ...]) -> Report[BreakdownParams]:
    """A report of visits by one of these dimensions, by default the first."""
    return Report(
        name,
        title,
        BreakdownParams,
        BREAKDOWN,
        dimensions=dimensions,
        default_dimension=dimensions[0],
        orders=(*METRICS, "visitors", "share", "value"),
    )


TRAFFIC_SOURCES = breakdown("traffic-sources", "Where visits came from", SOURCE_DIMENSIONS)
DEVICES = breakdown("devices", "What visitors use", DEVICE_DIMENSIONS)
LOCATIONS = breakdown("locations", "Where visitors are", LOCATION_DIMENSIONS)
ENTRIES = breakdown("entries", "The pages that visits begin on", (ENTRY_PAGE,))
EXITS = breakdown("exits", "The pages that visits end on", (EXIT_PAGE,))
