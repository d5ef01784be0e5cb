"""Kills whoever refreshes rollups or removes raw data, again and again, while others write.

    PYTHONPATH=src:tests python -m chaos.refreshes --profile timescale --kills 200

Writers send events, late ones too, and have visitors erased. A refresher is at work, or whoever
removes expired raw data, until its backend is terminated or its process killed at a random moment.
After each kill every bucket of every rollup is compared with the base tables, and what is summed up
of data that has expired with what it was. A seed makes the same choices again, if not the same
moments.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg

from api.auth.accounts import create_user
from api.auth.models import Registration
from api.db.database import Database
from api.db.engine import Profile
from api.events.removal.expiry import expire
from api.rollups.definitions import FACTS, ROLLUPS
from api.rollups.model import Rollup
from api.rollups.refresh import refresh_rollups
from api.rollups.sync import sync_rollups
from api.sites.directory import Sites
from api.sites.models import utc_now
from bootstrap import migrated_database
from main import build_app
from processes import ROOT
from servers import Servers, fresh_database
from settings import Settings

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
ADMIN = Registration(email="admin@test.example", password="correct horse battery")
SITES = ("busy", "other", "aged")
OLD_DAYS = 60
KEPT_DAYS = 28
"""At least; what a site keeps ends on a Monday, as lines are where weeks begin."""

PAGES = next(rollup for rollup in ROLLUPS if rollup.name == "pages")
ADDED = replace(PAGES, name="pages_2", measures=(*PAGES.measures, "custom_events"), built_from=None)
"""Declared half-way, so that there is a new rollup to fill."""


@dataclass
class Plan:
    """What is to happen."""

    kills: int = 200
    writers: int = 3
    longest_pause: float = 0.4
    process_share: float = 0.2
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(10**9))


@dataclass
class Books:
    """What came of it."""

    seed: int
    profile: str
    backends_killed: int = 0
    processes_killed: int = 0
    while_removing: int = 0
    sent: int = 0
    erased: int = 0
    rollups: int = 0
    buckets_compared: int = 0
    buckets_differing: int = 0
    history_compared: int = 0
    history_differing: int = 0
    expired_rows: int = 0
    marks_in_the_end: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every number was right at every moment."""
        return not (self.buckets_differing or self.history_differing or self.marks_in_the_end)


def rows_sql(rollup: Rollup, read: bool) -> str:
    """The buckets of a rollup, as it is read or as its base table has them. Without those in which
    there is nothing: what came late may have taken the last row away from a group."""
    kept = rollup.columns.removesuffix(", last_change")
    some = " or ".join(f"{name} <> 0" for name in rollup.measures) or "true"
    rows = read_sql(rollup) if read else base_sql(rollup)
    return f"select {kept} from ({rows}) r where {some}"


def base_sql(rollup: Rollup) -> str:
    """What the base table has."""
    time = rollup.fact.time
    return (
        f"select {rollup.selection(rollup.floor(time))} from {rollup.fact.table}"
        f" where site_id = %(site)s and {time} >= %(lower)s and {rollup.only}"
        f" group by {rollup.grouping}"
    )


def read_sql(rollup: Rollup) -> str:
    """What is read, summed up or united."""
    by = ", ".join(("site_id", "bucket", *rollup.dimensions))
    rows = f"from {rollup.name}(%(site)s, %(lower)s, 'infinity')"
    if rollup.distinct_visitors:
        bit = "set_bit(B'0'::bit(16384), visitor_number & 16383, 1)"
        block = "coalesce(block, visitor_number >> 14)"
        union = f"bit_or(coalesce(visitors, {bit})) as visitors"
        return f"select {by}, {block} as block, {union} {rows} group by {by}, {block}"
    sums = ", ".join(f"sum({name}) as {name}" for name in rollup.measures)
    return f"select {by}, {sums} {rows} group by {by}"


