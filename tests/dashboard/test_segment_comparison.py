"""Two segments side by side: tiles, chart and cards show the numbers of both."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, visit
from processes import Service
from windows import PHONE, expect_accessible, log_in

PHONES, DESKTOPS = "is,device,mobile", "is,device,desktop"
DAILY = {"interval": "day"}


def only(device: str) -> str:
    """The filter of the API for visits with a kind of device."""
    return json.dumps([["is", "device", [device]]])


def both(service: Service, report: str, **params: Any) -> Any:
    """The answer for phones, and that for desktops, each asked for by itself."""
    return [ask(service, report, filters=only(one), **params) for one in ("mobile", "desktop")]


def compared(window: Page, service: Service, **params: Any) -> None:
    """The overview of visits with phones beside those with desktops."""
    visit(window, service, "/", compare="segment", f=PHONES, compare_f=DESKTOPS, **params)
    expect(window.locator(".tile .beside").first).to_be_visible()


def test_tiles_chart_and_cards_show_both_segments(service: Service, window: Page) -> None:
    phones, desktops = both(service, "timeseries", **DAILY)
    compared(window, service, metric="pageviews", pages="entry")
    tile = window.locator(".tile[value=visits]")
    expect(tile.locator(".figure")).to_have_text(f"{phones['totals']['visits']:,}")
    expect(tile.locator(".beside")).to_have_text(f"{desktops['totals']['visits']:,}")
    expect(window.locator("#comparison")).to_contain_text("Segment")
    window.get_by_role("button", name="As table").click()
    lines = window.locator(".numbers tbody tr")
    expect(lines).to_have_count(len(phones["rows"]))
    for ours, theirs, line in zip(phones["rows"], desktops["rows"], lines.all(), strict=True):
        cells = line.locator("td").all_inner_texts()[1:]
        expected = [f"{ours['pageviews']:,}", "Device is Desktop", f"{theirs['pageviews']:,}"]
        assert cells == expected
    ours, theirs = both(service, "pages", order="entries:desc", limit=1000)
    known = {row["page"]: row["entries"] for row in theirs["rows"]}
    for row, line in zip(ours["rows"], window.locator("#pages tbody tr").all(), strict=False):
        expected = [f"{row['entries']:,}", f"{known.get(row['page'], 0):,}"]
        assert line.locator("td.number").all_inner_texts() == expected


def test_compared_segment_is_edited_by_its_own_pills(service: Service, window: Page) -> None:
    visit(window, service, "/", compare="previous", f=PHONES)
    window.click("#comparison")
    window.get_by_role("button", name="All visits").click()
    expect_address(window, compare="segment", compare_f=None, f=PHONES)
    pills = window.get_by_role("list", name="Compared segment")
    expect(pills).to_contain_text("All visits")
    pills.get_by_role("button", name="Add a filter").click()
    dialog = window.get_by_role("dialog")
    dialog.get_by_label("What").select_option("device")
    dialog.get_by_label("desktop").check()
    dialog.get_by_role("button", name="Add the filter").click()
    expect_address(window, compare="segment", compare_f=DESKTOPS, f=PHONES)
    pills.get_by_role("button", name="Device is Desktop").first.click(modifiers=["Alt"])
    expect_address(window, compare_f="is_not,device,desktop", f=PHONES)
    window.go_back()
    expect_address(window, compare_f=DESKTOPS, f=PHONES)
    pills.get_by_role("button", name="Remove: Device is Desktop").click()
    expect_address(window, compare="segment", compare_f=None, f=PHONES)
    window.keyboard.press("x")
    expect_address(window, compare="off", compare_f=None, f=PHONES)
    expect(pills).to_have_count(0)


def test_swapped_sides_show_the_rows_of_the_other(service: Service, window: Page) -> None:
    desktops = ask(service, "pages", filters=only("desktop"), order="entries:desc")["rows"]
    compared(window, service, pages="entry")
    window.get_by_role("button", name="Swap sides").click()
    expect_address(window, compare="segment", f=DESKTOPS, compare_f=PHONES)
    first = window.locator("#pages tbody tr").first
    expect(first).to_contain_text(desktops[0]["page"])
    expect(first.locator("td.number").first).to_have_text(f"{desktops[0]['entries']:,}")
    window.get_by_role("button", name="Remove: Device is Mobile").click()
    window.get_by_role("button", name="Swap sides").click()
    expect_address(window, compare="segment", f=None, compare_f=DESKTOPS)


@pytest.fixture
def saved(administrator: httpx.Client) -> Iterator[str]:
    """A segment of the site."""
    new = {"site": "demo", "name": "<i>Desks</i>", "filters": only("desktop"), "shared": True}
    made = administrator.post("/api/segments", json=new).raise_for_status().json()
    yield made["name"]
    administrator.delete(f"/api/segments/{made['id']}").raise_for_status()


def test_saved_segment_can_be_compared_with_for_all_time(
    service: Service, window: Page, saved: str
) -> None:
    log_in(window, service, "/login?next=/%3Fsite%3Ddemo%26period%3Dall")
    window.click("#comparison")
    expect(window.get_by_role("button", name="Year before")).to_have_count(0)
    window.get_by_role("button", name=saved).click()
    expect_address(window, compare="segment", compare_f=DESKTOPS, period="all")
    expect(window.locator(".tile .beside").first).to_be_visible()


def test_comparison_of_segments_is_accessible_and_fits_a_phone(
    service: Service, window: Page
) -> None:
    compared(window, service)
    expect_accessible(window, "segments")
    window.set_viewport_size(PHONE)
    expect_accessible(window, "segments on a phone")
