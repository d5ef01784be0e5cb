"""What each report must answer, computed from the list of all events by brute force.

Shares nothing with the service. Every function goes through all events and visits again, and
answers rows (and totals) with the keys that the service uses.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from oracle.visits import Event, Visit, stored, visits_of

Row = dict[str, Any]


@dataclass(frozen=True)
class Range:
    """The instants of [lower, upper)."""

    lower: datetime
    upper: datetime

    def has(self, time: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.lower <= time < self.upper


class Site:
    """Everything that happened on a site, from the events in the order in which they came in."""

    def __init__(self, arrivals: Sequence[Event]) -> None:
        self.events = sorted(stored(arrivals), key=lambda event: event.order)
        self.visits = visits_of(self.events)

    def visits_in(self, span: Range) -> list[Visit]:
        """The visits that started in a range."""
        return [visit for visit in self.visits if span.has(visit.started)]

    def views_in(self, span: Range) -> list[Event]:
        """The page views in a range."""
        return [event for event in self.events if event.is_view and span.has(event.time)]


def share(part: float, whole: float) -> float | None:
    """A part of a whole; unknown when there is no whole."""
    return part / whole if whole else None


def average(numbers: Sequence[float]) -> float | None:
    """The mean; unknown without any number."""
    return mean(numbers) if numbers else None


def bounce_rate(visits: Sequence[Visit]) -> float | None:
    """The bounces among the visits that viewed a page."""
    viewed = [visit for visit in visits if visit.path]
    return share(sum(visit.bounced for visit in viewed), len(viewed))


def visitors_of(things: Sequence[Visit] | Sequence[Event]) -> int:
    """How many different visitors."""
    return len({thing.visitor for thing in things})


def totals(site: Site, span: Range) -> Row:
    """The headline numbers."""
    visits = site.visits_in(span)
    return {
        "visitors": visitors_of(visits),
        "visits": len(visits),
        "pageviews": len(site.views_in(span)),
        "views_per_visit": average([len(visit.path) for visit in visits]),
        "bounce_rate": bounce_rate(visits),
        "visit_duration": average([visit.seconds for visit in visits]),
    }


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def first_day(day: date, period: str, week_start: str = "monday") -> date:
    """The first day of the day, week or month in which a day lies."""
    if period == "month":
        return day.replace(day=1)
    first_weekday = {"monday": 0, "sunday": 6}[week_start]
    while period == "week" and day.weekday() != first_weekday:
        day -= timedelta(days=1)
    return day


def bucket_of(time: datetime, interval: str, zone: ZoneInfo) -> datetime:
    """The start of the local minute, hour, day, week or month in which an instant lies.

    An hour begins where the clock shows a full hour or jumps into another one: walk back to it.
    """
    local = time.astimezone(zone)
    if interval in ("day", "week", "month"):
        return midnight(first_day(local.date(), interval), zone)
    start = time - timedelta(seconds=local.second, microseconds=local.microsecond)
    while interval == "hour" and not begins_an_hour(start, zone):
        start -= timedelta(minutes=1)
    return start


def begins_an_hour(time: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock on the wall shows a full hour, or another hour than a minute ago."""
    now, before = time.astimezone(zone), (time - timedelta(minutes=1)).astimezone(zone)
    return now.minute == 0 or (now.date(), now.hour) != (before.date(), before.hour)


def buckets(span: Range, interval: str, zone: ZoneInfo) -> list[datetime]:
    """Every bucket that has an instant in the range, found by looking everywhere."""
    stride = timedelta(minutes=1 if interval == "minute" else 15)
    found = {bucket_of(span.upper - timedelta(microseconds=1), interval, zone)}
    time = span.lower
    while time < span.upper:
        found.add(bucket_of(time, interval, zone))
        time += stride
    return sorted(found)


