"""The map of countries in the card of locations."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

import dashboard
from demo_pages import ask, expect_address, percent, visit
from processes import Service
from windows import PHONE, expect_accessible

WORLD = Path(dashboard.__file__).parent / "static" / "vendor" / "world.mjs"


def opened(window: Page, service: Service) -> list[dict[str, object]]:
    """The map, drawn; and the rows that it shows: events of other tests come from no country."""
    visit(window, service, "/", locations="map", compare="off")
    expect(window.locator("#locations .map a").first).to_be_visible()
    rows = ask(service, "locations", dimension="country", limit=300)["rows"]
    return [row for row in rows if row["country"]]


def test_map_is_small_and_has_every_large_country() -> None:
    text = WORLD.read_text()
    codes = re.findall(r"^  ([A-Z]{2}): '[M\d]", text, re.MULTILINE)
    assert len(codes) == len(set(codes)) > 230
    assert {"DE", "US", "CN", "IN", "BR", "SG", "MT", "XK", "TW", "HK"} <= {*codes}
    assert "AQ" not in codes


def test_countries_have_colours_by_their_visits(service: Service, window: Page) -> None:
    rows = opened(window, service)
    most = max(row["visits"] for row in rows)  # pyright: ignore
    links = window.locator("#locations .map a")
    expect(links).to_have_count(len(rows))
    for row in rows:
        country = window.locator(f".map [data-country={row['country']}]")
        step = min(5, -int(-5 * (row["visits"] / most) ** 0.5 // 1))  # pyright: ignore
        expect(country.locator("path")).to_have_class(f"step-{step}")


def test_pointer_and_arrow_keys_tell_country_and_numbers(service: Service, window: Page) -> None:
    rows = opened(window, service)
    told = window.locator("#locations .told")
    expect(told).to_contain_text(f"≤ {rows[0]['visits']:,}")
    window.locator(".map [data-country=AU]").hover()
    row = next(row for row in rows if row["country"] == "AU")
    expect(told).to_contain_text("Australia")
    expect(told).to_contain_text(percent(row["share"]))  # pyright: ignore
    first = window.locator(f".map [data-country={rows[0]['country']}]")
    window.mouse.move(0, 0)
    first.focus()
    window.keyboard.press("ArrowRight")
    expect(window.locator(f".map [data-country={rows[1]['country']}]")).to_be_focused()
    expect(told).to_contain_text(f"{rows[1]['visits']:,}")
    window.keyboard.press("ArrowLeft")
    window.keyboard.press("ArrowLeft")
    expect(window.locator(f".map [data-country={rows[-1]['country']}]")).to_be_focused()


def test_click_and_enter_on_a_country_filter_by_it(service: Service, window: Page) -> None:
    opened(window, service)
    window.locator(".map [data-country=BR]").click()
    expect_address(window, f="is,country,BR", locations="map")
    expect(window.locator(".pill")).to_contain_text("Country is Brazil")
    expect(window.locator(".map a")).to_have_count(1)
    window.locator(".map [data-country=BR]").focus()
    window.keyboard.press("Enter")
    expect_address(window, f=None)


def test_map_is_not_loaded_before_it_is_shown(service: Service, window: Page) -> None:
    loaded: list[str] = []
    window.on("request", lambda request: loaded.append(request.url))
    visit(window, service, "/")
    expect(window.locator("#locations tbody tr").first).to_be_visible()
    assert not [address for address in loaded if "world" in address]
    window.click("#locations button[value=map]")
    expect(window.locator(".map a").first).to_be_visible()
    assert [address for address in loaded if address.endswith("vendor/world.mjs")]


def test_map_is_accessible_and_fits_a_phone(service: Service, window: Page) -> None:
    opened(window, service)
    expect_accessible(window, "map")
    window.set_viewport_size(PHONE)
    expect_accessible(window, "map on a phone")
