"""Windows of a browser for tests of pages, and what somebody does in them."""

import json
import subprocess
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from processes import Service

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
PATIENCE = 30_000
LONGEST_REPORT = 3_000
"""Characters of what axe says: a list that is dimmed is named by each of its words."""

PHONE: ViewportSize = {"width": 360, "height": 780}
expect.set_options(timeout=PATIENCE)


class watched:
    """A window that notes what must not happen: a dialog, a broken content policy, an error."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        # What calls itself HeadlessChrome is a bot, and rightly not among the visitors.
        self.context = browser.new_context(user_agent=CHROME, **options)
        self.faults: list[str] = []

    def __enter__(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.note(message.text))
        return page

    def note(self, text: str) -> None:
        """Keeps what the browser says of broken policies."""
        if "Content Security Policy" in text:
            self.faults.append(text)

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.faults == []


def expect_accessible(window: Page, where: str) -> None:
    """Expects that axe finds nothing in both themes, and that nothing is wider than the window."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    expect(window.locator(".skeleton, .stale")).to_have_count(0)
    for theme in ("light", "dark"):
        window.emulate_media(color_scheme=theme)
        found = axe.run(window)
        assert not found.violations_count, (where, theme, found.generate_report()[:LONGEST_REPORT])
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth"), where


def curl(service: Service, **event: Any) -> None:
    """Posts an event with curl, as the README does."""
    body = json.dumps({"user_agent": CHROME} | event)
    command = ["curl", "-sf", f"{service.base}/api/events/", "-d", body]
    subprocess.run(command, check=True, capture_output=True)


def log_in(
    window: Page, service: Service, path: str, credentials: tuple[str, str] | None = None
) -> None:
    """Opens a page that asks for a login, and gives it: by default that of the administrator."""
    email, password = credentials or (service.data_dir / "first-login.txt").read_text().split()
    window.goto(service.base + path)
    window.fill("#email", email)
    window.fill("#password", password)
    window.click("form button[type=submit]")
    expect(window.locator("form#login")).to_have_count(0)
