"""Each drill of CONTRIBUTING.md does what it says: done on a copy of the source, started on a fresh
database, and asked by the front door."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright

from api.db.engine import Profile
from bootstrap import create_defaults, migrated_database
from chromium import CHROMIUM, FLAGS, MISSING
from conftest import servers
from drills.recipes import Tree, drills
from processes import Service, service_environment
from servers import fresh_database
from settings import Settings

SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


class Installation:
    """What a drill has made of the service, on a database of its own."""

    def __init__(self, tree: Tree, url: str, **settings: str) -> None:
        self.tree = tree
        self.url = url
        self.data_dir = tree.folder / "data"
        self.settings = {
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET,
            "DEMO": "false",
            "JOBS": "false",
            "TIMESCALEDB": "off",
            "ANSWER_WITHIN_SECONDS": "60",
            "PYTHONPATH": str(tree.folder / "src"),
        } | settings
        self.service = Service(self.data_dir, **self.settings)
        self.login: dict[str, str] = {}
        """The headers of the first account."""

    def cli(self, *arguments: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=service_environment(self.data_dir, **self.settings),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Starts the service and logs the first account in."""
        self.service.start(patience=300)
        email, password = (self.data_dir / "first-login.txt").read_text().split()
        self.login = self.log_in(email, password)

    def log_in(self, email: str, password: str) -> dict[str, str]:
        """The headers of an account."""
        told = self.request("/api/auth/login", {"email": email, "password": password}, headers={})
        return {"Authorization": f"Bearer {told['access_token']}"}

    def request(
        self,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """The JSON at a path, or the text where it is none. Raises HTTPStatusError."""
        answer = httpx.request(
            "GET" if body is None else "POST",
            f"{self.service.base}{path}",
            content=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", "User-Agent": CHROME}
            | (self.login if headers is None else headers),
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json() if answer.text.startswith(("{", "[")) else answer.text

    def send(self, *events: dict[str, Any], **headers: str) -> None:
        """Posts events, all of which have to be stored."""
        told = self.request("/api/events/", events, headers=self.login | headers)
        assert told["accepted"] == len(events), told

    def ask(self, report: str, **params: str) -> dict[str, Any]:
        """The answer of a report."""
        return self.request(f"/api/analytics/{report}?{urlencode(params)}")

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Asks the database itself, for what no API can do or tell."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


async def set_up(url: str, data_dir: Path) -> None:
    """Makes an installation of the unchanged source."""
    settings = Settings(database_url=url, secret_key=SECRET, data_dir=data_dir, timescaledb="off")
    async with migrated_database(settings) as database:
        await create_defaults(database, settings)


Install = Callable[..., AbstractContextManager[Installation]]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Does a drill and installs what comes of it on a fresh database; with `upgrade` on one that
    the unchanged source has made."""

    @contextmanager
    def installed(drill: str, upgrade: bool = False, **settings: str) -> Iterator[Installation]:
        address = servers.address(Profile.PLAIN)
        assert address
        with fresh_database(address) as url:
            made = Installation(Tree(tmp_path / "tree"), url, **settings)
            if upgrade:
                asyncio.run(set_up(url, made.data_dir))
            made.tree.after(drill)
            yield made

    return installed


@pytest.fixture
def started(install: Install) -> Install:
    """The same, started."""

    @contextmanager
    def started(drill: str, **settings: Any) -> Iterator[Installation]:
        with install(drill, **settings) as made:
            made.start()
            try:
                yield made
            finally:
                made.service.stop()

    return started


def test_report(started: Install) -> None:
    with started("A report") as made:
        made.send({"page": "/"})
        told = made.ask("weekdays", days="2")
        assert [row["visits"] for row in told["rows"]] == [1]
        assert told["engine"] == "visit"


def test_dimension_with_new_column(started: Install) -> None:
    with started("A dimension with a new column", upgrade=True) as made:
        made.send({"page": "/", "ad_network": "Acme", "visitor_id": "ann"}, {"page": "/"})
        told = made.ask("traffic-sources", dimension="ad_network")
        assert [(row["ad_network"], row["visits"]) for row in told["rows"]] == [
            ("", 1),
            ("Acme", 1),
        ]
        chosen = made.ask("pages", filters='[["is", "ad_network", ["Acme"]]]')
        assert chosen["totals"]["visits"] == 1


def test_metric_with_new_measure(started: Install) -> None:
    with started("A metric with a new measure", upgrade=True) as made:
        made.send({"page": "/", "visitor_id": "ann"}, {"name": "Signup", "visitor_id": "ann"})
        made.send({"page": "/", "visitor_id": "bob"})
        question = {"site_id": "default", "metrics": ["activity_rate"], "date_range": "day"}
        for engine in ("auto", "base"):
            told = made.request("/api/analytics/query", question | {"engine": engine})
            assert told["results"] == [{"metrics": [50.0], "dimensions": []}]
            assert ("rollup:" in str(told)) == (engine == "auto")


def test_filter_operator(started: Install) -> None:
    with started("A filter operator") as made:
        made.send({"page": "/blog/a"}, {"page": "/pricing"})
        for operator, page in (("starts_with", "/blog/a"), ("starts_with_not", "/pricing")):
            told = made.ask("pages", filters=json.dumps([[operator, "page", ["/blog/"]]]))
            assert told["totals"]["pageviews"] >= 1
            assert page in [row["page"] for row in told["rows"]]


def test_rollup(started: Install) -> None:
    with started("A rollup") as made:
        made.send({"page": "/", "language": "de"})
        told = made.ask("devices", dimension="language")
        assert [(row["language"], row["visits"]) for row in told["rows"]] == [("de", 1)]
        assert "rollup:languages" in told["engine"]
        made.cli("jobs", "run")
        assert made.ask("devices", dimension="language")["rows"] == told["rows"]


def test_wire_format(started: Install) -> None:
    with started("A wire format") as made:
        event = {"n": "pageview", "u": "https://shop.example/cart", "d": "default", "v": 26}
        assert made.request("/api/event", event) == "ok"
        assert [row["page"] for row in made.ask("pages")["rows"]] == ["/cart"]
        with pytest.raises(httpx.HTTPStatusError, match="400"):
            made.request("/api/event", ["no event"])


def test_setting(started: Install) -> None:
    with started("A setting", LOGIN_NOTE="Ask Ann & Bob") as made:
        assert "<p>Ask Ann &amp; Bob</p>" in made.request("/login", headers={})


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_card_of_dashboard(started: Install) -> None:
    with started("A card of the dashboard", COUNTRY_HEADER="CF-IPCountry") as made:
        made.send({"page": "/"}, **{"CF-IPCountry": "DE"})
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(extra_http_headers=made.login)
            page.goto(f"{made.service.base}/")
            expect(page.locator("#places .body")).to_contain_text("Germany", timeout=60_000)
            browser.close()


def test_background_job(install: Install) -> None:
    analyzed = "select last_analyze is not null from pg_stat_user_tables where relname = 'visitor'"
    with install("A background job") as made:
        made.cli("jobs", "run")
        assert made.sql(analyzed) == [(True,)]


def test_role(started: Install) -> None:
    with started("A role") as made:
        for name, role in (("ann", "manager"), ("bob", "viewer")):
            account = {"email": f"{name}@example.com", "password": "correct horse battery"}
            made.request("/api/auth/register", account)
            made.cli("site", "member", "add", "default", account["email"], "--role", role)
        ann = made.log_in("ann@example.com", "correct horse battery")
        bob = made.log_in("bob@example.com", "correct horse battery")
        goal = {"site": "default", "name": "Signup", "event": "Signup"}
        assert made.request("/api/goals", goal, headers=ann)["name"] == "Signup"
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            made.request("/api/goals", goal | {"name": "Other"}, headers=bob)


def test_command(install: Install) -> None:
    with install("A command", upgrade=True) as made:
        assert json.loads(made.cli("site", "show", "default"))["domain"] == "localhost"


def test_every_drill_keeps_the_rules_of_the_house(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree").after(*drills())
    assert len(drills()) == 11
    for check in ("ruff check src migrations", "ruff format --check src migrations"):
        command = [sys.executable, "-m", *check.split()]
        done = subprocess.run(command, cwd=tree.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
