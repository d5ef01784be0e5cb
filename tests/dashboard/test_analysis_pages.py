"""What holds for all pages of their own: states, text stays text, room, accessibility."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from demo_pages import expect_address, visit
from processes import Service
from windows import curl, log_in, watched

PAGES = {
    "/funnels": {"step": ["/", "/products", "/cart"], "by": "device", "table": 1},
    "/retention": {"every": "day"},
    "/journeys": {"table": 1},
    "/sessions": {},
    "/activity": {},
    "/revenue": {"by": "source", "credit": "first"},
    "/vitals": {"by": "page"},
    "/goals": {"event": "Purchase", "prop": "plan"},
}
"""The pages, each with what makes it show the most."""

READY = ".card tbody tr, .node"
BATCH = "**/api/analytics/batch"
FITS = "width => document.documentElement.scrollWidth <= width"
ATTACK = "<img src=x onerror=\"alert('xss')\">"
LONG = "/" + "/".join(f"a-long-segment-of-the-path-{number}" for number in range(11))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation_on_pages(service: Service, browser: Browser, theme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as window:
        for path, params in PAGES.items():
            visit(window, service, path, **params)
            expect(window.locator(READY).first).to_be_visible()
            expect(window.locator(".skeleton, .stale")).to_have_count(0)
            found = axe.run(window)
            assert not found.violations_count, (path, found.generate_report())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation_in_dialogs(service: Service, browser: Browser, theme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as window:
        visit(window, service, "/funnels", step=["/", "/cart"], left=1)
        expect(window.locator("dialog tbody tr").first).to_be_visible()
        assert not (found := axe.run(window)).violations_count, found.generate_report()
        visit(window, service, "/sessions")
        window.locator("#sessions tbody a").first.click()
        expect(window.locator(".timeline > li").first).to_be_visible()
        assert not (found := axe.run(window)).violations_count, found.generate_report()
        log_in(window, service, "/goals?site=default")
        window.click("#new-goal")
        assert not (found := axe.run(window)).violations_count, found.generate_report()


@pytest.fixture(scope="module")
def hostile(service: Service) -> None:
    """Events on the default site with markup in every field, on paths of 300 characters."""
    for page in (LONG, f"/{ATTACK}", f"{LONG}/{ATTACK}"):
        attack = {
            "page": page,
            "title": ATTACK,
            "referrer": f"https://{ATTACK}/",
            "utm_source": ATTACK,
        }
        curl(service, site="default", name="pageview", **attack)
        paid = {"amount": "1", "currency": "EUR"}
        curl(service, site="default", name=ATTACK, props={ATTACK: ATTACK}, revenue=paid, **attack)
        curl(service, site="default", name="web_vital", props={"name": "LCP", "value": 1}, **attack)
        curl(service, site="default", name="js_error", props={"message": ATTACK}, **attack)


@pytest.mark.usefixtures("hostile")
def test_fields_of_events_stay_text_and_fit(service: Service, browser: Browser) -> None:
    step = ["/*", "/**", '{"event": "<img src=x onerror=alert(1)>"}', ATTACK]
    with watched(browser, reduced_motion="reduce") as window:
        log_in(window, service, "/sessions?site=default&period=24h")
        expect(window.locator("#sessions tbody")).to_contain_text("<img")
        window.locator("#sessions tbody a").first.click()
        expect(window.locator(".timeline")).to_contain_text(ATTACK)
        for path, params in {**PAGES, "/goals": {"event": ATTACK, "prop": ATTACK}}.items():
            more = {**params, "site": "default", "period": "24h"}
            more |= {"step": step} if "step" in params else {}
            visit(window, service, path, **more)
            expect(window.locator(READY).first).to_be_visible()
            for width in (360, 768, 1440):
                window.set_viewport_size({"width": width, "height": 900})
                # A chart is drawn again a moment after its window has another width.
                window.wait_for_function(FITS, arg=width)
        assert window.locator("main img").count() == 0
        expect(window.locator("#properties tbody")).to_contain_text(ATTACK)


@pytest.mark.parametrize("path", PAGES)
def test_refusal_is_shown_and_can_be_retried(service: Service, window: Page, path: str) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"error": "UNAVAILABLE", "detail": "busy"})

    window.route(BATCH, refuse)
    visit(window, service, path, **PAGES[path])
    problem = window.locator(".problem").first
    expect(problem).to_contain_text("The database did not answer in time.")
    window.unroute(BATCH, refuse)
    problem.get_by_role("button", name="Try again").click()
    expect(window.locator(READY).first).to_be_visible()
    expect(window.locator(".problem")).to_have_count(0)


def test_empty_range_is_said_to_be_empty(service: Service, window: Page) -> None:
    words = {
        "/funnels": "Nobody got to the first step in this range.",
        "/retention": "Nobody came for the first time in this range.",
        "/journeys": "No page views in this range.",
        "/sessions": "No visits in this range.",
        "/activity": "No visits in this range.",
        "/goals": "No events besides page views in this range.",
        "/revenue": "No order in this range.",
        "/vitals": "No page has told any in this range.",
    }
    for path, expected in words.items():
        old = {"period": "custom", "from": "2020-01-01", "to": "2020-01-31"}
        visit(window, service, path, **{**PAGES[path], **old, "event": [], "prop": []})
        expect(window.locator(".empty", has_text=expected).first).to_be_visible()


def test_navigation_keeps_range_and_filters(service: Service, window: Page) -> None:
    visit(window, service, "/sessions", f="is,device,mobile", visit=[])
    expect(window.locator(READY).first).to_be_visible()
    window.get_by_role("link", name="Retention").click()
    window.wait_for_url("**/retention?*")
    expect_address(window, period="7d", f="is,device,mobile")
    expect(window.locator(".pill")).to_contain_text("Device is Mobile")
