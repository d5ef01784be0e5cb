"""What is counted and what is kept summed up, as data. How: api.db.rollup.

A new rollup is one entry here; a new measure is one line in its fact.
"""

from datetime import timedelta
from typing import LiteralString

from api.db.rollup import Fact, Rollup

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
        "viewed": "(pageviews > 0)::int",
        "bounces": "(pageviews = 1 and interactions = 0)::int",
        "seconds": "extract(epoch from ended - started)",
        "views": "pageviews",
    },
)

EVENTS = Fact(
    name="events",
    table="event",
    time="time",
    measures={
        "pageviews": "(name = 'pageview')::int",
        "custom_events": "(name not in ('pageview', 'engagement'))::int",
        "engaged": "case when name in ('pageview', 'engagement') then coalesce(duration, 0)"
        " else 0 end",
    },
)

VISIT_MEASURES = ("visits", "viewed", "bounces", "seconds", "views")

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
    finer: Rollup | None = None,
    keep: timedelta | None = None,
) -> Rollup:
    """The measures of visits by these dimensions."""
    return Rollup(name, VISITS, width, dimensions, VISIT_MEASURES, finer=finer, keep=keep)


def views(
    name: LiteralString,
    width: timedelta,
    finer: Rollup | None = None,
    keep: timedelta | None = None,
) -> Rollup:
    """Page views by page, and the time that was spent on them."""
    return Rollup(
        name,
        EVENTS,
        width,
        dimensions=("page",),
        measures=("pageviews", "engaged"),
        condition="name in ('pageview', 'engagement')",
        finer=finer,
        keep=keep,
    )


def people(
    name: LiteralString,
    width: timedelta,
    dimensions: tuple[LiteralString, ...] = (),
    finer: Rollup | None = None,
) -> Rollup:
    """The sets of visitors by these dimensions."""
    return Rollup(name, VISITS, width, dimensions, people=True, finer=finer)


def newcomers(name: LiteralString, width: timedelta, finer: Rollup | None = None) -> Rollup:
    """The sets of visitors who came for the first time."""
    return Rollup(name, FIRST_VISITS, width, people=True, finer=finer)


def viewers(name: LiteralString, width: timedelta, finer: Rollup | None = None) -> Rollup:
    """The sets of visitors who viewed a page."""
    return Rollup(name, VIEWS, width, ("page",), people=True, finer=finer)


SOURCES = sums("sources", HOUR, SOURCE_COLUMNS)
DEVICES = sums("devices", HOUR, DEVICE_COLUMNS)
LOCATIONS = sums("hourly_locations", HOUR, LOCATION_COLUMNS, keep=RECENT)
ENTRIES = sums("hourly_entries", HOUR, ("entry_page",), keep=RECENT)
EXITS = sums("hourly_exits", HOUR, ("exit_page",), keep=RECENT)
HOURLY_PAGES = views("hourly_pages", HOUR, keep=RECENT)
PAGES = views("pages", DAY, finer=HOURLY_PAGES)
HOURLY_VISITORS = people("hourly_visitors", HOUR)
DAILY_VISITORS = people("daily_visitors", DAY, finer=HOURLY_VISITORS)
HOURLY_NEWCOMERS = newcomers("hourly_newcomers", HOUR)
SOURCE_VISITORS = people("source_visitors", DAY, SOURCE_COLUMNS)
DEVICE_VISITORS = people("device_visitors", DAY, DEVICE_COLUMNS)
COUNTRY_VISITORS = people("country_visitors", DAY, ("country",))
PAGE_VISITORS = viewers("page_visitors", DAY)

ROLLUPS = (
    sums("traffic", HOUR),
    Rollup("activity", EVENTS, HOUR, measures=("pageviews", "custom_events")),
    SOURCES,
    sums("daily_sources", DAY, SOURCE_COLUMNS, finer=SOURCES),
    DEVICES,
    sums("daily_devices", DAY, DEVICE_COLUMNS, finer=DEVICES),
    LOCATIONS,
    sums("countries", DAY, ("country",), finer=LOCATIONS),
    sums("locations", DAY, LOCATION_COLUMNS, finer=LOCATIONS),
    ENTRIES,
    sums("entries", DAY, ("entry_page",), finer=ENTRIES),
    EXITS,
    sums("exits", DAY, ("exit_page",), finer=EXITS),
    HOURLY_PAGES,
    PAGES,
    views("weekly_pages", WEEK, finer=PAGES),
    HOURLY_VISITORS,
    DAILY_VISITORS,
    people("weekly_visitors", WEEK, finer=DAILY_VISITORS),
    HOURLY_NEWCOMERS,
    newcomers("daily_newcomers", DAY, finer=HOURLY_NEWCOMERS),
    SOURCE_VISITORS,
    people("weekly_source_visitors", WEEK, ("source",), finer=SOURCE_VISITORS),
    DEVICE_VISITORS,
    people("weekly_browser_visitors", WEEK, ("browser",), finer=DEVICE_VISITORS),
    COUNTRY_VISITORS,
    people("weekly_country_visitors", WEEK, ("country",), finer=COUNTRY_VISITORS),
    people("location_visitors", DAY, LOCATION_COLUMNS),
    people("entry_visitors", DAY, ("entry_page",)),
    people("exit_visitors", DAY, ("exit_page",)),
    PAGE_VISITORS,
    viewers("weekly_page_visitors", WEEK, finer=PAGE_VISITORS),
)
"""A finer rollup comes before the coarser ones that are read from it."""
