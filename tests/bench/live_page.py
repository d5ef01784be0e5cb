"""Whether the live page of the dashboard grows while somebody leaves it open.

    PYTHONPATH=src:tests python -m bench.live_page --minutes 60 --rate 5

A real browser shows the page of a real service, which receives events all the while. After each
part of the time the page's garbage is collected, and what it still holds is printed: bytes of
JavaScript, nodes of the document, listeners.
"""

import argparse
import itertools
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import CDPSession, Page

from chromium import chromium
from processes import Service, running

PARTS = 12
PLACES = ("Europe/Berlin", "America/Sao_Paulo", "Asia/Tokyo", "Africa/Nairobi")
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"
TOPS = ("pages", "map")
"""Tabs of the page's second card: one window for each."""


def arguments() -> argparse.Namespace:
    """How long, and with how many events."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5, help="events a second")
    return parser.parse_args()


def traffic(rate: float) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A second's page views, of ever new visitors on ever new pages, and their user agent."""
    rng = random.Random("live page")
    for second in itertools.count():
        pages = [f"/page-{second}-{number}" for number in range(max(1, int(rate)))]
        zone = rng.choice(PLACES)
        body = [{"site": "demo", "page": page, "title": page, "timezone": zone} for page in pages]
        yield CHROME.format(second), body


def held(devtools: CDPSession) -> dict[str, int]:
    """What the page still needs."""
    devtools.send("HeapProfiler.collectGarbage")
    counted = devtools.send("Memory.getDOMCounters")
    used = int(devtools.send("Runtime.getHeapUsage")["usedSize"])
    return {"bytes": used, "nodes": counted["nodes"], "listeners": counted["jsEventListeners"]}


def open_page(page: Page, service: Service, top: str) -> CDPSession:
    """Shows the live page, and returns what looks into it."""
    page.goto(f"{service.base}/api/realtime?site=demo&top={top}")
    page.wait_for_selector("#connection[data-state=live]")
    return page.context.new_cdp_session(page)


def main() -> None:
    """Prints a table in Markdown."""
    given = arguments()
    seconds = given.minutes * 60 / PARTS
    with (
        TemporaryDirectory() as folder,
        running(Path(folder) / "data") as service,
        chromium() as browser,
        httpx.Client(base_url=service.base) as client,
    ):
        events = traffic(given.rate)
        windows = {top: open_page(browser.new_page(), service, top) for top in TOPS}
        print("| minute | tab | JavaScript, kB | nodes | listeners |\n|--:|---|--:|--:|--:|")
        for part in range(PARTS + 1):
            print_held(windows, part * seconds / 60)
            send(client, events, seconds)


def print_held(windows: Mapping[str, CDPSession], minute: float) -> None:
    """Prints a row for each window."""
    for top, devtools in windows.items():
        found = held(devtools)
        sizes = f"{found['bytes'] / 1000:.0f} | {found['nodes']} | {found['listeners']}"
        print(f"| {minute:.0f} | {top} | {sizes} |", flush=True)


def send(client: httpx.Client, events: Iterator[tuple[str, Any]], seconds: float) -> None:
    """Sends a second's events every second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        browser, body = next(events)
        answer = client.post("/api/events/", json=body, headers={"User-Agent": browser})
        answer.raise_for_status()
        time.sleep(1)


if __name__ == "__main__":
    main()
