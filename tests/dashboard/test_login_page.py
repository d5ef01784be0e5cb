"""The login page with a second factor, a link that sets a new password, and a provider."""

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from chromium import CHROMIUM, MISSING, chromium
from oidc_provider import CLIENT, TestProvider, running_provider
from processes import Service, cli, running
from windows import expect_accessible

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

PERSON = {"username": "ann", "email": "ann@test.example", "password": "a long enough password"}
NEW = "another good password"


def settings_of(provider: TestProvider) -> str:
    """The setting with this provider."""
    return json.dumps({"test": {"issuer": provider.issuer, **CLIENT}})


def set_up_second_factor(client: httpx.Client) -> list[str]:
    """Registers somebody, and returns the recovery codes of the second factor."""
    client.post("/api/auth/register", json=PERSON)
    given = {"username": "ann", "password": PERSON["password"]}
    token = client.post("/api/auth/login", json=given).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/auth/second-factor"
    secret = client.post(path, json={"password": PERSON["password"]}, headers=headers).json()
    code = TOTP(secret["secret"]).now()
    confirmed = client.post(f"{path}/confirm", json={"code": code}, headers=headers)
    return confirmed.json()["codes"]


def test_login_page_takes_code_and_sets_new_password(tmp_path: Path) -> None:
    expect.set_options(timeout=60_000)
    with (
        running_provider() as provider,
        running(tmp_path / "data", DEMO="false", OIDC_PROVIDERS=settings_of(provider)) as service,
        chromium() as browser,
    ):
        with httpx.Client(base_url=service.base, timeout=60) as client:
            codes = set_up_second_factor(client)
        link = cli(tmp_path / "data", "user", "reset", "ann").stdout.strip()
        page = browser.new_page()
        page.goto(service.base + "/login#" + link.partition("#")[2])
        expect(page.locator("#title")).to_have_text("Set a new password")
        assert "reset" not in page.url
        page.fill("#password", NEW)
        page.click("button[type=submit]")
        expect(page.locator("#title")).to_have_text("Log in")
        page.fill("#email", "ann")
        page.fill("#password", NEW)
        page.click("button[type=submit]")
        expect(page.locator("#problem")).to_contain_text("second factor")
        page.fill("#code", codes[0])
        page.click("button[type=submit]")
        expect(page).not_to_have_url(re.compile("login"))
        expect(page.locator("#login")).to_have_count(0)
        provider.person = {"sub": "ann", "email": "ann@provider.example"}
        link_provider(page, service)
        page.context.clear_cookies()
        page.goto(f"{service.base}/funnels")
        page.get_by_role("button", name="Log in with Test").click()
        expect(page.locator("#code")).to_be_visible()
        expect(page.locator("#password")).to_be_hidden()
        page.fill("#code", codes[1])
        page.click("button[type=submit]")
        page.wait_for_url("**/funnels")
        expect(page.locator("#login")).to_have_count(0)
        unlink_provider(page, service)


def link_provider(page: Page, service: Service) -> None:
    """Links the provider on the page of the account; it takes the password."""
    page.goto(f"{service.base}/account?section=logins")
    card = page.locator("#providers")
    expect(card).to_contain_text("Your account is linked to no provider.")
    card.get_by_label("Password").fill("wrong password")
    card.get_by_role("button", name="Link").click()
    expect(card.get_by_role("alert")).to_be_visible()
    card.get_by_label("Password").fill(NEW)
    card.get_by_role("button", name="Link").click()
    expect(card.get_by_role("button", name="Unlink Test")).to_be_visible()
    expect_accessible(page, "linked provider")


def unlink_provider(page: Page, service: Service) -> None:
    page.goto(f"{service.base}/account?section=logins")
    page.get_by_role("button", name="Unlink Test").click()
    expect(page.locator("#providers")).to_contain_text("Your account is linked to no provider.")
