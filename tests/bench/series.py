"""How good forecasts and anomalies are, on real days, real hours, and made-up counts.

    PYTHONPATH=src:tests python -m bench.series

Forecasts by rolling origin: from many points of a series the whole procedure, with its choice of a
method, knows a year (or what there is) before the point, and is compared with what came. Anomalies:
changes by a factor are put into a real series, one at a time, and both the judgement and the usual
one (mean and standard deviation of the same weeks) are asked. Prints tables in Markdown and asserts
nothing. What was found: docs/decisions/forecasts.md.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from api.analytics.methods.arrays import Numbers
from api.analytics.methods.deviations import deviations, earlier_values
from api.analytics.methods.forecasting import Forecast, forecast, least_history
from oracle.access_log import read_log

ROOT = Path(__file__).parents[2]
VIEWS = ROOT / "nbs" / "data" / "article-views.csv"
LOG = ROOT / "tests" / "data" / "semicomplete-access.log.gz"

HOUR = timedelta(hours=1)
WEEK = 7
COVERAGE = 0.8
ORIGINS = 60


@dataclass(frozen=True)
class Series:
    """Counts in a row, and how they are forecast."""

    name: str
    values: Numbers
    season: int
    history: int
    """How many points a forecast knows at most."""


def article_days() -> Numbers:
    """Daily views of the article. A day that is not known has the views of a week before."""
    with VIEWS.open() as file:
        logarithms = {row["ds"]: float(row["y"]) for row in csv.DictReader(file)}
    days = np.arange(np.datetime64(min(logarithms)), np.datetime64(max(logarithms)) + 1)
    known: list[float] = []
    for day in days:
        logarithm = logarithms.get(str(day))
        known.append(known[-WEEK] if logarithm is None else round(np.exp(logarithm)))
    return np.array(known)


def log_hours() -> Numbers:
    """Page views of each whole hour of the access log."""
    hours = read_log(LOG, "semicomplete.com").pageviews_per_hour
    first, last = min(hours), max(hours)
    number = round((last - first) / HOUR)
    return np.array([hours[first + place * HOUR] for place in range(1, number)], float)


def made_up(mean: float, points: int, profile: Sequence[float], seed: int) -> Numbers:
    """Counts by chance around a profile that repeats itself, with a level that wanders."""
    rng = np.random.default_rng(seed)
    level = mean * np.exp(np.cumsum(rng.normal(0, 0.02, points)))
    return rng.poisson(level * np.resize(profile, points)).astype(float)


def forecast_at(series: Series, origin: int, horizon: int) -> Forecast:
    """The forecast from a point, knowing what lies before it."""
    start = max(0, origin - series.history)
    places = np.arange(start, origin + horizon) % series.season
    return forecast(series.values[start:origin], places, series.season, COVERAGE)


def naive_at(series: Series, origin: int, horizon: int) -> Numbers:
    """Each point like the last one known at the same place of the season."""
    return np.resize(series.values[origin - series.season : origin], horizon)


def judge_forecasts(series: Series, horizon: int) -> None:
    """Prints a line of the table of forecasts."""
    first, last = least_history(series.season, horizon), len(series.values) - horizon
    origins = np.unique(np.linspace(first, last, ORIGINS).astype(int))
    errors: list[float] = []
    naive: list[float] = []
    inside: list[float] = []
    told: list[float] = []
    methods = Counter[str]()
    for origin in origins.tolist():
        found = forecast_at(series, origin, horizon)
        actual = series.values[origin : origin + horizon]
        errors.append(float(np.abs(found.expected - actual).mean()))
        naive.append(float(np.abs(naive_at(series, origin, horizon) - actual).mean()))
        inside.append(float(((found.lower <= actual) & (actual <= found.upper)).mean()))
        told.append(found.backtest.coverage or np.nan)
        methods[f"{found.method} ({found.scale.name})"] += 1
    better = float(np.mean(np.array(errors) < np.array(naive)))
    relative = [error / max(one, 1e-9) for error, one in zip(errors, naive, strict=True)]
    difference = np.abs(series.values[series.season :] - series.values[: -series.season]).mean()
    print(
        f"| {series.name} | {horizon} | {len(origins)} | {np.mean(errors) / difference:.2f} |"
        f" {np.mean(naive) / difference:.2f} | {np.mean(errors) / np.mean(naive):.2f} |"
        f" {np.exp(np.mean(np.log(np.maximum(relative, 1e-6)))):.2f} | {better:.0%} |"
        f" {np.mean(inside):.0%} | {np.nanmean(told):.0%} |"
        f" {', '.join(f'{name} {number}' for name, number in methods.most_common())} |"
    )


def forecasts() -> None:
    """Prints the table of forecasts."""
    print(
        "| series | horizon | origins | MASE | naive MASE | error / naive | geometric mean | better"
        " | in interval | told | methods |\n|---|" + "---|" * 10
    )
    weekday = (1.2, 1.3, 1.3, 1.2, 1.0, 0.5, 0.5)
    day = 1 + 0.9 * np.sin(2 * np.pi * (np.arange(24) - 8) / 24)
    hours = np.concatenate([day * factor for factor in weekday])
    every = [
        (Series("article, days, a year known", article_days(), WEEK, 365), (7, 28)),
        (Series("article, days, 60 known", article_days(), WEEK, 60), (7,)),
        (Series("access log, hours", log_hours(), 24, 10_000), (1, 3)),
        *(
            (Series(f"made up, days of {mean}", made_up(mean, 700, weekday, 1), WEEK, 365), (7, 28))
            for mean in (3, 30, 3000)
        ),
        *(
            (Series(f"made up, hours of {mean}", made_up(mean, 2000, hours, 2), 168, 1344), (24,))
            for mean in (1, 20)
        ),
    ]
    for series, horizons in every:
        for horizon in horizons:
            judge_forecasts(series, horizon)


Judge = Callable[[Numbers, int], Numbers]

WEEKS = 8


def robust(values: Numbers, season: int) -> Numbers:
    """The scores of the report."""
    return deviations(values, np.arange(len(values)) % season, season, WEEKS).score


def usual(values: Numbers, season: int) -> Numbers:
    """Standard deviations from the mean of the same weeks."""
    before = earlier_values(values, np.arange(len(values)) % season, WEEKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (values - before.mean(axis=1)) / before.std(axis=1, ddof=1)


FACTORS = (0.25, 0.5, 2, 4)


def judge_anomalies(name: str, values: Numbers, season: int) -> None:
    """Prints a line for each judgement: false alarms by threshold, then hits at equal alarms."""
    judged = np.arange(WEEKS * season, len(values))
    for label, judge in (("median and MAD", robust), ("mean and deviation", usual)):
        scores = np.abs(judge(values, season))[judged]
        alarms = {cut: float(np.mean(scores >= cut)) for cut in (3, 3.5, 4, 5)}
        cut = float(np.nanquantile(np.where(np.isinf(scores), np.nan, scores), 0.99))
        hits = [hit_rate(values, season, judge, factor, cut) for factor in FACTORS]
        told = " | ".join(f"{share:.1%}" for share in (*alarms.values(), *hits))
        print(f"| {name} | {label} | {told} | {cut:.1f} |")


def hit_rate(values: Numbers, season: int, judge: Judge, factor: float, cut: float) -> float:
    """How many of single points that are changed by a factor have a score as large as this."""
    places = range(WEEKS * season, len(values), max(1, (len(values) - WEEKS * season) // 100))
    hits: list[bool] = []
    for place in places:
        start = place - WEEKS * season
        changed = values[start : place + 1].copy()
        changed[-1] = round(changed[-1] * factor)
        hits.append(bool(abs(judge(changed, season)[-1]) >= cut))
    return float(np.mean(hits))


def anomalies() -> None:
    """Prints the table of anomalies."""
    print(
        "| series | judged by | alarms at 3 | 3.5 | 4 | 5 | found at 1/4 | 1/2 | 2 | 4 | cut |\n|"
        + "---|" * 11
    )
    weekday = (1.2, 1.3, 1.3, 1.2, 1.0, 0.5, 0.5)
    day = 1 + 0.9 * np.sin(2 * np.pi * (np.arange(24) - 8) / 24)
    hours = np.concatenate([day * factor for factor in weekday])
    judge_anomalies("article, days", article_days(), WEEK)
    for mean in (3, 300):
        judge_anomalies(f"made up, days of {mean}", made_up(mean, 2000, weekday, 3), WEEK)
    for mean in (1, 20):
        judge_anomalies(f"made up, hours of {mean}", made_up(mean, 4000, hours, 4), 168)


if __name__ == "__main__":
    forecasts()
    anomalies()
