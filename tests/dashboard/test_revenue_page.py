"""Revenue: the page shows what the report of revenue answers."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from playwright.sync_api import Locator, Page, expect

from demo_pages import ask, expect_address, visit
from processes import Service


def euros(amount: float) -> str:
    """An amount as the pages write it in English."""
    return f"€{Decimal(str(amount)).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def expect_rows(lines: Locator, rows: list[dict[str, Any]]) -> None:
    """Expects the numbers of these rows, in order."""
    expect(lines).to_have_count(len(rows))
    for row, line in zip(rows, lines.all(), strict=True):
        numbers = [f"{row[key]:,}" for key in ("orders", "visitors")]
        amounts = [euros(row[key]) for key in ("revenue", "average_order")]
        expect(line.locator(".number")).to_have_text([amounts[0], *numbers, amounts[1]])


def test_orders_by_channel_equal_answer(service: Service, window: Page) -> None:
    answer = ask(service, "revenue", limit=100)
    visit(window, service, "/revenue")
    lines = window.locator("#revenue tbody tr")
    expect_rows(lines, answer["rows"])
    expect(lines.first).to_contain_text(answer["rows"][0]["channel"])
    expect(window.locator("#revenue")).to_contain_text(f"{answer['totals']['orders']:,} orders")


def test_credit_and_dimension_are_kept_in_address(service: Service, window: Page) -> None:
    visit(window, service, "/revenue")
    window.get_by_label("Counts for").select_option("The first visit ever")
    window.locator("#revenue").get_by_role("button", name="Source").click()
    expect_address(window, credit="first", by="source")
    rows = ask(service, "revenue", limit=100, dimension="source", attribution="first")["rows"]
    expect_rows(window.locator("#revenue tbody tr"), rows)
    window.locator("#revenue tbody a", has_text="Google").click()
    expect_address(window, f="is,source,Google", credit="first")
