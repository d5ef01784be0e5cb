"""The live numbers of a site, computed when they are asked for."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from api.analytics.time.buckets import midnight
from api.db.database import Database
from api.instants import Instant
from api.schema import Record
from api.sites.models import Site, utc_now

SQL = Path(__file__).parent / "sql"

CLOCK_ALLOWANCE = timedelta(minutes=5)
"""Events may have a time that lies this far ahead of the server's clock; they count as current."""


class LivePage(Record):
    """A page, with numbers of its last 30 minutes."""

    page: str
    """The path of the page."""
    pageviews: int
    """Page views."""
    visitors: int
    """Distinct visitors who viewed it."""


class LiveSource(Record):
    """A traffic source of the last 30 minutes."""

    source: str
    """The traffic source, e.g. Google; empty for direct traffic."""
    visitors: int
    """Distinct visitors of its visits."""


class LiveCountry(Record):
    """A country of the last 30 minutes."""

    country: str
    """The country by its ISO 3166-1 code; empty where it is unknown."""
    visitors: int
    """Distinct visitors who are there."""


class LiveEvent(Record):
    """One of the latest events."""

    id: str
    """The id of the event, a UUID."""
    time: Instant
    """When it happened."""
    name: str
    """The kind of event: `pageview` or a custom event."""
    page: str
    """The path of the page."""
    title: str
    """The title of the page."""
    country: str | None
    """The country of the visit by its ISO 3166-1 code; empty where it is unknown."""
    device: str | None
    """The kind of device: desktop, mobile or tablet."""
    browser: str | None
    """The browser, e.g. Firefox."""
    source: str | None
    """The traffic source of the visit, e.g. Google; empty for direct traffic."""


class Today(Record):
    """Numbers since local midnight, in the site's time zone."""

    visits: int
    """Visits that started today."""
    visitors: int
    """Distinct visitors of these visits."""
    pageviews: int
    """Page views of today."""
    events: int
    """Page views and custom events of today."""


class Snapshot(Record):
    """The live numbers of a site."""

    site: str
    """The key of the site."""
    time: Instant
    """When the numbers were computed."""
    visitors_now: int
    """Visitors with an event in the last 5 minutes."""
    visits_now: int
    """Visits with an event in the last 5 minutes."""
    minutes: list[int]
    """Events in each of the last 30 minutes, the current one last."""
    pageview_minutes: list[int]
    """Page views in each of these minutes."""
    top_pages: list[LivePage]
    """The pages with the most views in the last 30 minutes."""
    top_sources: list[LiveSource]
    """The sources with the most visitors in the last 30 minutes."""
    countries: list[LiveCountry]
    """All countries of the last 30 minutes, those with the most visitors first."""
    today: Today
    """Numbers since local midnight, in the site's time zone."""
    latest: list[LiveEvent]
    """The last 20 events of the last 30 minutes, the newest first."""


async def snapshot(database: Database, site: Site) -> Snapshot:
    """The live numbers of this site now."""
    now = utc_now()
    zone = ZoneInfo(site.timezone)
    values = {
        "site": site.number,
        "now": now,
        "until": now + CLOCK_ALLOWANCE,
        "midnight": midnight(now.astimezone(zone).date(), zone),
    }
    row = (await database.rows(SQL / "snapshot.sql", values))[0]
    return Snapshot(site=site.key, time=now, **row)