class Front:
    """Where it happens: an installation and everybody who works on it."""

    def __init__(self, plan: Plan, database: Database, client: httpx.AsyncClient) -> None:
        self.plan = plan
        self.database = database
        self.client = client
        self.random = random.Random(f"{plan.seed} front")
        self.books = Books(plan.seed, database.engine.profile.value)
        self.start = utc_now().replace(minute=0, second=0, microsecond=0)
        self.clock = self.start - 3 * DAY
        self.rollups: Sequence[Rollup] = ROLLUPS
        self.history: dict[str, list[Any]] = {}
        self.may_write = asyncio.Event()
        self.writing = 0
        self.over = False

    # ------------------------------------------------------------------------- those who write

    async def write(self, number: int) -> None:
        """Sends small batches until it is over; pauses while numbers are compared."""
        rng = random.Random(f"{self.plan.seed} writer {number}")
        while not self.over:
            await self.may_write.wait()
            self.writing += 1
            try:
                await self.write_once(rng)
            finally:
                self.writing -= 1
            await asyncio.sleep(rng.random() / 50)

    async def write_once(self, rng: random.Random) -> None:
        """A batch, or an erasure."""
        site = rng.choice(SITES)
        if rng.random() < 0.04:
            body = {"visitor_id": f"v{rng.randrange(40)}"}
            answer = await self.client.post(f"/api/sites/{site}/erasures", json=body)
            self.books.erased += 1
        else:
            events = [self.event(site, rng) for _ in range(rng.randint(1, 8))]
            answer = await self.client.post("/api/events/", json=events)
            self.books.sent += len(events)
        assert answer.status_code in (200, 201), answer.text

    def event(
        self, site: str, rng: random.Random, oldest: timedelta = 6 * DAY, who: str = "v"
    ) -> Any:
        """Something that happened lately, or not so lately."""
        back = rng.choice([HOUR, DAY, oldest]) * rng.random()
        return {
            "site": site,
            "time": (utc_now() - back).isoformat(),
            "visitor_id": f"{who}{rng.randrange(40)}",
            "name": rng.choice(["pageview", "pageview", "signup", "engagement"]),
            "page": f"/{rng.randrange(5)}",
            "utm_source": rng.choice(["", "alpha", "beta"]),
            "duration": rng.choice([0, 0.25, 7, 90]),
        }

    # ------------------------------------------------------------------------ those who are killed

    async def refresh(self, connection: Any) -> None:
        """Refreshes without a pause, as the clock goes."""
        while True:
            await refresh_rollups(connection, self.database.engine, self.rollups, self.clock)

    async def remove(self, connection: Any) -> None:
        """Removes what expires, without a pause."""
        while True:
            await expire(connection, self.database.engine, 0, utc_now(), settle=AT_ONCE)

    async def kill_backend(self, work: Callable[[Any], Awaitable[None]]) -> None:
        """Has somebody work on a connection that ends in the middle of it."""
        async with await self.database.connect() as connection:
            pid = connection.info.backend_pid
            working = asyncio.create_task(work(connection))
            await asyncio.sleep(self.random.uniform(0, self.plan.longest_pause))
            async with await self.database.connect() as other:
                await other.execute("select pg_terminate_backend(%s)", [pid])
            with suppress(psycopg.OperationalError):
                await working
        self.books.backends_killed += 1

    async def kill_process(self) -> None:
        """Has a process refresh, and kills it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chaos.refreshes", "--work-on", self.database.url),
            *("--until", self.clock.isoformat()),
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        await process.stdout.readline()
        await asyncio.sleep(self.random.uniform(0, self.plan.longest_pause))
        process.send_signal(signal.SIGKILL)
        await process.wait()
        self.books.processes_killed += 1

    async def race(self, number: int) -> None:
        """Somebody is killed while others write; then everything is compared."""
        self.clock = min(self.clock + HOUR, utc_now())
        if number == self.plan.kills // 3:
            await self.declare_more()
        self.may_write.set()
        if self.random.random() < self.plan.process_share:
            await self.kill_process()
        elif self.random.random() < 0.2:
            self.books.while_removing += 1
            await self.kill_backend(self.remove)
        else:
            await self.kill_backend(self.refresh)
        await self.pause()
        await self.compare()

    async def declare_more(self) -> None:
        """As if a new release had started, with one more rollup."""
        self.rollups = (*ROLLUPS, ADDED)
        async with await self.database.connect() as connection:
            await sync_rollups(connection, self.database.engine, FACTS, self.rollups)

    async def pause(self) -> None:
        """Waits until nobody writes."""
        self.may_write.clear()
        while self.writing:
            await asyncio.sleep(0.005)

    # -------------------------------------------------------------------------- those who compare

    async def compare(self) -> None:
        """Every bucket of every rollup with its base table, as far back as there is raw data."""
        async with await self.database.connect() as connection:
            self.books.rollups = len(self.rollups)
            for site, line in await self.lines(connection):
                for rollup in self.rollups:
                    await self.compare_rollup(connection, rollup, site, line)
            await self.compare_history(connection)

    async def lines(self, connection: Any) -> Sequence[tuple[int, datetime]]:
        """Since when each site has all of its raw data."""
        cursor = await connection.execute(
            "select id, coalesce(raw_data_since, '2000-01-01') from site order by id"
        )
        return await cursor.fetchall()

    async def compare_rollup(
        self, connection: Any, rollup: Rollup, site: int, line: datetime
    ) -> None:
        """What is read of a rollup, with what its base table has."""
        values = {"site": site, "lower": line}
        kept, base = rows_sql(rollup, read=True), rows_sql(rollup, read=False)
        cursor = await connection.execute(
            f"with kept as ({kept}), base as ({base}), differing as ("
            " (select * from kept except select * from base)"
            " union all (select * from base except select * from kept))"
            " select (select count(*) from base), (select count(*) from differing)",
            values,
        )
        ((compared, differing),) = await cursor.fetchall()
        self.books.buckets_compared += compared
        self.books.buckets_differing += differing
        if differing:
            print(f"{rollup.name} of site {site}: {differing} of {compared} differ", flush=True)

    async def compare_history(self, connection: Any) -> None:
        """What is summed up of expired data, with what it was before it expired."""
        for rollup in ROLLUPS:
            if rollup.name not in self.history:
                continue
            found = await self.long_ago(connection, rollup)
            self.books.history_compared += len(found)
            self.books.history_differing += found != self.history[rollup.name]

    async def long_ago(self, connection: Any, rollup: Rollup) -> list[Any]:
        """The rows of the aged site behind its line to be."""
        cursor = await connection.execute(
            f"select * from ({rows_sql(rollup, read=True)}) r where bucket < %(upper)s order by r",
            {
                "site": await self.number(connection, "aged"),
                "lower": self.start - 2 * OLD_DAYS * DAY,
                "upper": self.line,
            },
        )
        return await cursor.fetchall()

    @property
    def line(self) -> datetime:
        """Where the raw data of the aged site will begin."""
        return self.start.replace(hour=0) - self.kept_days * DAY

    @property
    def kept_days(self) -> int:
        """How many days of raw data the aged site keeps."""
        return KEPT_DAYS + self.start.weekday()

    async def number(self, connection: Any, key: str) -> int:
        """The id of a site."""
        cursor = await connection.execute("select id from site where key = %s", [key])
        ((number,),) = await cursor.fetchall()
        return number

    # ------------------------------------------------------------------------------- all together

    async def prepare(self) -> None:
        """Sites with a history; that of one is about to expire."""
        rng = random.Random(f"{self.plan.seed} history")
        for key in SITES:
            await Sites(self.database).create(key, f"{key}.example")
            # Nobody has these visitors erased: what is summed up of them must stay as it is.
            events = [self.event(key, rng, OLD_DAYS * DAY, who="o") for _ in range(400)]
            answer = await self.client.post("/api/events/", json=events)
            assert answer.status_code == 201, answer.text
        await self.settle()
        async with await self.database.connect() as connection:
            for rollup in (rollup for rollup in ROLLUPS if rollup.retention is None):
                self.history[rollup.name] = await self.long_ago(connection, rollup)
            await connection.execute(
                "update site set retention_days = %s where key = 'aged'", [self.kept_days]
            )
            await connection.execute(
                "update rollup_state set watermark = date_bin(width, %s, '2000-01-03Z')",
                [self.clock],
            )

    async def settle(self) -> None:
        """Refreshes until no bucket waits."""
        async with await self.database.connect() as connection:
            for _ in range(50):
                await refresh_rollups(connection, self.database.engine, self.rollups, utc_now())
                cursor = await connection.execute("select count(*) from rollup_dirty")
                ((self.books.marks_in_the_end,),) = await cursor.fetchall()
                if not self.books.marks_in_the_end:
                    return

    async def finish(self) -> None:
        """All is refreshed and removed undisturbed, and all is compared."""
        self.clock = utc_now()
        await self.settle()
        await self.compare()
        async with await self.database.connect() as connection:
            engine = self.database.engine
            for _ in range(3):
                await expire(connection, engine, 0, utc_now(), settle=AT_ONCE)
            cursor = await connection.execute(
                "select count(*) from event where site_id = %s and time < %s",
                [await self.number(connection, "aged"), self.line],
            )
            ((self.books.expired_rows,),) = await cursor.fetchall()
        await self.compare()

    async def run(self) -> Books:
        """Carries the plan out."""
        await self.prepare()
        async with asyncio.TaskGroup() as together:
            for number in range(self.plan.writers):
                together.create_task(self.write(number))
            for number in range(self.plan.kills):
                await self.race(number)
            self.over = True
            self.may_write.set()
        await self.finish()
        return self.books


@asynccontextmanager
async def front(plan: Plan, settings: Settings) -> AsyncIterator[Front]:
    """An installation on an empty database, with somebody who may do everything."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(migrated_database(settings))
        await create_user(database, ADMIN, is_superuser=True)
        app = build_app(settings)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60)
        await stack.enter_async_context(client)
        body = {"email": ADMIN.email, "password": ADMIN.password}
        token = (await client.post("/api/auth/login", json=body)).json()["access_token"]
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {token}"
        yield Front(plan, database, client)


