"""Activity: hours, lifecycle and stickiness equal the answers of the API."""

from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, percent, visit
from processes import Service


def test_hours_equal_answer(service: Service, window: Page) -> None:
    rows = ask(service, "heatmap")["rows"]
    visits = {(row["weekday"], row["hour"]): row["visits"] for row in rows}
    largest = max(visits.values())
    visit(window, service, "/activity")
    lines = window.locator(".hours tbody tr")
    expect(lines).to_have_count(7)
    weekdays = (7, 1, 2, 3, 4, 5, 6)  # in English of the United States a week begins on Sunday
    for weekday, line in zip(weekdays, lines.all(), strict=True):
        expected = [visits.get((weekday, hour), 0) for hour in range(24)]
        cells = line.locator("td")
        assert cells.all_inner_texts() == [f"{number:,}" for number in expected]
        steps = cells.evaluate_all("cells => cells.map((cell) => cell.className)")
        assert steps == [f"heat step-{-(-number * 5 // largest)}" for number in expected]


def test_lifecycle_equals_answer(service: Service, window: Page) -> None:
    visit(window, service, "/activity")
    window.locator("#lifecycle").get_by_role("button", name="Week").click()
    expect_address(window, every="week")
    rows = ask(service, "lifecycle", interval="week")["rows"]
    expect(window.locator("#lifecycle .bars svg > g:has(title)")).to_have_count(len(rows))
    window.locator("#lifecycle summary").click()
    lines = window.locator("#lifecycle tbody tr")
    for row, line in zip(rows, lines.all(), strict=True):
        numbers = [row[key] for key in ("returning", "resurrected", "new", "dormant")]
        expected = ["\N{EN DASH}" if number is None else f"{number:,}" for number in numbers]
        assert line.locator(".number").all_inner_texts() == expected


def test_stickiness_equals_answer(service: Service, window: Page) -> None:
    rows = ask(service, "stickiness")["rows"]
    visit(window, service, "/activity")
    over = [row for row in rows if row["complete"]][-1]
    for key in ("dau", "wau", "mau"):
        expect(window.locator("#stickiness")).to_contain_text(f"{over[key]:,}")
    chart = window.get_by_role("slider")
    chart.focus()
    window.keyboard.press("Home")
    spoken = chart.get_attribute("aria-valuetext") or ""
    share = percent(rows[0]["dau_mau"])
    assert f"{share}, {rows[0]['dau']:,} of {rows[0]['mau']:,} visitors" in spoken
