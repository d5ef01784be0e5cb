"""Vitals: the page shows what the reports of web vitals and errors answer."""

from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, percent, visit
from processes import Service
from windows import PHONE

RATINGS = {"good": "Good", "needs_improvement": "Needs improvement", "poor": "Poor"}


def written(name: str, value: float) -> str:
    """A value as the page writes it."""
    if name != "CLS" and value < 1000:
        return f"{value:.0f} ms"
    rounded = f"{value if name == 'CLS' else value / 1000:.2f}".rstrip("0").rstrip(".")
    return rounded if name == "CLS" else f"{rounded} s"


def test_vitals_and_errors_equal_answer(service: Service, window: Page) -> None:
    visit(window, service, "/vitals", f="is,page,/nowhere")
    rows = ask(service, "web-vitals")["rows"]
    assert len(rows) == 5
    lines = window.locator("#vitals tbody tr")
    expect(lines).to_have_count(5)
    for row, line in zip(rows, lines.all(), strict=True):
        expect(line).to_contain_text(row["name"])
        assert line.locator(".number").all_inner_texts() == [
            written(row["name"], row["p75"]),
            RATINGS[row["rating"]],
            percent(row["good"]),
            percent(row["poor"]),
            f"{row['count']:,}",
        ]
    errors = ask(service, "errors")["rows"]
    lines = window.locator("#errors tbody tr")
    expect(lines).to_have_count(len(errors))
    for row, line in zip(errors, lines.all(), strict=True):
        expect(line).to_contain_text(row["message"])
        numbers = [f"{row[key]:,}" for key in ("count", "visitors", "pages", "browsers")]
        assert line.locator(".number").all_inner_texts()[:4] == numbers


def test_names_of_vitals_are_whole_on_a_phone(service: Service, window: Page) -> None:
    window.set_viewport_size(PHONE)
    visit(window, service, "/vitals")
    names = window.locator("#vitals .words")
    expect(names).to_have_count(5)
    cut = "names => names.filter((name) => name.scrollWidth > name.clientWidth).length"
    assert names.evaluate_all(cut) == 0


def test_vitals_are_broken_down_by_a_dimension_of_the_address(
    service: Service, window: Page
) -> None:
    visit(window, service, "/vitals")
    window.locator("#vitals").get_by_role("button", name="Device").click()
    expect_address(window, by="device")
    rows = ask(service, "web-vitals", dimension="device")["rows"]
    expect(window.locator("#vitals tbody tr")).to_have_count(len(rows))
    expect(window.locator("#vitals thead")).to_contain_text("Device")
    window.go_back()
    expect(window.locator("#vitals tbody tr")).to_have_count(5)


def test_range_without_vitals_says_how_to_get_them(service: Service, window: Page) -> None:
    old = {"from": "2020-01-01", "to": "2020-01-31"}
    visit(window, service, "/vitals", period="custom", **old)
    expect(window.locator("#vitals")).to_contain_text("script-vitals.js")
