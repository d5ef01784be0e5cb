"""A question whose raw data has expired is refused with parameters that are answered.

Every report is asked about a few of the ranges; with EVERY_RANGE=1 about all of them.
"""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import product
from random import Random
from typing import Any, get_args
from urllib.parse import parse_qsl

import httpx
import pytest

from api.analytics.report import Report
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.time.buckets import Interval
from api.auth.accounts import create_user
from api.db.database import Database
from api.db.engine import Profile
from asking import ANSWERING
from bootstrap import create_defaults, migrated_database
from conftest import ADMIN, SECRET, TestSite, make_site, save_goal, servers
from expiry import DAY, TODAY, age, day, keep, settle
from main import build_app
from servers import fresh_database
from settings import LEAST_RETENTION_DAYS, Settings

Asked = dict[str, Any]

KEPT = {"own": 60, "installation": LEAST_RETENTION_DAYS}
"""For how many days the two sites keep raw data: by a retention of its own, and by none."""

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns")
"""Of whole hours, of half hours, and of quarters of an hour."""

INSTANT = f"{TODAY - 170 * DAY:%Y-%m-%dT}13:47:11Z"

RANGES: tuple[Asked, ...] = (
    {},
    {"from": day(200)},
    {"from": day(200), "to": day(150)},
    {"from": day(95), "to": day(5)},
    {"from": day(80), "to": day(80)},
    {"from": INSTANT},
    {"from": INSTANT, "to": f"{TODAY - 169 * DAY:%Y-%m-%dT}02:01:00"},
    {"days": 100},
    {"hours": 1500},
    {"period": "90d"},
    {"period": "all"},
    {"days": 3},
)

COMBINED = '[["is","country",["DE"]],["is","browser",["Chrome"]]]'

MORE: tuple[Asked, ...] = (
    {},
    {"filters": '[["is","country",["DE"]]]'},
    {"filters": COMBINED},
    {"filters": '[["is","goal",["G"]]]'},
    {"engine": "base"},
    {"compare": "previous"},
    {"compare": "year"},
    {"compare": "custom", "compare_from": day(300), "compare_to": INSTANT},
    {"compare": "year", "filters": COMBINED},
    {"compare": "segment", "compare_filters": COMBINED},
    {"detail": "true"},
    {"order": "visits:asc"},
    {"order": "visits", "engine": "base", "pages": ["/0", "/1"]},
    {"attribution": "first"},
    {"attribution": "first", "dimension": "source", "compare": "year"},
    {"start": "/1"},
    {"start": "/1", "return": '{"goal": "G"}', "compare": "previous"},
    {"return": "/1", "week_start": "sunday"},
    {"week_start": "sunday", "periods": 20},
    {"dimension": "browser_version"},
    {"dimension": "city", "compare": "custom", "compare_from": day(150), "compare_to": day(140)},
    {"name": "Buy", "property": "plan"},
)
"""Parameters beyond range, zone and interval; a report is asked with those that it has."""

PATHS = [
    (f"/api/analytics/{report.name}", report)
    for report in ANSWERING
    if report.name not in ("imported", "correlations")
]
PATHS.append(("/api/events/", EVENT_BUCKETS))


@pytest.fixture(scope="module")
def settings(profile: Profile) -> Iterator[Settings]:
    """An installation of its own, whose retention is that of every site without one."""
    address = servers.address(profile)
    assert address is not None
    with fresh_database(address) as url:
        yield Settings(
            database_url=url,
            secret_key=SECRET,
            timescaledb="off" if profile is Profile.PLAIN else "auto",
            retention_days=KEPT["installation"],
            columnstore_after_days=0,
            jobs=False,
            answer_within_seconds=60,
        )


@pytest.fixture(scope="module")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Its database, with an administrator."""
    async with migrated_database(settings) as database:
        await create_user(database, ADMIN, is_superuser=True)
        await create_defaults(database, settings)
        yield database


@pytest.fixture(scope="module")
async def client(settings: Settings, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody."""
    app = build_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.fixture(scope="module")
async def sites(client: httpx.AsyncClient, database: Database) -> dict[str, TestSite]:
    """Both sites, with a year of history of which raw data has expired."""
    body = {"email": ADMIN.email, "password": ADMIN.password}
    login = await client.post("/api/auth/login", json=body)
    client.cookies.clear()
    admin = {"Authorization": f"Bearer {login.json()['access_token']}"}
    found = {key: await make_site(key, client, admin, database) for key in KEPT}
    for site in found.values():
        await site.send(*history())
        await save_goal(site, name="G", page="/1")
    await keep(found["own"], KEPT["own"])
    await settle(database)
    await age(database, KEPT["installation"])
    return found


def history() -> Iterator[Asked]:
    """A visit every few days of the last year."""
    for back in (*range(1, 400, 9), 63, 64, 65, 26, 27, 28):
        time = TODAY - back * DAY + DAY / 3
        yield {"time": time.isoformat(), "visitor_id": f"v{back % 5}", "page": f"/{back % 3}"}


