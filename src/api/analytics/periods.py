"""The reports over whole periods: retention, lifecycle and stickiness."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from api.analytics.buckets import DAY, Interval, bucket_starts, midnight, starts_from
from api.analytics.params import LifecycleParams, RetentionParams
from api.analytics.query import Params, Query
from api.analytics.ranges import Clock, months_back, series
from api.analytics.steps import Step, read_step

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


def retention_values(query: Query) -> dict[str, Any]:
    """Period arithmetic in SQL's terms, and what begins and what returns.

    Raises Invalid for more cohorts than anybody can read.
    """
    params = query.params
    assert isinstance(params, RetentionParams)
    interval, zone = Interval(params.interval), ZoneInfo(query.timezone)
    series((query.lower, query.upper), interval, zone)
    last = query.upper + params.periods * LONGEST_PERIOD[interval]
    until = query.now if params.rolling else min(query.now, last)
    periods = bucket_starts(query.lower, until, interval, zone)
    sunday = params.interval == "week" and params.week_start == "sunday"
    return {
        "period": params.interval,
        "cells": params.periods,
        "rolling": params.rolling,
        "shift": "1 day" if sunday else "0 days",
        "step": {"day": "1 day", "week": "7 days", "month": "1 month"}[params.interval],
        "by_start": params.start is not None,
        "by_return": params.return_ is not None,
        **one_step("start_", params.start, query.goals),
        **one_step("return_", params.return_, query.goals),
        **sets_between(query.lower, until, periods),
        "complete": complete(periods, interval, query),
    }


def retention_of_sets(query: Query) -> bool:
    """Sets of visitors know visits and first visits, and weeks that begin on Monday."""
    params = query.params
    assert isinstance(params, RetentionParams)
    sunday = params.interval == "week" and params.week_start == "sunday"
    return params.start is None and params.return_ is None and not sunday


def retention_of_firsts(query: Query) -> bool:
    """Only the visitor's first visit is remembered for ever, not their first event of a kind."""
    assert isinstance(query.params, RetentionParams)
    return query.params.start is not None


def sets_between(first: datetime, until: datetime, periods: list[datetime]) -> dict[str, Any]:
    """What the sets of visitors are asked for: these periods of this range."""
    return {"periods": periods, "first": first, "until": until}


def complete(periods: list[datetime], interval: Interval, query: Query) -> int:
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


def lifecycle_values(query: Query) -> dict[str, Any]:
    """The periods of the range and the one before; how many of them are over."""
    assert isinstance(query.params, LifecycleParams)
    interval, zone = Interval(query.params.interval), ZoneInfo(query.timezone)
    shown = series((query.lower, query.upper), interval, zone)
    before = bucket_starts(shown[0] - DAY, shown[0], interval, zone)
    periods = [before[-1], *shown]
    over = replace(query, now=min(query.now, query.upper))
    return {
        **sets_between(periods[0], query.upper, periods),
        "complete": complete(periods, interval, over),
    }


def stickiness_values(query: Query) -> dict[str, Any]:
    """The days of the range, and those before that its first month reaches back to."""
    zone = ZoneInfo(query.timezone)
    shown = series((query.lower, query.upper), Interval.DAY, zone)
    before = bucket_starts(shown[0] - (DAYS_BEFORE + 2) * DAY, shown[0], Interval.DAY, zone)
    days = [*before[-DAYS_BEFORE:], *shown]
    return sets_between(days[0], query.upper, days)
