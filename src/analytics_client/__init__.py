"""Reads and feeds the analytics service from Python: answers are data frames.

from analytics_client import Analytics

shop = Analytics("https://stats.example.com", "ak_…", site="shop")
shop.timeseries(days=30, interval="day").visitors.plot()
"""

from analytics_client.clients import Analytics, AsyncAnalytics
from analytics_client.errors import (
    AnalyticsError,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    NotTheService,
    Problem,
    Refused,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from analytics_client.sending import NotAllSent, Sent

__all__ = [
    "Analytics",
    "AnalyticsError",
    "AsyncAnalytics",
    "Expired",
    "Forbidden",
    "Invalid",
    "NotAllSent",
    "NotFound",
    "NotTheService",
    "Problem",
    "Refused",
    "Sent",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
]
