"""The tracker and the service: what a real browser sends is stored once, and shown as text."""

import gzip
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from stage import KEPT, PATIENCE, SCRIPT

from processes import ROOT, Service, running

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.{}.0 Safari/537.36"
)
EMPTY = f"!{KEPT}"
builds = count(1000)
ATTACK = "<img src=x onerror=\"alert('xss')\"><script>alert('xss')</script>"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as it starts, with its public demo site."""
    with running(tmp_path_factory.mktemp("tracker") / "data") as service:
        yield service


@pytest.fixture(scope="module")
def shop(service: Service) -> Iterator[str]:
    """A web site of somebody's that includes the tracker, whatever the path."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.path.startswith("/unscripted"):
                self.wfile.write(f"<!doctype html>{pixel(service)}".encode())
                return
            if self.path.startswith("/observed"):
                self.wfile.write(
                    f'<script defer src="{service.base}/script-vitals.js"></script>'
                    "<p>Text</p><script>fail = (text) => { throw Error(text) }</script>".encode()
                )
            self.wfile.write(
                f'<!doctype html><title>Shop</title><script defer src="{service.base}/script.js"'
                ' data-site="demo" data-local></script>'.encode()
            )

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def pixel(service: Service) -> str:
    """What README gives for readers without scripts."""
    found = re.search("<noscript>.*</noscript>", (ROOT / "README.md").read_text())
    assert found
    return found[0].replace("http://localhost:8002", service.base).replace("=default", "=demo")


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A tab of a browser that calls itself an ordinary one, and nobody else's: a new visitor."""
    with browser.new_context(user_agent=CHROME.format(next(builds))) as context:
        yield context.new_page()


def ask(service: Service, report: str, **params: str) -> dict[str, Any]:
    """The answer of a report on the last day, or what `hours` says."""
    query = urllib.parse.urlencode({"site": "demo", "hours": "24", **params})
    with urllib.request.urlopen(f"{service.base}/api/analytics/{report}?{query}") as answer:
        return json.load(answer)


def deliver(visitor: Page) -> None:
    """Has all events of the page sent, its view included, and waits until they are stored."""
    visitor.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    visitor.wait_for_function(EMPTY)


def counted(service: Service, name: str, least: int) -> int:
    """How often an event happened, as soon as it is so often."""
    deadline = time.monotonic() + PATIENCE
    while True:
        rows = ask(service, "events")["rows"]
        times = next((row["custom_events"] for row in rows if row["name"] == name), 0)
        if times >= least or time.monotonic() > deadline:
            return times
        time.sleep(0.1)


