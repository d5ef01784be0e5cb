"""The audit log in a browser: of the installation as it grows, of a site, of one's own account."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from processes import Service
from windows import PHONE, expect_accessible, log_in, watched

ATTACK = "<img src=x onerror=\"alert('xss')\">"


@pytest.fixture
def person(service: Service) -> str:
    """The user name of a new account."""
    name = f"p{uuid4().hex[:10]}"
    body = {"username": name, "email": f"{name}@test.example", "password": "a long enough password"}
    httpx.post(f"{service.base}/api/auth/register", json=body, timeout=60).raise_for_status()
    return name


def fail_to_log_in(service: Service, name: str) -> None:
    """Tries a wrong password."""
    body = {"username": name, "password": "wrong"}
    assert httpx.post(f"{service.base}/api/auth/login", json=body, timeout=60).status_code == 401


def entries(window: Page) -> Locator:
    return window.get_by_role("list", name="Entries").get_by_role("listitem")


def filter_by(window: Page, **typed: str) -> None:
    """Types into the filters and submits them."""
    for label, text in typed.items():
        window.get_by_label(label.capitalize(), exact=True).fill(text)
    window.get_by_role("button", name="Filter").click()


def test_others_than_superusers_are_refused(service: Service, window: Page, person: str) -> None:
    log_in(window, service, "/trail", (person, "a long enough password"))
    expect(window.locator("#entries").get_by_role("alert")).to_contain_text("Only superusers")
    expect(window.locator("#security").get_by_role("alert")).to_contain_text("Only superusers")
    window.goto(f"{service.base}/account?section=activity")
    expect(entries(window)).to_have_count(2)
    expect(entries(window).last).to_contain_text("Registered")
    expect(window.get_by_role("link", name="Audit log")).to_have_count(0)


def test_entries_appear_as_they_are_added_unless_paused(
    service: Service, window: Page, person: str
) -> None:
    log_in(window, service, "/account")
    window.get_by_role("link", name="Audit log").click()
    expect(window.locator(".connection")).to_have_attribute("data-state", "live")
    filter_by(window, account=person)
    expect(entries(window)).to_have_count(1)
    fail_to_log_in(service, person)
    expect(entries(window)).to_have_count(2)
    expect(entries(window).first).to_contain_text("Login failed")
    expect(window.get_by_label("Account", exact=True)).to_have_value(person)
    window.get_by_role("button", name="Pause").click()
    expect(window.locator(".connection")).to_have_text("Paused, 0 since")
    fail_to_log_in(service, person)
    expect(window.locator(".connection")).to_have_text("Paused, 1 since")
    expect(entries(window)).to_have_count(2)
    window.get_by_role("button", name="Go on").click()
    expect(entries(window)).to_have_count(3)


def test_filters_are_in_the_address_and_in_the_csv(
    service: Service, window: Page, administrator: httpx.Client, person: str
) -> None:
    fail_to_log_in(service, person)
    log_in(window, service, f"/trail?account={person}&action=login_failed")
    expect(entries(window)).to_have_count(1)
    expect(window.get_by_label("Action")).to_have_value("login_failed")
    link = window.get_by_role("link", name="CSV").get_attribute("href")
    assert link
    assert "csv=excel" in link
    text = administrator.get(link).text
    assert text.count("login_failed") == text.count("\n") - 1 == 1
    window.get_by_role("button", name="Show all").click()
    expect(window).to_have_url(re.compile(r"/trail\??$"))
    filter_by(window, account=person, to="2020-01-01")
    expect(window.locator("#entries")).to_contain_text("No entry.")


def test_older_entries_are_pages_of_the_address(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    key = f"o{uuid4().hex[:10]}.example"
    administrator.post("/api/sites", json={"domain": key}).raise_for_status()
    for number in range(60):
        body = {"name": f"name {number}"}
        administrator.patch(f"/api/sites/{key}", json=body).raise_for_status()
    log_in(window, service, f"/trail?site={key}")
    expect(entries(window)).to_have_count(50)
    window.get_by_role("link", name="Older").click()
    expect(entries(window)).to_have_count(11)
    expect(entries(window).last).to_contain_text("Site created")
    expect(window.get_by_role("link", name="Older")).to_have_count(0)
    window.go_back()
    expect(entries(window)).to_have_count(50)


def test_security_event_leads_to_its_entries(service: Service, window: Page, person: str) -> None:
    fail_to_log_in(service, person)
    log_in(window, service, "/trail")
    row = window.locator("#security tr", has_text="Login failed")
    row.get_by_role("link", name="Login failed").click()
    expect(window).to_have_url(f"{service.base}/trail?action=login_failed")
    expect(entries(window).first).to_contain_text("Login failed")
    window.get_by_label("Which entries").get_by_role("button", name="Security events").click()
    expect(window).to_have_url(f"{service.base}/trail?action=login_failed&kind=security")


def test_admin_of_site_reads_what_happened_to_it_as_text(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    key = f"a{uuid4().hex[:10]}.example"
    administrator.post("/api/sites", json={"domain": key}).raise_for_status()
    administrator.patch(f"/api/sites/{key}", json={"name": ATTACK}).raise_for_status()
    log_in(window, service, f"/settings?site={key}&section=audit")
    expect(entries(window)).to_have_count(2)
    expect(entries(window).first).to_contain_text("Site changed")
    expect(entries(window).last).to_contain_text(f"key: {key}")
    filter_by(window, account="nobody")
    expect(window.locator("#entries")).to_contain_text("No entry.")


def test_axe_finds_no_violation_in_audit_log(
    service: Service, browser: Browser, person: str
) -> None:
    fail_to_log_in(service, person)
    with watched(browser, viewport=PHONE, reduced_motion="reduce") as window:
        log_in(window, service, "/trail")
        # Once it is told of new entries it asks for those of the time before, and dims the list.
        expect(window.locator(".connection")).to_have_attribute("data-state", "live")
        window.wait_for_load_state("networkidle")
        expect(window.locator("#security tbody tr").first).to_be_visible()
        expect_accessible(window, "audit log")
        window.goto(f"{service.base}/trail?account=nobody&kind=security")
        expect(window.locator("#entries")).to_contain_text("No entry.")
        window.wait_for_load_state("networkidle")
        expect_accessible(window, "audit log without entries")
