"""What is counted and what is kept summed up, as data. How: api.rollups.model.

A new rollup is one entry here; a new measure is one line in its fact.
"""

from datetime import timedelta
from typing import LiteralString

from api.rollups.model import Fact, Rollup

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

VISITS = Fact(
    name="visits",
    table="visit",
    time="started",
    measures={
        "visits": "1",
        # A visit without a page view can neither bounce nor dilute the bounce rate.
        "visits_with_pageview": "has_pageview",
        "bounces": "is_bounce",
        "visit_duration_us": "duration_us",
        "visit_pageviews": "pageviews",
    },
)

EVENTS = Fact(
    name="events",
    table="event",
    time="time",
    measures={
        "pageviews": "(name = 'pageview')::int",
        "custom_events": "(name not in ('pageview', 'engagement'))::int",
        "engaged_seconds": "case when name in ('pageview', 'engagement') then coalesce(duration, 0)"
        " else 0 end",
    },
)

VISIT_MEASURES = tuple(VISITS.measures)

FIRST_VISITS = Fact(
    name="first_visits",
    table="visit",
    time="started",
    measures={"visits": "1"},
    condition="started = first_seen",
)

VIEWS = Fact(
    name="views",
    table="event",
    time="time",
    measures={"pageviews": "1"},
    condition="name = 'pageview'",
)

FACTS = (VISITS, EVENTS, FIRST_VISITS, VIEWS)

SOURCE_COLUMNS = ("channel", "source", "referrer_domain", "medium", "campaign")
DEVICE_COLUMNS = ("device", "browser", "os")
LOCATION_COLUMNS = ("country", "region", "city")


RECENT = timedelta(days=10)
"""Longer than anything comes late: wider buckets are read from narrower ones of so many days."""


def sums(
    name: LiteralString,
    width: timedelta,
    dimensions: tuple[LiteralString, ...] = (),
    built_from: Rollup | None = None,
    retention: timedelta | None = None,
) -> Rollup:
    """The measures of visits by these dimensions."""
    return Rollup(
        name, VISITS, width, dimensions, VISIT_MEASURES, built_from=built_from, retention=retention
    )


def views(
    name: LiteralString,
    width: timedelta,
    built_from: Rollup | None = None,
    retention: timedelta | None = None,
) -> Rollup:
    """Page views by page, and the time that was spent on them."""
    return Rollup(
        name,
        EVENTS,
        width,
        dimensions=("page",),
        measures=("pageviews", "engaged_seconds"),
        condition="name in ('pageview', 'engagement')",
        built_from=built_from,
        retention=retention,
    )


def visitor_bitmaps(
    name: LiteralString,
    width: timedelta,
    dimensions: tuple[LiteralString, ...] = (),
    built_from: Rollup | None = None,
) -> Rollup:
    """The sets of visitors by these dimensions."""
    return Rollup(name, VISITS, width, dimensions, distinct_visitors=True, built_from=built_from)


def new_visitor_bitmaps(
    name: LiteralString, width: timedelta, built_from: Rollup | None = None
) -> Rollup:
    """The sets of visitors who came for the first time."""
    return Rollup(name, FIRST_VISITS, width, distinct_visitors=True, built_from=built_from)


def page_visitor_bitmaps(
    name: LiteralString, width: timedelta, built_from: Rollup | None = None
) -> Rollup:
    """The sets of visitors who viewed a page."""
    return Rollup(name, VIEWS, width, ("page",), distinct_visitors=True, built_from=built_from)


SOURCES = sums("sources", HOUR, SOURCE_COLUMNS)
DEVICES = sums("devices", HOUR, DEVICE_COLUMNS)
LOCATIONS = sums("hourly_locations", HOUR, LOCATION_COLUMNS, retention=RECENT)
ENTRIES = sums("hourly_entries", HOUR, ("entry_page",), retention=RECENT)
EXITS = sums("hourly_exits", HOUR, ("exit_page",), retention=RECENT)
HOURLY_PAGES = views("hourly_pages", HOUR, retention=RECENT)
PAGES = views("pages", DAY, built_from=HOURLY_PAGES)
HOURLY_VISITORS = visitor_bitmaps("hourly_visitors", HOUR)
DAILY_VISITORS = visitor_bitmaps("daily_visitors", DAY, built_from=HOURLY_VISITORS)
HOURLY_NEWCOMERS = new_visitor_bitmaps("hourly_newcomers", HOUR)
SOURCE_VISITORS = visitor_bitmaps("source_visitors", DAY, SOURCE_COLUMNS)
DEVICE_VISITORS = visitor_bitmaps("device_visitors", DAY, DEVICE_COLUMNS)
COUNTRY_VISITORS = visitor_bitmaps("country_visitors", DAY, ("country",))
PAGE_VISITORS = page_visitor_bitmaps("page_visitors", DAY)

ROLLUPS = (
    sums("traffic", HOUR),
    Rollup("activity", EVENTS, HOUR, measures=("pageviews", "custom_events")),
    SOURCES,
    sums("daily_sources", DAY, SOURCE_COLUMNS, built_from=SOURCES),
    DEVICES,
    sums("daily_devices", DAY, DEVICE_COLUMNS, built_from=DEVICES),
    LOCATIONS,
    sums("countries", DAY, ("country",), built_from=LOCATIONS),
    sums("locations", DAY, LOCATION_COLUMNS, built_from=LOCATIONS),
    ENTRIES,
    sums("entries", DAY, ("entry_page",), built_from=ENTRIES),
    EXITS,
    sums("exits", DAY, ("exit_page",), built_from=EXITS),
    HOURLY_PAGES,
    PAGES,
    views("weekly_pages", WEEK, built_from=PAGES),
    HOURLY_VISITORS,
    DAILY_VISITORS,
    visitor_bitmaps("weekly_visitors", WEEK, built_from=DAILY_VISITORS),
    HOURLY_NEWCOMERS,
    new_visitor_bitmaps("daily_newcomers", DAY, built_from=HOURLY_NEWCOMERS),
    SOURCE_VISITORS,
    visitor_bitmaps("weekly_source_visitors", WEEK, ("source",), built_from=SOURCE_VISITORS),
    DEVICE_VISITORS,
    visitor_bitmaps("weekly_browser_visitors", WEEK, ("browser",), built_from=DEVICE_VISITORS),
    COUNTRY_VISITORS,
    visitor_bitmaps("weekly_country_visitors", WEEK, ("country",), built_from=COUNTRY_VISITORS),
    visitor_bitmaps("location_visitors", DAY, LOCATION_COLUMNS),
    visitor_bitmaps("entry_visitors", DAY, ("entry_page",)),
    visitor_bitmaps("exit_visitors", DAY, ("exit_page",)),
    PAGE_VISITORS,
    page_visitor_bitmaps("weekly_page_visitors", WEEK, built_from=PAGE_VISITORS),
)
"""A narrower rollup comes before the wider ones that are built from it."""
