"""Which page views and events other trackers count in the stories of the gallery.

Prints a table for docs/tracking.md. The trackers are not part of this repository: say where their
scripts are. Plausible's is plausible.js of the npm package @plausible-analytics/tracker, a module;
Umami's is the built script.js.

    PYTHONPATH=src:tests:tests/tracker .venv/bin/python -m bench.trackers --plausible … --umami …
"""

import argparse
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gallery.server import serving
from gallery.stories import STORIES, Story
from gallery.visitor import Truth, Visitor
from playwright.sync_api import Browser, sync_playwright
from stage import HUMAN, SERVED, launch

ARRIVAL = 1000
"""Milliseconds after the end of a story in which the last requests arrive."""

BY_NAME = {story.name: story for story in STORIES}

AUTOMATIC = {
    "Outbound Link: Click": "outbound",
    "File Download": "download",
    "Form: Submission": "form",
}
"""What we call Plausible's events."""


@dataclass
class Said:
    """What a tracker said in a story. Events that were sent again count once, by their id."""

    views: Counter[str] = field(default_factory=Counter[str])
    done: Counter[str] = field(default_factory=Counter[str])
    ids: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Tracker:
    """How a tracker is included, and what its requests mean."""

    name: str
    tag: Callable[[str, Story], str]
    read: Callable[[str, Story, Said], None]


def path_of(url: str, story: Story) -> str:
    """The page, as we name it."""
    parts = urlsplit(url)
    fragment = parts.fragment.split("?")[0] if "hash" in story.options else ""
    return parts.path + ("" if fragment in ("", "/") else f"#{fragment}")


def note(said: Said, name: str | None, url: str, story: Story) -> None:
    if name == "pageview":
        said.views[path_of(url, story)] += 1
    elif name and name != "engagement":
        said.done[AUTOMATIC.get(name, name)] += 1


def our_tag(base: str, story: Story) -> str:
    script = "script-more.js" if "more" in story.options else "script.js"
    attributes = " ".join(f"data-{option}" for option in sorted(story.options - {"more"}))
    return f'<script defer src="{base}/{script}" {attributes}></script>'


def read_ours(body: str, story: Story, said: Said) -> None:
    for event in map(json.loads, body.splitlines()):
        if event["id"] not in said.ids:
            said.ids.add(event["id"])
            note(said, event["name"], event["page"], story)


def plausible_tag(base: str, story: Story) -> str:
    wanted = {"domain": "gallery", "endpoint": f"{base}/event", "fileDownloads": True}
    wanted |= {"outboundLinks": True, "formSubmissions": True, "logging": False}
    wanted |= {"hashBasedRouting": "hash" in story.options}
    call = f"import {{ init }} from '{base}/plausible.js'; init({json.dumps(wanted)})"
    return f'<script type="module">{call}</script>'


def read_plausible(body: str, story: Story, said: Said) -> None:
    event = json.loads(body)
    note(said, event["n"], event["u"], story)


def umami_tag(base: str, story: Story) -> str:
    return f'<script defer src="{base}/umami.js" data-website-id="gallery"></script>'


def read_umami(body: str, story: Story, said: Said) -> None:
    payload = json.loads(body)["payload"]
    note(said, payload.get("name", "pageview"), payload["url"], story)


TRACKERS = (
    Tracker("Ours", our_tag, read_ours),
    Tracker("Plausible", plausible_tag, read_plausible),
    Tracker("Umami", umami_tag, read_umami),
)


@contextmanager
def recording(scripts: dict[str, Path], bodies: list[str]) -> Iterator[str]:
    """The address of a server of scripts that keeps all bodies it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Headers", "*, content-type")
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.answer(scripts[self.path[1:]].read_bytes(), "text/javascript")

        def do_OPTIONS(self) -> None:
            self.answer(b"", "text/plain")

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(b"{}", "application/json")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def walked(browser: Browser, story: Story, port: int) -> Truth:
    with browser.new_context() as context:
        visitor = Visitor(context, story.origin(port))
        story.walk(visitor)
        visitor.leave()
        visitor.tab.wait_for_timeout(ARRIVAL)
        return visitor.truth


def counted(browser: Browser, tracker: Tracker, scripts: dict[str, Path]) -> Iterator[Any]:
    """For each story the truth, and what the tracker said of it."""
    bodies: list[str] = []
    with (
        recording(scripts, bodies) as base,
        serving(lambda name: tracker.tag(base, BY_NAME[name])) as port,
    ):
        for story in STORIES:
            bodies.clear()
            truth, said = walked(browser, story, port), Said()
            for body in bodies:
                tracker.read(body, story, said)
            yield truth, said


def cell(said: Said, truth: Truth) -> str:
    """The number of page views, and of events; in bold with the pages where it is wrong."""
    views = str(said.views.total())
    if said.views != Counter(truth.seen):
        pages = ", ".join(f"{page} {number}" for page, number in sorted(said.views.items()))
        views = f"**{views}** ({pages})"
    events = ", ".join(f"{number} {name}" for name, number in sorted(said.done.items()))
    return f"{views}{' + ' if events else ''}{events}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("plausible", "umami"):
        parser.add_argument(f"--{name}", type=Path, help="its script")
    given = vars(parser.parse_args())
    scripts = {f"{name}.js": path for name, path in given.items() if path} | SERVED
    chosen = [one for one in TRACKERS if one.name == "Ours" or given[one.name.lower()]]
    cached = {"ignore_default_args": ["--disable-back-forward-cache"]}
    with sync_playwright() as playwright, launch(playwright.chromium, HUMAN, **cached) as browser:
        columns = [[*counted(browser, tracker, scripts)] for tracker in chosen]
    print("| A visitor | truth |", " | ".join(tracker.name for tracker in chosen), "|")
    print("|---|---|" + "---|" * len(chosen))
    for story, *cells in zip(STORIES, *columns, strict=True):
        truth = cells[0][0]
        exact = Said(Counter(truth.seen), truth.done)
        row = [story.told, cell(exact, truth), *(cell(said, truth) for truth, said in cells)]
        print("|", " | ".join(row), "|")


if __name__ == "__main__":
    main()
