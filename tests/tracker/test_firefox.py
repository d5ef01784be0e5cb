"""The tracker in Firefox: views, engagement and delivery are those that Chromium has."""

from collections.abc import Iterator

import pytest
from firefox import FIREFOX, MISSING, Tab, firefox
from stage import Site, names

pytestmark = pytest.mark.skipif(FIREFOX is None, reason=MISSING)

DRIVEN = 'data-site="demo" data-local'
"""A driven browser is no visitor, unless all are to be counted."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One tab for all: each test's site is an origin of its own."""
    with firefox(tmp_path_factory.mktemp("firefox")) as tab:
        yield tab


@pytest.fixture
def shop(site: Site) -> Site:
    site.write(DRIVEN)
    return site


def paths(site: Site, count: int) -> list[str]:
    """The paths of page views, once there are `count` events."""
    views = [event for event in site.settled(count) if event["name"] == "pageview"]
    return [view["page"].removeprefix(site.url("")) for view in views]


def test_driven_browser_is_not_counted(site: Site, tab: Tab) -> None:
    tab.goto(site.url("/"))
    assert site.settled(0) == []


def test_loads_and_navigations_are_page_views(shop: Site, tab: Tab) -> None:
    tab.goto(shop.url("/one"))
    tab.goto(shop.url("/two"))
    tab.evaluate("history.pushState(null, '', '/three')")
    shop.wait_for(3)
    tab.evaluate("history.replaceState(null, '', '/four')")
    shop.wait_for(4)
    tab.evaluate("history.back()")
    assert paths(shop, 5) == ["/one", "/two", "/three", "/four", "/two"]


def test_fragment_is_page_with_data_hash(shop: Site, tab: Tab) -> None:
    shop.write(f"{DRIVEN} data-hash")
    tab.goto(shop.url("/#/start"))
    shop.wait_for(1)
    tab.evaluate("location.hash = '/cart'")
    assert paths(shop, 2) == ["/#/start", "/#/cart"]


def test_engagement_is_sent_when_page_is_left(shop: Site, tab: Tab) -> None:
    tab.goto(shop.url("/long"))
    shop.wait_for(1)
    tab.evaluate("pass(12.5)")
    tab.goto(shop.url("/next"))
    engaged = next(one for one in shop.wait_for(3) if one["name"] == "engagement")
    assert (engaged["page"], engaged["duration"]) == (shop.url("/long"), 12.5)


def test_custom_event_has_props_and_calls_back(shop: Site, tab: Tab) -> None:
    tab.goto(shop.url())
    call = "visitlog.track('Signup', { props: { plan: 'pro' }, callback: () => done(7) })"
    assert tab.evaluate(f"new Promise(done => {call})") == 7
    signup = next(one for one in shop.settled(2) if one["name"] == "Signup")
    assert signup["props"] == {"plan": "pro"}


@pytest.mark.parametrize("hangs_up", ["at once", "after storing"])
def test_event_without_answer_is_sent_by_next_page_once(
    shop: Site, tab: Tab, hangs_up: str
) -> None:
    shop.hangs_up = hangs_up  # pyright: ignore[reportAttributeAccessIssue]
    tab.goto(shop.url("/one"))
    tab.evaluate("visitlog.track('Signup')")
    shop.hangs_up = ""
    tab.goto(shop.url("/two"))
    assert sorted(names(shop.settled(3))) == ["Signup", "pageview", "pageview"]
