"""The parameters of reports, in the parts that they have in common, and how they are sent."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict

When = str | date | datetime
"""A day, an instant, or text that the service understands: 2026-03-29, now-7d (docs/api.md)."""

Filters = str | Sequence[Any]
"""Clauses: [["is", "country", ["DE", "AT"]], …]."""

Step = str | Mapping[str, Any]
"""A page, a pattern of pages, the name of an event, or {"event": …, "page": …, "props": …}."""

Period = Literal[
    "today", "yesterday", "7d", "28d", "30d", "90d", "6mo", "12mo", "mtd", "lastmonth", "ytd", "all"
]
Comparison = Literal["previous", "previous_weekdays", "year", "year_weekdays", "custom", "segment"]
Interval = Literal["minute", "hour", "day", "week", "month"]
LongInterval = Literal["day", "week", "month"]
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


class Range(TypedDict, total=False):
    """A site and a range of time: hours, days, period, or from_ and to. Without one it is the last
    24 hours."""

    site: str | None
    from_: When | None
    to: When | None
    hours: int | None
    days: int | None
    period: Period | None
    timezone: str | None


class Reading(Range, total=False):
    """The parameters of every report."""

    engine: Literal["auto", "base"] | None


class Filtered(TypedDict, total=False):
    filters: Filters | None


class Compared(TypedDict, total=False):
    compare: Comparison | None
    compare_from: When | None
    compare_to: When | None
    compare_filters: Filters | None


class Totalled(TypedDict, total=False):
    totals: bool | None


class Paged(TypedDict, total=False):
    limit: int | None
    offset: int | None


class Ranked(Paged, total=False):
    order: str | None


class Dimensioned(TypedDict, total=False):
    dimension: str | None


class OfVisits(Filtered, Reading, total=False):
    """The parameters of a report that can be filtered."""


class List(Ranked, Totalled, Compared, OfVisits, total=False):
    """The parameters of a list that can be sorted and compared."""


class Breakdown(Dimensioned, List, total=False):
    """The parameters of a list by the values of a dimension."""


class Timeseries(Totalled, Compared, Dimensioned, OfVisits, total=False):
    interval: Interval | None
    limit: int | None


class SessionsSeries(Totalled, Compared, OfVisits, total=False):
    interval: Interval | None


class Conversions(Totalled, Compared, OfVisits, total=False):
    interval: Interval | None


class EventBuckets(Paged, Dimensioned, OfVisits, total=False):
    interval: Interval | None
    pages: Sequence[str] | None


class Pages(List, total=False):
    pages: Sequence[str] | None
    detail: bool | None


class Sessions(Ranked, Totalled, OfVisits, total=False):
    pass


class Paths(OfVisits, total=False):
    page: str | None
    direction: Literal["from", "to"] | None
    steps: int | None
    limit: int | None


class Steps(OfVisits, total=False):
    """The parameters that funnels have in common."""

    steps: Sequence[Step] | None
    pages: Sequence[str] | None
    mode: Literal["ordered", "strict", "any"] | None
    window: float | None
    unit: Literal["visitor", "visit"] | None


class Funnel(Steps, Dimensioned, total=False):
    limit: int | None


class FunnelVisitors(Steps, Paged, total=False):
    step: int | None
    outcome: Literal["dropped", "reached"] | None


class Retention(OfVisits, total=False):
    interval: LongInterval | None
    periods: int | None
    rolling: bool | None
    week_start: Literal["monday", "sunday"] | None
    start: Step | None
    return_: Step | None


class Lifecycle(OfVisits, total=False):
    interval: LongInterval | None


class CustomEvents(List, total=False):
    name: str | None
    property: str | None


class Goals(Ranked, Compared, OfVisits, total=False):
    pass


class Revenue(Breakdown, total=False):
    attribution: Literal["last", "first"] | None


class OfPeople(OfVisits, total=False):
    by: Literal["visitor", "user"] | None


class Rfm(Totalled, OfPeople, total=False):
    pass


class RfmCustomers(Paged, OfPeople, total=False):
    segment: Segment | None


class Churn(Ranked, Totalled, OfVisits, total=False):
    horizon: int | None
    at_least: float | None
    at_most: float | None


class Engagement(Ranked, Totalled, OfPeople, total=False):
    pass


class Frequency(Paged, OfPeople, total=False):
    pass


class Segments(Totalled, Compared, OfVisits, total=False):
    a: Filters | None
    b: Filters | None


class Heatmap(Totalled, OfVisits, total=False):
    pass


class Bots(Ranked, Reading, total=False):
    pass


class Observations(Dimensioned, Reading, total=False):
    """The parameters of a report about what browsers tell of pages."""

    pages: Sequence[str] | None


class WebVitals(Paged, Observations, total=False):
    name: Literal["LCP", "INP", "CLS", "FCP", "TTFB"] | None


class Errors(Ranked, Observations, total=False):
    pass


class Values(Dimensioned, Paged, OfVisits, total=False):
    q: str | None


class Imported(Dimensioned, Totalled, Reading, total=False):
    limit: int | None


class OfMetric(Totalled, OfVisits, total=False):
    """The parameters of a report about one metric over time."""

    metric: Literal["visits", "visitors", "pageviews", "custom_events"] | None
    interval: Literal["hour", "day"] | None


class Forecast(OfMetric, total=False):
    horizon: int | None
    coverage: float | None


class Anomalies(OfMetric, total=False):
    weeks: int | None
    threshold: float | None


class Correlations(Paged, Totalled, OfVisits, total=False):
    goal: Step
    unit: Literal["visit", "visitor"] | None
    least: int | None
    confidence: float | None


class Raw(Filtered, Range, total=False):
    """The parameters of lists of raw data."""


JSON_TEXT = frozenset(("filters", "compare_filters", "a", "b"))
"""Parameters that are one text of JSON."""


def query_of(given: Mapping[str, Any], site: str) -> dict[str, str | list[str]]:
    """The query of a request. A name that Python keeps for itself has an underscore at its end."""
    named = {"site": site, **{name: value for name, value in given.items() if value is not None}}
    return {name.removesuffix("_"): encoded(name, value) for name, value in named.items()}


def encoded(name: str, value: Any) -> str | list[str]:
    """A value as text; several of them where the parameter may be repeated."""
    if isinstance(value, str) or name in JSON_TEXT:
        return value if isinstance(value, str) else json.dumps(value)
    if isinstance(value, Sequence):
        return [text_of(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return text_of(value)


def text_of(value: Any) -> str:
    if isinstance(value, bool | Mapping):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, date) else str(value)
