"""Forecasts of series whose future is known, and of eight years of a real one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.analytics.methods.arrays import Counts, Numbers
from api.analytics.methods.forecasting import ORIGINS, forecast, least_history, origins_of
from bench.series import article_days

WEEK = 7


def week_of(values: Numbers, horizon: int) -> Counts:
    """The place of each value in its week, and of each to forecast."""
    return np.arange(len(values) + horizon) % WEEK


@settings(max_examples=20, deadline=None)
@given(
    week=st.lists(st.integers(0, 10_000), min_size=WEEK, max_size=WEEK),
    weeks=st.integers(4, 9),
    horizon=st.integers(1, 7),
)
def test_series_that_repeats_itself_goes_on_so(week: list[int], weeks: int, horizon: int) -> None:
    values = np.array(week * weeks, float)
    found = forecast(values, week_of(values, horizon), WEEK, 0.8)
    coming = np.resize(week, horizon)
    for told in (found.expected, found.lower, found.upper):
        assert told == pytest.approx(coming, abs=1e-6)
    assert found.backtest.mase is None


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(st.integers(0, 1000), min_size=28, max_size=60),
    coverage=st.sampled_from([0.5, 0.8, 0.98]),
)
def test_interval_holds_the_forecast_and_nothing_below_zero(
    values: list[int], coverage: float
) -> None:
    known = np.array(values, float)
    found = forecast(known, week_of(known, WEEK), WEEK, coverage)
    assert np.all(found.lower >= 0)
    assert np.all(found.lower <= found.expected + 1e-9)
    assert np.all(found.expected <= found.upper + 1e-9)
    assert found.backtest.mean_absolute_error <= found.backtest.naive_absolute_error


@given(points=st.integers(28, 3000), season=st.sampled_from([7, 24, 168]), ahead=st.integers(1, 90))
def test_origins_know_two_seasons_and_have_the_horizon_before_them(
    points: int, season: int, ahead: int
) -> None:
    points += least_history(season, ahead)
    *origins, end = origins_of(points, season, ahead)
    assert end == points
    assert 1 <= len(origins) <= ORIGINS
    assert origins == sorted(origins)
    assert 2 * season <= origins[0]
    assert origins[-1] == points - ahead
    assert len({origin % season for origin in origins}) > 1


def test_forecast_of_real_days_beats_seasonal_naive_with_honest_intervals() -> None:
    views, horizon = article_days(), 28
    errors, naive, inside = [], [], []
    for origin in range(400, len(views) - horizon, 97):
        known, actual = views[origin - 365 : origin], views[origin : origin + horizon]
        found = forecast(known, week_of(known, horizon), WEEK, 0.8)
        errors.append(np.abs(found.expected - actual).mean())
        naive.append(np.abs(np.resize(known[-WEEK:], horizon) - actual).mean())
        inside.append(np.mean((found.lower <= actual) & (actual <= found.upper)))
    assert np.mean(errors) < np.mean(naive)
    assert 0.7 < np.mean(inside) < 0.9
