"""Two sites with the same history but for their own words, and all that can be read of one."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from api.analytics.reports import REPORTS
from asking import NEEDED
from conftest import TestSite, save_goal
from permissions import UNFILTERED

DAY = "2026-05-05"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
PAGES = ("/", "/pricing", "/signup")


def history(name: str) -> list[dict[str, Any]]:
    """The events of a site. Both sites have the same ids, users, sessions and visitors."""
    events = [
        {
            "id": str(UUID(int=visitor * 100 + number)),
            "time": f"{DAY}T{8 + visitor:02}:0{number}:00Z",
            "page": page if visitor else f"{page}{name}",
            "user_id": f"user{visitor}",
            "session_id": f"session{visitor}",
            "user_agent": CHROME,
            "utm_campaign": name,
            "props": {"plan": name},
            "duration": 10 * number,
        }
        for visitor in range(4)
        for number, page in enumerate(PAGES)
    ]
    order = {"name": "Order", "revenue": {"amount": 10, "currency": "EUR"}}
    crawled = {"id": str(UUID(int=1000)), "user_agent": BOT}
    failed = {"name": "js_error", "props": {"message": name}}
    measured = {"name": "web_vital", "props": {"name": "LCP", "value": len(name)}}
    more = [order, failed, measured]
    others = [events[0] | one | {"id": str(UUID(int=997 + n))} for n, one in enumerate(more)]
    return [*events, *others, events[1] | crawled]


async def fill(site: TestSite, name: str) -> None:
    """Gives a site its history, something just now, a goal and an event that is rejected."""
    await site.send(*history(name))
    await site.send({"page": f"/now-{name}", "id": str(UUID(int=2000)), "user_id": "user0"})
    await save_goal(site, name="Signup", page="/signup")
    bad = {"site": site.key, "page": "/", "nonsense": name}
    await site.client.post("/api/events/", json=bad, headers=site.admin)
    transport: Any = site.client._transport
    await transport.app.state.ingest.rejected.drain()
    await site.refresh()


def questions(site: str, event: UUID, visit: UUID) -> Iterator[tuple[str, str, Any]]:
    """Method, address and body of everything that can be read of a site."""
    days = f"site={site}&from={DAY}&to={DAY}"
    filters = json.dumps([["is_not", "page", ["/nowhere"]]])
    for report in REPORTS:
        own = f"&{urlencode(NEEDED.get(report.name, {}), doseq=True)}"
        for more in ("", "&format=csv", f"&filters={filters}"):
            if report.name not in UNFILTERED or "filters" not in more:
                yield "GET", f"/api/analytics/{report.name}?{days}{own}{more}", None
    for path in ("events", "analytics/values"):
        for dimension in ("page", "campaign", "props:plan"):
            yield "GET", f"/api/{path}?{days}&dimension={dimension}", None
    for kind in ("json", "ndjson", "csv"):
        for path in ("events/raw", "visits"):
            yield "GET", f"/api/{path}?{days}&format={kind}", None
    named = f"site={site}"
    yield "GET", f"/api/changes?{named}", None
    yield "GET", f"/api/goals?{named}", None
    yield "GET", f"/api/realtime/stats?{named}", None
    yield "GET", f"/api/events/{event}?{named}", None
    yield "GET", f"/api/analytics/sessions/{visit}?{named}", None
    for path in ("rejected", "retention", "shares", "keys"):
        yield "GET", f"/api/sites/{site}/{path}", None
    yield "GET", "/api/keys", None
    yield "GET", "/api/jobs", None
    common = {"site": site, "from": DAY, "to": DAY}
    yield "POST", "/api/analytics/batch", {"common": common, "queries": [{"report": "pages"}]}
    metrics = {"metrics": ["visitors", "pageviews"], "dimensions": ["event:page"]}
    yield "POST", "/api/analytics/query", {"site_id": site, "date_range": [DAY, DAY], **metrics}
