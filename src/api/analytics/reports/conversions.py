"""The conversions report: how many reached a goal, and what was ordered, over time."""

from api.analytics.columns import Ratio, Row
from api.analytics.question import VISITORS, single
from api.analytics.report import Report
from api.analytics.reports.timeseries import SeriesParams, by_bucket, completed, with_series
from api.instants import Instant


class ConversionsParams(SeriesParams):
    """Parameters: the width of the buckets, and filters."""


class ConversionsPoint(Row):
    """Goals and orders of one bucket of a series."""

    time: Instant
    """The start of the bucket."""
    complete: bool
    """Whether the bucket is over, and lies in the range with all of its time."""
    conversions: int
    """Events that reached a goal; one that reached several counts once."""
    converted_visitors: int
    """Distinct visitors who reached a goal."""
    conversion_rate: Ratio | None
    """Visitors who reached a goal / all visitors; null where there were none."""
    orders: int
    """Events with an amount."""
    revenue: float | None
    """What these orders paid, added up, in units of `currency`: 0 without orders, null where their
    currencies differ."""
    currency: str | None
    """ISO 4217; null without orders, and where currencies are mixed."""


class ConversionsTotals(Row):
    """Goals and orders of the range."""

    goals: int
    """The saved goals of the site, reached or not."""
    conversions: int
    """Events that reached a goal; one that reached several counts once."""
    converted_visitors: int
    """Distinct visitors who reached a goal."""
    conversion_rate: Ratio | None
    """Visitors who reached a goal / all visitors; null where there were none."""
    orders: int
    """Events with an amount."""
    revenue: float | None
    """What these orders paid, added up, in units of `currency`: 0 without orders, null where their
    currencies differ."""
    currency: str | None
    """ISO 4217; null without orders, and where currencies are mixed."""


CONVERSIONS = Report(
    "conversions",
    "Goals reached and orders over time",
    ConversionsParams,
    single(
        ConversionsPoint,
        "reports/conversions.sql",
        "event",
        requires={"visitors": VISITORS},
        slots=by_bucket,
    ),
    single(
        ConversionsTotals,
        "reports/conversions_totals.sql",
        "event",
        requires={"visitors": VISITORS},
    ),
    prepare=with_series,
    finish=completed,
)
