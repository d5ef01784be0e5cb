"""The tiles of the overview for sites with goals and orders."""

from uuid import uuid4

import httpx
from playwright.sync_api import Browser, Page, Route, expect

from demo_pages import ask, expect_address, percent, visit
from processes import Service, post
from windows import CHROME, log_in, watched


def test_site_without_goals_and_orders_has_six_tiles(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    site = f"s{uuid4().hex[:10]}.example"  # Other tests send orders to the default site.
    administrator.post("/api/sites", json={"domain": site}).raise_for_status()
    post(service.base, [{"site": site, "user_agent": CHROME, "page": "/"}])
    log_in(window, service, f"/?site={site}&period=7d")
    expect(window.locator(".tile .figure").first).not_to_have_text("")
    window.wait_for_load_state("networkidle")
    expect(window.locator(".tile")).to_have_count(6)


def test_tiles_of_goals_and_orders_equal_answer(service: Service, window: Page) -> None:
    visit(window, service, "/", compare="off")
    totals = ask(service, "conversions", interval="day")["totals"]
    assert totals["goals"] == 3
    rate, revenue = (
        window.locator(f".tile[value={name}]") for name in ("conversion_rate", "revenue")
    )
    expect(rate.locator(".figure")).to_have_text(percent(totals["conversion_rate"]))
    expect(revenue.locator(".figure")).to_have_text(f"€{totals['revenue']:,.0f}")
    expect(revenue).to_have_attribute(
        "title", f"Revenue: €{totals['revenue']:,.2f}. Sum of the amounts of all orders."
    )


def test_revenue_tile_drives_chart_and_its_table(service: Service, window: Page) -> None:
    visit(window, service, "/", compare="off")
    window.click(".tile[value=revenue]")
    expect_address(window, metric="revenue")
    window.get_by_role("button", name="As table").click()
    rows = ask(service, "conversions", interval="day")["rows"]
    lines = window.locator(".numbers tbody tr")
    expect(lines).to_have_count(len(rows))
    shown = lines.locator(".number").all_inner_texts()
    assert shown == [f"€{row['revenue']:,.2f}" for row in rows]
    csv = window.locator("#series").get_by_role("link", name="CSV").get_attribute("href") or ""
    assert csv.startswith("/api/analytics/conversions?")


def test_tiles_are_there_before_their_answer_at_the_next_visit(
    service: Service, browser: Browser
) -> None:
    with watched(browser) as window:
        visit(window, service, "/")
        expect(window.locator(".tile[value=revenue] .figure")).to_contain_text("€")
        held: list[Route] = []
        window.route("**/api/analytics/batch", lambda route: held.append(route))
        window.reload()
        expect(window.locator(".tile")).to_have_count(8)
        assert held


def test_filter_that_leaves_no_order_keeps_the_tile(service: Service, window: Page) -> None:
    visit(window, service, "/")
    expect(window.locator(".tile[value=revenue]")).to_be_visible()
    visit(window, service, "/", f="is,page,/no-such-page")
    expect(window.locator(".tile[value=revenue] .figure")).to_have_text("€0")


def test_refused_conversions_leave_the_other_tiles(service: Service, window: Page) -> None:
    def refuse(route: Route) -> None:
        queries = route.request.post_data_json["queries"]
        asked = [
            one | ({"report": "none"} if one["id"] == "conversions" else {}) for one in queries
        ]
        route.continue_(post_data={"queries": asked})

    window.route("**/api/analytics/batch", refuse)
    visit(window, service, "/")
    expect(window.locator(".tile .figure").first).not_to_have_text("")
    window.wait_for_load_state("networkidle")
    expect(window.locator(".tile")).to_have_count(6)
    expect(window.get_by_role("alert")).to_have_count(0)
