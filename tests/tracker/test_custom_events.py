"""Custom events, by call and by attribute, and those that are sent by themselves."""

from playwright.sync_api import Page
from stage import Site, named, names, views


class TestCustomEvent:
    def test_custom_event_carries_its_properties(self, site: Site, page: Page) -> None:
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

    def test_custom_event_belongs_to_current_page(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one'); analytics.track('Signup')")
        events = {event["name"]: event for event in site.wait_for(3)}
        assert events["Signup"]["page"] == events["pageview"]["page"] == site.url("/one")

    def test_custom_events_before_script_are_queued(self, site: Site, page: Page) -> None:
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

    def test_script_adds_one_global(self, site: Site, page: Page) -> None:
        listed = "Object.getOwnPropertyNames(window)"
        page.goto(site.url("/blank"))
        before: list[str] = page.evaluate(listed)
        site.write(stage="")
        page.goto(site.url())
        assert set(page.evaluate(listed)) - set(before) == {"analytics"}


class TestCallback:
    CALLED = (
        "new Promise((done, fail) => { setTimeout(fail, 8000, 'not called');"
        " analytics.track('Signup', { callback: (...told) => done(told) }) })"
    )
    SLOW = (
        "<script>const original = fetch; fetch = async (...call) => {"
        " await new Promise(done => setTimeout(done, 300)); return original(...call) }</script>"
    )

    def test_callback_follows_acknowledgement(self, site: Site, page: Page) -> None:
        site.write(head=self.SLOW)
        page.goto(site.url())
        assert page.evaluate(self.CALLED) == []
        assert "Signup" in names(site.events)

    def test_callback_is_called_for_ignored_event(self, site: Site, page: Page) -> None:
        page.goto(site.url(host="localhost"))
        assert page.evaluate(self.CALLED) == []
        assert site.settled(0) == []

    def test_callback_is_called_when_event_cannot_be_sent(self, site: Site, page: Page) -> None:
        site.status = 503
        page.goto(site.url())
        assert page.evaluate(self.CALLED) == []
        assert page.evaluate(self.CALLED) == []  # nor while the tracker waits to try again

    def test_callback_that_throws_does_not_stop_tracker(self, site: Site, page: Page) -> None:
        site.write(head="<script>const said = []; onerror = (text) => said.push(text)</script>")
        page.goto(site.url())
        page.evaluate("analytics.track('A', { callback() { throw new Error('mine') } })")
        page.evaluate(self.CALLED)
        assert page.evaluate("said") == ["Uncaught Error: mine"]
        assert sorted(names(site.events)) == ["A", "Signup", "pageview"]


class TestClick:
    def test_click_on_marked_element_is_event(self, site: Site, page: Page) -> None:
        site.write(
            body='<button data-track="Signup" data-track-plan="pro" data-track-Button-Place="top"'
            ' data-other="x" class="big"><svg width=20 height=20><rect width=20 height=20 /></svg>'
            "</button>"
        )
        page.goto(site.url())
        page.click("rect")
        events = {event["name"]: event for event in site.wait_for(2)}
        assert events["Signup"]["props"] == {"plan": "pro", "button-place": "top"}

    def test_click_elsewhere_is_no_event(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>const troubles = []; onerror = (text) => troubles.push(text)</script>",
            body="<button>Plain</button>",
        )
        page.goto(site.url())
        page.click("button")
        page.evaluate("document.dispatchEvent(new Event('click'))")
        assert names(site.settled(1)) == ["pageview"]
        assert page.evaluate("troubles") == []

    def test_click_on_leaving_link_counts(self, site: Site, page: Page) -> None:
        site.write(body='<a href="/blank" data-track="Out">Out</a>')
        page.goto(site.url())
        page.click("a")
        assert sorted(names(site.settled(2))) == ["Out", "pageview"]

    def test_click_counts_for_page_it_was_made_on(self, site: Site, page: Page) -> None:
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

    def test_marked_form_counts_when_submitted(self, site: Site, page: Page) -> None:
        site.write(
            body="<form data-track=Order data-track-kind=gift onsubmit='return false'>"
            "<input value=secret name=card><button>Buy</button></form>"
        )
        page.goto(site.url())
        page.click("input")
        page.click("button")
        event = named(site.settled(2), "Order")
        assert event["props"] == {"kind": "gift"}
        assert all("secret" not in hit.body for hit in site.hits)

    def test_click_inside_web_component_counts(self, site: Site, page: Page) -> None:
        site.write(body="<div id=host data-track=Outer></div>")
        page.goto(site.url())
        page.evaluate(
            "host.attachShadow({ mode: 'open' }).innerHTML ="
            " '<button data-track=Inner>In</button><i>Out</i>'"
        )
        page.click("button")
        page.click("i")
        assert sorted(names(site.settled(3))) == ["Inner", "Outer", "pageview"]

    def test_click_with_other_button_is_no_event(self, site: Site, page: Page) -> None:
        site.write(body="<button data-track=Signup>Sign up</button>")
        page.goto(site.url())
        page.click("button", button="middle")
        page.click("button", button="right")
        assert names(site.settled(1)) == ["pageview"]

    def test_click_on_mark_without_name_is_no_event(self, site: Site, page: Page) -> None:
        site.write(body="<button data-track>Nothing</button>")
        page.goto(site.url())
        page.click("button")
        assert names(site.settled(1)) == ["pageview"]
