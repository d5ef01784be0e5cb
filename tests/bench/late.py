"""What the late log is worth: questions about 7 days and refreshes under a trickle of late events.

    PYTHONPATH=src:tests python -m bench.late --profiles plain,timescale

One installation for each policy (see bench.trickle.policies), all with the same events of a busy
site, of which one in a hundred is late by anything from five minutes to six days. A week passes in
a few steps, so that marks and log become what they are on a server that has been up for long. Then
a day passes in rounds of a quarter of an hour, each policy after the other: events are posted, the
rollups refreshed, reports asked. At last events come in real time for a while, with the real rounds
every 15 seconds. Prints tables in Markdown. Fails when two policies answer differently; asserts
nothing about time. What was found: docs/decisions/late-log.md.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import mean, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from api.db.embedded import embedded_server
from api.db.engine import Profile
from bench.trickle.copies import QUESTIONS, Copy, Figures, copied, serving
from bench.trickle.policies import POLICIES
from bench.trickle.traffic import DAY, Arrival, Traffic
from servers import fresh_database

DAYS = 8
"""How many days of events there are. The last day is measured."""

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)

LOADED = 1000
SENT = 100
LATE_TOGETHER = 10
"""Events in a request: when the history is loaded, when the measured day passes, and of late ones
while the week before passes."""

IDLE_ROUNDS = 50

LIVE = timedelta(minutes=14, seconds=30)
"""After the last simulated round: in real time there is one more when a quarter ends."""

ROUND_SECONDS = 15.0
ASK_SECONDS = 0.5
SEND_SECONDS = 0.1


def arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=300_000, help="of eight days")
    parser.add_argument("--late", type=float, default=0.01, help="which share of them is late")
    parser.add_argument("--profiles", default="plain,timescale")
    parser.add_argument("--hours", type=int, default=24, help="how many are measured")
    parser.add_argument("--live", type=float, default=60, help="seconds of real time, per policy")
    parser.add_argument("--seed", type=int, default=20261128)
    return parser.parse_args()


async def run(options: argparse.Namespace, profile: Profile, address: str) -> None:
    """Everything on one kind of server."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    began = end - timedelta(hours=options.hours)
    traffic = Traffic(options.seed, options.events, DAYS, options.late)
    arrivals = traffic.history(end)
    async with AsyncExitStack() as stack:
        url = stack.enter_context(fresh_database(address))
        waiting = await load(url, profile, arrivals, began, end - (DAYS - 1) * DAY)
        copies: list[Copy] = []
        for policy in POLICIES:
            name = stack.enter_context(copied(url, address))
            copies.append(await stack.enter_async_context(serving(name, profile, policy)))
        say(f"{profile.value}: a week passes")
        waiting = await pass_week(copies, waiting, began, end - (DAYS - 1) * DAY)
        days = await measured(copies, pass_day(copies, waiting, began, end))
        print(report(f"{profile.value}, {options.hours} simulated hours", days))
        if options.live:
            lives = await measured(copies, pass_live(copies, traffic, end + LIVE, options.live))
            print(report(f"{profile.value}, {options.live:g} s of real time each", lives))


async def load(
    url: str, profile: Profile, arrivals: Sequence[Arrival], began: datetime, since: datetime
) -> list[Arrival]:
    """Stores what has arrived by `since`, and what happens after it and is not late, and refreshes
    everything as of then. Returns what has yet to arrive."""
    ready = [one for one in arrivals if one.at < (began if one.at == one.time else since)]
    async with serving(url, profile, POLICIES[0]) as base:
        say(f"{profile.value}: {len(ready):,} of {len(arrivals):,} events are loaded")
        await base.send(ready, LOADED)
        await base.refresh(since)
        await base.jobs.execute("vacuum analyze")
    return [one for one in arrivals if one.at >= (began if one.at == one.time else since)]


async def pass_week(
    copies: Sequence[Copy], waiting: list[Arrival], until: datetime, now: datetime
) -> list[Arrival]:
    """Late events arrive, and rollups are refreshed from time to time. Returns what is left."""
    while now < until:
        now = min(until, now + (6 * HOUR if until - now > DAY else 2 * HOUR))
        due = [one for one in waiting if one.at < now]
        waiting = waiting[len(due) :]
        await pass_on(copies, due, LATE_TOGETHER, now)
    return waiting


async def pass_on(
    copies: Sequence[Copy], due: Sequence[Arrival], batch: int, round_at: datetime | None
) -> None:
    """Has each policy store what is due, and do a round if it is time for one."""
    for copy in copies:
        with copy.policy.applied():
            await copy.send(due, batch)
            if round_at:
                copy.figures.refreshing += await copy.refresh(round_at)
                copy.figures.rounds += 1


async def measured(copies: Sequence[Copy], passing: Any) -> list[Figures]:
    """What is measured of each policy while something passes."""
    for copy in copies:
        copy.figures = Figures()
    await passing
    return [copy.figures for copy in copies]