def timeseries(site: Site, span: Range, interval: str, timezone: str) -> list[Row]:
    """One row for each bucket, empty ones too."""
    zone = ZoneInfo(timezone)
    starts = [(bucket_of(v.started, interval, zone), v) for v in site.visits_in(span)]
    times = [(bucket_of(e.time, interval, zone), e) for e in site.events if span.has(e.time)]
    rows = []
    for bucket in buckets(span, interval, zone):
        visits = [visit for start, visit in starts if start == bucket]
        events = [event for start, event in times if start == bucket]
        rows.append(
            {
                "time": bucket,
                "visitors": visitors_of(visits),
                "visits": len(visits),
                "pageviews": sum(event.is_view for event in events),
                "events": sum(event.is_custom for event in events),
                "bounce_rate": bounce_rate(visits),
                "visit_duration": average([visit.seconds for visit in visits]),
            }
        )
    return rows


def pages(site: Site, span: Range, only: Sequence[str] | None = None) -> list[Row]:
    """One row for each page that was viewed."""
    rows = []
    visit_of = {event.id: number for number, v in enumerate(site.visits) for event in v.events}
    for page in {view.page for view in site.views_in(span)}:
        if only is not None and page not in only:
            continue
        views = [view for view in site.views_in(span) if view.page == page]
        entered = [visit for visit in site.visits_in(span) if visit.path and visit.entry == page]
        engaged = sum(
            event.duration or 0
            for event in site.events
            if span.has(event.time) and event.page == page and not event.is_custom
        )
        rows.append(
            {
                "page": page,
                "pageviews": len(views),
                "visitors": visitors_of(views),
                "visits": len({visit_of[view.id] for view in views}),
                "entries": len(entered),
                "exits": sum(
                    1 for visit in site.visits_in(span) if visit.path and visit.exit == page
                ),
                "bounce_rate": share(sum(visit.bounced for visit in entered), len(entered)),
                "engaged_seconds": engaged / len(views) if engaged else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["pageviews"], row["page"]))


def breakdown(site: Site, span: Range, value_of: Callable[[Visit], str]) -> list[Row]:
    """One row for each value that the visits have of a dimension."""
    everything = site.visits_in(span)
    rows = []
    for value in {value_of(visit) for visit in everything}:
        visits = [visit for visit in everything if value_of(visit) == value]
        rows.append(
            {
                "value": value,
                "visits": len(visits),
                "visitors": visitors_of(visits),
                "share": len(visits) / len(everything),
                "views_per_visit": mean(len(visit.path) for visit in visits),
                "bounce_rate": bounce_rate(visits),
                "visit_duration": mean(visit.seconds for visit in visits),
            }
        )
    return sorted(rows, key=lambda row: (-row["visits"], row["value"]))


def sessions(site: Site, span: Range) -> list[Row]:
    """The visits, newest first."""
    rows = [
        {
            "started": visit.started,
            "ended": visit.ended,
            "duration": visit.seconds,
            "pageviews": len(visit.path),
            "bounce": visit.bounced,
            "entry_page": visit.entry,
            "exit_page": visit.exit,
            "session_id": visit.session,
            "source": visit.source,
            "path": visit.path,
        }
        for visit in site.visits_in(span)
    ]
    return sorted(rows, key=lambda row: row["started"], reverse=True)


def session_totals(site: Site, span: Range) -> Row:
    """The visits together."""
    visits = site.visits_in(span)
    return {
        "visits": len(visits),
        "visitors": visitors_of(visits),
        "mean_duration": average([visit.seconds for visit in visits]),
        "median_duration": median(visit.seconds for visit in visits) if visits else None,
        "pages_per_visit": average([len(visit.path) for visit in visits]),
        "bounce_rate": bounce_rate(visits),
    }


def is_page(step: str) -> bool:
    """Whether a step is a page rather than the name of an event."""
    return step.startswith(("/", "*"))


