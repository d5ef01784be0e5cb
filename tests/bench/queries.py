"""How long the questions of a dashboard take: ours on each kind of server, and two peers.

    PYTHONPATH=src:tests python -m bench.queries --events 1000000 --profiles plain,timescale

Needs what tests/bench/query/requirements.txt lists. Prints tables in Markdown. Fails when two
engines disagree about an answer; asserts nothing about time.
"""

import argparse
import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.db.embedded import embedded_server
from api.db.engine import Profile
from bench.query import dataset, tables
from bench.query.dataset import Dataset
from bench.query.engines import Engine, Ours, Theirs
from bench.query.loading import Costs, load
from bench.query.measure import Key, Results, measure
from bench.query.ours import installation
from bench.query.parity import check_loading
from bench.query.peers import PEERS
from bench.query.targets import targets_table

ROLLUPS = {Profile.PLAIN: "portable", Profile.TIMESCALE: "native"}

MARGIN = timedelta(hours=2)
"""Visits that start before the end go on after it, and are over by now."""


def arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--profiles", type=listed, default="plain,timescale")
    parser.add_argument("--peers", type=listed, default="chdb,duckdb")
    parser.add_argument("--rounds", type=int, default=5, help="after one to warm up")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path, help="where the data is meanwhile")
    parser.add_argument("--save", type=Path, help="write the medians here, as JSON")
    parser.add_argument("--smaller", type=Path, help="medians of less data, to compare with")
    return parser.parse_args()


def listed(text: str) -> list[str]:
    """Words between commas."""
    return [word for word in text.split(",") if word]


@dataclass(slots=True)
class Bench:
    """Everything that is up and running, and what it took to get it there."""

    data: Dataset
    engines: list[Engine] = field(default_factory=list[Engine])
    costs: dict[str, Costs] = field(default_factory=dict[str, Costs])
    sizes: dict[str, int] = field(default_factory=dict[str, int])

    async def add_ours(self, stack: AsyncExitStack, profile: Profile, address: str) -> None:
        """An installation with the data in it; on the first one also without its rollups."""
        made = await stack.enter_async_context(installation(profile, address))
        say(f"loading {profile.value}")
        self.costs[profile.value] = await load(made, self.data)
        self.engines.append(Ours(ROLLUPS[profile], made))
        if not any(engine.name == tables.BASE for engine in self.engines):
            self.engines.append(Ours(tables.BASE, made, {"engine": "base"}))

    def add_peer(self, name: str, folder: Path) -> None:
        """A peer with the data in it."""
        say(f"loading {name}")
        peer = PEERS[name](folder, self.data)
        self.sizes[peer.name] = peer.size()
        self.engines.append(Theirs(peer))


async def run(options: argparse.Namespace, folder: Path, stack: AsyncExitStack) -> None:
    """Makes the data, loads it everywhere, asks and prints."""
    end = (datetime.now(UTC) - MARGIN).replace(second=0, microsecond=0)
    say("making the data")
    bench = Bench(dataset.make(folder, options.events, options.seed, end))
    for profile in map(Profile, options.profiles):
        address = stack.enter_context(embedded_server(folder / profile.value))
        await check_loading(profile, address, options.seed)
        await bench.add_ours(stack, profile, address)
    for peer in options.peers:
        bench.add_peer(peer, folder)
    say("asking")
    results = await measure(bench.engines, end, options.rounds)
    report(bench, results, options)


def report(bench: Bench, results: Results, options: argparse.Namespace) -> None:
    """Prints what was found. Raises SystemExit where the engines disagree."""
    data = bench.data
    medians = {engine.name: results.medians(engine.name) for engine in bench.engines}
    print(f"\n{data.events:,} events, {data.visits:,} visits, {data.visitors:,} visitors\n")
    print(tables.medians_table(medians | results.medians_over_http()))
    print(tables.ratios_table(medians))
    print(tables.costs_table(bench.costs))
    print(tables.sizes_table(bench.costs, bench.sizes, data.events))
    smaller = read(options.smaller) if options.smaller else {}
    print(tables.growth_table(medians, smaller) if smaller else "")
    print(targets_table(medians, smaller))
    for engine, deviation in results.estimates.items():
        print(f"{engine}: estimates differ from exact answers by up to {deviation:.2%}")
    if options.save:
        options.save.write_text(written(medians))
    if differences := results.differences():
        raise SystemExit("\n".join(["The engines disagree.", *differences]))


def written(medians: tables.Medians) -> str:
    """Medians as JSON."""
    flat = {engine: [[*key, ms] for key, ms in of.items()] for engine, of in medians.items()}
    return json.dumps(flat, indent=1)


def read(file: Path) -> dict[str, dict[Key, float]]:
    """Medians of another run."""
    flat: dict[str, list[Any]] = json.loads(file.read_text())
    return {engine: {(label, span): ms for label, span, ms in of} for engine, of in flat.items()}


def say(what: str) -> None:
    """What is going on, for those who wait."""
    print(f"{time.strftime('%T')} {what}", flush=True)


async def main() -> None:
    """The command."""
    options = arguments()
    async with AsyncExitStack() as stack:
        folder = TemporaryDirectory(prefix="analytics-bench-", dir=options.folder)
        await run(options, Path(stack.enter_context(folder)), stack)


if __name__ == "__main__":
    asyncio.run(main())
