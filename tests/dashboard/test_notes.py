"""Notes at days of a site, in the chart and in their dialog."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from demo_pages import ask, visit
from processes import Service
from windows import expect_accessible, log_in, watched

ATTACK = "<img src=x onerror=\"alert('xss')\">"


@pytest.fixture
def days(service: Service) -> list[str]:
    """The days of the last week."""
    return [row["time"][:10] for row in ask(service, "timeseries", interval="day")["rows"]]


@pytest.fixture(autouse=True)
def cleared(administrator: httpx.Client) -> Iterator[None]:
    """No note outlives its test."""
    yield
    for note in administrator.get("/api/annotations?site=demo").json():
        administrator.delete(f"/api/annotations/{note['id']}").raise_for_status()


def save(administrator: httpx.Client, day: str, text: str) -> None:
    """Saves a note of the demo site."""
    body = {"site": "demo", "day": day, "text": text}
    administrator.post("/api/annotations", json=body).raise_for_status()


def test_notes_are_told_with_the_value_of_their_day(
    service: Service, window: Page, administrator: httpx.Client, days: list[str]
) -> None:
    save(administrator, days[-2], "Launch")
    save(administrator, days[-2], ATTACK)
    save(administrator, "2020-01-01", "Long ago")
    visit(window, service, "/", compare="off")
    chart = window.get_by_role("slider")
    chart.focus()
    window.keyboard.press("ArrowLeft")
    window.keyboard.press("ArrowLeft")
    expect(window.locator(".tooltip .note")).to_have_text(["Launch", ATTACK])
    assert f"; Launch; {ATTACK}" in (chart.get_attribute("aria-valuetext") or "")
    window.keyboard.press("ArrowLeft")
    expect(window.locator(".tooltip .note")).to_have_count(0)
    assert window.locator("img[src=x]").count() == 0


def test_first_hour_of_a_day_and_its_week_have_the_note(
    service: Service, window: Page, administrator: httpx.Client, days: list[str]
) -> None:
    save(administrator, days[-1], "Launch")
    visit(window, service, "/", period="today", interval="hour", compare="off")
    chart = window.get_by_role("slider")
    chart.focus()
    window.keyboard.press("Home")
    expect(window.locator(".tooltip .note")).to_have_text("Launch")
    visit(window, service, "/", period="90d", interval="week", compare="off")
    chart.focus()
    window.keyboard.press("End")
    expect(window.locator(".tooltip .note")).to_have_text("Launch")


def test_note_is_saved_and_deleted_in_the_dialog(
    service: Service, browser: Browser, administrator: httpx.Client, days: list[str]
) -> None:
    with watched(browser) as window:
        log_in(window, service, "/login")
        window.goto(f"{service.base}/?site=demo&period=7d")
        window.get_by_role("button", name="Notes").click()
        dialog = window.get_by_role("dialog", name="Notes")
        expect(dialog).to_contain_text("A note at a day explains")
        dialog.get_by_label("Day").fill(days[2])
        dialog.get_by_label("What happened").fill("Sale begins")
        dialog.get_by_role("button", name="Save the note").click()
        expect(dialog.locator(".notes li")).to_contain_text("Sale begins")
        saved = administrator.get("/api/annotations?site=demo").json()
        assert [(note["day"], note["text"]) for note in saved] == [(days[2], "Sale begins")]
        expect_accessible(window, "notes")
        dialog.get_by_role("button", name="Delete Sale begins").click()
        expect(dialog).to_contain_text("A note at a day explains")
        assert administrator.get("/api/annotations?site=demo").json() == []


def test_strangers_read_notes_and_cannot_change_them(
    service: Service, window: Page, administrator: httpx.Client, days: list[str]
) -> None:
    save(administrator, days[0], "Launch")
    visit(window, service, "/")
    window.get_by_role("button", name="Notes").click()
    dialog = window.get_by_role("dialog", name="Notes")
    expect(dialog.locator(".notes li")).to_contain_text("Launch")
    expect(dialog.get_by_role("button")).to_have_count(1)  # that which closes it
