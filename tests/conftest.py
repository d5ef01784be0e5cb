"""A migrated database, an application on it and a client of it, in one line each.

Every test that asks for `database`, `app` or `client` runs once per engine profile at hand.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.analytics.query import Paged
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.auth import passwords
from api.auth.accounts import create_user
from api.auth.models import Registration
from api.db.database import Database
from api.db.engine import Profile
from api.health import Ready, readiness
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.sites.directory import Sites
from api.sites.models import Visibility, utc_now
from bootstrap import create_defaults, migrated_database
from main import build_app
from servers import Servers, fresh_database
from settings import Settings
from submitting import Account, change

pytest_plugins = ("page_fixtures", "installations")

ROUTED = (*REPORTS, EVENT_BUCKETS)
"""The reports that have a route of their own."""

EVERY_REPORT: tuple[Report[Any], ...] = (
    *ROUTED,
    *(report.by_dimension for report in ROUTED if report.by_dimension),
)
"""And those that answer in place of others where a dimension is asked for."""

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2
ADMIN = Registration(email="admin@test.example", password="correct horse battery")

# An account is made for every other test, and no attacker has days for it.
passwords.ROUNDS = 4

servers = Servers()


@pytest.fixture(scope="session", params=servers.profiles(), ids=lambda profile: profile.value)
def profile(request: pytest.FixtureRequest) -> Profile:
    """Each kind of server that may be at hand, skipped with its reason where it is not."""
    wanted: Profile = request.param
    if servers.address(wanted) is None:
        pytest.skip(f"{wanted.value}: {servers.missing[wanted.value]}")
    servers.ran.add(wanted.value)
    return wanted


@pytest.fixture(scope="session")
def settings(profile: Profile) -> Iterator[Settings]:
    """Settings of an installation with an empty database of this profile."""
    address = servers.address(profile)
    assert address is not None
    with fresh_database(address) as url:
        yield Settings(
            database_url=url,
            secret_key=SECRET,
            timescaledb="off" if profile is Profile.PLAIN else "auto",
            jobs=False,
            registrations=0,
            # One login serves all tests of a run.
            access_token_expire_minutes=24 * 60,
            # Machines on which tests run may be very busy; tests of outages have their own.
            answer_within_seconds=60,
        )


@pytest.fixture(scope="session")
async def database(settings: Settings, profile: Profile) -> AsyncIterator[Database]:
    """A migrated and furnished database with an administrator."""
    async with migrated_database(settings) as database:
        assert database.engine.profile is profile
        await create_user(database, ADMIN, is_superuser=True)
        await create_defaults(database, settings)
        yield database


@pytest.fixture(scope="session")
async def app(settings: Settings, database: Database) -> AsyncIterator[FastAPI]:
    """The application, started."""
    app = build_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody."""
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture(scope="session")
async def admin(client: httpx.AsyncClient) -> dict[str, str]:
    """The headers of somebody who may do everything."""
    body = {"email": ADMIN.email, "password": ADMIN.password}
    answer = await client.post("/api/auth/login", json=body)
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def all_rows(report: str) -> dict[str, int]:
    """The parameter with which a report returns all of its rows, if it returns some at a time."""
    paged = (one.name for one in REPORTS if issubclass(one.params, Paged))
    return {"limit": 1000} if report in paged else {}


