"""GET /api/analytics/sites: the numbers are those of the report `timeseries`, site by site."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from administering import Person, register
from api.db.database import Database
from api.sites.models import utc_now
from conftest import refresh
from refusals import is_refusal
from submitting import change

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns")


@pytest.fixture
async def owner(client: httpx.AsyncClient) -> Person:
    return await register(client)


async def site_with_visitors(owner: Person, zone: str) -> dict[str, Any]:
    """A site with visitors of the last 65 days, some of whom came back, at many times of day."""
    site = await owner.create(timezone=zone)
    now = utc_now()
    events = [
        {
            "site": site["key"],
            "page": "/",
            "user_id": f"visitor {number % (17 if number < 100 else 11)}",
            "time": (now - timedelta(hours=7 * number, minutes=13)).isoformat(),
        }
        for number in range(220)
    ]
    sent = await owner.ask("POST", "/events", json=events)
    assert sent.status_code == 201, sent.text
    return site


async def expected(owner: Person, key: str) -> dict[str, Any]:
    """The numbers of a site, as the report has them."""
    query = {"site": key, "period": "30d", "interval": "day", "compare": "previous"}
    answer = (await owner.ask("GET", "/analytics/timeseries", params=query)).json()
    return {
        "visitors": answer["totals"]["visitors"],
        "visitors_before": answer["comparison"]["totals"]["visitors"]["value"],
        "visitors_by_day": [row["visitors"] for row in answer["rows"]],
    }


async def overview(owner: Person, **params: Any) -> dict[str, dict[str, Any]]:
    """The numbers of each site by key."""
    answer = await owner.ask("GET", "/analytics/sites", params=params)
    assert answer.status_code == 200, answer.text
    names = ("visitors", "visitors_before", "visitors_by_day")
    return {site["key"]: {name: site[name] for name in names} for site in answer.json()}


async def test_numbers_equal_timeseries_before_and_after_refresh(
    owner: Person, database: Database
) -> None:
    keys = [(await site_with_visitors(owner, zone))["key"] for zone in ZONES]
    keys.append((await owner.create())["key"])
    for is_refreshed in (False, True):
        if is_refreshed:
            await refresh(database)
        wanted = {key: await expected(owner, key) for key in keys}
        found = await overview(owner)
        assert {key: found[key] for key in keys} == wanted
    assert (wanted[keys[0]]["visitors"], wanted[keys[0]]["visitors_before"]) == (17, 11)
    assert wanted[keys[-1]] == {
        "visitors": 0,
        "visitors_before": 0,
        "visitors_by_day": [0] * 30,
    }


@pytest.mark.any_engine
async def test_days_of_expired_raw_data_are_null_unless_a_rollup_has_them(
    owner: Person, database: Database
) -> None:
    sites = {zone: await site_with_visitors(owner, zone) for zone in ZONES}
    await refresh(database)
    kept = {zone: await expected(owner, site["key"]) for zone, site in sites.items()}
    line = utc_now().date() - timedelta(days=20)
    for site in sites.values():
        changed = "update site set raw_data_since = %s where key = %s"
        await change(database, changed, line, site["key"])
        await owner.ask("PATCH", f"/sites/{site['key']}", json={})  # so that it is read again
    found = await overview(owner)
    for zone in ("UTC", "Europe/Berlin"):
        # The range before ends at this minute of the day, which no rollup has.
        assert found[sites[zone]["key"]] == {**kept[zone], "visitors_before": None}
    for zone in ("Asia/Kathmandu", "America/St_Johns"):
        numbers = found[sites[zone]["key"]]
        assert (numbers["visitors"], numbers["visitors_before"]) == (None, None)
        assert numbers["visitors_by_day"][0] is None
        assert numbers["visitors_by_day"][-15:] == kept[zone]["visitors_by_day"][-15:]


@pytest.mark.any_engine
async def test_only_own_sites_are_listed_by_search_and_page(
    owner: Person, client: httpx.AsyncClient
) -> None:
    part = uuid4().hex[:12]
    keys = [(await owner.create(domain=f"{part}-{place}.example"))["key"] for place in "abc"]
    stranger = await register(client)
    foreign = (await stranger.create(domain=f"{part}-d.example"))["key"]
    assert [*await overview(owner, search=part)] == keys
    assert [*await overview(owner, search=part, limit=2)] == keys[:2]
    assert [*await overview(owner, search=part, after=keys[1])] == keys[2:]
    assert [*await overview(stranger, search=part)] == [foreign]
    assert is_refusal(await client.get("/api/analytics/sites"), "UNAUTHENTICATED")
    assert is_refusal(await owner.ask("GET", "/analytics/sites?limit=51"), "INVALID")
