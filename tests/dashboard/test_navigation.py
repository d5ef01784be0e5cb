"""The navigation: pages side by side, and a menu of those for which there is no room."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboard.pages import PAGES
from processes import Service
from windows import PHONE, expect_accessible, log_in, watched

IN_MENU = [page.title for page in PAGES if page.in_menu]
BESIDE = [page.title for page in PAGES if not page.in_menu]


def menu(window: Page) -> Locator:
    """The button of the menu."""
    return window.locator("#more summary")


def open_page(window: Page, service: Service, path: str) -> None:
    """Opens a page of the demo site as somebody who is logged in."""
    log_in(window, service, f"/login?next={quote(path)}")
    # The page writes range and comparison into its address.
    window.wait_for_url(lambda url: urlsplit(url).path == urlsplit(path).path)


def shown(window: Page) -> list[str]:
    """The pages that the navigation shows, in order."""
    links = window.get_by_role("navigation", name="Pages").get_by_role("link")
    return links.all_inner_texts()


@pytest.mark.parametrize("width", [768, 1024, 1201, 1440])
@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_no_page_of_the_navigation_is_cut_off(
    service: Service, browser: Browser, width: int, language: str
) -> None:
    size = {"width": width, "height": 800}
    with watched(browser, viewport=size, locale=language) as window:
        open_page(window, service, "/api/realtime?site=demo")
        nav = window.locator(".top nav")
        assert nav.evaluate("one => one.scrollWidth <= one.clientWidth")
        tops = [box["y"] for one in nav.locator("> *").all() if (box := one.bounding_box())]
        assert len(tops) == len(BESIDE) + 1
        assert max(tops) - min(tops) < 8, "two lines"


def test_menu_has_the_pages_that_are_not_beside_it(service: Service, window: Page) -> None:
    open_page(window, service, "/funnels?site=demo&period=7d")
    assert shown(window) == BESIDE
    expect(menu(window)).to_contain_text("More")
    menu(window).click()
    assert shown(window) == BESIDE + IN_MENU
    expect_accessible(window, "menu of more pages")


def test_page_of_the_menu_keeps_the_view_and_names_the_menu(service: Service, window: Page) -> None:
    open_page(window, service, "/funnels?site=demo&period=7d")
    menu(window).click()
    window.get_by_role("link", name="Goals", exact=True).click()
    expect(window.locator("#main h1")).to_contain_text("Goals")
    assert parse_qs(urlsplit(window.url).query)["period"] == ["7d"]
    expect(menu(window)).to_contain_text("Goals")


def test_menu_works_with_the_keyboard(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/vitals?site=demo")
    menu(window).focus()
    window.keyboard.press("Enter")
    assert shown(window)[-1] == "Vitals"
    window.keyboard.press("Tab")
    expect(window.get_by_role("link", name="Activity")).to_be_focused()
    window.keyboard.press("Escape")
    expect(menu(window)).to_be_focused()
    expect(window.locator("#more .panel")).to_be_hidden()
    window.keyboard.press("Enter")
    for _ in range(5):
        window.keyboard.press("Tab")
    expect(window.locator("#more .panel")).to_be_hidden()


def test_click_elsewhere_closes_the_menu(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/vitals?site=demo")
    menu(window).click()
    expect(window.locator("#more .panel")).to_be_visible()
    window.locator("footer").click()
    expect(window.locator("#more .panel")).to_be_hidden()


def test_phone_has_every_page_in_the_menu(service: Service, browser: Browser) -> None:
    with watched(browser, viewport=PHONE, has_touch=True, is_mobile=True) as window:
        open_page(window, service, "/sessions?site=demo")
        assert shown(window) == []
        expect(menu(window)).to_contain_text("Sessions")
        menu(window).click()
        assert shown(window) == BESIDE + IN_MENU
        expect_accessible(window, "menu of pages on a phone")
        window.get_by_role("link", name="Overview", exact=True).click()
        expect(window.locator("#tiles")).to_be_visible()
