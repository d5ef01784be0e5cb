"""What the service answers about a site, as far as it can be compared with the truth."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from stage import PATIENCE, QUIET

from gallery.visitor import Truth
from processes import Service, get

Told = dict[str, Any]


@dataclass(frozen=True)
class Reports:
    """The reports of the last hour about one site."""

    base: str
    site: str

    def rows(self, report: str) -> list[dict[str, Any]]:
        return get(self.base, f"/api/analytics/{report}?site={self.site}&hours=1")["rows"]

    def told(self) -> Told:
        return {
            "views": {row["page"]: row["pageviews"] for row in self.rows("pages")},
            "entries": {row["entry_page"]: row["visits"] for row in self.rows("entries")},
            "exits": {row["exit_page"]: row["visits"] for row in self.rows("exits")},
            "done": {row["name"]: row["custom_events"] for row in self.rows("events")},
            "visits": [row["pageviews"] for row in self.rows("sessions")],
        }

    def engaged(self) -> dict[str, float]:
        """Seconds by page."""
        rows = self.rows("pages")
        return {row["page"]: (row["engaged_seconds"] or 0) * row["pageviews"] for row in rows}

    def amount(self) -> int:
        """How many page views and custom events there are."""
        custom = sum(row["custom_events"] for row in self.rows("events"))
        return custom + sum(row["pageviews"] for row in self.rows("pages"))

    def settled(self, truth: Truth) -> Told:
        """What they tell once as many page views and events are there as the visitor saw and did,
        and no more are coming."""
        deadline = time.monotonic() + PATIENCE
        while self.amount() < len(truth.seen) + truth.done.total() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(QUIET)
        return self.told()


def expected_of(truth: Truth) -> Told:
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


def create_sites(service: Service, names: Iterable[str]) -> None:
    """Makes public sites."""
    name, password = (service.data_dir / "first-login.txt").read_text().split()
    login = {"username": name, "password": password}
    token = post(f"{service.base}/api/auth/login", login)["access_token"]
    for name in names:
        site = {"key": name, "domain": f"{name}.example", "visibility": "public"}
        post(f"{service.base}/api/sites", site, Authorization=f"Bearer {token}")
