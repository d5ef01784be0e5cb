"""A new site, and the settings of a site: what is saved, shown once, refused, and for whom."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.sites.directory import REMEMBER_SECONDS
from processes import Service
from windows import PHONE, curl, expect_accessible, log_in, watched

SECTIONS = ("general", "tracking", "members", "keys", "shares", "alerts", "email-reports")
SECTIONS += ("data", "rejected", "danger")
PASSWORD = "a long enough password"


@pytest.fixture
def site(administrator: httpx.Client) -> str:
    """The key of a new site of the administrator."""
    domain = f"s{uuid4().hex[:10]}.example"
    administrator.post("/api/sites", json={"domain": domain}).raise_for_status()
    return domain


def stored(administrator: httpx.Client, site: str) -> list[dict[str, Any]]:
    """The site as it is stored, if it is; a look-up of one may be seconds old."""
    return administrator.get("/api/sites", params={"search": site}).json()


def open_section(window: Page, service: Service, site: str, section: str) -> None:
    log_in(window, service, f"/settings?site={site}&section={section}")


def member(service: Service, administrator: httpx.Client, site: str, role: str) -> str:
    """The e-mail address of a new account with a role on the site."""
    email = f"{uuid4().hex[:10]}@test.example"
    path = f"{service.base}/api"
    body = {"email": email, "password": PASSWORD}
    httpx.post(f"{path}/auth/register", json=body, timeout=60).raise_for_status()
    token = httpx.post(f"{path}/auth/login", json=body, timeout=60).json()["access_token"]
    made = administrator.post(f"/api/sites/{site}/invitations", json={"role": role}).json()
    accepted = httpx.post(
        f"{path}/invitations/accept",
        json={"token": made["token"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    accepted.raise_for_status()
    return email


def confirm(window: Page, answer: str) -> None:
    """Answers the question of the dialog that is open."""
    window.get_by_role("dialog").get_by_role("button", name=answer, exact=True).click()


def secret_of(window: Page) -> str:
    """The secret that is shown."""
    shown = window.locator(".secret input")
    expect(shown).to_have_count(1)
    return shown.input_value()


def alert(window: Page, label: str) -> Locator:
    """What is said to be wrong with the field of this label."""
    field = window.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    return window.locator(".field", has=field).get_by_role("alert")


def test_new_site_is_created_and_waits_for_its_first_event(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    log_in(window, service, "/sites/new")
    window.get_by_label("Domain", exact=True).fill(site)
    window.get_by_label("Time zone").select_option("Asia/Tokyo")
    window.get_by_role("button", name="Create the site").click()
    expect(alert(window, "Domain")).to_contain_text("is the key or the domain of another site")
    expect(window.get_by_label("Domain", exact=True)).to_be_focused()
    domain = f"n{uuid4().hex[:10]}.example"
    window.get_by_label("Domain", exact=True).fill(domain)
    window.get_by_role("button", name="Create the site").click()
    window.wait_for_url(f"**/settings?site={domain}&section=tracking")
    assert stored(administrator, domain)[0]["timezone"] == "Asia/Tokyo"
    snippet = f'<script defer src="{service.base}/script.js" data-site="{domain}"></script>'
    expect(window.get_by_label("For the head of every page")).to_have_value(snippet)
    expect(window.locator("#arrivals")).to_contain_text("Waiting for the first event")
    window.get_by_label("Hosts, one a line").fill("www.shop.example\nbad host")
    window.locator("#senders").get_by_role("button", name="Save").click()
    expect(alert(window, "Hosts, one a line")).to_contain_text("Line 2")
    window.get_by_label("Hosts, one a line").fill("www.shop.example")
    window.locator("#senders").get_by_role("button", name="Save").click()
    expect(window.locator("#senders").get_by_role("status")).to_have_text("Saved.")
    addresses = window.locator("#addresses")
    expect(addresses.get_by_label("/about/ is the page /about")).not_to_be_checked()
    addresses.get_by_label("/about/ is the page /about").check()
    addresses.get_by_role("button", name="Save").click()
    expect(addresses.get_by_role("status")).to_have_text("Saved.")
    assert administrator.get(f"/api/sites/{domain}").json()["page_rules"] == ["slash"]
    window.wait_for_timeout(REMEMBER_SECONDS * 1000)  # until all workers know it
    foreign = {"site": domain, "page": "/", "hostname": "elsewhere.example"}
    httpx.post(f"{service.base}/api/events", json=[foreign], timeout=60)
    expect(window.locator("#arrivals")).to_contain_text("1 event rejected")
    expect(window.locator("#arrivals code")).to_have_text("elsewhere.example")
    expect(window.locator("#arrivals")).to_contain_text("Add the host to the list below")
    page = "/" + "welcome/" * 40 + "in"
    curl(service, site=domain, page=page, hostname="www.shop.example")
    expect(window.locator("#arrivals")).to_contain_text("Events arrive. The last one: pageview")
    last = window.locator("#arrivals").get_by_title(page)
    assert (box := last.bounding_box())
    assert box["height"] < 40, "more than a line"


def test_general_settings_are_saved_and_refused_beside_the_field(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    open_section(window, service, site, "general")
    window.get_by_label("Name").fill("<b>Shop</b>")
    window.get_by_label("Who reads its numbers").select_option("public")
    window.get_by_label("Domain").fill("demo.example.com")
    window.get_by_role("button", name="Save").click()
    expect(alert(window, "Domain")).to_contain_text("is the key or the domain of another site")
    expect(window.get_by_label("Name")).to_have_value("<b>Shop</b>")
    window.get_by_label("Domain").fill(site)
    window.get_by_role("button", name="Save").click()
    expect(window.locator("#general").get_by_role("status")).to_have_text("Saved.")
    (found,) = stored(administrator, site)
    assert (found["name"], found["visibility"]) == ("<b>Shop</b>", "public")
    expect(window.get_by_role("heading", level=1)).to_have_text("Settings of <b>Shop</b>")


def test_invitation_is_shown_once_and_revoked(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    open_section(window, service, site, "members")
    window.get_by_label("Role", exact=True).select_option("editor")
    window.get_by_label("E-mail address").fill("guest@test.example")
    window.get_by_role("button", name="Make a link").click()
    url = secret_of(window)
    token = {"token": url.partition("#")[2]}
    assert administrator.post("/api/invitations/look", json=token).json()["role"] == "editor"
    window.reload()
    rows = window.get_by_role("list", name="Invitations").get_by_role("listitem")
    expect(rows).to_contain_text("guest@test.example")
    expect(window.locator(".secret")).to_have_count(0)
    window.get_by_role("button", name="Revoke the invitation of guest@test.example").click()
    confirm(window, "Revoke it")
    expect(rows).to_have_count(0)
    assert administrator.post("/api/invitations/look", json=token).status_code == 404


def test_roles_of_members_are_changed_and_the_last_owner_stays(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    email = member(service, administrator, site, "viewer")
    open_section(window, service, site, "members")
    with window.expect_response(lambda answer: answer.request.method == "PUT"):
        window.get_by_label(f"Role of {email}").select_option("editor")
    window.get_by_label("Role of Administrator").select_option("viewer")
    expect(window.locator("#members").get_by_role("alert")).to_contain_text("the last owner")
    expect(window.get_by_label("Role of Administrator")).to_have_value("owner")
    members = administrator.get(f"/api/sites/{site}/members").json()
    assert [one["role"] for one in members] == ["owner", "editor"]
    window.get_by_role("button", name=f"Remove {email}").click()
    confirm(window, "Remove")
    expect(window.get_by_role("list", name="Members").get_by_role("listitem")).to_have_count(1)


def test_api_key_is_shown_once_works_and_is_revoked(
    service: Service, window: Page, site: str
) -> None:
    open_section(window, service, site, "keys")
    window.get_by_label("Reads reports").uncheck()
    window.get_by_label("What it is for").fill("Nightly export")
    window.get_by_role("button", name="Make a key").click()
    expect(window.locator("#keys").get_by_role("alert")).to_have_text("Choose what it may do.")
    window.get_by_label("Reads reports").check()
    window.get_by_label("Expires").select_option("30")
    window.get_by_role("button", name="Make a key").click()
    headers = {"Authorization": f"Bearer {secret_of(window)}"}
    address = f"{service.base}/api/analytics/timeseries?site={site}"
    assert httpx.get(address, headers=headers, timeout=60).status_code == 200
    rows = window.get_by_role("list", name="API keys").get_by_role("listitem")
    expect(rows).to_contain_text("stats:read")
    window.reload()
    expect(rows).to_contain_text("Nightly export")
    expect(window.locator(".secret")).to_have_count(0)
    window.get_by_role("button", name="Revoke Nightly export").click()
    confirm(window, "Revoke it")
    expect(rows).to_have_count(0)
    assert httpx.get(address, headers=headers, timeout=60).status_code == 401


def test_share_link_with_password_is_made_and_revoked(
    service: Service, window: Page, site: str
) -> None:
    open_section(window, service, site, "shares")
    window.get_by_label("Who it is for").fill("The board")
    window.get_by_label("Password").fill("password1")
    window.get_by_label("Pages that may embed it, one a line").fill("www.shop.example")
    window.get_by_role("button", name="Make a link").click()
    expect(alert(window, "Password")).to_contain_text("commonest passwords")
    problem = alert(window, "Pages that may embed it, one a line")
    expect(problem).to_contain_text("Line 1: must be an origin")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_label("Pages that may embed it, one a line").fill("https://www.shop.example")
    window.get_by_role("button", name="Make a link").click()
    url = secret_of(window)
    expect(window.get_by_label("To embed it")).to_have_value(re.compile(re.escape(url)))
    live = window.get_by_label("To embed the live numbers")
    expect(live).to_have_value(re.compile(re.escape(url.replace("#", "?live#"))))
    opened = {"secret": url.partition("#")[2], "password": PASSWORD}
    address = f"{service.base}/api/shares/open"
    assert httpx.post(address, json=opened, timeout=60).json()["site"]["key"] == site
    rows = window.get_by_role("list", name="Share links").get_by_role("listitem")
    expect(rows).to_contain_text("with a password")
    window.get_by_role("button", name="Revoke The board").click()
    confirm(window, "Revoke it")
    expect(rows).to_have_count(0)
    assert httpx.post(address, json=opened, timeout=60).status_code == 401


def test_retention_is_saved_and_an_unknown_visit_is_refused(
    service: Service, window: Page, site: str
) -> None:
    open_section(window, service, site, "data")
    window.get_by_label("Days").fill("5")
    window.get_by_role("button", name="Save").click()
    expect(alert(window, "Days")).to_contain_text("must be 0 (for ever), 22 to")
    window.get_by_label("Days").fill("30")
    with window.expect_response(lambda answer: answer.request.method == "PUT") as saved:
        window.get_by_role("button", name="Save").click()
    expect(window.locator("#retention")).to_contain_text("Now: 30 days.")
    assert saved.value.json()["days"] == 30
    window.get_by_label("Visit", exact=True).fill(str(uuid4()))
    window.get_by_role("button", name="Move to bots").click()
    expect(window.locator("#bots").get_by_role("alert")).to_contain_text("no such visit")


def test_rejected_events_are_submitted_again(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    administrator.patch(f"/api/sites/{site}", json={"hostnames": ["shop.example"]})
    event = {"site": site, "page": "/<b>", "hostname": "new.example"}
    httpx.post(f"{service.base}/api/events", json=[event], timeout=60)
    open_section(window, service, site, "rejected")
    rows = window.get_by_role("list", name="Rejected events").get_by_role("listitem")
    expect(rows).to_contain_text("is none of the hosts of this site")
    window.get_by_role("button", name="Submit all again").click()
    expect(window.get_by_role("status")).to_contain_text("0 events stored, 0 stored already, 1 re")
    rows.locator("summary").click()
    expect(rows.locator("pre")).to_contain_text("new.example")
    administrator.patch(f"/api/sites/{site}", json={"hostnames": []})
    window.wait_for_timeout(REMEMBER_SECONDS * 1000)  # until all workers know it
    window.get_by_role("button", name="Submit again").click()
    expect(window.get_by_role("status")).to_contain_text("1 event stored")
    expect(window.locator("#rejected")).to_contain_text("No event was rejected.")


def test_site_is_transferred_and_deleted_after_confirmation(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    email = member(service, administrator, site, "viewer")
    open_section(window, service, site, "danger")
    window.get_by_label("New owner").select_option(label=email)
    window.get_by_role("button", name="Transfer …").click()
    confirm(window, "Transfer it")
    expect(window.get_by_role("dialog")).to_have_count(0)
    members = administrator.get(f"/api/sites/{site}/members").json()
    assert [one["role"] for one in members] == ["admin", "owner"]
    window.get_by_label(f"Type its key to confirm: {site}").fill("default")
    window.get_by_role("button", name="Delete the site").click()
    problem = alert(window, f"Type its key to confirm: {site}")
    expect(problem).to_contain_text("must be the key of the site")
    window.get_by_label(f"Type its key to confirm: {site}").fill(site)
    window.get_by_role("button", name="Delete the site").click()
    window.wait_for_url("**/sites")
    assert stored(administrator, site) == []


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("viewer", ["Tracking", "Members"]),
        (
            "editor",
            [
                *("Tracking", "Members", "Share links", "Alerts", "E-mail reports", "Data"),
                *("Rejected events", "Goals"),
            ],
        ),
    ],
)
def test_role_sees_only_what_it_may_do(
    service: Service,
    window: Page,
    administrator: httpx.Client,
    site: str,
    role: str,
    seen: list[str],
) -> None:
    email = member(service, administrator, site, role)
    log_in(window, service, f"/settings?site={site}&section=danger", (email, PASSWORD))
    entries = window.get_by_role("navigation", name="Settings").get_by_role("link")
    expect(entries).to_have_text(seen)
    expect(window.locator("#senders, #delete-site")).to_have_count(0)
    entries.filter(has_text="Members").click()
    rows = window.get_by_role("list", name="Members").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(window.locator("#members select, #invitations")).to_have_count(0)
    window.get_by_role("button", name="Leave").click()
    confirm(window, "Leave")
    window.wait_for_url("**/sites")


def test_axe_finds_no_violation_in_settings(
    service: Service, browser: Browser, administrator: httpx.Client, site: str
) -> None:
    member(service, administrator, site, "viewer")
    key = {"name": "n" * 100, "scopes": ["stats:read"], "site": site}
    administrator.post("/api/keys", json=key).raise_for_status()
    httpx.post(
        f"{service.base}/api/events",
        json=[{"site": site, "page": "x" * 3000, "name": 1}],
        timeout=60,
    )
    with watched(browser, viewport=PHONE, reduced_motion="reduce") as window:
        log_in(window, service, "/sites/new")
        expect(window.get_by_label("Domain", exact=True)).to_be_visible()
        expect_accessible(window, "new site")
        for section in SECTIONS:
            window.goto(f"{service.base}/settings?site={site}&section={section}")
            expect(window.locator(".section .card").first).to_be_visible()
            expect_accessible(window, section)
