"""The RFM reports: customers by recency, frequency and money, in segments and one by one."""

from dataclasses import replace
from typing import Literal, get_args

from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.query import Filtered, OfPeople, Paged, Params, Query, Totalled
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.time.ranges import a_year_ago
from api.instants import Instant

Segment = Literal[
    "champions",
    "loyal",
    "potential_loyal",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "cannot_lose",
    "at_risk",
    "hibernating",
]
"""The segments in the order of their rows; docs/definitions.md has the scores of each."""


class RfmParams(OfPeople, Totalled, Filtered, Params):
    """Parameters: whether customers are visitors or users, and filters."""


class RfmCustomersParams(OfPeople, Paged, Filtered, Params):
    """Parameters: the segment to list."""

    segment: Segment | None = Field(None, description="Only customers of this segment.")


class CustomerSegment(Row):
    """The customers of one segment, by their orders in one currency."""

    currency: str
    """ISO 4217."""
    segment: Segment
    """The name of the segment."""
    customers: int
    """How many there are."""
    customer_share: Ratio
    """The same / all customers with an order in the currency."""
    orders: int
    """Their orders: events with an amount."""
    revenue: float
    """What the customers of the segment paid for these orders, in units of `currency`."""
    revenue_share: float | None
    """The same / that of all customers; null where that is 0. Refunds can make it negative."""
    recency_days: float
    """Mean days from the last order of each to the end of the range."""
    orders_per_customer: float
    """Orders / customers."""
    revenue_per_customer: float
    """Revenue / customers."""


class RfmTotals(Row):
    """All customers of the range."""

    currency: str | None
    """ISO 4217; null where there is none, or several."""
    customers: int
    """Distinct customers, whatever their currencies."""
    repeat_customers: int
    """Those with two orders or more."""
    repeat_rate: Ratio | None
    """The same / all customers."""
    orders: int
    """Events with an amount."""
    revenue: float | None
    """Sum of the amounts; null where there is none, and where currencies are mixed."""


class RfmCustomer(Row):
    """A customer, by their orders in one currency."""

    visitor_id: str
    """The id of the visitor."""
    user_id: str | None
    """The id of the user, if one was told; null for callers without an account."""
    currency: str
    """ISO 4217."""
    segment: Segment
    """The name of the segment."""
    recency_score: int
    """1 to 5: a fifth of all customers each, 5 for the most recent last orders."""
    frequency_score: int
    """1 to 5: 5 for the most orders."""
    monetary_score: int
    """1 to 5: 5 for the most revenue."""
    last_order: Instant
    """The time of the last order."""
    orders: int
    """Events with an amount."""
    revenue: float
    """What the customer paid for these orders, in units of `currency`."""


def with_segments(query: Query[RfmParams]) -> Query[RfmParams]:
    """The query with the order of the segments, and the time that recency is counted from."""
    as_of = min(query.upper, max(query.now, query.lower))
    return replace(query, values={"segments": [*get_args(Segment)], "as_of": as_of})


RFM = Report(
    "rfm",
    "Customers by recency, frequency and money",
    RfmParams,
    single(CustomerSegment, "reports/rfm.sql", "event"),
    single(RfmTotals, "reports/rfm_totals.sql", "event"),
    start=a_year_ago,
    prepare=with_segments,
)

RFM_CUSTOMERS = Report(
    "rfm/customers",
    "Customers one by one, with their scores",
    RfmCustomersParams,
    single(RfmCustomer, "reports/rfm_customers.sql", "event"),
    start=a_year_ago,
)
