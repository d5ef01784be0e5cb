"""The browser tracker in a real headless Chromium, against a small server of the test's own."""

from __future__ import annotations

import gzip
import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

import chromium
from chromium import CHROMIUM

SCRIPT = Path(__file__).parents[2] / "src" / "tracker" / "script.js"
HUMAN = "--disable-blink-features=AutomationControlled"  # navigator.webdriver is false
FLAGS = [
    *chromium.FLAGS,
    # Names that are not localhost, so that the tracker counts them.
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.local 127.0.0.1, MAP ::1 127.0.0.1",
]
QUIET = 0.2  # seconds in which an event too many would have arrived

# Put into every page: attention and its clock, which stands still, in the hands of the test.
STAGE = """<script>{
let now = 1000, visible = true, focused = true;
performance.now = () => now;
Object.defineProperty(Document.prototype, 'visibilityState', {
  get: () => visible ? 'visible' : 'hidden',
});
Document.prototype.hasFocus = () => focused;
window.pass = (seconds) => { now += seconds * 1000; };
window.setVisible = (is) => {
  visible = is;
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
};
window.setFocused = (is) => {
  focused = is;
  window.dispatchEvent(new Event(is ? 'focus' : 'blur'));
};
}</script>"""

Event = dict[str, Any]


@dataclass
class Hit:
    """One request to anything that is not a page."""

    method: str
    path: str
    headers: Message
    body: str

    @property
    def event(self) -> Event:
        return json.loads(self.body)


@dataclass
class Site:
    """Serves `html` at every path, the script at one, and remembers what it is sent."""

    port: int = 0
    html: str = ""
    hits: list[Hit] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "site.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def write(
        self,
        attributes: str = 'data-site="demo"',
        head: str = "",
        body: str = "",
        stage: str = STAGE,
    ) -> None:
        script = f'<script defer src="{self.url("/script.js")}" {attributes}></script>'
        self.html = f"<!doctype html><title>Home</title>{stage}{head}{script}<body>{body}"

    @property
    def events(self) -> list[Event]:
        """What was sent, in the order of its own clock: requests may overtake one another."""
        return sorted((hit.event for hit in list(self.hits)), key=lambda event: event["time"])

    def wait_for(self, count: int) -> list[Event]:
        """The events, as soon as there are `count` of them."""
        deadline = time.monotonic() + 5
        while len(self.hits) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.hits) == count
        return self.events

    def settled(self, count: int) -> list[Event]:
        """The events, `count` of them, and no more are coming."""
        self.wait_for(count)
        time.sleep(QUIET)
        return self.wait_for(count)


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, kind: str, content: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(content.encode())

        def record(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            site.hits.append(Hit(self.command, self.path, self.headers, body))
            self.answer(202, "application/json", "{}")

        def do_GET(self) -> None:
            if self.path == "/script.js":
                self.answer(200, "text/javascript", SCRIPT.read_text())
            elif self.path == "/favicon.ico":
                self.answer(404, "text/plain", "")
            elif self.path == "/blank":
                self.answer(200, "text/html", "<!doctype html><title>Blank</title>")
            else:
                self.answer(200, "text/html", site.html)

        def do_POST(self) -> None:
            self.record()

        def do_OPTIONS(self) -> None:
            self.record()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    if CHROMIUM is None:
        pytest.skip("no Chromium found: set CHROMIUM to its path")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    with launch(chromium, HUMAN) as browser:
        yield browser


def launch(chromium: BrowserType, *flags: str) -> Browser:
    return chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 1280, "height": 720}, locale="de-DE", timezone_id="Europe/Berlin"
    ) as context:
        yield context.new_page()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """One tab for all, because tabs are slow; each test's site is an origin of its own."""
    yield tab
    tab.goto("about:blank")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(site)) as server:
        site.port = server.server_port
        site.write()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield site
        server.shutdown()


def names(events: list[Event]) -> list[str]:
    return [event["name"] for event in events]


def views(events: list[Event], site: Site) -> list[str]:
    """The paths of the page views, in order."""
    return [event["page"].removeprefix(site.url("")) for event in events if is_view(event)]


def is_view(event: Event) -> bool:
    return event["name"] == "pageview"


