"""What happened on a site, to be written as other products export it, and counted in Python."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from api.sites.directory import Sites
from conftest import SECRET, TestSite
from importing.access_log import Summary
from importing.products.events import ExportReader, import_export
from importing.products.table import BY_NAME
from importing.stores import store_nothing, storing

APRIL = {"from": "2026-04-01", "to": "2026-04-30", "timezone": "UTC"}

HOST = "shop.example"


@dataclass(frozen=True)
class Action:
    """A page view, of which `what` is the path, or a custom event of this name."""

    at: datetime
    kind: str
    what: str
    page: str
    amount: float | None = None


@dataclass(frozen=True)
class Visit:
    """A visit with the names that the service has for everything."""

    visitor: str
    number: int
    country: str
    browser: str
    version: str
    os: str
    device: str
    referrer: str
    campaign: str
    actions: Sequence[Action] = field(default_factory=list[Action])


def random_visits(seed: int, number: int = 60) -> list[Visit]:
    """Visits in April 2026, in order of time: those of one visitor lie hours apart, and no pause in
    one is longer than 20 minutes."""
    rng = Random(seed)
    return [random_visit(rng, index) for index in range(number)]


def random_visit(rng: Random, index: int) -> Visit:
    start = datetime(2026, 4, 2, 8, tzinfo=UTC) + timedelta(hours=7 * index)
    person = Random(rng.randrange(9))
    os, device = person.choice([("Windows", "desktop"), ("iOS", "mobile"), ("Android", "tablet")])
    at, page, actions = start, "", list[Action]()
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        if not page or rng.random() < 0.6:
            page = f"/{rng.choice('abcde')}"
            actions.append(Action(at, "view", page, page))
        elif rng.random() < 0.5:
            actions.append(Action(at, "event", f"signup{rng.randrange(2)}", page))
        else:
            actions.append(Action(at, "purchase", "purchase", page, rng.randrange(100, 9999) / 100))
        at += timedelta(seconds=rng.randrange(1, 1200))
    return Visit(
        visitor=f"{person.randrange(10**6):06}",
        number=index + 1,
        country=person.choice(["DE", "AT", "US"]),
        browser=person.choice(["Chrome", "Firefox", "Safari", "Edge"]),
        version=str(person.randrange(90, 150)),
        os=os,
        device=device,
        referrer=rng.choice(["", "news.example", "blog.example"]),
        campaign=rng.choice(["", "", "spring"]),
        actions=actions,
    )


def views_of(visit: Visit) -> list[Action]:
    return [action for action in visit.actions if action.kind == "view"]


def expected(visits: Sequence[Visit]) -> dict[str, Any]:
    """The numbers of these visits."""
    views = [view for visit in visits for view in views_of(visit)]
    bounces = [visit for visit in visits if len(visit.actions) == 1]
    others = [action for v in visits for action in v.actions if action.kind != "view"]
    return {
        "visitors": len({visit.visitor for visit in visits}),
        "visits": len(visits),
        "pageviews": len(views),
        "bounce_rate": round(len(bounces) / len(visits), 6),
        "pages": Counter(view.what for view in views),
        "country": Counter(visit.country for visit in visits),
        "browser": Counter(visit.browser for visit in visits),
        "browser_version": Counter(visit.version for visit in visits),
        "os": Counter(visit.os for visit in visits),
        "device": Counter(visit.device for visit in visits),
        "referrer": Counter(visit.referrer for visit in visits),
        "campaign": Counter(visit.campaign for visit in visits),
        "events": Counter(action.what for action in others),
        "revenue": round(sum(action.amount or 0 for action in others), 2),
    }


async def counted(site: TestSite) -> dict[str, Any]:
    """The same numbers, as the service answers."""
    totals = (await site.ask("timeseries", interval="month", **APRIL))["totals"]
    pages = (await site.ask("pages", limit=1000, **APRIL))["rows"]
    events = (await site.ask("events", limit=1000, **APRIL))["rows"]
    revenue = (await site.ask("revenue", limit=1000, **APRIL))["rows"]
    return {
        **{name: totals[name] for name in ("visitors", "visits", "pageviews")},
        "bounce_rate": round(totals["bounce_rate"] or 0, 6),
        "pages": {row["page"]: row["pageviews"] for row in pages},
        **{name: await visits_by(site, "devices", name) for name in OF_DEVICES},
        **{name: await visits_by(site, "traffic-sources", name) for name in OF_SOURCES},
        "events": {row["name"]: row["custom_events"] for row in events},
        "revenue": round(sum(row["revenue"] for row in revenue), 2),
    }


OF_DEVICES = ("country", "browser", "browser_version", "os", "device")
OF_SOURCES = ("referrer", "campaign")


async def visits_by(site: TestSite, report: str, dimension: str) -> dict[str, int]:
    """Visits by the values of a dimension."""
    rows = (await site.ask(report, dimension=dimension, limit=1000, **APRIL))["rows"]
    return {row[dimension]: row["visits"] for row in rows}


async def import_files(
    site: TestSite, product: str, *paths: Path, origin: str = "", dry_run: bool = False
) -> Summary:
    """Imports files as one command does."""
    target = await Sites(site.database).find(site.key)
    reader, summary = ExportReader(BY_NAME[product], target, SECRET, origin), Summary()
    store = store_nothing if dry_run else storing(site.database)
    async for _ in import_export([*map(str, paths)], reader, store, summary):
        pass
    return summary


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A file of CSV with these columns; what a row does not have is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
