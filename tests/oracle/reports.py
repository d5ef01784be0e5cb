"""The reports that count visits and page views, computed from the list of all events.

Shares nothing with the service. Every function goes through all events and visits again, and
answers rows (and totals) with the keys that the service uses.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import Range, bucket_of, buckets
from oracle.site import Site, average, bounce_rate, share, visitors_of
from oracle.visits import Event, Visit

Row = dict[str, Any]


def totals(site: Site, span: Range) -> Row:
    """The headline numbers."""
    visits = site.visits_in(span)
    return {
        "visitors": visitors_of(visits),
        "visits": len(visits),
        "pageviews": len(site.views_in(span)),
        "views_per_visit": average([len(visit.path) for visit in visits]),
        "bounce_rate": bounce_rate(visits),
        "visit_duration_seconds": average([visit.seconds for visit in visits]),
    }


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
                "custom_events": sum(event.is_custom for event in events),
                "bounce_rate": bounce_rate(visits),
                "visit_duration_seconds": average([visit.seconds for visit in visits]),
            }
        )
    return rows


def timeseries_by(
    site: Site,
    span: Range,
    interval: str,
    timezone: str,
    dimension: str,
    value_of: Callable[[Visit], str],
    limit: int,
) -> list[Row]:
    """For each bucket a row for each of the first values by visits, and one for all others."""
    zone = ZoneInfo(timezone)
    everything = site.visits_in(span)
    number = Counter(value_of(visit) for visit in everything)
    values = sorted(number, key=lambda value: (-number[value], value))
    groups: list[tuple[str | None, list[str]]] = [(value, [value]) for value in values[:limit]]
    if values[limit:]:
        groups.append((None, values[limit:]))
    rows = []
    for bucket in buckets(span, interval, zone):
        begun = [v for v in everything if bucket_of(v.started, interval, zone) == bucket]
        for name, members in groups:
            visits = [visit for visit in begun if value_of(visit) in members]
            rows.append(
                {
                    dimension: name,
                    "time": bucket,
                    "visitors": visitors_of(visits),
                    "visits": len(visits),
                    "views_per_visit": average([len(visit.path) for visit in visits]),
                    "bounce_rate": bounce_rate(visits),
                    "visit_duration_seconds": average([visit.seconds for visit in visits]),
                }
            )
    return rows


def pages(site: Site, span: Range, only: Sequence[str] | None = None) -> list[Row]:
    """One row for each page that was viewed."""
    rows = []
    for page in {view.page for view in site.views_in(span)}:
        if only is not None and page not in only:
            continue
        views = [view for view in site.views_in(span) if view.page == page]
        entered = [visit for visit in site.visits_in(span) if visit.path and visit.entry == page]
        exits = sum(visit.path[-1:] == [page] for visit in site.visits_in(span))
        times = [site.visit_of(view).seconds_on(view) for view in views]
        known = [seconds for seconds in times if seconds is not None]
        depths = [site.visit_of(view).depth_of(view) for view in views]
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
                "visits": len({site.visit_of(view) for view in views}),
                "entries": len(entered),
                "exits": exits,
                "bounce_rate": share(sum(visit.bounced for visit in entered), len(entered)),
                "exit_rate": exits / len(views),
                "engaged_seconds": engaged / len(views) if engaged else None,
                "time_on_page_seconds": average([float(seconds) for seconds in known]),
                "scroll_depth": average([depth for depth in depths if depth is not None]),
            }
        )
    return sorted(rows, key=lambda row: (-row["pageviews"], row["page"]))


def breakdown(
    site: Site, span: Range, dimension: str, value_of: Callable[[Visit], str]
) -> list[Row]:
    """One row for each value that the visits have of a dimension."""
    everything = site.visits_in(span)
    rows = []
    for value in {value_of(visit) for visit in everything}:
        visits = [visit for visit in everything if value_of(visit) == value]
        rows.append(
            {
                dimension: value,
                "visits": len(visits),
                "visitors": visitors_of(visits),
                "share": len(visits) / len(everything),
                "views_per_visit": mean(len(visit.path) for visit in visits),
                "bounce_rate": bounce_rate(visits),
                "visit_duration_seconds": mean(visit.seconds for visit in visits),
            }
        )
    return sorted(rows, key=lambda row: (-row["visits"], row[dimension]))


def sessions(site: Site, span: Range) -> list[Row]:
    """The visits, newest first."""
    rows = [
        {
            "started": visit.started,
            "ended": visit.ended,
            "duration_seconds": visit.seconds,
            "pageviews": len(visit.path),
            "is_bounce": visit.bounced,
            "entry_page": visit.entry,
            "exit_page": visit.exit,
            "session_id": visit.session,
            "source": visit.source,
            "path": visit.path,
        }
        for visit in site.visits_in(span)
    ]
    return sorted(rows, key=lambda row: row["started"], reverse=True)


def heatmap(site: Site, span: Range, zone: ZoneInfo) -> list[Row]:
    """One row for each hour of the local clock on each weekday in which visits began."""
    cells: dict[tuple[int, int], list[Visit]] = {}
    for visit in site.visits_in(span):
        local = visit.started.astimezone(zone)
        cells.setdefault((local.isoweekday(), local.hour), []).append(visit)
    return [
        {"weekday": day, "hour": hour, "visits": len(visits), "visitors": visitors_of(visits)}
        for (day, hour), visits in sorted(cells.items())
    ]


def custom_events(site: Site, span: Range) -> list[Row]:
    """One row for each name of custom events."""
    named: dict[str, list[Event]] = {}
    for event in site.actions_in(span):
        if event.is_custom:
            named.setdefault(event.name, []).append(event)
    everybody = visitors_of(site.visits_in(span))
    rows = [
        {
            "name": name,
            "custom_events": len(events),
            "visitors": visitors_of(events),
            "visits": len({site.visit_of(event) for event in events}),
            "conversion_rate": share(visitors_of(events), everybody),
        }
        for name, events in named.items()
    ]
    return sorted(rows, key=lambda row: (-row["custom_events"], row["name"]))


def event_buckets(site: Site, span: Range, interval: str, zone: ZoneInfo) -> list[Row]:
    """One row for each bucket, page and name of events."""
    groups: dict[tuple[datetime, str, str], list[Event]] = {}
    for event in site.actions_in(span):
        key = bucket_of(event.time, interval, zone), event.page, event.name
        groups.setdefault(key, []).append(event)
    return [
        {
            "time": time,
            "page": page,
            "name": name,
            "events": len(events),
            "duration_seconds": average([e.duration for e in events if e.duration is not None]),
        }
        for (time, page, name), events in sorted(groups.items(), key=lambda item: item[0])
    ]


def session_totals(site: Site, span: Range) -> Row:
    """The visits together."""
    return visit_totals(site.visits_in(span))


def sessions_series(
    site: Site, span: Range, interval: str, zone: ZoneInfo, clauses: Sequence[Clause] = ()
) -> list[Row]:
    """One row for each bucket, empty ones too."""
    visits = Filter(site, tuple(clauses), zone).visits(site.visits_in(span))
    starts = [(bucket_of(visit.started, interval, zone), visit) for visit in visits]
    return [
        {"time": bucket, **visit_totals([visit for start, visit in starts if start == bucket])}
        for bucket in buckets(span, interval, zone)
    ]


def session_events(visit: Visit) -> list[Row]:
    """Everything that happened in a visit, in order."""
    following = [*(event.time for event in visit.events[1:]), None]
    return [
        {
            "id": str(event.id),
            "time": event.time,
            "name": event.name,
            "page": event.page,
            "title": event.title,
            "duration": event.duration,
            "revenue": None if event.revenue is None else float(event.revenue),
            "currency": event.currency,
            "props": event.props,
            "seconds_to_next": None if time is None else (time - event.time).total_seconds(),
        }
        for event, time in zip(visit.events, following, strict=True)
    ]


def visit_totals(visits: Sequence[Visit]) -> Row:
    """Visits together."""
    return {
        "visits": len(visits),
        "visitors": visitors_of(visits),
        "visit_duration_seconds": average([visit.seconds for visit in visits]),
        "median_duration_seconds": median(visit.seconds for visit in visits) if visits else None,
        "views_per_visit": average([len(visit.path) for visit in visits]),
        "bounce_rate": bounce_rate(visits),
    }
