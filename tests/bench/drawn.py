"""How long a browser takes until pages of the dashboard are drawn, on a big site.

    PYTHONPATH=src:tests python -m bench.drawn --events 10000000 --profiles plain,timescale

Needs what tests/bench/query/requirements.txt lists. The service runs as a user starts it on the
data of bench.queries; a real browser on the same machine opens pages and makes choices in them. A
page is drawn when no card of it waits any more. Prints a table in Markdown.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from api.db.engine import Profile
from bench.dashboard import loaded, serving
from bench.late import say
from bench.queries import listed
from bench.trickle.copies import SENDER, SITE
from chromium import chromium
from processes import Service
from windows import log_in

ROUNDS = 5
PATIENCE = 120_000
"""Milliseconds."""

DRAWN = """() => document.querySelector('main .card, main .tile')
  && !document.querySelector('main [aria-busy=true], main .skeleton')"""

PAGES: Mapping[str, str] = {
    "overview, 30 d": "/?period=30d",
    "overview, 7 d": "/?period=7d",
    "overview, 90 d": "/?period=90d",
    "sessions, 30 d": "/sessions?period=30d",
    "retention, 90 d": "/retention?period=90d",
    "journeys, 30 d": "/journeys?period=30d",
    "live": "/api/realtime?",
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--profiles", type=listed, default="plain,timescale")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path, help="where the data is meanwhile")
    return parser.parse_args()


def timed(page: Page, action: Callable[[], object]) -> float:
    """Performs an action; the seconds until no card of the page is loading any more."""
    started = time.perf_counter()
    action()
    page.wait_for_function(DRAWN, timeout=PATIENCE, polling=10)
    return time.perf_counter() - started


def filtered(page: Page, card: str) -> float:
    """Seconds until everything is drawn again after a click on the first row of a card."""
    return timed(page, page.locator(f"#{card} tbody tr button, #{card} tbody tr a").first.click)


def look(service: Service) -> dict[str, list[float]]:
    """Seconds of each page and choice, round by round."""
    found: dict[str, list[float]] = {}
    base = service.base
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        log_in(page, service, "/login", (SENDER.email, SENDER.password))
        for _ in range(ROUNDS):
            for name, path in PAGES.items():
                opened = timed(page, partial(page.goto, f"{base}{path}&site={SITE}"))
                found.setdefault(name, []).append(opened)
            timed(page, partial(page.goto, f"{base}/?period=30d&site={SITE}"))
            found.setdefault("30 d, filtered by a channel", []).append(filtered(page, "sources"))
            found.setdefault("and by a country", []).append(filtered(page, "locations"))
    return found


async def run(options: argparse.Namespace, profile: Profile, folder: Path) -> None:
    """Loads a database of this profile, times the pages and prints the table."""
    async with (
        loaded(options, profile, folder) as (url, data),
        serving(url, profile, folder, 1) as service,
    ):
        say(f"{profile.value}: looking")
        found = await asyncio.to_thread(look, service)
    print(f"\n**{profile.value}**, {data.events:,} events, {ROUNDS} rounds\n")
    print("| seconds until drawn | first | median | longest |\n|---|--:|--:|--:|")
    for name, times in found.items():
        print(f"| {name} | {times[0]:.2f} | {median(times):.2f} | {max(times):.2f} |", flush=True)


async def main() -> None:
    """The command."""
    options = arguments()
    for profile in map(Profile, options.profiles):
        with TemporaryDirectory(prefix="analytics-bench-", dir=options.folder) as folder:
            await run(options, profile, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