def page_fits(page: str, pattern: str) -> bool:
    """Whether a page is one that a pattern means: * is anything but a slash, ** anything."""
    if pattern.startswith("**"):
        return any(page_fits(page[n:], pattern[2:]) for n in range(len(page) + 1))
    if pattern.startswith("*"):
        segment = re.match("[^/]*", page)
        assert segment
        return any(page_fits(page[n:], pattern[1:]) for n in range(segment.end() + 1))
    if not pattern or not page:
        return page == pattern
    return page[0] == pattern[0] and page_fits(page[1:], pattern[1:])


def step_fits(event: Event, step: str) -> bool:
    """Whether an event is what a step asks for."""
    if is_page(step):
        return event.is_view and page_fits(event.page, step)
    return event.name == step


def depth(events: Sequence[Event], steps: Sequence[str], deadline: datetime) -> int:
    """How many of the steps can be found in events in this order until the deadline.

    Tries every event for every step.
    """
    if not steps:
        return 0
    return max(
        (
            1 + depth(events[n + 1 :], steps[1:], deadline)
            for n, event in enumerate(events)
            if step_fits(event, steps[0]) and event.time <= deadline
        ),
        default=0,
    )


def walk(events: Sequence[Event], steps: Sequence[str], hours: float) -> int:
    """How far one visitor, or visit, gets when every start is tried."""
    return max(
        (
            1 + depth(events[n + 1 :], steps[1:], event.time + timedelta(hours=hours))
            for n, event in enumerate(events)
            if step_fits(event, steps[0])
        ),
        default=0,
    )


def funnel(
    site: Site, span: Range, steps: Sequence[str], hours: float = 168, unit: str = "visitor"
) -> list[Row]:
    """One row for each step; without the times between steps."""
    if unit == "visit":
        walkers = [list(visit.events) for visit in site.visits]
    else:
        visitors = {event.visitor for event in site.events}
        walkers = [[e for e in site.events if e.visitor == visitor] for visitor in visitors]
    reached = [walk([e for e in events if span.has(e.time)], steps, hours) for events in walkers]
    counts = [sum(far >= number for far in reached) for number in range(1, len(steps) + 1)]
    rows = []
    for number, step in enumerate(steps):
        before = counts[number - 1] if number else counts[0]
        rows.append(
            {
                "step": number + 1,
                "label": step,
                "count": counts[number],
                "share_of_first": share(counts[number], counts[0]),
                "share_of_previous": share(counts[number], before),
                "dropped": before - counts[number],
            }
        )
    return rows


def next_period(day: date, period: str) -> date:
    """The first day of the period after the one that starts on this day."""
    if period == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days={"day": 1, "week": 7}[period])


def retention(
    site: Site,
    span: Range,
    timezone: str,
    now: datetime,
    interval: str = "week",
    periods: int = 8,
    rolling: bool = False,
    week_start: str = "monday",
) -> list[Row]:
    """One row for each period in which somebody came for the first time."""
    zone = ZoneInfo(timezone)

    def period_of(visit: Visit) -> date:
        return first_day(visit.started.astimezone(zone).date(), interval, week_start)

    today = now.astimezone(zone).date()
    cohorts: dict[date, list[list[date]]] = {}
    for visitor in {visit.visitor for visit in site.visits}:
        visits = [visit for visit in site.visits if visit.visitor == visitor]
        first = min(visits, key=lambda visit: visit.started)
        if span.has(first.started):
            came = [period_of(visit) for visit in visits]
            cohorts.setdefault(period_of(first), []).append(came)
    rows = []
    for cohort, members in sorted(cohorts.items()):
        retained: list[int | None] = []
        start = cohort
        for _ in range(periods):
            following = next_period(start, interval)
            if start == cohort:
                retained.append(len(members))
            elif following > today:
                retained.append(None)
            elif rolling:
                retained.append(sum(any(day >= start for day in came) for came in members))
            else:
                retained.append(sum(start in came for came in members))
            start = following
        rates = [None if count is None else count / len(members) for count in retained]
        rows.append({"cohort": cohort, "size": len(members), "retained": retained, "rates": rates})
    return rows
