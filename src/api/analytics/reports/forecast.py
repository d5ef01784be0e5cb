"""The forecast report: how a metric goes on, and how far off such forecasts were."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.methods.deviations import first_known
from api.analytics.methods.forecasting import Backtest, Method, forecast, least_history
from api.analytics.query import Query
from api.analytics.report import Computed, Report
from api.analytics.reports.whole_series import (
    DAYS_OF_WEEK,
    HOURS_OF_DAY,
    HOURS_OF_WEEK,
    MetricParams,
    edges_of_whole_buckets,
    next_starts,
    of_series,
    places_of,
    values_of,
)
from api.analytics.time.buckets import DAY, Interval, midnight
from api.analytics.time.ranges import Clock
from api.errors import Invalid, invalid
from api.instants import Instant
from api.schema import Record

SEASONS = {Interval.DAY: (DAYS_OF_WEEK,), Interval.HOUR: (HOURS_OF_WEEK, HOURS_OF_DAY)}
"""The buckets after which a series is thought to repeat itself: the first for which it is long
enough."""

USUAL_HORIZON = {Interval.DAY: DAYS_OF_WEEK, Interval.HOUR: HOURS_OF_DAY}

USUAL_DAYS = {Interval.DAY: 365, Interval.HOUR: 8 * DAYS_OF_WEEK}
"""How many days a forecast learns from where no range is named."""


class ForecastParams(MetricParams):
    """Parameters: what to forecast, how far, and how wide. The range is what it learns from."""

    horizon: int | None = Field(
        None,
        ge=1,
        le=HOURS_OF_WEEK,
        description="How many buckets to forecast; by default a week of days, or a day of hours.",
    )
    coverage: float = Field(
        0.8, ge=0.5, le=0.98, description="The part of all values that the intervals are to hold."
    )

    @property
    def buckets(self) -> int:
        """The horizon, or its default."""
        return self.horizon or USUAL_HORIZON[self.width]


class ForecastPoint(Row):
    """A bucket to come."""

    time: Instant
    """The start of the bucket."""
    expected: float
    """The median of what is expected."""
    lower: float
    """The lower bound of the prediction interval."""
    upper: float
    """The upper bound of the prediction interval."""


class ForecastBacktest(Record):
    """How far forecasts from earlier buckets were off, each by what was known then."""

    origins: int
    """From how many earlier buckets the whole horizon was forecast."""
    mean_absolute_error: float
    """The mean difference of forecast and value."""
    seasonal_naive_error: float
    """The same of the seasonal naive forecast, for which each bucket is like the last one at the
    same time of the season."""
    mase: float | None
    """The mean absolute error / the mean difference of a bucket from the one a season before; null
    where there is no difference."""
    seasonal_naive_mase: float | None
    """The same of the seasonal naive forecast."""
    coverage: Ratio | None
    """The part of the values that lay in the intervals; null where too little was known to make
    intervals of."""


class ForecastSummary(Row):
    """How the forecast was made, and what it is worth."""

    method: Method
    """The method with the smaller error in the back-test."""
    scale: str
    """The scale on which it computes."""
    season: int
    """After how many buckets the series is thought to repeat itself."""
    history_from: Instant
    """Where what it learnt from begins: the first whole bucket that is not 0."""
    history_to: Instant
    """Where that ends; the forecast begins there."""
    history_buckets: int
    """How many buckets that are."""
    backtest: ForecastBacktest
    """How far forecasts from earlier buckets were off."""


def usual_history(params: ForecastParams, clock: Clock) -> datetime:
    """The default start of the range."""
    return midnight(clock.today - USUAL_DAYS[params.width] * DAY, clock.zone)


def with_history(query: Query[ForecastParams]) -> Query[ForecastParams]:
    """The query with the whole buckets of its range. Raises Invalid where there are none."""
    edges = edges_of_whole_buckets(query)
    if not edges:
        raise too_little(query.params, 0)
    span = {"lower": edges[0], "upper": edges[-1]}
    return replace(query, starts=edges[:-1], first=edges[0], until=edges[-1], values=span)


def too_little(params: ForecastParams, known: int) -> Invalid:
    """The refusal of a range that is too short, or has too little in it."""
    needed = least_history(SEASONS[params.width][-1], params.buckets)
    width = params.interval
    return invalid(
        "query",
        f"a forecast of {params.buckets} {width}s needs {needed} whole {width}s of {params.metric},"
        f" and the range has {known}; the {width} that is not over yet does not count",
    )


def forecast_rows(query: Query[ForecastParams], rows: Sequence[dict[str, Any]]) -> Computed:
    """The buckets to come. Raises Invalid where too little is known."""
    params, values = query.params, values_of(query, rows)
    begins = first_known(values)
    known = values[begins:]
    season = season_of(params, len(known))
    assert query.until
    coming = next_starts(query.until, params.width, query.zone, params.buckets)
    history = query.starts[begins:]
    places = places_of([*history, *coming], season, query.zone)
    found = forecast(known, places, season, params.coverage)
    bounds = zip(coming, found.expected, found.lower, found.upper, strict=True)
    summary = {
        "method": found.method,
        "scale": found.scale.name,
        "season": season,
        "history_from": history[0],
        "history_to": query.until,
        "history_buckets": len(known),
        "backtest": told(found.backtest),
    }
    return Computed([point(*one) for one in bounds], summary)


def season_of(params: ForecastParams, known: int) -> int:
    """The longest season for which so many buckets are enough. Raises Invalid if there is none."""
    for season in SEASONS[params.width]:
        if known >= least_history(season, params.buckets):
            return season
    raise too_little(params, known)


def point(time: datetime, expected: float, lower: float, upper: float) -> dict[str, Any]:
    numbers = {"expected": expected, "lower": lower, "upper": upper}
    return {"time": time, **{name: float(number) for name, number in numbers.items()}}


def told(backtest: Backtest) -> dict[str, Any]:
    return {
        "origins": backtest.origins,
        "mean_absolute_error": backtest.mean_absolute_error,
        "seasonal_naive_error": backtest.naive_absolute_error,
        "mase": backtest.mase,
        "seasonal_naive_mase": backtest.naive_mase,
        "coverage": backtest.coverage,
    }


FORECAST = Report(
    "forecast",
    "How a metric goes on, with intervals",
    ForecastParams,
    of_series(ForecastPoint),
    start=usual_history,
    prepare=with_history,
    compute=forecast_rows,
    computed_totals=ForecastSummary,
)