def forms(report: Report) -> Iterator[Asked]:
    """The least that a report has to be told, with each of its intervals."""
    steps: Asked = {"steps": ["/0", "/1"]} if report.name.startswith("funnel") else {}
    interval = report.params.model_fields.get("interval")
    if interval is None:
        yield steps
        return
    of_params = interval.annotation
    for width in [*Interval] if of_params is Interval else get_args(of_params):
        yield {**steps, "interval": str(width)}


def questions(report: Report) -> list[Asked]:
    """What a report can be asked, or a part of that."""
    has = {field.alias or name for name, field in report.params.model_fields.items()}
    more = [extra for extra in MORE if extra.keys() <= has]
    every = [
        {"site": site, "timezone": zone, **form, **span, **extra}
        for site, form, zone, span, extra in product(KEPT, forms(report), ZONES, RANGES, more)
    ]
    return every if os.environ.get("EVERY_RANGE") else Random(report.name).sample(every, 40)


def follow(asked: Asked, suggestion: str) -> Asked:
    """The question with the suggested parameters in the place of its own."""
    return {**asked, **dict(parse_qsl(suggestion, keep_blank_values=True, strict_parsing=True))}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "report"), PATHS, ids=lambda value: getattr(value, "name", ""))
async def test_suggestions_of_expired_answer_are_accepted(
    sites: dict[str, TestSite], path: str, report: Report
) -> None:
    client = sites["own"].client
    refused = 0
    for asked in questions(report):
        answer = await client.get(path, params=asked)
        assert answer.status_code in (200, 422), (asked, answer.text)
        told = answer.json()
        if told.get("error") != "EXPIRED":
            continue
        refused += 1
        assert told["instead"], (asked, told)
        for suggestion in told["instead"]:
            again = await client.get(path, params=follow(asked, suggestion))
            assert again.status_code == 200, (asked, told, again.text)
    assert refused


def after(back: int) -> str:
    """Midnight of the Monday before a day so many days ago: where raw data begins that is kept for
    so long."""
    line = TODAY - back * DAY
    return f"{line - line.weekday() * DAY:%Y-%m-%dT%H:%MZ}"


async def instead(site: TestSite, report: str, **asked: Any) -> list[str]:
    """What is suggested instead."""
    params = {"site": site.key, **asked}
    answer = await site.client.get(f"/api/analytics/{report}", params=params)
    told = answer.json()
    assert (answer.status_code, told["error"]) == (422, "EXPIRED"), told
    return told["instead"]


async def test_half_hour_zone_over_expired_data_suggests_utc(sites: dict[str, TestSite]) -> None:
    local = {"from": day(200), "timezone": "Asia/Kolkata", "interval": "day"}
    for report in ("timeseries", "retention"):
        told = await instead(sites["own"], report, **local)
        assert told == ["timezone=UTC", f"from={after(KEPT['own'])}"]


async def test_stickiness_suggests_start_29_days_after_oldest_raw_data(
    sites: dict[str, TestSite],
) -> None:
    asked = {"from": day(200), "timezone": "UTC", "filters": COMBINED}
    first = datetime.fromisoformat(after(KEPT["own"])) + 29 * DAY
    told = await instead(sites["own"], "stickiness", **asked)
    assert told == [f"from={first:%Y-%m-%dT%H:%MZ}", "filters="]
    assert await instead(sites["installation"], "stickiness", **asked) == ["filters="]


async def test_lifecycle_suggests_start_one_period_after_oldest_raw_data(
    sites: dict[str, TestSite],
) -> None:
    asked = {"from": day(200), "timezone": "UTC", "filters": COMBINED, "interval": "week"}
    first = datetime.fromisoformat(after(KEPT["own"])) + 7 * DAY
    told = await instead(sites["own"], "lifecycle", **asked)
    assert told == [f"from={first:%Y-%m-%dT%H:%MZ}", "filters="]


async def test_report_of_raw_data_suggests_oldest_start_it_can_answer(
    sites: dict[str, TestSite],
) -> None:
    asked = {"from": day(200), "to": day(190), "pages": ["/0", "/1"], "timezone": "UTC"}
    assert await instead(sites["own"], "funnel", **asked) == [f"from={after(KEPT['own'])}&to="]


async def test_comparison_with_expired_data_suggests_no_comparison(
    sites: dict[str, TestSite],
) -> None:
    told = await instead(sites["own"], "events", days=7, compare="year", timezone="UTC")
    assert told == ["compare="]


async def test_first_touch_over_expired_data_suggests_last_touch(
    sites: dict[str, TestSite],
) -> None:
    asked = {"attribution": "first", "timezone": "UTC"}
    assert await instead(sites["own"], "revenue", days=7, **asked) == ["attribution=last"]
    assert await instead(sites["own"], "revenue", days=200, **asked) == [
        f"attribution=last&from={after(KEPT['own'])}&days="
    ]


async def test_empty_optional_parameter_counts_as_absent(sites: dict[str, TestSite]) -> None:
    empty = {"compare": "", "period": "", "hours": "", "to": "", "timezone": ""}
    asked = await sites["own"].ask("pages", **{"from": day(3), **empty}, pages="")
    assert asked["query"]["from"] == f"{day(3)}T00:00:00.000000Z"
    params = {"site": "own", "nonsense": ""}
    answer = await sites["own"].client.get("/api/analytics/pages", params=params)
    assert answer.status_code == 422