@dataclass
class TestSite:
    """A fresh public site: events in by the front door, answers out."""

    __test__ = False

    key: str
    client: httpx.AsyncClient
    admin: dict[str, str]
    database: Database

    async def send(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Posts a batch as a trusted sender; the account of it."""
        body = [{"site": self.key, **event} for event in events]
        answer = await self.client.post("/api/events/", json=body, headers=self.admin)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def ask(self, report: str, **params: Any) -> dict[str, Any]:
        """The answer of a report to a superuser."""
        answer = await self.client.get(
            f"/api/analytics/{report}", params={"site": self.key, **params}, headers=self.admin
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refresh(self) -> int:
        """One round of the job that refreshes rollups."""
        return await refresh(self.database)


async def ready(database: Database, **more: Any) -> Ready:
    """What /readyz says at this moment, with these settings; no answer from a moment ago."""
    settings = Settings(database_url=database.url, secret_key=SECRET, **more)
    patient = copy(database)
    patient.answer_seconds = 10  # a busy machine is no reason for a warning
    async with readiness(patient, settings) as asked:
        return await asked.ask()


async def refresh(database: Database) -> int:
    """One round of the job that refreshes rollups, as if an hour and more had passed."""
    async with await database.connect() as connection:
        return await refresh_rollups(connection, database.engine, ROLLUPS, utc_now())


@pytest.fixture
async def site(
    client: httpx.AsyncClient, admin: dict[str, str], database: Database, request: Any
) -> TestSite:
    """A public site that nothing has happened on yet."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**9}-{utc_now():%H%M%S%f}"
    return await make_site(name, client, admin, database)


async def make_site(
    key: str, client: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> TestSite:
    """A public site of this name."""
    await Sites(database).create(key, f"{key}.example", visibility=Visibility.PUBLIC)
    return TestSite(key, client, admin, database)


@pytest.fixture(scope="session")
async def accounts(client: httpx.AsyncClient) -> Sequence[Account]:
    """Two accounts that may do what everybody may."""
    return [await Account(client).register() for _ in "ab"]


@pytest.fixture
async def account(
    accounts: Sequence[Account], site: TestSite, database: Database
) -> AsyncIterator[Account]:
    """A viewer of the site who submits jobs. Nobody has any."""
    await accounts[0].join(database, site.key)
    await change(database, "delete from submitted_job")
    yield accounts[0]
    await change(database, "delete from submitted_job")


@pytest.fixture
async def stranger(accounts: Sequence[Account], site: TestSite, database: Database) -> Account:
    """Another viewer of the site."""
    await accounts[1].join(database, site.key)
    return accounts[1]


async def rejected_are_kept(client: httpx.AsyncClient) -> None:
    """Waits until the rejected events of all requests so far are kept, which no request does."""
    transport: Any = client._transport
    async with asyncio.timeout(60):
        await transport.app.state.ingest.rejected.drain()


async def save_goal(site: TestSite, **goal: Any) -> dict[str, Any]:
    """Saves a goal of the site by the front door."""
    body = {"site": site.key, **goal}
    answer = await site.client.post("/api/goals", json=body, headers=site.admin)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Gives each run a temporary folder of its own, which goes with it; --basetemp keeps one.

    Of the root that all runs of a user share each run takes the permissions with which another
    run's embedded server, whose user is not root, gets at its files.
    """
    if config.option.basetemp is None and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        own = TemporaryDirectory(prefix="analytics-test-", ignore_cleanup_errors=True)
        config.add_cleanup(own.cleanup)
        config.option.basetemp = Path(own.name) / "tmp"


FOLDER = Path(__file__).parent

SLOW_FOLDERS = {"drills", "chaos", "dashboard", "hostile", "linear", "tracker"}
"""Their tests break, flood or measure things, or drive a browser."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Marks the tests of the inner loop, `-m fast`, and leaves out those that would only repeat on
    another engine what does not depend on it."""
    repeats = {item for item in items if profile_of(item) and item.get_closest_marker("any_engine")}
    items[:] = [item for item in items if item not in repeats]
    config.hook.pytest_deselected(items=[*repeats])
    for item in items:
        if is_fast(item):
            item.add_marker(pytest.mark.fast)


def profile_of(item: Any) -> Profile | None:
    """The engine that a test needs; None for plain PostgreSQL, which is always there, or none."""
    profile = item.callspec.params.get("profile") if hasattr(item, "callspec") else None
    return profile if profile is not Profile.PLAIN else None


def is_fast(item: Any) -> bool:
    """Whether a test needs no other engine, starts no service of its own, sends no histories made
    up by Hypothesis, and is not said to be slow."""
    makes_histories = hasattr(item.obj, "hypothesis") and "database" in item.fixturenames
    return (
        profile_of(item) is None
        and not SLOW_FOLDERS & {*item.path.relative_to(FOLDER).parts}
        and not hasattr(item.module, "running")
        and not makes_histories
        and item.get_closest_marker("slow") is None
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops the servers that this process started. A process of several tells the first one on
    which engines it ran."""
    servers.stack.close()
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["engines"] = [*servers.ran], servers.missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds on which engines a process of this run ran, once it is done."""
    ran, missing = getattr(node, "workeroutput", {}).get("engines", ((), {}))
    servers.ran.update(ran)
    servers.missing.update(missing)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says on which engines the tests ran and on which they did not."""
    terminalreporter.section("engine profiles")
    for profile in Profile:
        state = "ran" if profile.value in servers.ran else "NOT RUN"
        why = servers.missing.get(profile.value, "")
        terminalreporter.write_line(f"{profile.value:<18}{state:<9}{why}")
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, number in reasons.most_common():
        terminalreporter.write_line(
            f"{number:>6} tests skipped: {reason.removeprefix('Skipped: ')}"
        )
