"""How long whole pages of the dashboard take while events arrive, and what ingest suffers.

    PYTHONPATH=src:tests python -m bench.dashboard --events 1000000 --profiles plain,timescale

Needs what tests/bench/query/requirements.txt lists. The service runs as a user starts it, with its
jobs, on the data of bench.queries. Analysts open the overview, filter it and change its range; the
questions of a page are one batch, as a browser asks them (see bench.analysts). At
the same time another process sends single events of another site at a constant rate (see
bench.steady). Prints tables in Markdown; asserts nothing about time.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from api.auth.accounts import create_user
from api.db.embedded import embedded_server
from api.db.engine import Profile
from bench.analysts import ACTIONS, NOW, Looks, overview, watch
from bench.late import say
from bench.queries import MARGIN, listed
from bench.query import dataset
from bench.query.loading import load
from bench.query.ours import SECRET, installation
from bench.trickle.copies import SENDER, SITE, log_in
from processes import Service

ANALYSTS = (1, 4, 16)


def arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--profiles", type=listed, default="plain,timescale")
    parser.add_argument("--rate", type=float, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=60, help="for each number of analysts")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path, help="where the data is meanwhile")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Case:
    """So many analysts, and so many events a second."""

    analysts: int
    rate: float

    @property
    def label(self) -> str:
        """As tables name it."""
        return (
            f"{self.analysts or 'no'} analyst{'s' * (self.analysts != 1)}, {self.rate:g} events/s"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What analysts and senders experienced."""

    case: Case
    looks: Looks
    times: Sequence[float]
    """Seconds of each event from when it was due."""
    statuses: Counter[str]
    per_second: float
    """How many events were answered in a second, while events were sent. It is lower than the rate
    of sending if the service could not keep up."""


TimesOf = Callable[[Result], Sequence[float]]


def cases(rate: float) -> list[Case]:
    """One analyst alone, events alone, then both."""
    return [Case(1, 0), Case(0, rate), *(Case(number, rate) for number in ANALYSTS)]


@asynccontextmanager
async def serving(
    url: str, profile: Profile, folder: Path, workers: int
) -> AsyncGenerator[Service]:
    """The service, as a user starts it, on this database."""
    service = Service(
        folder / "app",
        DATABASE_URL=url,
        SECRET_KEY=SECRET,
        DEMO="false",
        TIMESCALEDB="off" if profile is Profile.PLAIN else "auto",
        WORKERS=str(workers),
    )
    await asyncio.to_thread(service.start)
    try:
        yield service
    finally:
        await asyncio.to_thread(service.stop)


@asynccontextmanager
async def loaded(
    options: argparse.Namespace, profile: Profile, folder: Path
) -> AsyncGenerator[tuple[str, dataset.Dataset]]:
    """A database of this profile with as many events as the options say: its URL, and the data."""
    end = (datetime.now(UTC) - MARGIN).replace(second=0, microsecond=0)
    say(f"{profile.value}: loading")
    data = dataset.make(folder, options.events, options.seed, end)
    async with AsyncExitStack() as stack:
        address = stack.enter_context(embedded_server(folder / profile.value))
        made = await stack.enter_async_context(installation(profile, address))
        await load(made, data)
        await create_user(made.database, SENDER, is_superuser=True)
        yield made.settings.database_url, data


async def run(options: argparse.Namespace, profile: Profile, folder: Path) -> None:
    """Loads a database of this profile, measures every case on it and prints the tables."""
    async with loaded(options, profile, folder) as (url, data):
        results = await measure(url, profile, folder, options)
    print(f"\n**{profile.value}**, {data.events:,} events, {data.visits:,} visits\n")
    print(report(results))


