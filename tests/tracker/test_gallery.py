"""Reports equal what visitors saw and did on small sites of many kinds, in a real browser."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest
from gallery.server import serving
from gallery.stories import STORIES, Story
from gallery.visitor import Truth, Visitor
from playwright.sync_api import Browser, BrowserType
from stage import HUMAN, PATIENCE, QUIET, launch

from processes import Service, get, running

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
KNOWN = {
    "is-sent-to-login": "the page that a router replaces at once is counted, too",
    "lands-on-replaced-address": "the address that an application replaces is counted, too",
}
"""Stories that are counted wrong: see docs/tracking.md."""

BY_NAME = {story.name: story for story in STORIES}


@dataclass
class Reports:
    """What the service answers about a site."""

    base: str
    site: str

    def rows(self, report: str) -> list[dict[str, Any]]:
        path = f"/api/analytics/{report}?site={self.site}&hours=1"
        return get(self.base, path)["rows"]

    def told(self) -> dict[str, Any]:
        """What can be compared with the truth."""
        pages = self.rows("pages")
        return {
            "views": {row["page"]: row["pageviews"] for row in pages},
            "entries": {row["entry_page"]: row["visits"] for row in self.rows("entries")},
            "exits": {row["exit_page"]: row["visits"] for row in self.rows("exits")},
            "done": {row["name"]: row["custom_events"] for row in self.rows("events")},
            "visits": [row["pageviews"] for row in self.rows("sessions")],
        }

    def engaged(self) -> dict[str, float]:
        """Seconds by page."""
        rows = self.rows("pages")
        return {row["page"]: (row["engaged_seconds"] or 0) * row["pageviews"] for row in rows}

    def settled(self, expected: dict[str, Any]) -> dict[str, Any]:
        """What they tell once all page views and events that are expected are there, and no more
        are coming."""
        deadline = time.monotonic() + PATIENCE
        while amount(self.told()) < amount(expected) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(QUIET)
        return self.told()


def amount(told: dict[str, Any]) -> int:
    """How many page views and custom events there are."""
    return sum(told["views"].values()) + sum(told["done"].values())


def expected_of(truth: Truth) -> dict[str, Any]:
    """What reports should tell of one visit."""
    return {
        "views": truth.views,
        "entries": truth.entries,
        "exits": truth.exits,
        "done": dict(truth.done),
        "visits": [len(truth.seen)],
    }


def post(url: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **headers}
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a public site for each story."""
    with running(tmp_path_factory.mktemp("gallery") / "data", DEMO="false") as service:
        name, password = (service.data_dir / "first-login.txt").read_text().split()
        login = {"username": name, "password": password}
        token = post(f"{service.base}/api/auth/login", login)["access_token"]
        for story in STORIES:
            site = {"key": story.name, "domain": f"{story.name}.example", "visibility": "public"}
            post(f"{service.base}/api/sites", site, Authorization=f"Bearer {token}")
        yield service


@pytest.fixture(scope="module")
def port(service: Service) -> Iterator[int]:
    """Where the sites are served, with the tracker in them."""

    def tag(name: str) -> str:
        options = BY_NAME[name].options
        script = "script-more.js" if "more" in options else "script.js"
        attributes = " ".join(f"data-{option}" for option in sorted(options - {"more"}))
        source = f"{service.base}/{script}"
        return f'<script defer src="{source}" data-site="{name}" {attributes}></script>'

    with serving(tag) as port:
        yield port


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """A browser that keeps pages for the back button. It calls itself an ordinary one by a flag:
    what a context says of itself is not in requests of pages that are being left."""
    cached = {"ignore_default_args": ["--disable-back-forward-cache"]}
    with launch(chromium, HUMAN, f"--user-agent={CHROME}", **cached) as browser:
        yield browser


def marked(story: Story) -> Any:
    """The story as a parameter."""
    why = KNOWN.get(story.name)
    marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
    return pytest.param(story, id=story.name, marks=marks)


@pytest.mark.parametrize("story", [*map(marked, STORIES)])
def test_reports_equal_truth(story: Story, service: Service, port: int, browser: Browser) -> None:
    with browser.new_context() as context:
        visitor = Visitor(context, story.origin(port))
        story.walk(visitor)
        visitor.leave()
        truth, reports = visitor.truth, Reports(service.base, story.name)
        expected = expected_of(truth)
        assert reports.settled(expected) == expected
    engaged = reports.engaged()
    assert all(engaged[page] * 1000 >= least for page, least in truth.engaged.items())
