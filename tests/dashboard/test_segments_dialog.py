"""Saved segments on the page: filters are saved under a name, applied, and deleted."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from demo_pages import expect_address, visit
from processes import Service
from windows import log_in

COUNTRY = "is,country,DE"


def listed(window: Page) -> Locator:
    """The segments of the dialog."""
    return window.locator("#segments .segments li")


def test_segments_are_for_accounts_only(service: Service, window: Page) -> None:
    visit(window, service, "/")
    expect(window.locator("#add-filter")).to_be_visible()
    expect(window.locator("#saved-segments")).to_have_count(0)


def test_filters_are_saved_applied_and_deleted(service: Service, window: Page) -> None:
    log_in(window, service, f"/?site=default&period=7d&f={COUNTRY}&f=is_not,browser,Opera")
    window.click("#saved-segments")
    expect(window.locator("#segments")).to_contain_text("A segment is a set of filters")
    window.get_by_label("Save the 2 filters as").fill("<b>Germans</b>")
    window.get_by_role("button", name="Save the segment").click()
    expect(listed(window)).to_contain_text("<b>Germans</b>")
    expect(listed(window)).to_contain_text("Country is Germany, Browser is not Opera")
    expect(listed(window)).to_contain_text("yours")
    window.get_by_label("Save the 2 filters as").fill("<b>Germans</b>")
    window.get_by_role("button", name="Save the segment").click()
    expect(window.get_by_role("alert")).to_contain_text("already")
    window.goto(f"{service.base}/?site=default&period=7d")
    expect(window.locator("#saved-segments")).to_be_visible()
    window.keyboard.press("g")
    window.get_by_role("button", name="<b>Germans</b> Country").click()
    expect_address(window, period="7d", f=[COUNTRY, "is_not,browser,Opera"])
    expect(window.locator(".pill")).to_have_count(2)
    window.click("#saved-segments")
    window.get_by_role("button", name="Delete <b>Germans</b>").click()
    expect(listed(window)).to_have_count(0)


@pytest.fixture
def complex_segment(service: Service) -> Iterator[str]:
    """A segment of the site whose filter has a group, which pills cannot show."""
    username, password = (service.data_dir / "first-login.txt").read_text().split()
    with httpx.Client(base_url=service.base) as client:
        body = {"username": username, "password": password}
        login = client.post("/api/auth/login", json=body).json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        either = '[["or", [["is", "page", ["/a"]], ["is", "page", ["/b"]]]]]'
        new = {"site": "default", "name": "Either", "filters": either, "shared": True}
        made = client.post("/api/segments", json=new).raise_for_status().json()
        yield made["name"]
        client.delete(f"/api/segments/{made['id']}").raise_for_status()


def test_segment_that_pills_cannot_show_is_listed_and_not_applied(
    service: Service, window: Page, complex_segment: str
) -> None:
    log_in(window, service, "/?site=default&period=7d")
    window.click("#saved-segments")
    expect(listed(window)).to_contain_text(complex_segment)
    expect(listed(window)).to_contain_text("of the site")
    expect(listed(window).get_by_role("button", name=complex_segment).first).to_be_disabled()
