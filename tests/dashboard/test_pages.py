"""The pages in a real browser, on a real service: what an analyst sees."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.analysts import overview
from processes import Service
from windows import PATIENCE, curl, log_in, watched

ATTACK = "<img src=x onerror=\"alert('xss')\"><script>alert('xss')</script>"


def test_posted_event_appears_in_two_windows(service: Service, browser: Browser) -> None:
    with watched(browser) as one, watched(browser) as other:
        for window in (one, other):
            window.goto(f"{service.base}/api/realtime/?site=demo")
            expect(window.locator("#connection")).to_have_attribute("data-state", "live")
        # The list has nine pages, and the demo has as many: of those with one view the first ones.
        for page in ("/1st-news", "/2nd-news"):
            curl(service, site="demo", page=page)
            for window in (one, other):
                row = window.locator("#stream li[data-id]", has_text=page)
                expect(row).to_have_count(1, timeout=PATIENCE)
                expect(window.locator("#visitors-now")).not_to_have_text("0")
                expect(window.locator("#top")).to_contain_text(page)


def test_event_fields_are_shown_as_text(service: Service, window: Page) -> None:
    fields = ("title", "name", "referrer", "utm_campaign", "utm_source", "screen", "language")
    attack = dict.fromkeys(fields, ATTACK[:200])
    curl(service, page=f"/{ATTACK}", **attack | {"screen": ATTACK[:20]})
    curl(service, page=f"/{ATTACK}", **attack | {"name": "pageview"})
    log_in(window, service, "/api/realtime/")
    expect(window.locator("#stream")).to_contain_text("<img src=x onerror")
    window.goto(f"{service.base}/?period=24h&sources=source")
    expect(window.locator("#pages")).to_contain_text("<img%20src=x%20onerror")
    expect(window.locator("#sources")).to_contain_text("<img src=x onerror")
    expect(window.locator("#events")).to_contain_text("<img src=x onerror")
    assert window.locator("main img").count() == 0


def test_overview_shows_answers_of_api(service: Service, window: Page) -> None:
    address = f"{service.base}/api/analytics/pages?site=demo&days=30"
    with urllib.request.urlopen(address) as answer:
        top = json.load(answer)["rows"][0]
    window.goto(f"{service.base}/?site=demo&period=30d&pages=top")
    first = window.locator("#pages tbody tr").first
    expect(first).to_contain_text(top["page"])
    expect(first).to_contain_text(f"{top['pageviews']:,}")
    expect(window.locator("body")).to_contain_text("made-up traffic")
    for card in ("sources", "locations", "devices", "events", "bots"):
        expect(window.locator(f"#{card} tbody tr").first).to_be_visible()


@pytest.mark.parametrize("period", ["24h", "30d"])
def test_benchmark_asks_what_overview_asks(service: Service, window: Page, period: str) -> None:
    with window.expect_request("**/api/analytics/batch") as asked:
        window.goto(f"{service.base}/?site=demo&period={period}")
    expected = [query for _, query in overview("demo", period)]
    assert asked.value.post_data_json == {"queries": expected}


def test_login_leads_to_requested_page_and_logout_back(service: Service, window: Page) -> None:
    log_in(window, service, "/?site=default")
    expect(window.locator("body")).to_contain_text("Default site")
    window.get_by_role("button", name="Log out").click()
    expect(window.locator("#password").first).to_be_visible()


def test_wrong_password_is_reported(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/")
    window.fill("#email", "admin@localhost")
    window.fill("#password", "not the password")
    window.click("form button[type=submit]")
    expect(window.locator("body")).to_contain_text("Name or password is wrong")


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_login_redirects_to_own_pages_only(service: Service, window: Page, onward: str) -> None:
    log_in(window, service, f"/login?next={onward}")
    window.wait_for_url(f"{service.base}/**")
    assert window.url.startswith(f"{service.base}/")


def test_unknown_site_shows_page_with_its_name(service: Service, window: Page) -> None:
    log_in(window, service, "/?site=no-such-site")
    expect(window.locator("body")).to_contain_text("no-such-site")


@pytest.fixture
def shop(service: Service, tmp_path: Path) -> Iterator[str]:
    """A web site of somebody's, on another port, that includes the tracker."""
    snippet = f'<script defer src="{service.base}/script.js" data-site="demo" data-local></script>'
    (tmp_path / "shop.html").write_text(f"<!doctype html><title>Shop</title>{snippet}")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_tracker_events_appear_on_live_page(service: Service, browser: Browser, shop: str) -> None:
    with watched(browser) as live, watched(browser) as visitor:
        live.goto(f"{service.base}/api/realtime/?site=demo")
        expect(live.locator("#connection")).to_have_attribute("data-state", "live")
        visitor.goto(f"{shop}/shop.html")
        visitor.evaluate("analytics.track('Signup', {props: {plan: 'pro'}})")
        expect(live.locator("#stream")).to_contain_text("/shop.html")
        expect(live.locator("#stream")).to_contain_text("Signup")
