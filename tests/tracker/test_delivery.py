"""Delivery: nothing is lost and nothing is counted twice, whatever becomes of the network."""

import json
from datetime import datetime

import pytest
from playwright.sync_api import BrowserContext, Page
from stage import KEPT, Site, named, names

HURRY = "<script>Math.random = () => -0.48</script>"
"""The tracker waits between attempts for two seconds and more, by chance: here a fiftieth."""

PATIENTLY = "<script>Math.random = () => 1e4</script>"
"""Here it waits for hours."""

MUTE = (
    "<script>const original = fetch; let left = false;"
    " addEventListener('pagehide', () => { left = true }, true);"
    " fetch = (...call) => left ? new Promise(() => {}) : original(...call)</script>"
)
"""What is sent when the page is left never arrives."""


def kept(page: Page) -> int:
    """How many events the browser has written down."""
    return page.evaluate(f"({KEPT}).split('\\n').filter(Boolean).length")


def wait_until_kept(page: Page, count: int) -> None:
    """Returns when the browser has written down so many events."""
    page.wait_for_function(
        f"count => ({KEPT}).split('\\n').filter(Boolean).length === count", arg=count
    )


@pytest.fixture
def context(page: Page) -> BrowserContext:
    """The browser that the page runs in; online again afterwards."""
    return page.context


