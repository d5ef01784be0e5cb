"""Custom events, by call and by attribute, and those that are sent by themselves."""

import re

import pytest
from playwright.sync_api import Page
from stage import TRACKER, Site, named, names, views

README = (TRACKER / "README.md").read_text()


class TestCustomEvent:
    def test_custom_event_carries_its_properties(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        (view,) = site.wait_for(1)
        given = {
            "props": {"plan": "pro", "seats": 3},
            "revenue": {"amount": 9.5, "currency": "EUR"},
            "interactive": False,
        }
        page.evaluate("given => visitlog.track('Signup', given)", given)
        _, event = site.wait_for(2)
        for each in (view, event):
            del each["id"], each["time"]
        assert event == view | given | {"name": "Signup"}

    def test_custom_event_belongs_to_current_page(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one'); visitlog.track('Signup')")
        events = {event["name"]: event for event in site.wait_for(3)}
        assert events["Signup"]["page"] == events["pageview"]["page"] == site.url("/one")

    def test_custom_events_before_script_are_queued(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>window.visitlog = window.visitlog ||"
            " { q: [], track() { this.q.push(arguments) } };"
            " const early = visitlog;"
            " visitlog.track('First', { props: { n: 1 } }); visitlog.track('Second')</script>"
        )
        page.goto(site.url())
        page.evaluate("early.track('Third')")
        events = {event["name"]: event for event in site.wait_for(4)}
        assert events.keys() == {"pageview", "First", "Second", "Third"}
        assert events["First"]["props"] == {"n": 1}
        assert events["Second"]["props"] == {}

    def test_script_adds_one_global_and_its_alias(self, site: Site, page: Page) -> None:
        listed = "Object.getOwnPropertyNames(window)"
        page.goto(site.url("/blank"))
        before: list[str] = page.evaluate(listed)
        site.write(stage="")
        page.goto(site.url())
        assert set(page.evaluate(listed)) - set(before) == {"visitlog", "analytics"}

    def test_props_that_cannot_be_sent_take_nothing_with_them(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "const loop = { n: 1 }; loop.loop = loop;"
            " visitlog.track('Odd', { props: { loop, big: 2n ** 70n, deep: [[[[1]]]], fn() {},"
            " on: new Date(0), none: undefined, nan: NaN, node: document.body, plan: 'pro' } });"
            " visitlog.track('Loop', { props: loop }); visitlog.track('Null', null)"
        )
        events = site.settled(4)
        assert named(events, "Odd")["props"] == {
            "loop": {"n": 1, "loop": {"n": 1, "loop": {}}},
            "big": str(2**70),
            "deep": [[[]]],
            "on": "1970-01-01T00:00:00.000Z",
            "nan": None,
            "node": {},
            "plan": "pro",
        }

    def test_unknown_options_are_props(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "visitlog.track('Order', { plan: 'pro', props: { seats: 3 }, user_id: 7, page: '/x' })"
        )
        event = named(site.settled(2), "Order")
        assert event["props"] == {"plan": "pro", "seats": 3}
        assert (event["user_id"], event["page"]) == (7, "/x")

    def test_revenue_that_is_none_is_left_out(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        good = [(9.5, "EUR"), ("19.90", "usd"), (-5, "EUR"), (0, "JPY")]
        page.evaluate(
            "good => { for (const [amount, currency] of ["
            "...good, [NaN, 'EUR'], ['9,50', 'EUR'], [9, '€'], [undefined, 'EUR'], [1, 'Euro']])"
            " visitlog.track('Order', { revenue: { amount, currency } });"
            " visitlog.track('Order', { revenue: 5 }) }",
            good,
        )
        found = [event.get("revenue") for event in site.settled(11) if event["name"] == "Order"]
        expected = [{"amount": amount, "currency": currency} for amount, currency in good]
        assert found == expected + [None] * 6


SEGMENT = """<script>
const segment = window.analytics = window.analytics || [];
if (segment.initialize || segment.invoked) throw new Error('twice');
segment.invoked = true;
segment.track = (...call) => segment.push(['track', ...call]);
</script>"""
"""How the snippet of Segment takes the name `analytics`."""


class TestName:
    """`analytics` is a second name of `visitlog`, where no other product has it."""

    @pytest.mark.parametrize("order", ["before", "after"])
    def test_other_product_keeps_its_name(self, order: str, site: Site, page: Page) -> None:
        troubles: list[object] = []
        page.on("pageerror", lambda error: troubles.append(error))
        site.write(head=SEGMENT if order == "before" else "")
        page.goto(site.url())
        if order == "after":
            page.evaluate("() => {" + SEGMENT.replace("<script>", "").replace("</script>", "}"))
        page.evaluate("analytics.track('Theirs'); visitlog.track('Ours')")
        assert sorted(names(site.settled(2))) == ["Ours", "pageview"]
        assert page.evaluate("[...analytics]") == [["track", "Theirs"]]
        assert troubles == []

    def test_free_name_is_alias(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("analytics.track('Ours', { props: { n: 1 } })")
        assert named(site.settled(2), "Ours")["props"] == {"n": 1}


class TestCallback:
    CALLED = (
        "new Promise((done, fail) => { setTimeout(fail, 8000, 'not called');"
        " visitlog.track('Signup', { callback: (...told) => done(told) }) })"
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

    @pytest.mark.parametrize("script", ["script.js", "script-more.js"])
    def test_callback_is_called_when_props_cannot_be_sent_or_nobody_answers(
        self, script: str, site: Site, page: Page
    ) -> None:
        site.script = script
        site.write(head="<script>fetch = () => new Promise(() => {})</script>")
        page.goto(site.url())
        page.evaluate(
            "const loop = {}; loop.loop = loop; window.calls = [];"
            " for (const props of [{ loop }, { big: 1n }])"
            " visitlog.track('Odd', { props, callback: () => calls.push(1) })"
        )
        page.wait_for_function("calls.length === 2")

    def test_callback_is_called_when_script_is_blocked(self, site: Site, page: Page) -> None:
        """With the lines that the README has for calls before the script."""
        stub = re.search(r"<script>\n?\s*window.visitlog.*?</script>", README, re.DOTALL)
        assert stub
        site.html = f"<!doctype html>{stub[0]}"
        page.goto(site.url())
        assert page.evaluate(self.CALLED) == []
        site.write(head=stub[0])
        page.goto(site.url())
        assert page.evaluate(self.CALLED) == []
        assert sorted(names(site.settled(2))) == ["Signup", "pageview"]

    def test_callback_that_throws_does_not_stop_tracker(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>const said = [];"
            " onunhandledrejection = event => said.push(event.reason.message)</script>"
        )
        page.goto(site.url())
        page.evaluate("visitlog.track('A', { callback() { throw new Error('mine') } })")
        page.evaluate(self.CALLED)
        assert page.evaluate("said") == ["mine"]
        assert sorted(names(site.events)) == ["A", "Signup", "pageview"]


class TestClick:
    @pytest.fixture(autouse=True)
    def whole(self, site: Site) -> None:
        site.script = "script-more.js"
        site.write()

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

    def test_click_on_label_is_one_event(self, site: Site, page: Page) -> None:
        """The browser sends another one to the control."""
        site.write(
            body="<label data-track=Choice><input type=checkbox><b>Text</b></label>"
            "<p data-track=Outer><label for=other><i>Text</i></label><input id=other type=radio>"
        )
        page.goto(site.url())
        page.click("b")
        page.click("input[type=checkbox]")
        page.click("i")
        assert sorted(names(site.settled(4))) == ["Choice", "Choice", "Outer", "pageview"]

    def test_classes_make_event(self, site: Site, page: Page) -> None:
        site.write(
            body="<a href='https://other.test/' onclick='return false'"
            " class='big visitlog-event=Sign+up visitlog-plan=pro'>A</a>"
            "<form class='visitlog-event--Order visitlog-kind--gift' onsubmit='return false'>"
            "<button>Go</button></form><i class=visitlog-events>Other</i>"
        )
        page.goto(site.url())
        page.click("a")
        page.click("button")
        page.click("i")
        events = site.settled(3)
        assert named(events, "Sign up")["props"] == {"plan": "pro"}
        assert named(events, "Order")["props"] == {"kind": "gift"}
