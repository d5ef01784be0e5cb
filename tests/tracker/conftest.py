"""A browser, a tab in it, and a web site that includes the tracker."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright
from stage import HUMAN, Site, handler, launch

from chromium import CHROMIUM, MISSING
from processes import Service, running
from windows import CHROME


@pytest.fixture(scope="session")
def empty_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all modules that make sites of their own."""
    with running(tmp_path_factory.mktemp("empty") / "data", DEMO="false") as service:
        yield service


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    with launch(chromium, HUMAN) as browser:
        yield browser


@pytest.fixture(scope="module")
def keeping_browser(chromium: BrowserType) -> Iterator[Browser]:
    """A browser that keeps pages for the back button. It calls itself an ordinary one by a flag:
    what a context says of itself is not in requests of pages that are being left."""
    kept = {"ignore_default_args": ["--disable-back-forward-cache"]}
    with launch(chromium, HUMAN, f"--user-agent={CHROME}", **kept) as browser:
        yield browser


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 1280, "height": 720}, locale="de-DE", timezone_id="Europe/Berlin"
    ) as context:
        yield context.new_page()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """One tab for all, because tabs are slow; each test's site is an origin of its own."""
    yield tab
    tab.goto("about:blank")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(site)) as server:
        site.port = server.server_port
        site.write()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield site
        server.shutdown()