async def measure(
    url: str, profile: Profile, folder: Path, options: argparse.Namespace
) -> list[Result]:
    """Every case on a loaded database, after one round to warm up."""
    results: list[Result] = []
    async with serving(url, profile, folder, options.workers) as service:
        async with httpx.AsyncClient(base_url=service.base, timeout=None) as client:
            headers = {"Authorization": f"Bearer {await log_in(client)}"}
        await watch(service.base, headers, SITE, 1, options.seconds / 2)
        for case in cases(options.rate):
            say(case.label)
            results.append(await one(service, headers, case, options.seconds))
    return results


async def one(service: Service, headers: dict[str, str], case: Case, seconds: float) -> Result:
    """One case."""
    looks, sent = await asyncio.gather(
        watch(service.base, headers, SITE, case.analysts, seconds),
        send(service.port, case.rate, seconds),
    )
    return Result(case, looks, sent["times"], Counter(sent["statuses"]), sent["per_second"])


async def send(port: int, rate: float, seconds: float) -> dict[str, Any]:
    """What a process measures that sends events meanwhile."""
    if not rate:
        return {"times": [], "statuses": {}, "per_second": 0}
    command = [sys.executable, "-m", "bench.steady", *map(str, (port, rate, seconds))]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, "the sender failed"
    return json.loads(output)


def report(results: Sequence[Result]) -> str:
    """All tables, a row for each case."""
    pages = {name: pages_after(name) for name in ACTIONS} | {"all": pages_of}
    names = [*(name for name, _ in overview("", "30d")), NOW]
    paths = {name: answers_of(name) for name in names}
    looked = [result for result in results if result.case.analysts]
    sent = [result for result in results if result.case.rate]
    return "\n\n".join(
        (
            table("a whole page, s, p50 / p95", looked, pages),
            table("a question, s, p50 / p95", looked, paths),
            refusals_table(looked),
            ingest_table(sent),
        )
    )


def pages_of(result: Result) -> Sequence[float]:
    """The seconds of all pages."""
    return [seconds for pages in result.looks.pages.values() for seconds in pages]


def pages_after(action: str) -> TimesOf:
    """The seconds of the pages after an action."""
    return lambda result: result.looks.pages.get(action, [])


def answers_of(path: str) -> TimesOf:
    """The seconds of the answers at a path."""
    return lambda result: result.looks.questions.get(path, [])


def table(title: str, results: Sequence[Result], columns: Mapping[str, TimesOf]) -> str:
    """Percentiles of some times in each case, and how many they were."""
    rows = [
        [result.case.label, *(cell(of(result)) for of in columns.values())] for result in results
    ]
    return markdown([title, *columns], rows)


def cell(times: Sequence[float]) -> str:
    """Median, 95th percentile and number of some times."""
    return f"{at(times, 0.5):.2f} / {at(times, 0.95):.2f} ({len(times)})" if times else "none"


def at(times: Sequence[float], share: float) -> float:
    """The time that this share of the times do not exceed."""
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def refusals_table(results: Sequence[Result]) -> str:
    """The questions that were refused."""
    rows = [
        [
            result.case.label,
            f"{sum(map(len, result.looks.questions.values())):,}",
            f"{sum(result.looks.refusals.values()):,}",
            ", ".join(f"{what}: {number}" for what, number in result.looks.refusals.items()),
        ]
        for result in results
    ]
    return markdown(["questions", "answered", "refused", "of them"], rows)


def ingest_table(results: Sequence[Result]) -> str:
    """What senders experienced."""
    head = ["ingest", "answered a second", "p50 ms", "p99 ms", "longest ms", "statuses"]
    rows = [
        [
            result.case.label,
            f"{result.per_second:,.0f}",
            *(f"{1000 * at(result.times, share):,.1f}" for share in (0.5, 0.99, 1)),
            ", ".join(f"{status}: {number:,}" for status, number in result.statuses.items()),
        ]
        for result in results
    ]
    return markdown(head, rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def main() -> None:
    """The command."""
    options = arguments()
    for profile in map(Profile, options.profiles):
        with TemporaryDirectory(prefix="analytics-bench-", dir=options.folder) as folder:
            await run(options, profile, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
