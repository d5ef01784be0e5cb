"""One service for all tests of pages, and a browser for each module of them.

This is no conftest.py of their folder: modules that import from `conftest` would get that one.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page

from chromium import CHROMIUM, MISSING, chromium
from processes import Service
from windows import watched


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two workers. Its access tokens are valid for longer than the tests run."""
    data_dir = tmp_path_factory.mktemp("pages") / "data"
    service = Service(data_dir, WORKERS="2", ACCESS_TOKEN_EXPIRE_MINUTES="600")
    try:
        service.start(patience=180)
        yield service
    finally:
        if service.process and service.process.poll() is None:
            service.stop()


@pytest.fixture(scope="session")
def administrator(service: Service) -> Iterator[httpx.Client]:
    """A client of the account that owns all sites."""
    username, password = (service.data_dir / "first-login.txt").read_text().split()
    with httpx.Client(base_url=service.base, timeout=60) as client:
        body = {"username": username, "password": password}
        login = client.post("/api/auth/login", json=body).json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a module. While one is open, no asynchronous test can run."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with chromium() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A window of its own, which fails the test when a page shows a dialog, breaks its own
    content policy or throws."""
    with watched(browser) as page:
        yield page
