"""Sites with something of everything, what can be asked of them, and other installations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from api.administration.removal import remove_deleted_sites
from api.auth.accounts import create_user, has_users
from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import utc_now
from archives.export import export_site
from archives.load import Imported, Wanted, import_archive
from archives.reading import opened
from asking import ANSWERING
from bootstrap import migrated_database
from conftest import ADMIN, SECRET, TestSite, all_rows, refresh, save_goal
from copies import EVENTS, VISITS, listed
from main import build_app
from settings import Settings

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

START = utc_now().replace(hour=12, minute=0, second=0, microsecond=123) - 12 * DAY

MONTH = {"from": f"{START - 3 * DAY:%Y-%m-%d}", "to": f"{utc_now() + DAY:%Y-%m-%d}"}
"""A range around all that happens."""


def view(time: datetime, who: str, page: str = "/", **more: Any) -> dict[str, Any]:
    """A page view."""
    return {"time": time.isoformat(), "visitor_id": who, "page": page, **more}


def first_days() -> list[dict[str, Any]]:
    """Visits of several days, with revenue in digits that binary numbers do not have, properties,
    users with names, bots, engagement in and out of visits, and observations."""
    nasty = {"text": 'say "hi" \\ \n ü \U0001f980', "number": 0.1, "list": "[1]", "flag": True}
    events = [
        view(START + n * 7 * 60 * MINUTE + k * MINUTE, f"v{n % 5}", f"/{k}", title="Tee & Öl",
             utm_source="letter" if n % 3 else "", utm_campaign=f"c{n % 2}", user_agent=PHONE)
        for n in range(30)
        for k in range(1 + n % 4)
    ]  # fmt: skip
    buy = {"name": "Buy", "revenue": {"amount": "19.99", "currency": "EUR"}, "props": nasty}
    events += [view(START + n * DAY + 3 * MINUTE, f"v{n}", "/thanks", **buy) for n in range(4)]
    user = {"user_id": "ann@home", "timezone": "Europe/Berlin"}
    events += [view(START + n * DAY, "x", "/in", **user) for n in (1, 2, 8)]
    reading = {"name": "engagement", "duration": 12.345}
    events += [view(START + 2 * MINUTE, "v0", "/0", **reading), view(START, "reader", **reading)]
    events += [{"time": (START + n * DAY).isoformat(), "page": "/", "user_agent": BOT}
               for n in range(3)]  # fmt: skip
    vital = {"name": "web_vital", "props": {"name": "LCP", "value": 1234.56789}}
    failed = {"name": "js_error", "props": {"message": "x is undefined", "source": "/a.js"}}
    events += [
        view(START + n * DAY, "v1", "/0", **one) for n in range(4) for one in (vital, failed)
    ]
    return events


def late() -> list[dict[str, Any]]:
    """Events that come after rollups have stored their buckets: one makes two visits one, one opens
    a visit, and one is simply late."""
    return [
        view(START + 25 * MINUTE, "two", "/between"),
        view(START - MINUTE, "reader", "/opened"),
        view(START + 3 * DAY + 5 * MINUTE, "v2", "/late"),
    ]


async def fill(site: TestSite) -> None:
    """Sends all of it, with a goal and a segment, refreshing between."""
    await save_goal(site, name="Thanks", page="/tha*")
    await save_goal(site, name="Bought", event="Buy", props={"flag": True})
    segment = {"site": site.key, "name": "Letter", "shared": True}
    answer = await site.client.post(
        "/api/segments",
        json=segment | {"filters": '[["is", "source", ["letter"]]]'},
        headers=site.admin,
    )
    assert answer.status_code == 201, answer.text
    await site.send(*first_days())
    await site.send(view(START, "two", "/a"), view(START + 50 * MINUTE, "two", "/b"))
    await refresh(site.database)
    await site.send(*late())


def asked_of(report: str) -> list[dict[str, Any]]:
    """Questions to a report."""
    if report == "correlations":
        return [{"goal": "/1"}]
    if report.startswith("funnel"):
        return [{"pages": ["/", "/1"]}, {"pages": ["/0", "/1", "/2"]}]
    if report == "segments":
        return [{"a": '[["is", "source", ["letter"]]]', "b": ""}]
    return [{}]


async def answers(site: TestSite, **span: Any) -> dict[str, Any]:
    """What all reports say, from rollups and from base tables, and the lists of raw data."""
    span = span or MONTH
    found: dict[str, Any] = {}
    for report in ANSWERING:
        for asked in asked_of(report.name):
            for engine in ("auto", "base"):
                answer = await site.ask(
                    report.name, **span, **asked, **all_rows(report.name), engine=engine
                )
                told = {key: answer[key] for key in ("rows", "totals") if key in answer}
                if report.name.startswith("rfm"):  # recency goes on between two answers
                    told["rows"] = [{**row, "recency_days": None} for row in told["rows"]]
                found[f"{report.name} {asked} {engine}"] = told
    found["events"] = await listed(site, EVENTS, **span)
    found["visits"] = await listed(site, VISITS, **span)
    found["goals"] = await saved(site, "goals")
    found["segments"] = await saved(site, "segments")
    return found


async def saved(site: TestSite, what: str) -> list[dict[str, Any]]:
    """What is saved of a site, without what an import gives anew."""
    answer = await site.client.get(f"/api/{what}", params={"site": site.key}, headers=site.admin)
    assert answer.status_code == 200, answer.text
    found: Any = answer.json()
    return [{k: v for k, v in one.items() if k not in ("id", "created_at")} for one in found]


async def export(site: TestSite, target: Path) -> Path:
    """Exports a site to a file."""
    found = await Sites(site.database).find(site.key)
    async for _ in export_site(site.database, found, target):
        pass
    return target


async def bring_in(database: Database, file: Path, key: str, owner: Any = None) -> Imported:
    """Imports a file as a site of this name."""
    done = Imported(0)
    with opened(file) as archive:
        wanted = Wanted(key, f"{key}.example", owner)
        async for so_far in import_archive(database, archive, wanted):
            done = so_far
    return done


async def wipe(site: TestSite) -> None:
    """Deletes a site with all of its rows."""
    gone = await site.client.delete(
        f"/api/sites/{site.key}", params={"confirm": site.key}, headers=site.admin
    )
    assert gone.status_code == 204, gone.text
    async with await site.database.connect() as connection:
        while await remove_deleted_sites(connection, site.database.engine, timedelta(0)):
            pass


@asynccontextmanager
async def installation(url: str, plain: bool) -> AsyncIterator[TestSite]:
    """An installation on a database of its own; a site in it that is not there yet."""
    settings = Settings(
        database_url=url,
        secret_key=SECRET,
        timescaledb="off" if plain else "auto",
        jobs=False,
        registrations=0,
        answer_within_seconds=60,
    )
    async with migrated_database(settings) as database:
        if not await has_users(database):
            await create_user(database, ADMIN, is_superuser=True)
        app = build_app(settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=("203.0.113.8", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                body = {"email": ADMIN.email, "password": ADMIN.password}
                token = (await client.post("/api/auth/login", json=body)).json()["access_token"]
                client.cookies.clear()
                yield TestSite("", client, {"Authorization": f"Bearer {token}"}, database)
