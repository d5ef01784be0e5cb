"""The sites: the list in the header, the page of all sites, and a new site."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from demo_pages import expect_address
from processes import Service
from windows import PHONE, curl, expect_accessible, log_in, watched

ATTACK = "<img src=x onerror=\"alert('xss')\">"


@pytest.fixture
def sites(administrator: httpx.Client) -> list[str]:
    """Three sites with a word in common that no other has, by key; one has a hostile name."""
    word = f"w{uuid4().hex[:10]}"
    for place, name in (("a", "First"), ("b", ATTACK), ("c", "")):
        body = {"domain": f"{word}-{place}.example", "name": name}
        administrator.post("/api/sites", json=body).raise_for_status()
    return [f"{word}-{place}.example" for place in "abc"]


def test_list_in_header_is_searched_and_opens_same_page_of_site(
    service: Service, window: Page, sites: list[str]
) -> None:
    log_in(window, service, "/goals?site=default&period=7d&f=is,page,/")
    window.click("#switch")
    expect(window.get_by_role("combobox", name="Find a site")).to_be_focused()
    window.keyboard.type(sites[0][:11])
    options = window.locator("[role=option]")
    expect(options).to_have_count(3)
    expect(options.nth(1)).to_contain_text("<img src=x")
    window.keyboard.press("ArrowDown")
    window.keyboard.press("ArrowDown")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    window.keyboard.press("Enter")
    window.wait_for_url(f"**/goals?site={sites[2]}&**")
    expect_address(window, period="7d", f=None)
    expect(window.locator("#switch")).to_contain_text(sites[2])


def test_escape_closes_list_in_header_and_gives_focus_back(service: Service, window: Page) -> None:
    log_in(window, service, "/api/realtime/?site=default")
    window.click("#switch")
    expect(window.locator("[role=option]").first).to_be_visible()
    window.keyboard.press("Escape")
    expect(window.locator("[role=option]")).to_have_count(0)
    expect(window.locator("#switch")).to_be_focused()
    expect(window.locator("#switch")).to_have_attribute("aria-expanded", "false")


def test_stranger_sees_neither_list_nor_settings(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/?site=demo")
    expect(window.locator("#tiles")).to_be_visible()
    expect(window.locator("#switch")).to_have_count(0)
    expect(window.get_by_role("link", name="Settings")).to_have_count(0)
    for path in ("/sites", "/sites/new", "/account"):
        assert window.goto(service.base + path).status == 401  # pyright: ignore[reportOptionalMemberAccess]
        expect(window.locator("form#login")).to_have_attribute("data-next", path)


def test_all_sites_are_shown_with_answer_of_one_request(
    service: Service, window: Page, administrator: httpx.Client, sites: list[str]
) -> None:
    curl(service, site=sites[0], page="/")
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    log_in(window, service, "/sites")
    answer = administrator.get("/api/analytics/sites").json()
    rows = window.locator("#all-sites tbody tr")
    expect(rows).to_have_count(len(answer))
    for row, site in zip(rows.all(), answer, strict=True):
        expect(row).to_contain_text(site["name"])
        expect(row.locator("td").nth(2)).to_have_text(f"{site['visitors']:,}")
    assert len([url for url in asked if "/api/analytics/" in url]) == 1
    window.get_by_role("searchbox", name="Find a site").fill(sites[0][:11])
    expect(rows).to_have_count(3)
    expect(rows.first.locator("td").nth(2)).to_have_text("1")
    window.get_by_role("link", name="First").click()
    window.wait_for_url(re.compile(rf"/\?site={sites[0]}"))


def test_axe_finds_no_violation_in_sites(service: Service, browser: Browser) -> None:
    with watched(browser, viewport=PHONE, reduced_motion="reduce") as window:
        log_in(window, service, "/sites")
        expect(window.locator("#all-sites tbody tr").first).to_be_visible()
        expect_accessible(window, "all sites")
        window.click("#switch")
        expect(window.locator("[role=option]").first).to_be_visible()
        expect_accessible(window, "list of sites")
