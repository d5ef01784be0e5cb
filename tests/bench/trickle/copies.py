"""Installations with the same data, one for each policy: how they are fed, refreshed and asked."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psutil
import psycopg
from psycopg import AsyncConnection

from api.auth.accounts import create_user
from api.auth.models import Registration
from api.db.database import Database
from api.db.engine import Profile
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.sites.directory import Sites
from api.sites.models import Visibility
from bench.query.ours import SECRET
from bench.query.questions import DAYS_7, range_of
from bench.query.world import HOSTNAME
from bench.trickle.policies import Policy
from bench.trickle.traffic import Arrival
from bootstrap import migrated_database
from main import build_app
from settings import Settings

SITE = "bench"
SENDER = Registration(email="sender@bench.example", password="correct horse battery")

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "timeseries": {"interval": "day"},
    "pages": {},
    "traffic-sources": {},
    "devices": {},
}
"""Reports, and what is asked of them besides the range."""

Connection = AsyncConnection[Any]


@dataclass(slots=True)
class Figures:
    """What was measured of one policy, times in seconds."""

    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By report, how long each answer took."""
    stored: int = 0
    storing: float = 0
    """Processor time of the database's backends."""
    refreshing: float = 0
    """Processor time of the backend that refreshes."""
    idling: float = 0
    """The same, of a round that finds nothing to do."""
    rounds: int = 0
    dirty: list[int] = field(default_factory=list[int])
    """Marks when a question was asked."""
    logged: list[int] = field(default_factory=list[int])
    """Rows of the log when a question was asked."""


@dataclass(slots=True)
class Copy:
    """A service on a database of its own that follows one policy."""

    policy: Policy
    database: Database
    client: httpx.AsyncClient
    jobs: Connection
    """The connection that refreshes."""
    token: str
    figures: Figures = field(default_factory=Figures)
    refreshed: datetime | None = None
    """The time of the last round."""

    async def send(self, arrivals: Sequence[Arrival], batch: int) -> None:
        """Posts events, so many in a request."""
        before = await self.processor_times()
        for first in range(0, len(arrivals), batch):
            await self.post([arrival.body for arrival in arrivals[first : first + batch]])
        after = await self.processor_times()
        self.figures.stored += len(arrivals)
        self.figures.storing += sum(max(0, after[pid] - before.get(pid, 0)) for pid in after)

    async def post(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """One request, as a trusted sender."""
        answer = await self.client.post(
            "/api/events/",
            json=[{"site": SITE, **body} for body in bodies],
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code in (200, 201), answer.text

    async def processor_times(self) -> dict[int, float]:
        """Seconds of each of the database's backends, but for the one that refreshes."""
        cursor = await self.jobs.execute(
            "select pid from pg_stat_activity where datname = current_database()"
            " and backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
        times: dict[int, float] = {}
        for (pid,) in await cursor.fetchall():
            with suppress(psutil.NoSuchProcess):
                times[pid] = seconds_of(pid)
        return times

    async def refresh(self, now: datetime) -> float:
        """One round of the job, at this time. The processor time it took its backend."""
        await self.set_due(now)
        pid = self.jobs.info.backend_pid
        before = seconds_of(pid)
        await refresh_rollups(self.jobs, self.database.engine, ROLLUPS, now, everything=False)
        return seconds_of(pid) - before

    async def set_due(self, now: datetime) -> None:
        """Makes marks due by the time of the simulation: writers mark by the database's clock."""
        await self.jobs.execute(
            f"update rollup_dirty d set due_at = {self.policy.due} from rollup_state r"
            " where r.name = d.rollup and d.due_at > %(now)s",
            {"now": now, "before": self.refreshed or now, "period": self.policy.period},
        )
        self.refreshed = now

    async def ask(self, report: str, now: datetime) -> Any:
        """The answer about seven days of which the last is not over."""
        lower, upper = range_of(DAYS_7, now)
        params = {"site": SITE, "from": lower.isoformat(), "to": upper.isoformat()}
        began = time.perf_counter()
        answer = await self.client.get(
            f"/api/analytics/{report}", params={**params, **QUESTIONS[report]}
        )
        self.figures.answers[report].append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
        return {name: value for name, value in answer.json().items() if name in ("rows", "totals")}

    async def look(self) -> None:
        """Notes how many marks and rows of the log there are."""
        cursor = await self.jobs.execute(
            "select (select count(*) from rollup_dirty),"
            " (select count(*) from late_visit) + (select count(*) from late_event)"
        )
        ((dirty, logged),) = await cursor.fetchall()
        self.figures.dirty.append(dirty)
        self.figures.logged.append(logged)


def seconds_of(pid: int) -> float:
    """The processor time of a process so far."""
    return sum(psutil.Process(pid).cpu_times()[:2])


@asynccontextmanager
async def serving(url: str, profile: Profile, policy: Policy) -> AsyncGenerator[Copy]:
    """The service on this database, which is made or brought up to the policy first."""
    settings = Settings(
        database_url=url,
        secret_key=SECRET,
        timescaledb="off" if profile is Profile.PLAIN else "auto",
        jobs=False,
        answer_within_seconds=60,
    )
    with policy.applied():
        async with migrated_database(settings) as database:
            assert database.engine.profile is profile, f"this server is {database.engine.profile}"
            await create_defaults(database)
    app = build_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=None) as client,
        await app.state.database.connect() as jobs,
    ):
        yield Copy(policy, app.state.database, client, jobs, await log_in(client))


async def create_defaults(database: Database) -> None:
    """Makes the site, and an account that may send anything to it."""
    sites = Sites(database)
    if (await sites.ask(frozenset({SITE})))[SITE]:
        return
    await sites.create(SITE, HOSTNAME, visibility=Visibility.PUBLIC)
    await create_user(database, SENDER, is_superuser=True)


async def log_in(client: httpx.AsyncClient) -> str:
    """The token of the sender."""
    body = {"email": SENDER.email, "password": SENDER.password}
    answer = await client.post("/api/auth/login", json=body)
    client.cookies.clear()
    return answer.json()["access_token"]


@contextmanager
def copied(url: str, address: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to, on the same server."""
    name = f"copy_{uuid4().hex[:12]}"
    stop_workers(url)
    copy_database(urlsplit(url).path.removeprefix("/"), name, address)
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


def copy_database(source: str, name: str, address: str, tries: int = 5) -> None:
    """Copies it. TimescaleDB looks into each database now and then, which is no copying then."""
    with psycopg.connect(address, autocommit=True) as connection:
        for left in reversed(range(tries)):
            try:
                connection.execute(f"create database {name} template {source}")
                return
            except psycopg.errors.ObjectInUse:
                if not left:
                    raise


def stop_workers(url: str) -> None:
    """Has TimescaleDB's workers leave a database alone: they are connected to it."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("select 1 from pg_extension where extname = 'timescaledb'")
        if found.fetchone():
            connection.execute("select _timescaledb_functions.stop_background_workers()")