def script(service: Service, **headers: str) -> HTTPResponse:
    """The answer to whoever asks for the script."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{service.base}/script.js", headers=names)
    return urllib.request.urlopen(request)


def test_script_is_served_compressed_and_whole(service: Service) -> None:
    with script(service, Accept_Encoding="gzip") as answer:
        body = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert len(body) <= 2048
    assert gzip.decompress(body) == SCRIPT.read_bytes()
    with script(service) as plain:
        assert plain.read() == SCRIPT.read_bytes()


def test_unchanged_script_is_answered_with_304(service: Service) -> None:
    with script(service) as answer:
        tag = answer.headers["ETag"]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        script(service, If_None_Match=tag)
    with refusal.value as unchanged:
        assert unchanged.code == 304


def test_events_sent_offline_are_stored_once(service: Service, shop: str, visitor: Page) -> None:
    visitor.goto(f"{shop}/offline")
    visitor.context.set_offline(True)
    visitor.evaluate("for (let i = 0; i < 5; i++) visitlog.track('Offline')")
    visitor.wait_for_function(KEPT)
    visitor.context.set_offline(False)
    assert counted(service, "Offline", 5) == 5
    visitor.wait_for_function(EMPTY)
    assert counted(service, "Offline", 5) == 5


def test_events_sent_again_are_stored_once(service: Service, shop: str, visitor: Page) -> None:
    """The lines of a delivered queue, put back as if no answer had come."""
    visitor.goto(f"{shop}/again")
    visitor.evaluate(
        "window.sent = []; const original = fetch; fetch = (url, init) => {"
        " if (init.body) sent.push(init.body); return original(url, init) };"
        " visitlog.track('Again')"
    )
    assert counted(service, "Again", 1) == 1
    key = f"visitlog,demo,{service.base}/api/events/"
    visitor.evaluate("key => { localStorage[key] = sent.join('\\n') }", key)
    visitor.goto(f"{shop}/after")
    visitor.wait_for_function(EMPTY)
    assert counted(service, "Again", 1) == 1


def test_campaigns_reach_traffic_source_report(service: Service, shop: str, visitor: Page) -> None:
    visitor.goto(f"{shop}/?utm_source=gazette&utm_medium=email&utm_campaign=spring")
    deliver(visitor)
    rows = ask(service, "traffic-sources", dimension="campaign")["rows"]
    assert [row["visits"] for row in rows if row["campaign"] == "spring"] == [1]


def test_pixel_of_readme_counts_path_of_page(service: Service, shop: str, browser: Browser) -> None:
    with browser.new_context(
        user_agent=CHROME.format(next(builds)), java_script_enabled=False
    ) as context:
        page = context.new_page()
        with page.expect_response("**/pixel.gif**") as answer:
            page.goto(f"{shop}/unscripted")
        assert answer.value.ok
    assert "/unscripted" in [
        row["page"] for row in ask(service, "pages", hours="1", limit="1000")["rows"]
    ]


def test_time_of_slow_clock_is_corrected(service: Service, shop: str, visitor: Page) -> None:
    visitor.add_init_script(
        "const now = Date.now; Date.now = () => now() - 72e5;"
        " Date = class extends Date { constructor() { super(now() - 72e5) } }"
    )
    visitor.goto(f"{shop}/slow")
    deliver(visitor)
    assert "/slow" in [
        row["page"] for row in ask(service, "pages", hours="1", limit="1000")["rows"]
    ]


def test_hostile_page_text_is_text_on_live_page(
    service: Service, shop: str, browser: Browser, visitor: Page
) -> None:
    faults: list[str] = []
    with browser.new_context() as context:
        live = context.new_page()
        live.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        live.on("pageerror", lambda error: faults.append(str(error)))
        live.goto(f"{service.base}/api/realtime/?site=demo")
        expect(live.locator("#connection")).to_have_attribute("data-state", "live")
        visitor.goto(f"{shop}/{ATTACK.replace('/', '|')}?utm_source={ATTACK}#{ATTACK}")
        visitor.evaluate(
            "attack => { document.title = attack;"
            " history.pushState(null, '', '/' + encodeURIComponent(attack));"
            " visitlog.track(attack, { props: { [attack]: attack } }) }",
            ATTACK,
        )
        stream = live.locator("#stream")
        expect(stream).to_contain_text("<script>alert('xss')</script>", timeout=PATIENCE * 1000)
        expect(stream).to_contain_text("onerror")
        assert live.locator("main img, main script").count() == 0
    assert faults == []


def test_vitals_and_errors_of_page_are_reported(service: Service, shop: str, visitor: Page) -> None:
    visitor.goto(f"{shop}/observed")
    visitor.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    visitor.wait_for_function("visitlog.on")
    visitor.evaluate(
        "new Promise(done => setTimeout(() => { setTimeout(done, 50); fail('broken') }))"
    )
    # Not by leaving: what is sent after that has the user agent that the context does not set.
    visitor.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => true });"
        " document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))"
    )
    visitor.wait_for_function(EMPTY)
    deadline = time.monotonic() + PATIENCE
    while not (rows := ask(service, "web-vitals", pages="/observed")["rows"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {"FCP", "TTFB"} < {row["name"] for row in rows}
    assert {row["count"] for row in rows} == {1}
    (error,) = ask(service, "errors", pages="/observed")["rows"]
    assert (error["message"], error["visitors"]) == ("Error: broken", 1)
    assert error["source"].startswith(f"{shop}/observed:1:")


def test_restarted_service_receives_events_of_outage(
    service: Service, shop: str, visitor: Page
) -> None:
    """Killed, and started again, with the visitor on the page all the while."""
    visitor.goto(f"{shop}/away")
    deliver(visitor)
    service.stop(signal.SIGKILL)
    visitor.evaluate("for (let i = 0; i < 3; i++) visitlog.track('Away')")
    visitor.wait_for_function(KEPT)
    service.start()
    visitor.wait_for_function(EMPTY, timeout=60_000)
    assert counted(service, "Away", 3) == 3