def settings_for(url: str, profile: Profile) -> Settings:
    """An installation whose jobs are done by those who are killed."""
    timescaledb = "off" if profile is Profile.PLAIN else "auto"
    return Settings(
        database_url=url,
        secret_key=SECRET,
        timescaledb=timescaledb,
        jobs=False,
        answer_within_seconds=60,
    )


async def carry_out(plan: Plan, settings: Settings) -> Books:
    """The races, on an empty database."""
    async with front(plan, settings) as there:
        return await there.run()


async def work_on(url: str, clock: datetime) -> None:
    """Refreshes until killed."""
    async with Database(url) as database, await database.connect() as connection:
        print("at work", flush=True)
        while True:
            await refresh_rollups(connection, database.engine, ROLLUPS, clock)


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the plan from the command line and prints the books; 0 when they balance."""
    parser = argparse.ArgumentParser(prog="python -m chaos.refreshes", description=__doc__)
    parser.add_argument("--profile", type=Profile, default=Profile.PLAIN)
    parser.add_argument("--work-on", help=argparse.SUPPRESS)
    parser.add_argument("--until", type=datetime.fromisoformat, help=argparse.SUPPRESS)
    for name, default in asdict(Plan()).items():
        option = f"--{name.replace('_', '-')}"
        shown = "random" if name == "seed" else default
        parser.add_argument(option, type=type(default), default=default, help=f"default {shown}")
    given = vars(parser.parse_args(arguments))
    profile, url, until = (given.pop(name) for name in ("profile", "work_on", "until"))
    if url:
        asyncio.run(work_on(url, until))
    plan = Plan(**given)
    print(f"seed {plan.seed}", flush=True)
    servers = Servers()
    with servers.stack:
        address = servers.address(profile)
        assert address, servers.missing
        with fresh_database(address) as fresh:
            books = asyncio.run(carry_out(plan, settings_for(fresh, profile)))
    print(json.dumps(asdict(books), indent=2))
    return 0 if books.balanced else 1


if __name__ == "__main__":
    sys.exit(main())
