"""The revenue report: orders by where the visitors came from, one row for each currency."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from api.analytics.columns import Row
from api.analytics.query import BreakdownParams, Query
from api.analytics.question import Question, Variant, single
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import CHANNEL, SOURCE_DIMENSIONS
from api.analytics.vocabulary.ranking import chosen_slot
from api.db.sql_files import Fragment


class RevenueParams(BreakdownParams):
    """Parameters: a dimension, and the visit that gets the credit."""

    attribution: Literal["last", "first"] = Field(
        "last", description="The visit with the order, or the visitor's first visit ever."
    )


class Revenue(Row):
    """Orders with one value of the dimension, in one currency."""

    currency: str
    """ISO 4217."""
    revenue: float
    """What these orders paid, added up, in units of `currency`."""
    orders: int
    """Events with an amount."""
    visitors: int
    """Distinct visitors who ordered."""
    average_order: float
    """Revenue / orders, in the currency."""


class RevenueTotals(Row):
    """All orders of the range."""

    currency: str | None
    """ISO 4217; null where there is none, or several."""
    revenue: float | None
    """What all orders paid, added up, in units of `currency`; null without orders, and where their
    currencies differ."""
    orders: int
    """Events with an amount."""
    visitors: int
    """Distinct visitors who ordered."""
    average_order: float | None
    """Revenue / orders, in the currency; null like `revenue`."""


def of_first_touch(query: Query[RevenueParams]) -> bool:
    return query.params.attribution == "first"


def last_touch(query: Query[RevenueParams]) -> Mapping[str, Fragment]:
    return chosen_slot(query, "touch.value, o.currency")


def first_touch(query: Query[RevenueParams]) -> Mapping[str, Fragment]:
    """The slot for the credited visit: any of the visitor, of which the SQL takes the first."""
    return {"touch": Fragment("true"), **last_touch(query)}


REVENUE = Report(
    "revenue",
    "Revenue by where the visitors came from",
    RevenueParams,
    Question(
        Revenue,
        (
            Variant(
                "reports/revenue.sql",
                base=("event", "visit"),
                serves=of_first_touch,
                slots=first_touch,
                needs_full_history=True,
            ),
            Variant("reports/revenue.sql", base=("event", "visit"), slots=last_touch),
        ),
    ),
    single(RevenueTotals, "reports/revenue_totals.sql", "event"),
    dimensions=(CHANNEL, *(d for d in SOURCE_DIMENSIONS if d is not CHANNEL)),
    default_dimension=CHANNEL,
    orders=("revenue", "orders", "visitors", "average_order"),
    key=("value", "currency"),
)
