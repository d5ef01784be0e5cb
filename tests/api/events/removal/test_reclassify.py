"""A visitor that turns out to be a bot is out of every number but those of bots, at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.sites.models import utc_now
from conftest import TestSite

REPORTS = ("timeseries", "pages", "locations", "sessions", "stickiness", "lifecycle", "entries")


async def move(site: TestSite, **found: Any) -> httpx.Response:
    """Says that a visit was a bot's."""
    url = f"/api/sites/{site.key}/bots"
    return await site.client.post(url, json=found, headers=site.admin)


async def visit(site: TestSite, visitor: str, days: int, *pages: str) -> None:
    """A visit of that many days ago."""
    began = utc_now() - timedelta(days=days)
    await site.send(*(
        {"page": page, "visitor_id": visitor, "time": (began + timedelta(minutes=n)).isoformat()}
        for n, page in enumerate([*pages, "/end"])
    ))  # fmt: skip


async def answers(site: TestSite) -> dict[str, Any]:
    """What the reports say of the last days, but for the ids of visits."""
    told = {report: await site.ask(report, days=7) for report in REPORTS}
    for row in told["sessions"]["rows"]:
        del row["visit_id"]
    return {name: (answer["totals"], answer["rows"]) for name, answer in told.items()}


async def test_reclassified_visitor_is_removed_from_every_number(site: TestSite) -> None:
    for visitor, days in (("anna", 3), ("ben", 2), ("ben", 1)):
        await visit(site, visitor, days, "/a")
    await site.refresh()
    before = await answers(site)
    for days in (5, 3, 2):
        await visit(site, "crawler", days, "/a", "/b")
        await site.refresh()
    rows = (await site.ask("sessions", days=7))["rows"]
    seen = next(row["visit_id"] for row in rows if row["path"] == ["/a", "/b", "/end"])
    moved = await move(site, visit_id=seen, bot="Crawler")
    assert (moved.status_code, moved.json()) == (
        201,
        {"events": 9, "visits": 3, "visitors": 1, "observations": 0},
    )
    for _ in range(2):  # at once, and after the rollups were refreshed
        assert await answers(site) == before
        await site.refresh()
    (bot,) = (await site.ask("bots", days=7))["rows"]
    assert (bot["bot"], bot["events"], bot["pages"]) == ("Crawler", 9, 3)


async def test_event_of_reclassified_visitor_is_duplicate_when_sent_again(site: TestSite) -> None:
    event = {"id": str(uuid4()), "page": "/", "visitor_id": "crawler"}
    await site.send(event, {"page": "/b", "visitor_id": "crawler"})
    (row,) = (await site.ask("sessions", days=1))["rows"]
    assert (await move(site, visit_id=row["visit_id"])).status_code == 201
    answer = await site.send(event, {"page": "/c", "visitor_id": "anna"})
    assert (answer["accepted"], answer["duplicate"]) == (1, 1)
    assert (await site.ask("timeseries", days=1))["totals"]["pageviews"] == 1


async def test_reclassifying_missing_visit_is_refused_with_404(site: TestSite) -> None:
    answer = await move(site, visit_id=str(uuid4()))
    assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body", [{}, {"visit_id": "x"}, {"visit_id": str(uuid4()), "bot": ""}, {"visitor_id": "anna"}]
)
async def test_reclassifying_needs_visit_id(site: TestSite, body: dict[str, str]) -> None:
    assert (await move(site, **body)).status_code == 422


async def test_only_editors_reclassify_visitors(site: TestSite, client: httpx.AsyncClient) -> None:
    url = f"/api/sites/{site.key}/bots"
    answer = await client.post(url, json={"visit_id": str(uuid4())})
    assert answer.status_code == 401


async def test_bot_name_with_hostile_text_is_stored_as_text(site: TestSite) -> None:
    await site.send({"page": "/", "visitor_id": "crawler"})
    (row,) = (await site.ask("sessions", days=1))["rows"]
    assert (await move(site, visit_id=row["visit_id"], bot="a\0b")).status_code == 422
    name = "<script>alert('x')</script> \N{SNOWMAN}'; drop table event; --"
    assert (await move(site, visit_id=row["visit_id"], bot=name)).status_code == 201
    (bot,) = (await site.ask("bots", days=1))["rows"]
    assert bot["bot"] == name
