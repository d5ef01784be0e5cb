"""Sessions: the list of visits, and the timeline of one."""

import json
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, seconds, visit
from processes import Service
from windows import CHROME, PHONE, expect_accessible


def test_rows_equal_answer(service: Service, window: Page) -> None:
    answer = ask(service, "sessions", limit=50)
    visit(window, service, "/sessions")
    lines = window.locator("#sessions tbody tr")
    expect(lines).to_have_count(len(answer["rows"]))
    for row, line in list(zip(answer["rows"], lines.all(), strict=True))[:10]:
        cells = line.locator("td").all_inner_texts()
        assert cells[2] == (row["source"] or row["channel"])
        assert cells[-3:] == [
            str(row["pageviews"]),
            str(row["custom_events"]),
            seconds(row["duration_seconds"]),
        ]
        title = line.locator(".way").get_attribute("title") or ""
        one = row["pageviews"] < 2 or row["entry_page"] == row["exit_page"]
        way = row["entry_page"] if one else f"{row['entry_page']} → {row['exit_page']}"
        assert title == way
    expect(window.locator("#sessions .head")).to_contain_text(
        f"{answer['totals']['visits']:,} visits"
    )


def test_path_is_whole_where_there_is_room(service: Service, window: Page) -> None:
    visit(window, service, "/sessions")
    ends = window.locator("#sessions .cut span:last-child")
    expect(ends.first).to_be_visible()
    cut = "ends => ends.filter((end) => end.scrollWidth > end.clientWidth).map((e) => e.innerText)"
    shorter = [path for path in ends.evaluate_all(cut) if len(path) < 28]
    assert shorter == []


def test_sorting_and_paging_are_kept_in_address(service: Service, window: Page) -> None:
    visit(window, service, "/sessions")
    window.get_by_role("button", name="Pages").click()
    expect_address(window, order="pageviews:desc")
    window.get_by_role("button", name="Next").click()
    expect_address(window, page="2")
    rows = ask(service, "sessions", order="pageviews:desc", limit=50, offset=50)["rows"]
    expected = [str(row["pageviews"]) for row in rows]
    pages = window.locator("#sessions tbody td:nth-last-child(3)")
    expect(pages).to_have_text(expected)
    window.go_back()
    expect_address(window, page=None)
    expect(window.get_by_role("button", name="Before", exact=True)).to_be_disabled()


def test_filter_of_frame_holds_for_list(service: Service, window: Page) -> None:
    filters = json.dumps([["is", "device", ["tablet"]]])
    total = ask(service, "sessions", filters=filters, limit=1)["totals"]["visits"]
    visit(window, service, "/sessions", f="is,device,tablet")
    expect(window.locator("#sessions .head")).to_contain_text(f"{total:,} visits")
    expect(window.locator("#sessions tbody tr").first).to_contain_text("Tablet")


def test_timeline_has_events_and_gaps_to_scale(service: Service, window: Page) -> None:
    rows = ask(service, "sessions", order="pageviews:desc", limit=1)["rows"]
    events = ask(service, f"sessions/{rows[0]['visit_id']}")["events"]
    visit(window, service, "/sessions", order="pageviews:desc")
    window.locator("#sessions tbody a").first.click()
    expect_address(window, visit=rows[0]["visit_id"])
    items = window.locator(".timeline > li")
    expect(items).to_have_count(len(events))
    gaps = items.evaluate_all("items => items.map((item) => parseFloat(item.style.paddingBottom))")
    longest = max(event["seconds_to_next"] or 0 for event in events)
    for event, item, gap in zip(events, items.all(), gaps, strict=True):
        expect(item).to_contain_text(event["page"])
        assert abs(gap - 12 - 120 * (event["seconds_to_next"] or 0) / longest) < 0.1
    window.keyboard.press("Escape")
    expect_address(window, visit=None, order="pageviews:desc")


def test_other_visits_of_the_visitor_are_listed_and_opened(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    start = datetime.now(UTC) - timedelta(days=3)
    pages = ["/<b>one</b>", "/two", "/three"]
    body = [
        {"site": "demo", "visitor_id": "comes again", "page": page, "user_agent": CHROME,
         "time": (start + timedelta(days=day)).isoformat()}
        for day, page in enumerate(pages)
    ]  # fmt: skip
    administrator.post("/api/events/", json=body).raise_for_status()
    day = f"{start + timedelta(days=2):%Y-%m-%d}"
    asked = {"from": day, "to": day, "f": "is,page,/three"}
    visit(window, service, "/sessions", period="custom", **asked)
    window.locator("#sessions tbody a").first.click()
    others = window.get_by_role("region", name="Other visits of this visitor")
    expect(others.get_by_role("heading")).to_have_text("2 other visits of this visitor")
    expect(others.get_by_role("listitem").first).to_contain_text("/two")
    expect(others.get_by_role("listitem").last).to_contain_text("/<b>one</b>")
    window.set_viewport_size(PHONE)
    expect_accessible(window, "other visits")
    others.get_by_role("link").last.click()
    expect(window.locator(".timeline")).to_contain_text("/<b>one</b>")
    expect(others.get_by_role("listitem").first).to_contain_text("/three")
    window.go_back()
    expect(window.locator(".timeline")).to_contain_text("/three")
    window.keyboard.press("Escape")
    expect_address(window, visit=None, begun=None)


def test_unknown_visit_is_said_to_be_missing(service: Service, window: Page) -> None:
    visit(window, service, "/sessions", visit="00000000-0000-0000-0000-000000000000")
    expect(window.get_by_role("dialog")).to_contain_text("There is no such visit in this range.")
