"""A batch that the database refuses costs the events at fault, and no others."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from api.db.database import Database
from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender
from api.events.models import Event, EventIn
from api.events.receive.rejection import Rejected
from api.events.write.writer import Outcome, Result, Writer
from api.sites.directory import Sites
from api.sites.models import Site, utc_now
from conftest import TestSite

NOW = utc_now()
SENDER = Sender("", "", {}, NOW, lambda _: None, trusted=True)


async def site_of(site: TestSite) -> Site:
    """The site as the writer needs it."""
    return await Sites(site.database).find(site.key)


def event(site: Site, number: int, **more: str) -> Event:
    """An event of one visitor, with the number in its id."""
    given = EventIn(id=str(UUID(int=number)), page="/", visitor_id="ann", time=NOW, **more)
    return enrich(given, site, SENDER, GeoLocator(None, None))


def codes(results: Sequence[Result]) -> list[str]:
    """What became of each event, in a word."""
    return [result.code if isinstance(result, Rejected) else result.value for result in results]


@pytest.mark.parametrize("size", [1, 2, 7, 300])
async def test_events_at_fault_are_rejected_alone(site: TestSite, size: int) -> None:
    of_site = await site_of(site)
    events = [event(of_site, number) for number in range(size)]
    bad = {0, size // 3}
    for number in bad:
        events[number].title = "text that cannot be stored: \0"
    results = await Writer(site.database).write(events)
    wanted = ["UNSTORABLE" if number in bad else "accepted" for number in range(size)]
    assert codes(results) == wanted


async def test_id_sent_twice_in_a_batch_or_again_is_a_duplicate(site: TestSite) -> None:
    of_site = await site_of(site)
    writer = Writer(site.database)
    batch = [event(of_site, 1), event(of_site, 1), event(of_site, 2)]
    assert codes(await writer.write(batch)) == ["accepted", "duplicate", "accepted"]
    assert codes(await writer.write(batch)) == ["duplicate"] * 3


async def test_months_of_imported_events_get_partitions_once(
    site: TestSite, database: Database
) -> None:
    of_site = await site_of(site)
    writer = Writer(database)
    for number in range(2):
        old = event(of_site, number)
        old.time = NOW - timedelta(days=3_000)
        assert await writer.write([old]) == [Outcome.ACCEPTED]
        assert len(writer.known_months) == 1
