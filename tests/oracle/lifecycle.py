"""How visitors come, stay, go and come back: lifecycle, stickiness and retention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import Range, bucket_of, buckets, first_day, midnight, next_bucket, next_period
from oracle.site import Site, names_of, share
from oracle.steps import goal_of
from oracle.visits import Event, Visit

Row = dict[str, Any]


def lifecycle(
    site: Site,
    span: Range,
    timezone: str,
    now: datetime,
    interval: str = "day",
    clauses: Sequence[Clause] = (),
) -> list[Row]:
    """One row for each period: who is new, stayed, came back and stayed away."""
    zone = ZoneInfo(timezone)
    filtered = Filter(site, tuple(clauses), zone).visits(site.visits)

    def active(start: datetime) -> set[str]:
        end = min(next_bucket(start, interval, zone), span.upper)
        return names_of(visit for visit in filtered if start <= visit.started < end)

    rows = []
    for start in buckets(span, interval, zone):
        end = next_bucket(start, interval, zone)
        here = active(start)
        before = active(bucket_of(start - timedelta(microseconds=1), interval, zone))
        new = {
            name for name in here if any(start <= e.time < end for e in first_events(site, name))
        }
        rows.append(
            {
                "time": start,
                "new": len(new),
                "returning": len((here - new) & before),
                "resurrected": len(here - new - before),
                "dormant": None if end > min(now, span.upper) else len(before - here),
            }
        )
    return rows


def first_events(site: Site, visitor: str) -> list[Event]:
    """The first thing that a visitor ever did."""
    return site.events_by(visitor)[:1]


def stickiness(site: Site, span: Range, timezone: str, clauses: Sequence[Clause] = ()) -> list[Row]:
    """One row for each day: the visitors of the day, and of the 7 and 30 days that end with it."""
    zone = ZoneInfo(timezone)
    filtered = Filter(site, tuple(clauses), zone).visits(site.visits)
    rows = []
    for start in buckets(span, "day", zone):
        end = min(next_bucket(start, "day", zone), span.upper)
        last = start.astimezone(zone).date()

        def visitors(days: int, last: date = last, end: datetime = end) -> int:
            since = midnight(last - timedelta(days=days - 1), zone)
            return len(names_of(v for v in filtered if since <= v.started < end))

        dau, wau, mau = visitors(1), visitors(7), visitors(30)
        rows.append(
            {
                "time": start,
                "dau": dau,
                "wau": wau,
                "mau": mau,
                "dau_wau": share(dau, wau),
                "dau_mau": share(dau, mau),
            }
        )
    return rows


@dataclass(frozen=True)
class Member:
    """A visitor in a cohort: the period they belong to, and the periods in which they returned."""

    cohort: date
    returned: list[date]


def retention(
    site: Site,
    span: Range,
    timezone: str,
    now: datetime,
    interval: str = "week",
    periods: int = 8,
    rolling: bool = False,
    week_start: str = "monday",
    start: str | None = None,
    end: str | None = None,
    clauses: Sequence[Clause] = (),
) -> list[Row]:
    """One row for each period in which somebody came (or did what `start` says) first."""
    zone = ZoneInfo(timezone)

    def period_of(time: datetime) -> date:
        return first_day(time.astimezone(zone).date(), interval, week_start)

    chosen = Filter(site, tuple(clauses), zone)
    members = []
    for visitor in names_of(site.events):
        began = beginning(site, visitor, start)
        if began and span.has(began[0].time) and chosen.has_visit(began[1]):
            times = returns(site, visitor, began, end, after=start is not None)
            members.append(Member(period_of(began[0].time), [period_of(time) for time in times]))
    today = now.astimezone(zone).date()
    return [
        cohort_row(
            cohort,
            [member for member in members if member.cohort == cohort],
            periods_from(cohort, periods, interval),
            lambda day: next_period(day, interval) > today,
            rolling=rolling,
            whole=end is None,
        )
        for cohort in sorted({member.cohort for member in members})
    ]


def beginning(site: Site, visitor: str, start: str | None) -> tuple[Event, Visit] | None:
    """The event that makes a visitor part of a cohort, and its visit."""
    wanted = None if start is None else goal_of(start, site.goals)
    for event in site.events_by(visitor):
        if wanted is None or wanted.fits(event):
            return event, site.visit_of(event)
    return None


def returns(
    site: Site, visitor: str, began: tuple[Event, Visit], end: str | None, *, after: bool
) -> list[datetime]:
    """When a visitor came back: the visits from the first one on, or what `end` says, which has to
    be another event `after` the one that made the visitor part of the cohort."""
    first, visit = began
    if end is None:
        return [v.started for v in site.visits_by(visitor) if v.started >= visit.started]
    wanted = goal_of(end, site.goals)
    done = [event for event in site.events_by(visitor) if wanted.fits(event)]
    return [event.time for event in done if event.order > first.order or not after]


def periods_from(start: date, number: int, interval: str) -> list[date]:
    """The first days of so many periods."""
    days = [start]
    while len(days) < number:
        days.append(next_period(days[-1], interval))
    return days


def cohort_row(
    cohort: date,
    members: Sequence[Member],
    days: Sequence[date],
    is_open: Callable[[date], bool],
    *,
    rolling: bool,
    whole: bool,
) -> Row:
    """The cells of a cohort. The first is `whole` where merely being there counts."""
    retained: list[int | None] = []
    for day in days:
        if day == cohort and whole:
            retained.append(len(members))
        elif day != cohort and is_open(day):
            retained.append(None)
        elif rolling:
            retained.append(sum(any(d >= day for d in member.returned) for member in members))
        else:
            retained.append(sum(day in member.returned for member in members))
    rates = [None if count is None else count / len(members) for count in retained]
    return {"cohort": cohort, "size": len(members), "retained": retained, "rates": rates}
