"""The revenue report: orders by where the visitors came from, one row for each currency."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from api.analytics.query import BreakdownParams, Params, Query
from api.analytics.question import Question, Variant
from api.analytics.report import Report
from api.analytics.vocabulary.dimensions import CHANNEL, SOURCE_DIMENSIONS
from api.db.sql_files import Fragment


class RevenueParams(BreakdownParams):
    """Parameters: a dimension, and the visit that gets the credit."""

    attribution: Literal["last", "first"] = Field(
        "last", description="The visit with the order, or the visitor's first visit ever."
    )


class Revenue(BaseModel):
    """Orders with one value of the dimension, in one currency."""

    value: str
    currency: str
    revenue: float
    orders: int
    visitors: int
    average_order: float


def of_first_touch(query: Query[RevenueParams]) -> bool:
    return query.params.attribution == "first"


def first_touch(_: Query[Params]) -> Mapping[str, Fragment]:
    """The slot for the credited visit: any of the visitor, of which the SQL takes the first."""
    return {"touch": Fragment("true")}


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
            Variant("reports/revenue.sql", base=("event", "visit")),
        ),
    ),
    dimensions=(CHANNEL, *(d for d in SOURCE_DIMENSIONS if d is not CHANNEL)),
    orders=("revenue", "orders", "visitors", "average_order", "value"),
)
