"""One's own account: names, password, second factor, logins; all accounts for superusers."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP

from processes import Service
from windows import PHONE, expect_accessible, log_in, watched

PASSWORD = "a long enough password"
SECTIONS = ("profile", "password", "factor", "logins", "keys", "users", "jobs")


@pytest.fixture
def person(service: Service) -> str:
    """The e-mail address of a new account."""
    body = {"email": f"{uuid4().hex[:10]}@test.example", "password": PASSWORD}
    httpx.post(f"{service.base}/api/auth/register", json=body, timeout=60).raise_for_status()
    return body["email"]


def open_section(window: Page, service: Service, person: str, section: str) -> None:
    log_in(window, service, f"/account?section={section}", (person, PASSWORD))


def can_log_in(service: Service, person: str, password: str = PASSWORD, **more: Any) -> bool:
    """Whether this logs in."""
    body = {"username": person, "password": password, **more}
    return httpx.post(f"{service.base}/api/auth/login", json=body, timeout=60).status_code == 200


def test_names_are_saved_and_a_new_address_takes_the_password(
    service: Service, window: Page, person: str
) -> None:
    open_section(window, service, person, "profile")
    window.get_by_label("Name", exact=True).fill("Ann")
    window.locator("#profile").get_by_role("button", name="Save").click()
    expect(window.locator("#profile").get_by_role("status")).to_have_text("Saved.")
    window.get_by_label("User name").fill("not a name")
    window.locator("#profile").get_by_role("button", name="Save").click()
    expect(window.get_by_label("User name")).to_have_attribute("aria-invalid", "true")
    window.get_by_label("User name").fill(f"ann-{person[:8]}")
    window.get_by_label("E-mail address", exact=True).fill(f"new-{person}")
    window.locator("#profile").get_by_role("button", name="Save").click()
    expect(window.locator("#profile").get_by_role("alert")).to_contain_text("takes the password")
    window.get_by_label("Password, for a new e-mail address").fill(PASSWORD)
    window.locator("#profile").get_by_role("button", name="Save").click()
    expect(window.locator("#profile").get_by_role("status")).to_have_text("Saved.")
    assert can_log_in(service, f"new-{person}")
    window.reload()
    expect(window.locator(".who")).to_have_text("Ann")


def test_password_is_changed_after_its_strength_was_shown(
    service: Service, window: Page, person: str
) -> None:
    open_section(window, service, person, "password")
    window.get_by_label("Password now").fill(PASSWORD)
    new = window.get_by_label("New password")
    strength = window.get_by_label("Strength")
    for typed, words in (("short", "Too short"), ("ü" * 37, "Too long"), ("Summer2026!", "Fair")):
        new.fill(typed)
        expect(window.locator(".strength")).to_contain_text(words)
    expect(strength).to_have_js_property("value", 2)
    window.get_by_role("button", name="Change the password").click()
    expect(window.locator("#password").get_by_role("alert")).to_contain_text("commonest passwords")
    new.fill("four words of no kin")
    expect(strength).to_have_js_property("value", 3)
    window.get_by_role("button", name="Change the password").click()
    expect(window.locator("#password")).to_contain_text("All other logins have ended.")
    assert can_log_in(service, person, "four words of no kin")
    assert not can_log_in(service, person)


def test_second_factor_is_set_up_and_turned_off_with_recovery_code(
    service: Service, window: Page, person: str
) -> None:
    open_section(window, service, person, "factor")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Set it up").click()
    key = window.get_by_label("Key", exact=True)
    expect(key).to_be_visible()
    expect(window.get_by_role("img", name="The key as a QR code").locator("path")).to_be_visible()
    address = window.get_by_role("link", name="open it on this device").get_attribute("href")
    assert address
    assert address.startswith("otpauth://totp/")
    window.get_by_label("Code", exact=True).fill("000000")
    window.get_by_role("button", name="Turn it on").click()
    expect(window.locator("#second-factor").get_by_role("alert")).to_contain_text("is wrong")
    window.get_by_label("Code", exact=True).fill(TOTP(key.input_value()).at(int(time.time())))
    window.get_by_role("button", name="Turn it on").click()
    codes = window.get_by_label("Recovery codes", exact=True).locator("textarea")
    expect(codes).to_be_visible()
    first, second, *others = codes.input_value().split()
    assert len(others) == 8
    expect(window.locator("#second-factor")).to_contain_text("10 recovery codes left")
    assert not can_log_in(service, person)
    assert can_log_in(service, person, code=first)
    window.reload()
    expect(window.locator("#second-factor")).to_contain_text("9 recovery codes left")
    expect(window.locator(".secret")).to_have_count(0)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_label("Code", exact=True).fill(second)
    window.get_by_role("button", name="Turn it off").click()
    expect(window.get_by_role("button", name="Set it up")).to_be_visible()
    assert can_log_in(service, person)


def test_logins_are_listed_and_ended(service: Service, window: Page, person: str) -> None:
    open_section(window, service, person, "logins")
    rows = window.get_by_role("list", name="Logins").get_by_role("listitem")
    expect(rows).to_have_count(1)
    assert can_log_in(service, person)
    assert can_log_in(service, person)
    window.reload()
    expect(rows).to_have_count(3)
    rows.filter(has_text="python-httpx").first.get_by_role("button", name="End").click()
    expect(rows).to_have_count(2)
    window.get_by_role("button", name="End all others").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("this one")
    window.get_by_role("button", name="Log out here").click()
    window.wait_for_url("**/login")


def test_account_is_deleted_with_its_password(service: Service, window: Page, person: str) -> None:
    open_section(window, service, person, "profile")
    delete = window.locator("#delete-account")
    delete.get_by_label("Password").fill("another long password")
    delete.get_by_role("button", name="Delete my account").click()
    expect(delete.get_by_role("alert")).to_contain_text("wrong")
    delete.get_by_label("Password").fill(PASSWORD)
    delete.get_by_role("button", name="Delete my account").click()
    window.wait_for_url("**/login")
    assert not can_log_in(service, person)


def test_superuser_finds_accounts_and_turns_one_off(
    service: Service, window: Page, person: str
) -> None:
    log_in(window, service, "/account?section=users")
    window.get_by_label("Find an account").fill(person)
    window.get_by_role("button", name="Find").click()
    rows = window.get_by_role("list", name="Accounts").get_by_role("listitem")
    expect(rows).to_have_count(1)
    window.get_by_role("button", name=f"Turn off {person}").click()
    expect(rows).to_contain_text("turned off")
    assert not can_log_in(service, person)
    window.get_by_role("button", name=f"Turn on {person}").click()
    expect(rows).not_to_contain_text("turned off")
    assert can_log_in(service, person)


def test_others_do_not_see_all_accounts(service: Service, window: Page, person: str) -> None:
    open_section(window, service, person, "users")
    expect(window.locator("#profile")).to_be_visible()
    expect(window.get_by_role("link", name="All accounts")).to_have_count(0)


def test_axe_finds_no_violation_in_account(service: Service, browser: Browser) -> None:
    with watched(browser, viewport=PHONE, reduced_motion="reduce") as window:
        log_in(window, service, "/account")
        for section in SECTIONS:
            window.goto(f"{service.base}/account?section={section}")
            expect(window.locator(".section .card").first).to_be_visible()
            expect_accessible(window, section)


def test_superuser_has_background_job_run(service: Service, window: Page) -> None:
    log_in(window, service, "/account?section=jobs")
    row = window.get_by_role("listitem").filter(has_text="Create partitions ahead")
    expect(row).to_contain_text("done")
    row.get_by_role("button", name="Run: create partitions ahead").click()
    expect(row.get_by_role("button")).to_be_enabled()
    expect(row).to_contain_text("done")