def seconds(events: list[Event]) -> list[float]:
    return [event["duration"] for event in events if event["name"] == "engagement"]


def test_is_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < 2000


class TestIgnored:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "mac.local"])
    def test_on_this_computer(self, host: str, site: Site, page: Page) -> None:
        page.goto(site.url(host=host))
        page.evaluate("analytics.track('Signup')")
        assert page.evaluate("analytics.q") == []  # nor is it kept for ever
        assert site.settled(0) == []

    def test_on_this_computer_but_not_with_data_local(self, site: Site, page: Page) -> None:
        site.write("data-local")
        page.goto(site.url(host="localhost"))
        assert names(site.wait_for(1)) == ["pageview"]

    def test_in_a_file(self, site: Site, page: Page, tmp_path: Path) -> None:
        file = tmp_path / "page.html"
        file.write_text(site.html)
        page.goto(file.as_uri())
        page.evaluate("analytics.track('Signup')")
        assert site.settled(0) == []

    def test_in_a_driven_browser(self, site: Site, chromium: BrowserType) -> None:
        with launch(chromium) as driven:
            page = driven.new_page()
            page.goto(site.url())
            assert page.evaluate("navigator.webdriver") is True
            assert site.settled(0) == []
            site.write("data-local")
            page.goto(site.url())
            assert names(site.wait_for(1)) == ["pageview"]

    @pytest.mark.parametrize(("attributes", "expected"), [("", 0), ("data-local", 1)])
    def test_in_a_frame(self, attributes: str, expected: int, site: Site, page: Page) -> None:
        site.write(attributes)
        page.goto(site.url("/blank"))
        with page.expect_response("**/framed"):
            page.evaluate("document.body.innerHTML = '<iframe src=/framed></iframe>'")
        assert len(site.settled(expected)) == expected

    @pytest.mark.parametrize("attributes", ["", "data-local"])
    def test_after_opting_out(self, attributes: str, site: Site, page: Page) -> None:
        site.write(attributes)
        page.goto(site.url("/blank"))
        page.evaluate("localStorage.analytics_ignore = 'true'")
        page.goto(site.url())
        page.evaluate("analytics.track('Signup')")
        page.evaluate("history.pushState(null, '', '/next')")
        assert site.settled(0) == []
        page.evaluate("localStorage.analytics_ignore = 'false'")
        page.reload()
        assert names(site.wait_for(1)) == ["pageview"]

    def test_not_where_storage_is_forbidden(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>Object.defineProperty(window, 'localStorage',"
            " { get() { throw new Error('no') } })</script>"
        )
        page.goto(site.url())
        assert names(site.wait_for(1)) == ["pageview"]


class TestPageView:
    def test_has_exactly_these_fields(self, site: Site, page: Page) -> None:
        page.goto(site.url("/blank"))
        page.evaluate("url => { location.href = url }", site.url("/a?b=1&utm_source=x#part"))
        (event,) = site.wait_for(1)
        moment = datetime.fromisoformat(event.pop("time"))
        assert abs(datetime.now(UTC) - moment) < timedelta(seconds=5)
        assert uuid.UUID(event.pop("id")).version == 4
        assert event == {
            "site": "demo",
            "name": "pageview",
            "page": site.url("/a?b=1&utm_source=x"),
            "title": "Home",
            "referrer": site.url("/blank"),
            "screen": "1280x720",
            "language": "de-DE",
            "timezone": "Europe/Berlin",
        }

    def test_names_no_site_unless_told(self, site: Site, page: Page) -> None:
        site.write("")
        page.goto(site.url())
        assert "site" not in site.wait_for(1)[0]

    def test_asks_no_permission_and_carries_no_cookie(self, site: Site, page: Page) -> None:
        """From another origin: no preflight; of the same site: even so no credentials."""
        page.context.add_cookies([{"name": "login", "value": "1", "url": site.url()}])
        page.goto(site.url(host="shop.site.test"))
        site.wait_for(1)
        (hit,) = site.hits
        assert (hit.method, hit.path) == ("POST", "/api/events/")
        assert hit.headers["Host"] == f"site.test:{site.port}"
        assert hit.headers["Content-Type"] == "text/plain"
        assert hit.headers["Cookie"] is None

    def test_goes_where_data_api_says(self, site: Site, page: Page) -> None:
        site.write(f'data-api="{site.url("/collect")}"')
        page.goto(site.url(host="shop.test"))
        site.wait_for(1)
        assert site.hits[0].path == "/collect"

    @pytest.mark.parametrize("host", ["site.test", "localhost"])
    def test_has_an_id_of_its_own(self, host: str, site: Site, page: Page) -> None:
        """Also on plain http, where the browser has no crypto.randomUUID."""
        site.write("data-local")
        page.goto(site.url(host=host))
        assert page.evaluate("!!crypto.randomUUID") is (host == "localhost")
        page.evaluate("for (let i = 0; i < 20; i++) analytics.track('Signup')")
        ids = {event["id"] for event in site.wait_for(21)}
        assert len(ids) == 21
        assert all(uuid.UUID(id).version == 4 and str(uuid.UUID(id)) == id for id in ids)
        assert all(uuid.UUID(id).variant == uuid.RFC_4122 for id in ids)

    def test_waits_until_a_prerendered_page_is_shown(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>Object.defineProperty(document, 'prerendering', { value: true })</script>"
        )
        page.goto(site.url())
        page.evaluate("analytics.track('Early')")
        assert site.settled(0) == []
        page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
        assert sorted(names(site.wait_for(2))) == ["Early", "pageview"]

    def test_counts_again_when_the_back_button_restores_it(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))")
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        assert views(site.settled(2), site) == ["/", "/"]

    def test_that_cannot_be_sent_troubles_nobody(self, site: Site, page: Page) -> None:
        troubles: list[object] = []
        page.on("pageerror", lambda error: troubles.append(error))
        site.write('data-api="http://site.test:1/"')
        page.goto(site.url())
        page.evaluate("const loop = {}; loop.loop = loop; analytics.track('Loop', {props: loop})")
        page.evaluate("analytics.track('Null', null)")
        assert site.settled(0) == []
        assert troubles == []


