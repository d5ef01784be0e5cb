"""What users of a site are answered is the same, byte for byte, whatever other sites have."""

import re

import pytest

from api.auth.keys import Scope
from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Role, Site
from conftest import TestSite, make_site
from permissions import World, account, key_of, make_world
from submitting import change
from tenants import DAY, fill, questions

pytestmark = pytest.mark.any_engine

OF_NOW = re.compile(
    rb'"(?:time|visit(?:or)?s_now|(?:pageview_)?minutes)":(?:"[^"]*"|[0-9]+|\[[^]]*\])'
)
"""The first five parts of a live snapshot change with the minute."""

LAST_USED = re.compile(rb'"last_used_at":(?:null|"[^"]*")|"last_network":(?:null|"[^"]*")')
"""So does what is told of the use of an API key, which one of the callers has."""

OTHER = "othertenant"
"""A word that no text of the product has."""

Answers = dict[str, tuple[int, bytes]]


async def answers(site: TestSite, world: World) -> Answers:
    """What users, a key and a share link of the site are answered."""
    found: Answers = {}
    for caller in ("owner", "key_read", "share"):
        for method, address, body in questions(site.key, world.event, world.visit):
            sent = {"json": body} if body else {}
            headers = world.headers[caller]
            answer = await site.client.request(method, address, headers=headers, **sent)
            told = LAST_USED.sub(b"", answer.content)
            told = OF_NOW.sub(b"", told, count=5) if "realtime" in address else told
            found[f"{caller} {address}"] = answer.status_code, told
    return found


async def add_tenant(own: TestSite, name: str) -> tuple[TestSite, Site]:
    """Another site with the same history but for its own words, users, keys and jobs."""
    other = await make_site(f"{own.key}{name}", own.client, own.admin, own.database)
    found = await Sites(own.database).find(other.key)
    owner, headers = await account(own.database, (found, Role.OWNER))
    await key_of(own.database, owner, Scope.ADMIN)
    shares = f"/api/sites/{other.key}/shares"
    await own.client.post(shares, json={"name": name}, headers=headers)
    job = {"report": "pages", "params": {"site": other.key}}
    assert (await own.client.post("/api/jobs", json=job, headers=headers)).status_code == 202
    await fill(other, name)
    return other, found


async def test_answers_are_same_with_and_without_other_site(
    site: TestSite, database: Database
) -> None:
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    world = await make_world(database, site.send, await Sites(database).find(site.key))
    await fill(site, "mine")
    before = await answers(site, world)
    other, _ = await add_tenant(site, OTHER)
    after = await answers(site, world)
    assert len(before) > 250
    assert sum(status == 200 for status, _ in before.values()) > 200
    assert [asked for asked in before if before[asked] != after[asked]] == []
    assert not [asked for asked, (_, told) in after.items() if OTHER.encode() in told]
    assert (await other.ask("pages", **{"from": DAY, "to": DAY}))["totals"]["visits"] == 4
