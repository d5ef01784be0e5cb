"""The live page: its numbers, its map, and its memory while messages arrive."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import CDPSession, Page, WebSocketRoute, expect

from processes import Service, get
from windows import CHROME, PHONE, expect_accessible

PLACES = {"Europe/Berlin": "DE", "America/Sao_Paulo": "BR", "Asia/Tokyo": "JP"}
VISITORS = 12
MESSAGES = 400
SPARE_BYTES = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def visits(administrator: httpx.Client) -> None:
    """Visits of this moment from each of the places, more than the demo traffic has of a page."""
    shared = {"site": "demo", "user_agent": CHROME}
    events = [
        {"page": f"/{'long-' * 50}/{country}", "timezone": zone, "visitor_id": f"{country}{n}"}
        for zone, country in PLACES.items()
        for n in range(VISITORS)
    ]
    body = [shared | event for event in events]
    administrator.post("/api/events/", json=body).raise_for_status()


def opened(window: Page, service: Service, **params: str) -> dict[str, Any]:
    """The live page with numbers on it, and what the API answers."""
    asked = "".join(f"&{name}={value}" for name, value in params.items())
    window.goto(f"{service.base}/api/realtime?site=demo{asked}")
    expect(window.locator("#connection")).to_have_attribute("data-state", "live")
    expect(window.locator("#top :is(tr, .map)").first).to_be_visible()
    return get(service.base, "/api/realtime/stats?site=demo")


def test_tabs_show_what_the_api_answers(service: Service, window: Page) -> None:
    opened(window, service)
    window.get_by_role("button", name="Sources").click()
    live = get(service.base, "/api/realtime/stats?site=demo")
    rows = window.locator("#top tbody tr")
    expect(rows).to_have_count(min(9, len(live["top_sources"])))
    first = live["top_sources"][0]
    expect(rows.first).to_contain_text(first["source"] or "Direct / none")
    expect(rows.first).to_contain_text(f"{first['visitors']:,}")
    window.get_by_role("button", name="Countries").click()
    expect(window.locator("#top tbody")).to_contain_text("Brazil")
    assert "top=countries" in window.url


def test_paused_list_of_events_stands_still_while_numbers_go_on(
    service: Service, window: Page
) -> None:
    sockets: list[WebSocketRoute] = []
    window.route_web_socket("**/api/realtime/ws*", lambda route: sockets.append(route))
    picture = get(service.base, "/api/realtime/stats?site=demo")
    window.goto(f"{service.base}/api/realtime?site=demo")
    expect(window.locator("#connection")).to_have_attribute("data-state", "live")
    event = picture["latest"][0]
    rows = window.locator("#stream li")

    def tell(now: int) -> None:
        news = {"visitors_now": now, "latest": [{**event, "id": f"event {now}"}]}
        news |= {"visits_now": now + 7, "pageview_minutes": [now, *[0] * 29]}
        news["today"] = picture["today"] | {"events": 1000 * now}
        sockets[0].send(json.dumps(picture | news))
        expect(window.locator("#visitors-now")).to_have_text(f"{now}")
        expect(window.locator("#visits-now")).to_have_text(f"{now + 7}")
        expect(window.locator("#views-per-minute")).to_have_text(f"{now / 30:.2f}".rstrip("0"))
        expect(window.locator("[data-total=events]")).to_have_text(f"{1000 * now:,}")

    tell(101)
    expect(rows).to_have_count(1)
    window.get_by_role("button", name="Pause").click()
    tell(102)
    expect(rows).to_have_count(1)
    window.get_by_role("button", name="Go on").click()
    expect(rows).to_have_count(2)
    tell(103)
    expect(rows).to_have_count(3)


def test_long_page_keeps_its_end(service: Service, window: Page) -> None:
    opened(window, service)
    ends = window.locator("#top .cut span:last-child", has_text="/JP")
    box, card = ends.bounding_box(), window.locator("#top").bounding_box()
    assert box
    assert card
    assert card["x"] < box["x"] < box["x"] + box["width"] < card["x"] + card["width"]


def test_map_is_loaded_when_shown_and_tells_countries(service: Service, window: Page) -> None:
    loaded: list[str] = []
    window.on("request", lambda request: loaded.append(request.url))
    opened(window, service)
    assert not [address for address in loaded if "world" in address]
    window.get_by_role("button", name="Map").click()
    for country in PLACES.values():
        expect(window.locator(f".map [data-country={country}]")).to_be_visible()
    live = get(service.base, "/api/realtime/stats?site=demo")
    number = next(row["visitors"] for row in live["countries"] if row["country"] == "BR")
    window.locator(".map [data-country=BR]").focus()
    expect(window.locator(".told")).to_have_text(f"BRBrazilVisitors {number:,}")
    window.keyboard.press("ArrowRight")
    expect(window.locator(".told")).not_to_contain_text("Brazil")


@pytest.mark.parametrize("top", ["pages", "map"])
def test_live_page_is_accessible_and_fits_a_phone(service: Service, window: Page, top: str) -> None:
    opened(window, service, top=top)
    expect_accessible(window, top)
    window.set_viewport_size(PHONE)
    expect_accessible(window, f"{top} on a phone")


@pytest.fixture
def shared(administrator: httpx.Client) -> Iterator[dict[str, Any]]:
    """A link that shares the demo site."""
    link = {"name": "frames", "origins": ["https://www.example.com"]}
    made = administrator.post("/api/sites/demo/shares", json=link).raise_for_status().json()
    yield made
    administrator.delete(f"/api/sites/demo/shares/{made['id']}").raise_for_status()


def test_share_link_shows_live_numbers_alone_in_a_small_frame(
    service: Service, window: Page, shared: dict[str, Any]
) -> None:
    told = get(service.base, "/api/realtime/stats?site=demo") | {"visitors_now": 1234}
    window.route("**/api/realtime/stats*", lambda route: route.fulfill(json=told))
    window.set_viewport_size({"width": 320, "height": 280})
    window.goto(f"{service.base}/share/{shared['id']}?live#{shared['secret']}")
    expect(window.locator("#visitors-now")).to_have_text("1,234")
    expect(window.locator("#minutes span")).to_have_count(30)
    for hidden in ("header.top", "footer"):
        expect(window.locator(hidden)).to_be_hidden()
    expect_accessible(window, "frame")
    assert window.evaluate("document.documentElement.scrollHeight <= innerHeight")


def pictures(service: Service) -> Iterator[str]:
    """Snapshots without end, each of events and pages that were not there before."""
    picture = get(service.base, "/api/realtime/stats?site=demo")
    number = 0
    while True:
        number += 1
        for event in picture["latest"]:
            event.update(id=str(UUID(int=number)), page=f"/page-{number}")
            number += 1
        for row in picture["top_pages"]:
            row.update(page=f"/page-{number}", pageviews=number)
        picture["minutes"] = [(number + minute) % 50 for minute in range(30)]
        yield json.dumps(picture | {"visitors_now": number})


def size_of(devtools: CDPSession) -> tuple[int, int]:
    """Bytes and nodes of the page that are still needed."""
    devtools.send("HeapProfiler.collectGarbage")
    used = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return int(used), devtools.send("Memory.getDOMCounters")["nodes"]


def test_new_events_are_highlighted_until_the_next_message_and_nothing_moves(
    service: Service, window: Page
) -> None:
    sockets: list[WebSocketRoute] = []
    window.route_web_socket("**/api/realtime/ws*", lambda route: sockets.append(route))
    made = pictures(service)
    window.goto(f"{service.base}/api/realtime?site=demo")
    expect(window.locator("#connection")).to_have_attribute("data-state", "live")
    fresh = window.locator("#stream .new")
    sockets[0].send(next(made))
    expect(window.locator("#stream li").first).to_be_visible()
    expect(fresh).to_have_count(0)
    sockets[0].send(message := next(made))
    expect(fresh).to_have_count(len(json.loads(message)["latest"]))
    assert window.evaluate("document.getAnimations().length") == 0
    expect_accessible(window, "live, new events")
    sockets[0].send(message)
    expect(fresh).to_have_count(0)


@pytest.mark.parametrize("top", ["pages", "map"])
def test_live_page_does_not_grow_with_its_messages(
    service: Service, window: Page, top: str
) -> None:
    sockets: list[WebSocketRoute] = []
    window.route_web_socket("**/api/realtime/ws*", lambda route: sockets.append(route))
    made = pictures(service)
    window.goto(f"{service.base}/api/realtime?site=demo&top={top}")
    expect(window.locator("#connection")).to_have_attribute("data-state", "live")

    def receive(messages: int) -> None:
        for _ in range(messages):
            sockets[0].send(next(made))
        last = json.loads(text := next(made))
        sockets[0].send(text)
        expect(window.locator("#visitors-now")).to_have_text(f"{last['visitors_now']:,}")

    receive(MESSAGES // 4)
    expect(window.locator("#top :is(tr, .map)").first).to_be_visible()
    devtools = window.context.new_cdp_session(window)
    bytes_before, nodes_before = size_of(devtools)
    receive(MESSAGES)
    bytes_after, nodes_after = size_of(devtools)
    assert bytes_after - bytes_before < SPARE_BYTES
    assert nodes_after - nodes_before < MESSAGES / 4
