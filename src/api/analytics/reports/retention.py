"""The retention report: of the visitors who began in a period, how many came back in later ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.query import Filtered, Params, Query
from api.analytics.question import NEW_VISITORS, VISITORS, Question, Variant, is_unfiltered
from api.analytics.report import Report
from api.analytics.time.buckets import DAY, Interval, bucket_starts, midnight, periods_over
from api.analytics.time.ranges import Clock, months_back, series
from api.analytics.vocabulary.steps import Step, Text, read_step
from api.db.sql_files import Fragment


class RetentionParams(Filtered, Params):
    """Parameters: cohorts, and the periods after them."""

    step_fields = ("start", "return_")
    interval: Literal["day", "week", "month"] = Field("week", description="Width of a period.")
    periods: int = Field(8, ge=1, le=60, description="How many periods, the first included.")
    rolling: bool = Field(False, description="Count a return in the n-th period or later.")
    week_start: Literal["monday", "sunday"] = Field("monday", description="First day of a week.")
    start: Text | None = Field(
        None, description="The step that begins a visitor's time; default: the first visit ever."
    )
    return_: Text | None = Field(
        None, alias="return", description="The step that counts as coming back; default: a visit."
    )


class Cohort(Row):
    """The visitors whose time begins in one period. Counts and rates have one entry for each period
    from then on; null while it is not over."""

    cohort: date
    """The first local day of the period."""
    size: int
    """How many visitors began in it."""
    retained: list[int | None]
    """How many of them were there in the period itself, in the next one, …"""
    rates: list[Ratio | None]
    """The same / size."""


LONGEST_PERIOD = {Interval.DAY: DAY, Interval.WEEK: 7 * DAY, Interval.MONTH: 31 * DAY}


def first_cohort(params: RetentionParams, clock: Clock) -> datetime:
    """The default start of the range: that of the period `periods - 1` before the current one."""
    back = params.periods - 1
    if params.interval == "month":
        return midnight(months_back(clock.today, back), clock.zone)
    since_start = (clock.today.weekday() + (params.week_start == "sunday")) % 7
    days = since_start + 7 * back if params.interval == "week" else back
    return midnight(clock.today - days * DAY, clock.zone)


def with_cohorts(query: Query[RetentionParams]) -> Query[RetentionParams]:
    """The query with its periods, and the steps that begin a cohort and count as a return.

    Raises Invalid when the range has too many cohorts.
    """
    params, zone = query.params, query.zone
    interval = Interval(params.interval)
    series((query.lower, query.upper), interval, zone)
    last = query.upper + params.periods * LONGEST_PERIOD[interval]
    until = query.now if params.rolling else min(query.now, last)
    starts = bucket_starts(query.lower, until, interval, zone)
    values = {
        "period": params.interval,
        "shift": "1 day" if of_sunday_weeks(params) else "0 days",
        "step": {"day": "1 day", "week": "7 days", "month": "1 month"}[params.interval],
        "by_start": params.start is not None,
        "by_return": params.return_ is not None,
        **one_step("start_", params.start, query.goals),
        **one_step("return_", params.return_, query.goals),
        "complete": periods_over(starts, interval, zone, query.now),
    }
    return replace(query, starts=starts, first=query.lower, until=until, values=values)


def of_sunday_weeks(params: RetentionParams) -> bool:
    return params.interval == "week" and params.week_start == "sunday"


def begins_with_step(query: Query[RetentionParams]) -> bool:
    """Whether cohorts begin with a step. Visitors are stored with their first visit for ever, but
    not with their first event of a kind."""
    return query.params.start is not None


def is_of_visits(query: Query[RetentionParams]) -> bool:
    """Whether visitor bitmaps can answer: they are of visits and first visits, cannot be filtered,
    and their weeks begin on Monday."""
    params = query.params
    by_steps = params.start is not None or params.return_ is not None
    return is_unfiltered(query) and not by_steps and not of_sunday_weeks(params)


def one_step(prefix: str, text: str | None, goals: Mapping[str, Step]) -> dict[str, Any]:
    """The values of one step: start_name, start_page, …; nulls without a step."""
    step = read_step(text, goals) if text else Step("")
    return {
        f"{prefix}name": step.name,
        f"{prefix}page": step.page,
        f"{prefix}pattern": step.pattern,
        f"{prefix}props": step.json,
    }


def cohort_range(_: Query[Params]) -> Mapping[str, Fragment]:
    """The slot for the range of cohorts. Visitors are read for the periods after it, too."""
    return {"new_range": Fragment(":lower, :upper")}


def retention_rates(_: object, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        row["rates"] = [None if n is None else n / row["size"] for n in row["retained"]]
    return rows


RETENTION = Report(
    "retention",
    "Who came back",
    RetentionParams,
    Question(
        Cohort,
        (
            Variant(
                "reports/retention_of_bitmaps.sql",
                {"visitors": VISITORS, "new_visitors": NEW_VISITORS},
                serves=is_of_visits,
                slots=cohort_range,
                only_rollups=True,
            ),
            Variant(
                "reports/retention.sql",
                base=("visit",),
                serves=begins_with_step,
                needs_full_history=True,
            ),
            Variant("reports/retention.sql", base=("visit",)),
        ),
    ),
    list_index="period",
    start=first_cohort,
    prepare=with_cohorts,
    finish=retention_rates,
)