class TestNavigation:
    def test_push_replace_and_back_are_views(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState({ n: 1 }, '', '/one?a=1')")
        site.wait_for(2)
        page.evaluate("history.replaceState(null, '', '/one?a=2')")
        site.wait_for(3)
        page.evaluate("history.back()")
        site.wait_for(4)
        page.evaluate("history.forward()")
        events = site.wait_for(5)
        assert views(events, site) == ["/", "/one?a=1", "/one?a=2", "/", "/one?a=2"]
        assert [event["referrer"].removeprefix(site.url("")) for event in events] == [
            "",
            "/",
            "/one?a=1",
            "/one?a=2",
            "/",
        ]

    def test_history_still_does_its_work(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState({ n: 1 }, '', '/one')")
        assert page.evaluate("[location.pathname, history.state.n]") == ["/one", 1]
        with pytest.raises(Exception, match="SecurityError"):
            page.evaluate("history.pushState(null, '', 'http://elsewhere.test/')")

    def test_the_same_url_is_no_view(self, site: Site, page: Page) -> None:
        page.goto(site.url("/?a=1"))
        page.evaluate("history.pushState(null, '', '/?a=1')")
        page.evaluate("history.replaceState({ scroll: 9 }, '')")
        page.evaluate("history.pushState(null, '', '#part')")
        page.evaluate("location.hash = 'other'")
        page.evaluate("history.back()")
        assert views(site.settled(1), site) == ["/?a=1"]

    def test_the_fragment_is_part_of_the_page_with_data_hash(self, site: Site, page: Page) -> None:
        site.write("data-hash")
        page.goto(site.url("/#/start"))
        page.evaluate("location.hash = '/cart'")
        site.wait_for(2)
        page.evaluate("history.pushState(null, '', '#/cart')")
        page.evaluate("history.pushState(null, '', '#/done')")
        assert views(site.settled(3), site) == ["/#/start", "/#/cart", "/#/done"]

    def test_a_fragment_told_by_hashchange_alone_is_a_view(self, site: Site, page: Page) -> None:
        """Not every browser, nor every page, lets a popstate through."""
        silence = "addEventListener('popstate', event => event.stopImmediatePropagation(), true)"
        site.write("data-hash", head=f"<script>{silence}</script>")
        page.goto(site.url("/#/start"))
        page.evaluate("location.hash = '/cart'")
        assert views(site.wait_for(2), site) == ["/#/start", "/#/cart"]

    def test_the_view_has_the_title_its_router_sets_afterwards(
        self, site: Site, page: Page
    ) -> None:
        page.goto(site.url())
        page.evaluate(
            "history.pushState(null, '', '/one'); setTimeout(() => { document.title = 'One' }, 20)"
        )
        assert [event["title"] for event in site.wait_for(2)] == ["Home", "One"]

    def test_quick_moves_are_a_view_each(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("for (const path of ['/1', '/2', '/3']) history.pushState(null, '', path)")
        assert sorted(views(site.settled(4), site)) == ["/", "/1", "/2", "/3"]

    def test_a_view_left_at_once_still_counts(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one'); location.href = '/blank'")
        assert views(site.settled(2), site) == ["/", "/one"]


class TestEngagement:
    def test_is_told_when_the_page_hides(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        (view,) = site.wait_for(1)
        page.evaluate("pass(12.34); setVisible(false)")
        _, event = site.wait_for(2)
        assert event.pop("id") != view.pop("id")
        assert event.pop("time") > view.pop("time")
        assert event == view | {"name": "engagement", "duration": 12.3, "interactive": False}

    def test_counts_no_time_unseen(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); setVisible(false)")
        site.wait_for(2)
        page.evaluate("pass(100); setVisible(true); pass(3); setVisible(false)")
        assert seconds(site.wait_for(3)) == [2, 3]

    def test_counts_no_time_without_focus(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); setFocused(false); pass(100); setFocused(true); pass(3)")
        page.evaluate("setVisible(false)")
        assert seconds(site.wait_for(2)) == [5]

    def test_counts_no_time_before_a_background_tab_is_looked_at(
        self, site: Site, page: Page
    ) -> None:
        site.write(head="<script>setVisible(false)</script>")
        page.goto(site.url())
        page.evaluate("pass(100); setVisible(true); pass(3); setVisible(false)")
        assert seconds(site.wait_for(2)) == [3]

    def test_under_a_second_is_kept_for_later(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        for _ in range(3):
            page.evaluate("pass(0.4); setVisible(false); pass(9); setVisible(true)")
        assert seconds(site.settled(2)) == [1.2]

    def test_under_a_second_is_not_kept_for_another_page(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(0.9); history.pushState(null, '', '/one')")
        site.wait_for(2)
        page.evaluate("pass(0.9); setVisible(false)")
        assert seconds(site.settled(2)) == []

    def test_belongs_to_the_page_that_was_open(self, site: Site, page: Page) -> None:
        page.goto(site.url("/old"))
        page.evaluate("pass(7); history.pushState(null, '', '/new'); document.title = 'New'")
        engaged, view = sorted(site.wait_for(3)[1:], key=is_view)
        assert (engaged["page"], engaged["title"]) == (site.url("/old"), "Home")
        assert engaged["duration"] == 7
        assert (view["page"], view["title"]) == (site.url("/new"), "New")
        assert engaged["time"] <= view["time"]

    def test_of_one_report_is_half_an_hour_at_most(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(7200); setVisible(false)")
        assert seconds(site.wait_for(2)) == [1800]

    def test_stops_while_the_page_waits_for_the_back_button(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); dispatchEvent(new Event('pagehide')); pass(100)")
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        page.evaluate("pass(3); setVisible(false)")
        assert seconds(site.wait_for(4)) == [2, 3]

    def test_arrives_from_a_page_being_left(self, site: Site, page: Page) -> None:
        """Nothing staged: real seconds, a real unload."""
        site.write(stage="")
        page.goto(site.url())
        page.wait_for_timeout(1100)
        page.goto(site.url("/blank"))
        _, event = site.wait_for(2)
        assert (event["name"], event["page"]) == ("engagement", site.url())
        assert 1 <= event["duration"] <= 2

    @pytest.mark.parametrize("beacon", ["true", "false", "undefined"])
    def test_goes_by_beacon_or_else_by_fetch(self, beacon: str, site: Site, page: Page) -> None:
        site.write(
            head=f"<script>const answer = {beacon}, beacons = [];"
            " navigator.sendBeacon = answer === undefined ? undefined"
            " : (...call) => { beacons.push(call); return answer }</script>"
        )
        page.goto(site.url())
        page.evaluate("pass(2); dispatchEvent(new Event('pagehide'))")
        beacons: list[list[str]] = page.evaluate("beacons")
        assert [url for url, _ in beacons] == [site.url("/api/events/")] * (beacon != "undefined")
        fetched = site.settled(1 if beacon == "true" else 2)[1:]
        told = [json.loads(body) for _, body in beacons]
        if beacon == "true":
            assert (fetched, seconds(told)) == ([], [2])
        else:
            assert seconds(fetched) == [2]
            assert all(event in fetched for event in told)  # the same id


class TestCustomEvent:
    def test_carries_what_it_was_given(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        (view,) = site.wait_for(1)
        given = {
            "props": {"plan": "pro", "seats": 3},
            "revenue": {"amount": 9.5, "currency": "EUR"},
            "interactive": False,
        }
        page.evaluate("given => analytics.track('Signup', given)", given)
        _, event = site.wait_for(2)
        for each in (view, event):
            del each["id"], each["time"]
        assert event == view | given | {"name": "Signup"}

    def test_belongs_to_the_page_open_now(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one'); analytics.track('Signup')")
        events = {event["name"]: event for event in site.wait_for(3)}
        assert events["Signup"]["page"] == events["pageview"]["page"] == site.url("/one")

    def test_waits_in_the_queue_for_the_script(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>window.analytics = window.analytics ||"
            " { q: [], track() { this.q.push(arguments) } };"
            " const early = analytics;"
            " analytics.track('First', { props: { n: 1 } }); analytics.track('Second')</script>"
        )
        page.goto(site.url())
        page.evaluate("early.track('Third')")
        events = {event["name"]: event for event in site.wait_for(4)}
        assert events.keys() == {"pageview", "First", "Second", "Third"}
        assert events["First"]["props"] == {"n": 1}
        assert "props" not in events["Second"]

    def test_adds_one_global(self, site: Site, page: Page) -> None:
        listed = "Object.getOwnPropertyNames(window)"
        page.goto(site.url("/blank"))
        before: list[str] = page.evaluate(listed)
        site.write(stage="")
        page.goto(site.url())
        assert set(page.evaluate(listed)) - set(before) == {"analytics"}


class TestClick:
    def test_on_a_marked_element_is_an_event(self, site: Site, page: Page) -> None:
        site.write(
            body='<button data-track="Signup" data-track-plan="pro" data-track-Button-Place="top"'
            ' data-other="x" class="big"><svg width=20 height=20><rect width=20 height=20 /></svg>'
            "</button>"
        )
        page.goto(site.url())
        page.click("rect")
        events = {event["name"]: event for event in site.wait_for(2)}
        assert events["Signup"]["props"] == {"plan": "pro", "button-place": "top"}

    def test_elsewhere_is_none(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>const troubles = []; onerror = (text) => troubles.push(text)</script>",
            body="<button>Plain</button>",
        )
        page.goto(site.url())
        page.click("button")
        page.evaluate("document.dispatchEvent(new Event('click'))")
        assert names(site.settled(1)) == ["pageview"]
        assert page.evaluate("troubles") == []

    def test_counts_on_a_link_that_leaves(self, site: Site, page: Page) -> None:
        site.write(body='<a href="/blank" data-track="Out">Out</a>')
        page.goto(site.url())
        page.click("a")
        assert sorted(names(site.settled(2))) == ["Out", "pageview"]

    def test_counts_for_the_page_it_was_made_on(self, site: Site, page: Page) -> None:
        """Although the page's own handler moves on and stops the click."""
        site.write(
            body='<a href="/one" data-track="Menu" onclick="event.stopPropagation();'
            " event.preventDefault(); history.pushState(null, '', '/one')\">One</a>"
        )
        page.goto(site.url())
        page.click("a")
        events = site.wait_for(3)
        assert views(events, site) == ["/", "/one"]
        assert next(e["page"] for e in events if e["name"] == "Menu") == site.url()
