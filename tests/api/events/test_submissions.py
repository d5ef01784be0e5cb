"""Ingest by itself, without an application: each event of a request has its own outcome."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Raw
from starlette.requests import HTTPConnection

from api.db.timeouts import Deadline
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Salts
from api.events.ingest import Ingest
from api.events.receive.rate_limits import Limits
from api.events.rejected.store import rejected_queue
from api.events.write.writer import Outcome, Writer, event_queue
from api.sites.directory import Sites
from conftest import TestSite
from settings import Settings

REQUEST = HTTPConnection({"type": "http", "headers": [], "client": ("203.0.113.7", 1)})


@asynccontextmanager
async def ingest_on(site: TestSite, settings: Settings) -> AsyncIterator[Ingest]:
    """An ingest on the site's database."""
    database, writer = site.database, Writer(site.database)
    async with rejected_queue(database, settings) as rejected, event_queue(writer) as queue:
        yield Ingest(
            database=database,
            sites=Sites(database),
            salts=Salts(database),
            limits=Limits(settings),
            geo=GeoLocator(None, None),
            writer=writer,
            queue=queue,
            rejected=rejected,
        )


async def test_each_event_of_a_request_has_its_own_outcome(
    site: TestSite, settings: Settings
) -> None:
    key = site.key.encode()
    bodies = [
        b'{"site":"%s","page":"/","id":"a"}' % key,
        b'{"site":"%s","page":"/","id":"a"}' % key,
        b'{"site":"%s","pgae":"/"}' % key,
        b'{"site":"nobody has this one","page":"/"}',
        b'{"page":',
    ]
    async with ingest_on(site, settings) as ingest:
        events = [Raw(body) for body in bodies]
        submissions = await ingest.submit(events, REQUEST, Deadline(60))
    assert [s.outcome for s in submissions] == [Outcome.ACCEPTED, Outcome.DUPLICATE, *[None] * 3]
    codes = [s.error and s.error.code for s in submissions]
    assert codes == [None, None, "UNKNOWN_FIELD", "UNKNOWN_SITE", "EVENT_MALFORMED"]
    own = site.key
    assert [s.site and s.site.key for s in submissions] == [own, own, own, None, own]
