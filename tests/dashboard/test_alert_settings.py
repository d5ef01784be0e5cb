"""Alert rules and e-mail reports in the settings of a site."""

from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from processes import Service
from windows import log_in


@pytest.fixture
def site(administrator: httpx.Client) -> str:
    """The key of a new site of the administrator."""
    domain = f"s{uuid4().hex[:10]}.example"
    administrator.post("/api/sites", json={"domain": domain}).raise_for_status()
    goal = {"site": domain, "name": "Order <b>", "event": "order"}
    administrator.post("/api/goals", json=goal).raise_for_status()
    return domain


def begun(window: Page, service: Service, site: str, name: str, kind: str) -> Locator:
    """The card of alerts, its form with the name and the kind of a rule."""
    log_in(window, service, f"/settings?site={site}&section=alerts")
    card = window.locator("#alerts")
    card.get_by_label("Name", exact=True).fill(name)
    card.get_by_label("Tell of").select_option(kind)
    return card


def made(card: Locator) -> Locator:
    """The rules that are listed once that of the form is made."""
    card.get_by_role("button", name="Make the rule").click()
    return card.get_by_role("list", name="Alert rules").get_by_role("listitem")


def test_rule_is_made_paused_and_deleted(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    card = begun(window, service, site, "Orders <i>", "goal_reached")
    card.get_by_label("Goal", exact=True).select_option("Order <b>")
    card.get_by_label("So often").fill("3")
    card.get_by_label("In", exact=True).select_option("day")
    rules = made(card)
    expect(rules).to_contain_text("Orders <i>")
    expect(rules).to_contain_text("“Order <b>” reached 3 times in a day · notifies editors")
    (rule,) = administrator.get(f"/api/sites/{site}/alerts").json()
    assert (rule["kind"], rule["goal"], rule["threshold"]) == ("goal_reached", "Order <b>", 3)
    rules.get_by_role("button", name="History").click()
    expect(rules).to_contain_text("It was never met.")
    rules.get_by_role("button", name="Pause").click()
    expect(rules).to_contain_text("paused")
    rules.get_by_role("button", name="Resume").click()
    expect(rules).not_to_contain_text("paused")
    rules.get_by_role("button", name="Delete").click()
    window.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(rules).to_have_count(0)
    assert administrator.get(f"/api/sites/{site}/alerts").json() == []


def test_rule_is_refused_beside_its_field(service: Service, window: Page, site: str) -> None:
    card = begun(window, service, site, "Revenue", "revenue_below")
    card.get_by_label("Currency").fill("12")
    card.get_by_label("Send a message to").fill("https://127.0.0.1/hook")
    card.get_by_role("button", name="Make the rule").click()
    expect(card.get_by_label("Currency")).to_have_attribute("aria-invalid", "true")
    card.get_by_label("Currency").fill("EUR")
    card.get_by_role("button", name="Make the rule").click()
    expect(card.get_by_label("Send a message to")).to_have_attribute("aria-invalid", "true")


def test_e_mail_report_is_refused_where_no_e_mail_is_sent(
    service: Service, window: Page, site: str
) -> None:
    log_in(window, service, f"/settings?site={site}&section=email-reports")
    card = window.locator("#email-reports")
    card.get_by_label("E-mail address").fill("boss@shop.example")
    card.get_by_role("button", name="Send reports").click()
    expect(card.get_by_role("alert")).to_contain_text("SMTP_HOST")


def test_rule_of_anomalies_has_score_and_minimum(
    service: Service, window: Page, administrator: httpx.Client, site: str
) -> None:
    card = begun(window, service, site, "Unusual", "anomaly")
    expect(card.get_by_label("From a score of")).to_have_value("4")
    card.get_by_label("From so many visits on").fill("25")
    rules = made(card)
    expect(rules).to_contain_text("an anomaly of visits with a score of 4 or more in an hour")
    (rule,) = administrator.get(f"/api/sites/{site}/alerts").json()
    assert (rule["kind"], rule["threshold"], rule["minimum"]) == ("anomaly", 4, 25)
