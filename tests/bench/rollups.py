"""What each rollup is worth: the questions of the dashboard that it answers, with it and without.

    PYTHONPATH=src:tests python -m bench.rollups --events 1000000 --profiles plain,timescale

Needs what tests/bench/query/requirements.txt lists. A rollup that only feeds wider ones is not
asked by itself, and not judged here. Prints a table in Markdown; asserts nothing about time.
"""

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from api.db.embedded import embedded_server
from api.db.engine import Profile
from api.rollups.available import stored_rollups
from api.rollups.definitions import ROLLUPS
from api.rollups.model import Rollup
from bench.queries import MARGIN, listed
from bench.query import dataset
from bench.query.loading import load
from bench.query.ours import Installation, installation
from bench.query.questions import DAYS_7, DAYS_30, DAYS_90, HOURS_24, range_of
from bench.query.tables import table

RANGES = (HOURS_24, DAYS_7, DAYS_30, DAYS_90)

FOR_EVER = 1e9
"""Seconds for which what is stored is not looked up again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the dashboard makes: a report with its parameters."""

    label: str
    report: str
    params: Mapping[str, Any]


def ranked(report: str, dimension: str, order: str = "visits") -> Asked:
    """The rows of a card."""
    params = {"dimension": dimension, "order": f"{order}:desc", "totals": "false"}
    return Asked(f"{dimension} by {order}", report, params)


def pages(order: str, **more: Any) -> Asked:
    """A tab of the card of pages."""
    params = {"order": f"{order}:desc", "totals": "false", **more}
    return Asked(f"pages by {order}", "pages", params)


QUESTIONS = (
    Asked("series by hour", "timeseries", {"interval": "hour"}),
    Asked("series by day", "timeseries", {"interval": "day"}),
    Asked("series by week", "timeseries", {"interval": "week"}),
    ranked("traffic-sources", "channel"),
    ranked("traffic-sources", "source"),
    ranked("traffic-sources", "source", "visitors"),
    ranked("traffic-sources", "campaign"),
    ranked("devices", "browser"),
    ranked("devices", "browser", "visitors"),
    ranked("devices", "os"),
    ranked("locations", "country"),
    ranked("locations", "country", "visitors"),
    ranked("locations", "city"),
    ranked("locations", "city", "visitors"),
    pages("pageviews"),
    pages("visitors"),
    pages("entries"),
    pages("exits"),
    ranked("entries", "entry_page"),
    ranked("exits", "exit_page"),
    Asked("retention by week", "retention", {"interval": "week"}),
    Asked("lifecycle by day", "lifecycle", {"interval": "day"}),
    Asked("stickiness", "stickiness", {}),
)


async def worth(made: Installation, end: datetime, rounds: int) -> Sequence[Sequence[str]]:
    """A line for each rollup, question and range that is answered by it."""
    async with await made.database.connect() as connection:
        known = await stored_rollups(connection)
    lines: list[Sequence[str]] = []
    for rollup in ROLLUPS:
        lines += [line async for line in lines_of(made, rollup, known, end, rounds)]
    return lines


async def lines_of(
    made: Installation, rollup: Rollup, known: Mapping[str, Any], end: datetime, rounds: int
) -> Any:
    """The lines of one rollup."""
    others = {name: stored for name, stored in known.items() if name != rollup.name}
    for question in QUESTIONS:
        for span in RANGES:
            tell(made, known)
            if f"rollup:{rollup.name}" not in await engine_of(made, question, span, end):
                continue
            having, lacking = await in_turns(made, question, span, end, (known, others), rounds)
            cells = (f"{having:.0f}", f"{lacking:.0f}", f"{lacking / having:.2g}")
            yield rollup.name, question.label, span, *cells
    tell(made, known)


def tell(made: Installation, stored: Mapping[str, Any]) -> None:
    """Has the planner believe that these rollups are stored."""
    made.database.stored_rollups = time.monotonic() + FOR_EVER, dict(stored)


async def engine_of(made: Installation, question: Asked, span: str, end: datetime) -> str:
    """The tables that answer; nothing where it is refused."""
    answer = await ask(made, question, span, end)
    return answer.json()["engine"] if answer.status_code == 200 else ""


async def ask(made: Installation, question: Asked, span: str, end: datetime) -> Any:
    """The response."""
    lower, upper = range_of(span, end)
    ends = {"from": lower.isoformat(), "to": upper.isoformat()}
    return await made.ask(question.report, {**question.params, **ends})


async def in_turns(
    made: Installation,
    question: Asked,
    span: str,
    end: datetime,
    ways: Sequence[Mapping[str, Any]],
    rounds: int,
) -> list[float]:
    """Median milliseconds of each way over HTTP, after one round to warm up."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds + 1):
        for taken, way in zip(seconds, ways, strict=True):
            tell(made, way)
            began = time.perf_counter()
            await ask(made, question, span, end)
            taken.append(time.perf_counter() - began)
    return [median(taken[1:]) * 1000 for taken in seconds]


def table_of(lines: Sequence[Sequence[str]]) -> str:
    """The lines in Markdown."""
    return table(
        ("rollup", "question", "range", "with, ms", "without, ms", "ratio"), lines, texts=3
    )


async def run(options: argparse.Namespace, folder: Path, stack: AsyncExitStack) -> None:
    """Makes the data, loads it into each kind of server and asks."""
    end = (datetime.now(UTC) - MARGIN).replace(second=0, microsecond=0)
    data = dataset.make(folder, options.events, options.seed, end)
    for profile in map(Profile, options.profiles):
        address = stack.enter_context(embedded_server(folder / profile.value))
        made = await stack.enter_async_context(installation(profile, address))
        await load(made, data)
        print(f"{profile.value}\n\n{table_of(await worth(made, end, options.rounds))}", flush=True)


def arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--profiles", type=listed, default="plain,timescale")
    parser.add_argument("--rounds", type=int, default=3, help="after one to warm up")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path, help="where the data is meanwhile")
    return parser.parse_args()


async def main() -> None:
    """The command."""
    options = arguments()
    async with AsyncExitStack() as stack:
        folder = TemporaryDirectory(prefix="analytics-bench-", dir=options.folder)
        await run(options, Path(stack.enter_context(folder)), stack)


if __name__ == "__main__":
    asyncio.run(main())
