"""Retention: the grid equals the answer of the API."""

from math import ceil
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, percent, visit
from processes import Service


def expected_cells(rates: list[Any], retained: list[Any], *, people: bool) -> list[str]:
    """What is written in the cells of a cohort, up to the first that is not over."""
    over = [rate for rate in rates if rate is not None]
    return [f"{retained[n]:,}" if people else percent(rate) for n, rate in enumerate(over)]


@pytest.mark.parametrize("every", ["day", "week"])
def test_grid_equals_answer(service: Service, window: Page, every: str) -> None:
    periods = {"day": 15, "week": 13}[every]
    rows = ask(service, "retention", period="30d", interval=every, periods=periods)["rows"]
    visit(window, service, "/retention", period="30d", every=every)
    lines = window.locator(".cohorts tbody tr:not(.all)")
    expect(lines).to_have_count(len(rows))
    for people in (False, True):
        if people:
            window.get_by_role("button", name="People").click()
            expect_address(window, numbers="retained")
        for row, line in zip(rows, lines.all(), strict=True):
            expect(line.locator("th")).to_have_attribute("scope", "row")
            expect(line.locator(".number")).to_have_text(f"{row['size']:,}")
            expected = expected_cells(row["rates"], row["retained"], people=people)
            expect(line.locator(".heat")).to_have_text(expected)
            assert line.locator(".pending").count() == (None in row["rates"][: len(expected) + 1])


def test_colours_have_five_steps_of_the_largest_rate(service: Service, window: Page) -> None:
    rows = ask(service, "retention", period="30d", interval="day", periods=15)["rows"]
    largest = max(rate for row in rows for rate in row["rates"][1:] if rate is not None)
    visit(window, service, "/retention", period="30d", every="day")
    lines = window.locator(".cohorts tbody tr:not(.all)")
    expect(lines).to_have_count(len(rows))
    for row, line in zip(rows, lines.all(), strict=True):
        rates = [rate for rate in row["rates"] if rate is not None]
        classes = line.locator(".heat").evaluate_all("cells => cells.map((cell) => cell.className)")
        steps = [min(5, ceil(rate * 5 / largest)) for rate in rates[1:]]
        assert classes == ["heat", *(f"heat step-{step}" for step in steps)]


def test_all_is_weighted_by_size(service: Service, window: Page) -> None:
    rows = ask(service, "retention", period="30d", interval="week", periods=13)["rows"]
    over = [row for row in rows if row["rates"][1] is not None]
    mean = sum(row["retained"][1] for row in over) / sum(row["size"] for row in over)
    visit(window, service, "/retention", period="30d")
    expect(window.locator(".cohorts .all td").nth(2)).to_have_text(percent(mean))
    expect(window.locator(".curves polyline.mean")).to_have_count(1)


def test_choices_are_kept_in_address_and_undone(service: Service, window: Page) -> None:
    visit(window, service, "/retention", period="30d")
    window.get_by_role("button", name="Month").click()
    expect_address(window, every="month")
    expect(window.locator(".cohorts .nth").first).to_have_text("Month 0")
    window.go_back()
    expect(window.locator(".cohorts .nth").first).to_have_text("Week 0")
