"""/docs and /redoc in a real browser, which reaches no other server than the service."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import CHROMIUM, MISSING, chromium
from processes import Service, running

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

PATIENCE = 120_000
ELSEWHERE = "https://cdn.redoc.ly/"
"""Where the image in ReDoc's footer is, which the policy blocks."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without a demo site."""
    with running(tmp_path_factory.mktemp("docs") / "data", DEMO="false") as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with chromium() as browser:
        yield browser


COMPLAINTS = ("error", "warning")
"""Kinds of messages on the console. Chromium's advice on forms is of another kind."""


@pytest.fixture
def window(browser: Browser, service: Service) -> Iterator[Page]:
    """A window that fails the test when a page throws, breaks its policy, or gets anything from
    another server."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda it: faults.append(it.text) if it.type in COMPLAINTS else None)
    page.on("response", lambda response: faults.append(response.url))
    yield page
    page.close()
    own = (service.base, f"blob:{service.base}")
    assert not [it for it in faults if not it.startswith(own) and ELSEWHERE not in it]


@needs_chromium
def test_swagger_calls_operation_with_token_of_authorize(service: Service, window: Page) -> None:
    email, password = (service.data_dir / "first-login.txt").read_text().split()[:2]
    login = httpx.post(
        f"{service.base}/api/auth/login", json={"email": email, "password": password}
    )
    window.goto(f"{service.base}/docs")
    window.click(".auth-wrapper .authorize")
    window.fill("#auth-bearer-value", login.json()["access_token"])
    window.locator(".auth-container", has=window.locator("#auth-bearer-value")).locator(
        "button.authorize"
    ).click()
    window.click(".btn-done")
    operation = window.locator("#operations-accounts-accounts_me")
    operation.click()
    operation.locator(".try-out__btn").click()
    operation.locator(".execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text("200", timeout=PATIENCE)
    expect(answer).to_contain_text(email, timeout=PATIENCE)


@needs_chromium
def test_redoc_shows_every_tag(service: Service, window: Page) -> None:
    tags = httpx.get(f"{service.base}/openapi.json", timeout=60).json()["tags"]
    window.goto(f"{service.base}/redoc")
    for tag in tags:
        expect(window.locator(f"h2:has-text('{tag['name']}')").first).to_be_visible(
            timeout=PATIENCE
        )


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_head_of_documentation_has_headers_of_get(service: Service, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    head, get = (
        httpx.request(method, f"{service.base}{path}", headers=plain) for method in ("HEAD", "GET")
    )
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_scripts_of_documentation_are_own_and_cached(service: Service, path: str) -> None:
    page = httpx.get(f"{service.base}{path}", timeout=60)
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert "script-src" not in page.headers["content-security-policy"]
    scripts = [line.split('"')[1] for line in page.text.splitlines() if "<script" in line]
    assert len(scripts) == 2
    for script in scripts:
        answer = httpx.head(f"{service.base}{script}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
