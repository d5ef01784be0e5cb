"""Where the tracker is tried: a web site of the tests' own that includes it and hears what it
sends, and pages whose attention and clock obey the test."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserType

import chromium

TRACKER = Path(__file__).parents[2] / "src" / "tracker"
SCRIPT = TRACKER / "script.min.js"
WHOLE = TRACKER / "script-more.min.js"
VITALS = TRACKER / "script-vitals.min.js"
SERVED = {"script.js": SCRIPT, "script-more.js": WHOLE, "script-vitals.js": VITALS}
QUIET = 0.7  # seconds in which an event too many would have arrived: a view waits for 0.5
PATIENCE = 30  # seconds

HUMAN = "--disable-blink-features=AutomationControlled"  # navigator.webdriver is false
FLAGS = [
    *chromium.FLAGS,
    # Names that are not localhost, so that the tracker counts them.
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.test. 127.0.0.1, MAP *.local 127.0.0.1,"
    " MAP ::1 127.0.0.1",
]

STAGE = """<script>{
let now = 1000, visible = true, focused = true;
performance.now = () => now;
Object.defineProperty(Document.prototype, 'hidden', { get: () => !visible });
Document.prototype.hasFocus = () => focused;
window.pass = (seconds) => { now += seconds * 1000; };
window.setVisible = (is) => {
  visible = is;
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
};
window.setFocused = (is) => {
  focused = is;
  window.dispatchEvent(new Event(is ? 'focus' : 'blur'));
};
}</script>"""
"""Put into every page: attention and its clock, which stands still, in the hands of the test."""

KEPT = (
    "Object.keys(localStorage).filter(key => key.startsWith('visitlog,'))"
    ".map(key => localStorage[key]).join('\\n')"
)
"""The lines that the tracker has written down, in JavaScript."""

Event = dict[str, Any]


def launch(kind: BrowserType, *flags: str, **options: Any) -> Browser:
    """A Chromium that knows the tests' hosts."""
    return kind.launch(executable_path=chromium.CHROMIUM, args=[*FLAGS, *flags], **options)


@dataclass
class Hit:
    """One request to anything that is not a page: an event a line."""

    method: str
    path: str
    headers: Message
    body: str

    @property
    def events(self) -> list[Event]:
        """Without the time of sending, which no two requests share."""
        return [untimed(json.loads(line)) for line in self.body.splitlines()]


@dataclass
class Site:
    """Serves `html` at every path and the tracker at some, and remembers what it is sent."""

    port: int = 0
    script: str = "script.js"
    """The tracker in its pages: the core, or `script-more.js`."""
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 202
    """What it answers to events."""
    hangs_up: Literal["", "at once", "after storing"] = ""
    """What it does instead."""
    hits: list[Hit] = field(default_factory=list)
    stored: dict[str, Event] = field(default_factory=dict)
    """What it acknowledged, each id once: as the service does."""

    def url(self, path: str = "/", host: str = "site.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def write(
        self,
        attributes: str = 'data-site="demo"',
        head: str = "",
        body: str = "",
        stage: str = STAGE,
    ) -> None:
        """The page, with the tracker in it."""
        script = f'<script defer src="{self.url(f"/{self.script}")}" {attributes}></script>'
        self.html = f"<!doctype html><title>Home</title>{stage}{head}{script}<body>{body}"

    def hear(self, hit: Hit) -> int:
        """Stores what a request brought, if it is in the mood; the status of the answer."""
        self.hits.append(hit)
        if self.status < 300 and self.hangs_up != "at once":
            for event in hit.events:
                self.stored.setdefault(event["id"], event)
        return self.status

    @property
    def events(self) -> list[Event]:
        """What was stored, in the order of its own clock: requests may overtake one another."""
        return sorted(self.stored.copy().values(), key=lambda event: event["time"])

    def wait_for(self, count: int) -> list[Event]:
        """The events, as soon as there are `count` of them."""
        deadline = time.monotonic() + PATIENCE
        while len(self.stored) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.stored) == count, names(self.events)
        return self.events

    def settled(self, count: int) -> list[Event]:
        """The events, `count` of them, and no more are coming."""
        self.wait_for(count)
        time.sleep(QUIET)
        return self.wait_for(count)

    def settled_views(self, count: int) -> list[Event]:
        """The page views, `count` of them, and no more are coming. If it takes seconds to leave a
        page, engagement arrives, too."""
        deadline = time.monotonic() + PATIENCE
        while len(list(filter(is_view, self.events))) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(QUIET)
        found = list(filter(is_view, self.events))
        assert len(found) == count, names(self.events)
        return found

    def settled_at(self, path: str) -> list[Event]:
        """The events, once there is one of this page."""
        deadline = time.monotonic() + PATIENCE
        while not any(event["page"] == self.url(path) for event in self.events):
            assert time.monotonic() < deadline, names(self.events)
            time.sleep(0.01)
        return self.events

    def wait_for_hits(self, count: int) -> list[Hit]:
        """The requests, as soon as there are `count` of them, stored or not."""
        deadline = time.monotonic() + PATIENCE
        while len(self.hits) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.hits) >= count
        return self.hits


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    """Answers for this site."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, kind: str, content: str) -> None:
            self.send_response(status)
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(content.encode())

        def record(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            status = site.hear(Hit(self.command, self.path, self.headers, body))
            if not site.hangs_up:
                self.answer(status, "application/json", "{}")

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            if name.partition("?")[0] in SERVED:
                script = SERVED[name.partition("?")[0]]
                self.answer(200, "text/javascript", script.read_text())
            elif name.endswith(".js"):
                self.answer(200, "text/javascript", (TRACKER / name).read_text())
            elif name == "favicon.ico":
                self.answer(404, "text/plain", "")
            elif name == "blank":
                self.answer(200, "text/html", "<!doctype html><title>Blank</title>")
            else:
                self.answer(404 if "missing" in name else 200, "text/html", site.html)

        def do_POST(self) -> None:
            self.record()

        def do_OPTIONS(self) -> None:
            self.record()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def untimed(event: Event) -> Event:
    """The event as it was when it happened."""
    return {key: value for key, value in event.items() if key != "sent_at"}


def names(events: list[Event]) -> list[str]:
    """What the events are called."""
    return [event["name"] for event in events]


def named(events: list[Event], name: str) -> Event:
    """The one event of this name."""
    (event,) = [event for event in events if event["name"] == name]
    return event


def is_view(event: Event) -> bool:
    """Whether a page was viewed."""
    return event["name"] == "pageview"


def views(events: list[Event], site: Site) -> list[str]:
    """The paths of the page views, in order."""
    return [event["page"].removeprefix(site.url("")) for event in events if is_view(event)]


def seconds(events: list[Event]) -> list[float]:
    """What the engagement events tell."""
    return [event["duration"] for event in events if event["name"] == "engagement"]