class TestOutage:
    def test_events_sent_offline_arrive_once_when_online(
        self, site: Site, page: Page, context: BrowserContext
    ) -> None:
        site.write(head=PATIENTLY)  # so that only the browser's word can bring it back
        page.goto(site.url())
        site.wait_for(1)
        context.set_offline(True)
        try:
            page.evaluate("for (let i = 0; i < 5; i++) visitlog.track('Offline', { props: { i } })")
            page.evaluate("history.pushState(null, '', '/offline')")
            wait_until_kept(page, 6)
            assert len(site.settled(1)) == 1
        finally:
            context.set_offline(False)
        events = site.settled(7)
        assert sorted(e["props"]["i"] for e in events if e["name"] == "Offline") == [0, 1, 2, 3, 4]
        assert all(len(hit.events) == len({e["id"] for e in hit.events}) for hit in site.hits)
        wait_until_kept(page, 0)

    def test_events_of_outage_keep_their_time(
        self, site: Site, page: Page, context: BrowserContext
    ) -> None:
        page.goto(site.url())
        site.wait_for(1)
        context.set_offline(True)
        try:
            page.evaluate("visitlog.track('Offline')")
            happened = page.evaluate("new Date().toISOString()")
            page.wait_for_timeout(300)
        finally:
            context.set_offline(False)
        assert named(site.wait_for(2), "Offline")["time"] <= happened

    def test_every_answer_but_clear_refusal_is_retried(self, site: Site, page: Page) -> None:
        """A proxy or a login page may answer in the place of the server."""
        site.write(head=HURRY)
        page.goto(site.url())
        site.wait_for(1)
        for number, status in enumerate([301, 302, 401, 403, 404, 405, 408, 429, 500, 503]):
            site.status, site.hits = status, []
            page.evaluate("visitlog.track('Event')")
            site.wait_for_hits(2)
            site.status = 202
            site.wait_for(2 + number)
            assert len({event["id"] for hit in site.hits for event in hit.events}) == 1, status
            wait_until_kept(page, 0)

    def test_html_is_no_acknowledgement(self, site: Site, page: Page) -> None:
        """It is a service worker's page for offline, or a login page."""
        site.write(
            head=HURRY + "<script>const original = fetch; let answers = 0;"
            " const page = () => new Response('', { headers: { 'content-type': 'text/html' } });"
            " fetch = async (...call) => answers++ ? original(...call) : page()</script>"
        )
        page.goto(site.url())
        assert names(site.settled(1)) == ["pageview"]

    def test_attempts_end_where_page_forbids_them(self, site: Site, page: Page) -> None:
        """By its Content Security Policy; the time between them is in the hands of the test."""
        site.headers = {"Content-Security-Policy": "connect-src 'none'"}
        site.write(
            head="<script>let attempts = 0; const original = fetch, later = setTimeout;"
            " fetch = (...call) => { attempts++; return original(...call) };"
            " setTimeout = (action, wait) => later(action, wait && wait / 1e5)</script>"
        )
        page.goto(site.url())
        page.wait_for_function("attempts > 8")
        page.wait_for_timeout(300)
        most = page.evaluate("attempts")
        assert most < 15
        page.wait_for_timeout(300)
        assert page.evaluate("attempts") == most
        page.evaluate("visitlog.track('Event')")  # is a reason to try again
        page.wait_for_function("most => attempts === most + 1", arg=most)

    def test_event_says_when_it_is_sent_by_same_clock(self, site: Site, page: Page) -> None:
        """Two hours slow."""
        site.write(
            head=HURRY + "<script>const now = Date.now; Date.now = () => now() - 72e5;"
            " Date = class extends Date { constructor() { super(now() - 72e5) } }</script>"
        )
        site.status = 503
        page.goto(site.url())
        first, second, *_ = (json.loads(hit.body) for hit in site.wait_for_hits(2))
        moment = datetime.fromisoformat(first["time"]).timestamp() * 1000
        assert 0 <= first["sent_at"] - moment < 5000
        assert first["sent_at"] < second["sent_at"] < moment + 10_000
        assert {**first, "sent_at": 0} == {**second, "sent_at": 0}

    def test_closed_connection_is_retried(self, site: Site, page: Page) -> None:
        site.write(head=HURRY)
        site.hangs_up = "at once"
        page.goto(site.url())
        site.wait_for_hits(2)
        site.hangs_up = ""
        assert names(site.settled(1)) == ["pageview"]

    def test_event_stored_without_reply_is_resent_under_its_id(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=HURRY)
        site.hangs_up = "after storing"
        page.goto(site.url())
        first, second = site.wait_for_hits(2)[:2]
        site.hangs_up = ""
        assert first.events == second.events
        assert len(site.settled(1)) == 1
        wait_until_kept(page, 0)

    def test_waits_between_retries_grow(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>const waits = [], later = setTimeout; setTimeout = (action, wait) => {"
            " if (wait > 1000) waits.push(wait); return later(action, wait / 100) };"
            " Math.random = () => 0.5</script>"
        )
        site.status = 503
        page.goto(site.url())
        page.wait_for_function("waits.length > 3")
        assert page.evaluate("waits.slice(0, 4)") == [2000, 4000, 8000, 16000]

    def test_clear_refusal_is_final(self, site: Site, page: Page) -> None:
        site.write(head=HURRY)
        for status in (400, 413, 415, 422):
            site.status, site.hits = status, []
            page.goto(site.url())
            site.wait_for_hits(1)
            wait_until_kept(page, 0)
            page.wait_for_timeout(100)
            assert len(site.hits) == 1, status
        site.status = 202
        page.evaluate("visitlog.track('Next')")
        assert names(site.settled(1)) == ["Next"]


class TestLeaving:
    def test_events_of_left_page_arrive(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2)")
        page.goto(site.url("/blank"))
        assert names(site.settled(2)) == ["pageview", "engagement"]

    def test_events_left_by_page_are_sent_by_next_one(self, site: Site, page: Page) -> None:
        site.status = 503
        page.goto(site.url("/first"))
        site.wait_for_hits(1)
        page.evaluate("pass(2); visitlog.track('Signup')")
        page.goto(site.url("/second"))
        assert site.events == []
        site.status = 202
        page.goto(site.url("/third"))
        events = site.settled(5)
        assert [e["page"].rpartition("/")[2] for e in events if e["name"] == "pageview"] == [
            "first",
            "second",
            "third",
        ]
        assert {"Signup", "engagement"} < set(names(events))
        wait_until_kept(page, 0)

    def test_events_left_by_visitor_who_opted_out_are_not_sent(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=MUTE + PATIENTLY)
        site.status = 503
        page.goto(site.url("/first"))
        site.wait_for_hits(1)
        page.goto(site.url("/blank"))
        assert kept(page) == 1
        page.evaluate("localStorage.analytics_ignore = 'true'")
        site.status = 202
        page.goto(site.url("/second"))
        page.evaluate("dispatchEvent(new Event('online'))")
        page.goto(site.url("/blank"))
        assert site.settled(0) == []

    def test_event_lost_on_leaving_is_resent_by_next_page(self, site: Site, page: Page) -> None:
        site.write(head=MUTE)
        page.goto(site.url("/first"))
        site.wait_for(1)
        page.evaluate("pass(2)")
        page.goto(site.url("/second"))
        assert named(site.settled(3), "engagement")["page"] == site.url("/first")

    def test_event_received_on_leaving_is_stored_once(self, site: Site, page: Page) -> None:
        page.goto(site.url("/first"))
        page.evaluate("pass(2)")
        page.goto(site.url("/second"))
        assert sorted(names(site.settled(3))) == ["engagement", "pageview", "pageview"]
        wait_until_kept(page, 0)

    def test_delivered_events_leave_nothing_in_browser(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("visitlog.track('Signup')")
        site.wait_for(2)
        page.wait_for_function("localStorage.length === 0")
        assert page.evaluate("document.cookie") == ""


class TestStorage:
    def test_queue_belongs_to_site_and_address(self, site: Site, page: Page) -> None:
        """Of two installations on one origin, or two sites of one."""
        site.status = 503
        other = f'data-site="a" data-api="{site.url("/b")}"'
        attributes = ['data-site="a"', 'data-site="b"', other]
        for number, attribute in enumerate(attributes):
            site.write(attribute)
            page.goto(site.url(f"/{number}"))
            site.wait_for_hits(number + 1)
        page.goto(site.url("/blank"))
        site.status, site.hits = 202, []
        page.goto(site.url("/again"))
        site.settled(2)
        assert {(hit.path, event["site"]) for hit in site.hits for event in hit.events} == {
            ("/b", "a")
        }
        assert kept(page) == 2

    FORBIDDEN = (
        "<script>Object.defineProperty(window, 'localStorage',"
        " { get() { throw new Error('no') } })</script>"
    )
    FULL = "<script>Storage.prototype.setItem = () => { throw new Error('full') }</script>"

    def test_retry_works_without_storage(self, site: Site, page: Page) -> None:
        site.write(head=HURRY + self.FORBIDDEN)
        site.status = 503
        page.goto(site.url())
        page.evaluate("visitlog.track('Signup')")
        site.wait_for_hits(2)
        site.status = 202
        assert sorted(names(site.settled(2))) == ["Signup", "pageview"]

    def test_retry_works_with_full_storage(self, site: Site, page: Page) -> None:
        """Chromium's is at five million characters."""
        site.write(head=HURRY)
        page.goto(site.url("/blank"))
        page.evaluate(
            "let size = 4e6, n = 0; while (size > 1) try {"
            " localStorage['page' + n++] = 'x'.repeat(size) } catch (e) { size /= 2 }"
        )
        site.status = 503
        page.goto(site.url())
        site.wait_for_hits(2)
        site.status = 202
        assert names(site.settled(1)) == ["pageview"]

    def test_data_memory_leaves_storage_alone(self, site: Site, page: Page) -> None:
        site.write("data-memory", head=HURRY)
        site.status = 503
        page.goto(site.url())
        page.evaluate("visitlog.track('Signup')")
        site.wait_for_hits(2)
        assert page.evaluate("localStorage.length") == 0
        site.status = 202
        assert sorted(names(site.settled(2))) == ["Signup", "pageview"]

    def test_storage_is_shared_by_tabs(
        self, site: Site, page: Page, context: BrowserContext
    ) -> None:
        site.status = 503
        page.goto(site.url("/one"))
        wait_until_kept(page, 1)  # one after the other: no tab can lock what they share
        other = context.new_page()
        other.goto(site.url("/two"))
        wait_until_kept(page, 2)
        page.evaluate("visitlog.track('One')")
        other.evaluate("visitlog.track('Two')")
        wait_until_kept(page, 4)
        other.close()
        page.goto(site.url("/blank"))
        site.status = 202
        page.goto(site.url("/three"))
        assert sorted(names(site.settled(5))) == ["One", "Two", *["pageview"] * 3]

    def test_storage_holds_latest_100_events(self, site: Site, page: Page) -> None:
        site.write(head=MUTE + PATIENTLY)
        site.status = 503
        page.goto(site.url())
        site.wait_for_hits(1)
        page.evaluate("for (let i = 0; i < 150; i++) visitlog.track('Many', { props: { i } })")
        wait_until_kept(page, 100)
        page.goto(site.url("/blank"))
        site.status = 202
        page.goto(site.url("/next"))
        events = site.settled(101)
        told = {event["props"]["i"] for event in events if event["name"] == "Many"}
        assert told == set(range(50, 150))

    def test_invalid_storage_does_no_harm(self, site: Site, page: Page) -> None:
        troubles: list[object] = []
        page.on("pageerror", lambda error: troubles.append(error))
        page.goto(site.url("/blank"))
        key = f"visitlog,demo,{site.url('/api/events/')}"
        page.evaluate("key => { localStorage[key] = '\\n\\n  \\n' }", key)
        page.goto(site.url())
        site.wait_for_hits(1)
        assert troubles == []


class TestRequests:
    def test_simultaneous_events_are_one_request(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        site.wait_for(1)
        page.evaluate("for (let i = 0; i < 10; i++) visitlog.track('Many')")
        site.settled(11)
        assert [len(hit.events) for hit in site.hits] == [1, 10]

    def test_requests_are_small_enough_for_server(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        site.wait_for(1)
        page.evaluate(
            "for (let i = 0; i < 70; i++)"
            " visitlog.track('Big', { props: { text: 'ä'.repeat(3000) } })"
        )
        site.settled(71)
        assert max(len(hit.events) for hit in site.hits) == 30
