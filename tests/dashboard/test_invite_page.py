"""The page of an invitation, in a real browser: from the link to the site."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import CHROMIUM, MISSING, chromium
from processes import Service, running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("invite") / "data"
    with running(data_dir, DEMO="false", JOBS="false") as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A window of its own, in which no script fails and no policy is broken."""
    context = browser.new_context()
    faults: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
    yield page
    context.close()
    assert faults == []


def invited(service: Service) -> dict[str, Any]:
    """An invitation to the site `default`."""
    name, password = (service.data_dir / "first-login.txt").read_text().split()
    body = {"username": name, "password": password}
    token = httpx.post(f"{service.base}/api/auth/login", json=body, timeout=60).json()[
        "access_token"
    ]
    made = httpx.post(
        f"{service.base}/api/sites/default/invitations",
        json={"role": "editor"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert made.status_code == 201, made.text
    return made.json()


def test_invited_person_registers_and_accepts(service: Service, window: Page) -> None:
    invitation = invited(service)
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.goto(f"{service.base}/invite#{invitation['token']}")
    expect(window.locator("#invitation")).to_have_text(
        "You are invited to be editor of Default site (localhost)."
    )
    assert invitation["token"] not in window.url
    window.click("#accept a")
    window.click("#toggle")
    window.fill("#email", "guest@test.example")
    window.fill("#password", "a long enough password")
    window.click("form button[type=submit]")
    window.click("button#accept")
    window.wait_for_url(re.compile(r"\?site=default"))
    expect(window.locator(".who")).to_have_text("guest@test.example")
    assert not [url for url in asked if invitation["token"] in url.partition("#")[0]]
    window.goto(f"{service.base}/invite#{invitation['token']}")
    expect(window.locator("#problem")).to_contain_text("does not exist, was used")
    expect(window.locator("#accept")).to_be_hidden()
    assert invitation["token"] not in service.output()


@pytest.mark.parametrize("fragment", ["", "#", "#nonsense", "#<img src=x onerror=alert(1)>"])
def test_page_without_invitation_says_so(service: Service, window: Page, fragment: str) -> None:
    window.goto(f"{service.base}/invite{fragment}")
    expect(window.locator("#problem")).to_contain_text("does not exist, was used")
