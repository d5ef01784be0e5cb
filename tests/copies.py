"""A copy of the raw data of a site elsewhere, kept equal by what the API says alone."""

from typing import Any

import httpx

from conftest import TestSite

Row = dict[str, Any]

EVENTS, VISITS = "/api/events/raw", "/api/visits"
EVERYTHING = "1970-01-01"


async def get(site: TestSite, path: str, **params: Any) -> httpx.Response:
    """The response to a question about raw data."""
    asked = {"site": site.key, **params}
    return await site.client.get(path, params=asked, headers=site.admin)


async def told(site: TestSite, path: str, **params: Any) -> dict[str, Any]:
    """The answer to it."""
    answer = await get(site, path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(site: TestSite, path: str, limit: int = 1000, **params: Any) -> list[Row]:
    """All rows of a list, page by page; without a range those of all time that is kept."""
    if not params:
        since = (await told(site, "/api/changes"))["raw_data_since"]
        params = {"from": since or EVERYTHING}
    rows: list[Row] = []
    after: dict[str, str] = {}
    while True:
        page = await told(site, path, limit=limit, **params, **after)
        assert len(page["rows"]) <= limit
        rows += page["rows"]
        if page["page"]["next"] is None:
            return rows
        assert len(page["rows"]) == limit
        after = {"after": page["page"]["next"]}


class Copy:
    """A copy: made from the lists, then kept by the changes."""

    def __init__(self, site: TestSite) -> None:
        self.site = site
        self.cursor = ""
        self.events: dict[tuple[str, str], Row] = {}
        self.visits: dict[str, Row] = {}

    async def make(self, limit: int = 1000) -> None:
        """Makes it anew. The cursor comes first: what changes meanwhile is told later."""
        self.cursor = (await told(self.site, "/api/changes"))["next"]
        self.events = by_key(await listed(self.site, EVENTS, limit))
        self.visits = {row["visit_id"]: row for row in await listed(self.site, VISITS, limit)}

    async def poll(self, limit: int = 1000) -> bool:
        """Takes in the next changes, or begins anew where they are not kept. Returns whether there
        are more."""
        answer = await get(self.site, "/api/changes", since=self.cursor, limit=limit)
        if answer.status_code == 422 and answer.json()["error"] == "EXPIRED":
            await self.make(limit)
            return True
        assert answer.status_code == 200, answer.text
        self.take_in(answer.json())
        return answer.json()["more"]

    def take_in(self, changes: dict[str, Any]) -> None:
        """The rules that docs/api.md gives."""
        for event in changes["gone"]["events"]:
            self.events.pop((event["id"], event["time"]), None)
        for visit in changes["gone"]["visits"]:
            self.visits.pop(visit, None)
        self.events |= by_key(changes["events"])
        self.visits |= {row["visit_id"]: row for row in changes["visits"]}
        if since := changes["raw_data_since"]:
            self.events = {key: row for key, row in self.events.items() if row["time"] >= since}
            self.visits = {id_: row for id_, row in self.visits.items() if row["started"] >= since}
        self.cursor = changes["next"]

    async def follow(self, limit: int = 1000) -> None:
        """Takes in changes until there are no more."""
        while await self.poll(limit):
            pass

    async def check(self) -> None:
        """That it is equal to what the lists return."""
        events, visits = [await listed(self.site, path) for path in (EVENTS, VISITS)]
        assert sorted(self.events.values(), key=event_key) == sorted(events, key=event_key)
        assert sorted(self.visits.values(), key=visit_key) == sorted(visits, key=visit_key)


def by_key(events: list[Row]) -> dict[tuple[str, str], Row]:
    """Events by id and time: an id may come again after seven days."""
    return {(row["id"], row["time"]): row for row in events}


def event_key(row: Row) -> tuple[str, int, str]:
    """What events are sorted by."""
    return row["time"], int(row["visitor_id"]), row["id"]


def visit_key(row: Row) -> tuple[str, int, str]:
    """What visits are sorted by."""
    return row["started"], int(row["visitor_id"]), row["visit_id"]
