"""The bell of the header: what is new, as it comes, in every window."""

import json

import httpx
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from processes import Service
from windows import PHONE, expect_accessible, log_in, watched

STARTED = "2026-11-29T12:00:00.000000Z"

ALL = {"until": 2**62}


def submit(administrator: httpx.Client) -> None:
    """Submits a job, of which the account is told."""
    body = {"report": "pages", "params": {"site": "demo", "days": 1}}
    administrator.post("/api/jobs", json=body).raise_for_status()


def unread(window: Page) -> int:
    """The number at the bell."""
    badge = window.locator("#bell .badge")
    return int(badge.inner_text()) if badge.count() else 0


def test_bell_counts_and_lists_what_is_new_in_every_window(
    service: Service, window: Page, browser: Browser, administrator: httpx.Client
) -> None:
    administrator.post("/api/notifications/read", json=ALL).raise_for_status()
    log_in(window, service, "/login?next=/%3Fsite%3Ddemo")
    expect(window.locator("#bell")).to_be_enabled()
    with watched(browser) as second:
        log_in(second, service, "/login?next=/api/realtime%3Fsite%3Ddemo")
        before = unread(second)
        submit(administrator)
        for page in (window, second):
            expect(page.locator("#bell .badge")).to_have_text(str(before + 1))
        window.get_by_role("button", name="Notifications").click()
        panel = window.get_by_role("dialog")
        first = panel.get_by_role("listitem").first
        expect(first).to_contain_text("The job “pages” is done")
        assert "/result" in (first.get_by_role("link").get_attribute("href") or "")
        expect_accessible(window, "bell")
        panel.get_by_role("button", name="Mark all as read").click()
        for page in (window, second):
            expect(page.locator("#bell .badge")).to_have_count(0)
        window.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(window.locator("#bell")).to_be_focused()


def test_notification_that_is_followed_has_been_read(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    administrator.post("/api/notifications/read", json=ALL).raise_for_status()
    log_in(window, service, "/account")
    submit(administrator)
    expect(window.locator("#bell .badge")).to_have_count(1)
    before = unread(window)
    window.locator("#bell").click()
    window.get_by_role("dialog").get_by_role("link").first.click()
    window.wait_for_url("**/result")
    left = administrator.get("/api/notifications").json()
    assert left["unread"] == before - 1
    window.go_back()
    expect(window.locator("#bell")).to_be_enabled()


def test_bell_shows_how_far_job_is_without_asking_again(service: Service, window: Page) -> None:
    sockets: list[WebSocketRoute] = []
    window.route_web_socket("**/api/notifications/ws*", lambda route: sockets.append(route))

    def tell(*progress: float | None) -> None:
        jobs = [
            {"id": f"{place}", "report": "events/raw", "progress": share, "started_at": STARTED}
            for place, share in enumerate(progress)
        ]
        inbox = {"unread": 0, "rows": [], "page": {"next": None}, "running": jobs}
        sockets[-1].send(json.dumps(inbox))

    log_in(window, service, "/account")
    window.locator("#bell").click()
    panel = window.get_by_role("dialog")
    expect(panel).to_be_visible()
    expect(panel).to_have_text("Loading …")
    for _ in range(600):
        if not sockets:
            window.wait_for_timeout(100)
    tell(0.4)
    bar = panel.get_by_role("progressbar")
    expect(bar).to_have_accessible_name("The job “events/raw” runs: 40%")
    assert bar.evaluate("bar => bar.value") == 0.4
    expect_accessible(window, "bell with a job")
    tell(0.8)
    expect(bar).to_have_accessible_name("The job “events/raw” runs: 80%")
    tell(None)
    expect(bar).to_have_accessible_name("The job “events/raw” runs")
    assert bar.evaluate("bar => bar.position") == -1
    tell()
    expect(bar).to_have_count(0)


def test_bell_fits_on_phone(service: Service, browser: Browser) -> None:
    with watched(browser, viewport=PHONE) as phone:
        log_in(phone, service, "/login?next=/%3Fsite%3Ddemo")
        phone.locator("#bell").click()
        expect(phone.get_by_role("dialog")).to_be_visible()
        expect_accessible(phone, "bell on a phone")


def test_page_without_login_has_no_bell(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/?site=demo")
    expect(window.get_by_role("link", name="Log in")).to_be_visible()
    expect(window.locator("#bell")).to_have_count(0)