async def pass_day(
    copies: Sequence[Copy], waiting: list[Arrival], now: datetime, until: datetime
) -> None:
    """Events arrive. At the end of each quarter of an hour there is a round; in the middle of each
    third one every report is asked. Whose turn is first changes."""
    halves = 0
    while now < until:
        now += QUARTER / 2
        halves += 1
        due = [one for one in waiting if one.at < now]
        waiting = waiting[len(due) :]
        place = halves // 2 % len(copies)
        in_turn = [*copies[place:], *copies[:place]]
        await pass_on(in_turn, due, SENT, None if halves % 2 else now)
        if halves % 6 == 3:
            await ask_all(in_turn, now)
    await idle(copies, until)


async def idle(copies: Sequence[Copy], now: datetime) -> None:
    """Rounds that find nothing to do, which most of those every 15 seconds are."""
    for copy in copies:
        with copy.policy.applied():
            spent = [await copy.refresh(now + HOUR * n / 600) for n in range(1, IDLE_ROUNDS + 1)]
        copy.figures.idling = sum(spent) / IDLE_ROUNDS


async def ask_all(copies: Sequence[Copy], now: datetime) -> None:
    """Every report of every policy. Raises AssertionError where answers differ."""
    for copy in copies:
        await copy.look()
    for name in QUESTIONS:
        first, *others = [await copy.ask(name, now) for copy in copies]
        assert all(other == first for other in others), f"{name} at {now}: answers differ"


async def pass_live(
    copies: Sequence[Copy], traffic: Traffic, now: datetime, seconds: float
) -> None:
    """Each policy for so long in real time, at the same simulated time, with the same events."""
    state = traffic.random.getstate()
    for copy in copies:
        traffic.random.setstate(state)
        with copy.policy.applied():
            await live(copy, traffic, Clock(now), time.monotonic() + seconds)


async def live(copy: Copy, traffic: Traffic, clock: "Clock", until: float) -> None:
    """Events, rounds and questions beside each other."""
    names = cycle(QUESTIONS)
    await asyncio.gather(
        every(SEND_SECONDS, until, lambda: copy.send([traffic.now(clock.now)], 1)),
        every(ROUND_SECONDS, until, lambda: copy.refresh(clock.now)),
        every(ASK_SECONDS, until, lambda: copy.ask(next(names), clock.now)),
    )


class Clock:
    """The simulated time while it passes as real time does."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.began = time.monotonic()

    @property
    def now(self) -> datetime:
        """The time by it."""
        return self.start + timedelta(seconds=time.monotonic() - self.began)


async def every(seconds: float, until: float, act: Any) -> None:
    """Does something every so many seconds, one after the other."""
    due = time.monotonic()
    while due < until:
        await act()
        due = max(due + seconds, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


def report(title: str, figures: Sequence[Figures]) -> str:
    """The figures of each policy; behind each its ratio to the first one's."""
    lines = [rows_of(one) for one in figures]
    rows = [[name, *cells([line[name] for line in lines])] for name in lines[0]]
    head = [[title, *(policy.name for policy in POLICIES)], ["---", *["--:" for _ in POLICIES]]]
    return "\n".join(["", *(f"| {' | '.join(row)} |" for row in [*head, *rows]), ""])


def cells(values: Sequence[float]) -> list[str]:
    """Numbers, and the ratios of the others to the first."""
    first, *others = values
    ratios = [f" ({value / first:.2g})" if first else "" for value in others]
    return [number(value) + ratio for value, ratio in zip(values, ["", *ratios], strict=True)]


def number(value: float) -> str:
    """Three digits, or whole numbers."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def rows_of(figures: Figures) -> dict[str, float]:
    """Everything about one policy, by name; what real time is too short for is left out."""
    dashboards = [sum(times) for times in zip(*figures.answers.values(), strict=False)]
    found: dict[str, float] = {}
    for name, times in {**figures.answers, "all four": dashboards}.items():
        found[f"{name}, p50 ms"], found[f"{name}, p95 ms"] = percentiles(times)
    return found | (costs_of(figures) if figures.refreshing else {})


def costs_of(figures: Figures) -> dict[str, float]:
    """What it takes to keep rollups current, processor time of the database."""
    idle_rounds = figures.rounds * (QUARTER.total_seconds() / ROUND_SECONDS - 1)
    refreshing = figures.refreshing + figures.idling * idle_rounds
    return {
        "refresh, µs an event": 1e6 * figures.refreshing / figures.stored,
        "an idle round, ms": 1e3 * figures.idling,
        "refresh with idle rounds, µs an event": 1e6 * refreshing / figures.stored,
        "storing, µs an event": 1e6 * figures.storing / figures.stored,
        "rows of the log": mean(figures.logged),
        "marks": mean(figures.dirty),
    }


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile, in milliseconds."""
    twentieths = quantiles(times, n=20, method="inclusive")
    return 1000 * twentieths[9], 1000 * twentieths[18]


def say(what: str) -> None:
    """What is going on, for those who wait."""
    print(f"{time.strftime('%T')} {what}", flush=True)


async def main() -> None:
    """The command."""
    options = arguments()
    for profile in map(Profile, options.profiles.split(",")):
        with (
            TemporaryDirectory(prefix="analytics-bench-") as folder,
            embedded_server(Path(folder)) as address,
        ):
            await run(options, profile, address)


if __name__ == "__main__":
    asyncio.run(main())
