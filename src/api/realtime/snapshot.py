"""The live numbers of a site, computed when they are asked for."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from api.analytics.time.buckets import midnight
from api.db.database import Database
from api.instants import Instant
from api.sites.models import Site, utc_now

SQL = Path(__file__).parent / "sql"

CLOCK_ALLOWANCE = timedelta(minutes=5)
"""Events may have a time that lies this far ahead of the server's clock; they count as current."""


class LivePage(BaseModel):
    """A page, with numbers of its last 30 minutes."""

    page: str
    pageviews: int
    visitors: int


class LiveEvent(BaseModel):
    """One of the latest events."""

    id: str
    time: Instant
    name: str
    page: str
    title: str
    country: str | None
    device: str | None
    browser: str | None
    source: str | None


class Today(BaseModel):
    """Numbers since local midnight, in the site's time zone."""

    visits: int
    visitors: int
    pageviews: int


class Snapshot(BaseModel):
    """The live numbers of a site."""

    site: str
    time: Instant
    visitors_now: int
    """Visitors with an event in the last 5 minutes."""
    minutes: list[int]
    """Events in each of the last 30 minutes, the current one last."""
    top_pages: list[LivePage]
    """The pages with the most views in the last 30 minutes."""
    today: Today
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
