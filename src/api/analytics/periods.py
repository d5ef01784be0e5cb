"""The buckets that reports are made of: of a series, of cohorts, of periods and of days."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from api.analytics import rows
from api.analytics.buckets import DAY, Interval, bucket_starts, midnight, starts_from
from api.analytics.params import LifecycleParams, RetentionParams, SeriesParams
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, months_back, series
from api.analytics.report import NEW_VISITORS, VISITORS, Question, Variant, is_unfiltered
from api.analytics.steps import Step, read_step
from api.db.sql_files import Fragment

LONGEST_PERIOD = {Interval.DAY: DAY, Interval.WEEK: 7 * DAY, Interval.MONTH: 31 * DAY}

DAYS_BEFORE = 29
"""A month of visitors reaches back so many days from the day it ends with."""


def first_cohort(params: Params, clock: Clock) -> datetime:
    """As many whole periods back as there are to show, the current one being the last."""
    assert isinstance(params, RetentionParams)
    back = params.periods - 1
    if params.interval == "month":
        return midnight(months_back(clock.today, back), clock.zone)
    since_start = (clock.today.weekday() + (params.week_start == "sunday")) % 7
    days = since_start + 7 * back if params.interval == "week" else back
    return midnight(clock.today - days * DAY, clock.zone)


def with_series(query: Query) -> Query:
    """The query with the buckets of its series. Raises Invalid for too many."""
    assert isinstance(query.params, SeriesParams)
    asked = query.lower, query.upper
    return replace(query, starts=series(asked, query.params.interval, ZoneInfo(query.timezone)))


def with_cohorts(query: Query) -> Query:
    """Period arithmetic in SQL's terms, and what begins and what returns.

    Raises Invalid for more cohorts than anybody can read.
    """
    params = query.params
    assert isinstance(params, RetentionParams)
    interval, zone = Interval(params.interval), ZoneInfo(query.timezone)
    series((query.lower, query.upper), interval, zone)
    last = query.upper + params.periods * LONGEST_PERIOD[interval]
    until = query.now if params.rolling else min(query.now, last)
    starts = bucket_starts(query.lower, until, interval, zone)
    values = {
        "period": params.interval,
        "cells": params.periods,
        "rolling": params.rolling,
        "shift": "1 day" if of_sunday_weeks(query) else "0 days",
        "step": {"day": "1 day", "week": "7 days", "month": "1 month"}[params.interval],
        "by_start": params.start is not None,
        "by_return": params.return_ is not None,
        **one_step("start_", params.start, query.goals),
        **one_step("return_", params.return_, query.goals),
        "complete": complete(starts, interval, query),
    }
    return replace(query, starts=starts, first=query.lower, until=until, values=values)


def of_sunday_weeks(query: Query) -> bool:
    """Whether cohorts are of weeks that begin on Sunday."""
    assert isinstance(query.params, RetentionParams)
    return query.params.interval == "week" and query.params.week_start == "sunday"


def of_first_steps(query: Query) -> bool:
    """Whether cohorts begin with a step. Only the visitor's first visit is remembered for ever, not
    their first event of a kind."""
    assert isinstance(query.params, RetentionParams)
    return query.params.start is not None


def of_visits(query: Query) -> bool:
    """Whether bitmaps of visitors answer: they know visits and first visits, and weeks that begin
    on Monday."""
    assert isinstance(query.params, RetentionParams)
    by_steps = of_first_steps(query) or query.params.return_ is not None
    return is_unfiltered(query) and not by_steps and not of_sunday_weeks(query)


def complete(periods: Sequence[datetime], interval: Interval, query: Query) -> int:
    """How many of these periods are over."""
    ends = islice(starts_from(periods[0], interval, ZoneInfo(query.timezone)), 1, len(periods) + 1)
    return sum(end <= query.now for end in ends)


def one_step(prefix: str, text: str | None, goals: Mapping[str, Step]) -> dict[str, Any]:
    """A step's columns by themselves: start_name, start_page, …; nulls without a step."""
    step = read_step(text, goals) if text else Step("")
    return {
        f"{prefix}name": step.name,
        f"{prefix}page": step.page,
        f"{prefix}pattern": step.pattern,
        f"{prefix}props": step.json,
    }


def retention_rates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shares of the cohort beside the counts."""
    for row in rows:
        row["rates"] = [None if n is None else n / row["size"] for n in row["retained"]]
    return rows


def with_periods(query: Query) -> Query:
    """The periods of the range and the one before; how many of them are over."""
    assert isinstance(query.params, LifecycleParams)
    interval, zone = Interval(query.params.interval), ZoneInfo(query.timezone)
    shown = series((query.lower, query.upper), interval, zone)
    before = bucket_starts(shown[0] - DAY, shown[0], interval, zone)
    starts = [before[-1], *shown]
    over = replace(query, now=min(query.now, query.upper))
    values = {"complete": complete(starts, interval, over)}
    return replace(query, starts=starts, first=starts[0], until=query.upper, values=values)


def with_days(query: Query) -> Query:
    """The days of the range, and those before that its first month reaches back to."""
    zone = ZoneInfo(query.timezone)
    shown = series((query.lower, query.upper), Interval.DAY, zone)
    before = bucket_starts(shown[0] - (DAYS_BEFORE + 2) * DAY, shown[0], Interval.DAY, zone)
    starts = [*before[-DAYS_BEFORE:], *shown]
    return replace(query, starts=starts, first=starts[0], until=query.upper)


def cohort_range(_: Query) -> Mapping[str, Fragment]:
    """New visitors count in the asked range alone."""
    return {"new_range": Fragment(":lower, :upper")}


BITMAPS = {"sets": VISITORS, "new_sets": NEW_VISITORS}

RETENTION = Question(
    rows.Cohort,
    (
        Variant("retention_of_sets", BITMAPS, (), of_visits, cohort_range, only_rollups=True),
        Variant("retention", base=("visit",), serves=of_first_steps, needs_full_history=True),
        Variant("retention", base=("visit",)),
    ),
)

LIFECYCLE = Question(
    rows.Stage,
    (
        Variant("lifecycle_of_sets", BITMAPS, serves=is_unfiltered, only_rollups=True),
        Variant("lifecycle", base=("visit",)),
    ),
)

STICKINESS = Question(
    rows.ActiveVisitors,
    (
        Variant("stickiness_of_sets", {"sets": VISITORS}, serves=is_unfiltered, only_rollups=True),
        Variant("stickiness", base=("visit",)),
    ),
)
