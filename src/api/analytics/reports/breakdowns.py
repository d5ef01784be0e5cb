"""The reports of visits by one of their dimensions, which share one question."""

from collections.abc import Mapping

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import BreakdownParams, Params, Query
from api.analytics.question import Question, Variant, is_filtered, requirements_of
from api.analytics.report import TOTALS, Report
from api.analytics.vocabulary.dimensions import (
    DEVICE_DIMENSIONS,
    ENTRY_PAGE,
    EXIT_PAGE,
    LOCATION_DIMENSIONS,
    SOURCE_DIMENSIONS,
    Dimension,
)
from api.analytics.vocabulary.ranking import chosen_slot, ranking_slots
from api.db.sql_files import Fragment


class BreakdownRow(Row):
    """Visits with one value of a dimension; '' where it is unknown. An empty source is direct
    traffic."""

    visits: int
    visitors: int
    share: Ratio
    """Visits with this value / all visits in the range."""
    views_per_visit: float
    bounce_rate: Ratio | None
    visit_duration_seconds: Seconds


METRICS = ("visits", "views_per_visit", "bounce_rate", "visit_duration")


def breakdown_slots(query: Query[Params]) -> Mapping[str, Fragment]:
    assert query.dimension
    return ranking_slots(query.dimension.sql, query, "visits") | chosen_slot(query, "value")


def chosen_value(query: Query[Params]) -> Mapping[str, Fragment]:
    return chosen_slot(query, "value")


BREAKDOWN = Question(
    BreakdownRow,
    (
        Variant(
            "reports/breakdown.sql",
            requirements_of(METRICS),
            slots=breakdown_slots,
            only_rollups=True,
        ),
        Variant(
            "reports/breakdown_filtered.sql",
            base=("visit",),
            serves=is_filtered,
            slots=chosen_value,
        ),
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
        TOTALS,
        dimensions=dimensions,
        default_dimension=dimensions[0],
        orders=(
            *("visits", "visitors", "share", "views_per_visit", "bounce_rate"),
            "visit_duration_seconds",
        ),
        key=("value",),
    )


TRAFFIC_SOURCES = breakdown("traffic-sources", "Where visits came from", SOURCE_DIMENSIONS)
DEVICES = breakdown("devices", "What visitors use", DEVICE_DIMENSIONS)
LOCATIONS = breakdown("locations", "Where visitors are", LOCATION_DIMENSIONS)
ENTRIES = breakdown("entries", "The pages that visits begin on", (ENTRY_PAGE,))
EXITS = breakdown("exits", "The pages that visits end on", (EXIT_PAGE,))
