"""Finding sites by what trackers call them."""

import asyncio
from collections.abc import Collection

from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Site
from conftest import TestSite


class CountingSites(Sites):
    """Counts how often the database is asked."""

    asked_for = 0

    async def look_up(self, names: Collection[str]) -> dict[str, Site | None]:
        self.asked_for += 1
        return await super().look_up(names)


async def test_concurrent_lookups_of_site_share_one_query(
    site: TestSite, database: Database
) -> None:
    sites = CountingSites(database)
    found = await asyncio.gather(*(sites.find(site.key) for _ in range(20)))
    assert {one.key for one in found} == {site.key}
    assert sites.asked_for == 1
    assert not sites.asked


async def test_site_created_after_failed_lookup_is_found(
    site: TestSite, database: Database
) -> None:
    sites, key = Sites(database), f"{site.key}-b"
    assert not await sites.find_all([key])
    await sites.create(key, f"{key}.example")
    assert (await sites.find(key)).key == key
