"""Goals and events: numbers of the API; goals are made and deleted on the page."""

import re

import httpx
from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, percent, visit
from processes import Service
from windows import curl, log_in

EVENT = "Newsletter sign-up"


def test_numbers_of_events_and_goals_equal_answer(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    goal = {"site": "demo", "name": "Sign-up", "event": EVENT}
    made = administrator.post("/api/goals", json=goal).raise_for_status().json()
    visit(window, service, "/goals", compare="off")
    for card, report, size in (
        ("goals", "goals", "conversions"),
        ("events", "events", "custom_events"),
    ):
        rows = ask(service, report)["rows"]
        lines = window.locator(f"#{card} tbody tr")
        expect(lines).to_have_count(len(rows))
        for row, line in zip(rows, lines.all(), strict=True):
            expect(line).to_contain_text(row["name"])
            assert line.locator(".number").all_inner_texts() == [
                f"{row[size]:,}",
                f"{row['visitors']:,}",
                percent(row["conversion_rate"]),
            ]
    expect(window.locator("#goals tbody")).to_contain_text(EVENT)
    expect(window.get_by_role("button", name="Delete")).to_have_count(0)
    administrator.delete(f"/api/goals/{made['id']}").raise_for_status()


def test_goal_is_made_and_deleted(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    log_in(window, service, "/goals?site=default&period=7d")
    for _ in range(2):
        window.click("#new-goal")
        dialog = window.get_by_role("dialog", name="New goal")
        dialog.get_by_label("Name", exact=True).fill("Read the docs")
        dialog.get_by_label("Page, or a pattern").fill("/docs/**")
        dialog.get_by_role("button", name="Save the goal").click()
        if not _:
            expect(window.locator("#goals tbody tr")).to_contain_text("/docs/**")
    expect(dialog.get_by_role("alert")).to_contain_text("There is a goal 'Read the docs' already")
    saved = administrator.get("/api/goals?site=default").json()
    assert [(goal["name"], goal["page"]) for goal in saved] == [("Read the docs", "/docs/**")]
    window.keyboard.press("Escape")
    window.get_by_role("button", name="Delete Read the docs").click()
    window.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(window.locator("#goals")).to_contain_text("None is saved for this site yet.")
    assert administrator.get("/api/goals?site=default").json() == []


def test_properties_of_an_event_equal_answer(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    for plan in ("pro", "pro", "free"):
        curl(service, site="default", name="Upgrade", page="/plans", props={"plan": plan})
    log_in(window, service, "/goals?site=default&period=7d&compare=off")
    window.locator("#events").get_by_role("link", name="Upgrade").click()
    expect_address(window, event="Upgrade")
    window.locator("#properties").get_by_role("button", name="plan").click()
    expect_address(window, prop="plan")
    query = {"site": "default", "period": "7d", "name": "Upgrade", "property": "plan"}
    rows = administrator.get("/api/analytics/events", params=query).json()["rows"]
    lines = window.locator("#properties tbody tr")
    expect(lines).to_have_count(len(rows))
    shown = [re.split(r"\s+", line.inner_text().strip()) for line in lines.all()]
    assert shown == [
        [row["value"], str(row["custom_events"]), str(row["visitors"])] for row in rows
    ]
    window.go_back()
    expect(window.locator("#properties")).to_contain_text("Choose a property of this event.")
