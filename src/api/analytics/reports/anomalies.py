"""The anomalies report: when a metric is unlike the same time of the weeks before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import Field

from api.analytics.columns import Row
from api.analytics.methods.deviations import LEAST_WEEKS, deviations, first_known
from api.analytics.query import Query
from api.analytics.report import Computed, Report
from api.analytics.reports.whole_series import (
    MetricParams,
    edges_of_whole_buckets,
    of_series,
    places_of,
    values_of,
)
from api.analytics.time.buckets import DAY, Interval, bucket_starts, midnight
from api.analytics.time.ranges import Clock, days_earlier
from api.errors import Invalid, invalid
from api.instants import Instant

USUAL_DAYS = {Interval.DAY: 30, Interval.HOUR: 7}
"""How many days are judged where no range is named."""


class AnomaliesParams(MetricParams):
    """Parameters: what is judged, by how many weeks, and what is an anomaly. The range is what is
    judged; the weeks before it are read as well."""

    weeks: int = Field(
        8, ge=LEAST_WEEKS, le=26, description="How many weeks before a bucket it is compared with."
    )
    threshold: float = Field(
        4.0, ge=1, le=100, description="The score, up or down, from which on it is an anomaly."
    )


class Anomaly(Row):
    """A bucket unlike the same time of the weeks before."""

    time: Instant
    """The start of the bucket."""
    observed: int
    """What was counted in it."""
    expected: float
    """The median of the same weekday, or the same hour of the week, in the weeks before."""
    lower: float
    """The count below which a bucket is an anomaly."""
    upper: float
    """The count above which a bucket is an anomaly."""
    score: float
    """The distance from what is expected in standard deviations; negative below it."""


class AnomaliesSummary(Row):
    """What was judged, and by what."""

    judged: int
    """The whole buckets of the range that have enough weeks before them."""
    anomalies: int
    """How many of them are anomalies."""
    judged_from: Instant
    """The start of the first bucket that was judged."""
    judged_to: Instant
    """The end of the last one."""
    compared_from: Instant
    """Where the weeks before begin that they are compared with: with the first bucket that is not
    0, if that comes later."""


def usual_range(params: AnomaliesParams, clock: Clock) -> datetime:
    """The default start of the range."""
    return midnight(clock.today - USUAL_DAYS[params.width] * DAY, clock.zone)


def with_weeks_before(query: Query[AnomaliesParams]) -> Query[AnomaliesParams]:
    """The query with the whole buckets of its range, and those of the weeks before. Raises Invalid
    where the range has none."""
    params, edges = query.params, edges_of_whole_buckets(query)
    if not edges:
        raise too_little(params)
    earliest = days_earlier(edges[0].astimezone(query.zone), params.weeks * 7 * DAY)
    before = bucket_starts(earliest, edges[0], params.width, query.zone)
    starts = [*(start for start in before if start < edges[0]), *edges[:-1]]
    values = {"lower": starts[0], "upper": edges[-1]}
    return replace(query, starts=starts, first=starts[0], until=edges[-1], values=values)


def too_little(params: AnomaliesParams) -> Invalid:
    """The refusal of a range in which nothing can be judged."""
    return invalid(
        "query",
        f"no whole {params.interval} of the range has {LEAST_WEEKS} weeks of {params.metric}"
        " before it",
    )


def anomalous_rows(query: Query[AnomaliesParams], rows: Sequence[dict[str, Any]]) -> Computed:
    """The anomalies in order of time. Raises Invalid where nothing can be judged."""
    params, starts, values = query.params, query.starts, values_of(query, rows)
    begins = first_known(values)
    values[:begins] = np.nan
    season = params.positions_of_week
    found = deviations(values, places_of(starts, season, query.zone), season, params.weeks)
    lower, upper = found.bounds(params.threshold)
    judged = [
        place
        for place, start in enumerate(starts)
        if start >= query.lower and not np.isnan(found.score[place])
    ]
    if not judged:
        raise too_little(params)
    anomalies = [place for place in judged if abs(found.score[place]) >= params.threshold]
    summary = {
        "judged": len(judged),
        "anomalies": len(anomalies),
        "judged_from": starts[judged[0]],
        "judged_to": query.until,
        "compared_from": starts[begins],
    }
    numbers = {"expected": found.expected, "lower": lower, "upper": upper, "score": found.score}
    return Computed(
        [
            {
                "time": starts[place],
                "observed": int(values[place]),
                **{name: float(column[place]) for name, column in numbers.items()},
            }
            for place in anomalies
        ],
        summary,
    )


ANOMALIES = Report(
    "anomalies",
    "When a metric is unlike the same time of the weeks before",
    AnomaliesParams,
    of_series(Anomaly),
    start=usual_range,
    prepare=with_weeks_before,
    compute=anomalous_rows,
    computed_totals=AnomaliesSummary,
)
