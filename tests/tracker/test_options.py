"""What the whole tracker (script-more.js) does by its options."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from stage import KEPT, Site, named, names, views

Open = Callable[..., None]


@pytest.fixture
def open_page(site: Site, page: Page) -> Open:
    """Opens a page with the whole tracker and these attributes."""

    def open_page(attributes: str = "", path: str = "/", head: str = "") -> None:
        site.script = "script-more.js"
        site.write(f'data-site="demo" {attributes}', head=head)
        page.goto(site.url(path))

    return open_page


class TestAddress:
    """Of the script: a tag manager leaves out attributes."""

    def test_parameters_of_script_address_are_options(self, site: Site, page: Page) -> None:
        for script in ("script.js", "script-more.js"):
            site.script = f"{script}?site=shop&local"
            site.write("")
            page.goto(site.url(host="localhost"))
        assert [event["site"] for event in site.settled(2)] == ["shop", "shop"]

    def test_script_of_tag_manager_has_its_options(self, site: Site, page: Page) -> None:
        site.html = "<!doctype html><title>Home</title>"
        page.goto(site.url())
        page.evaluate(
            "src => { const tag = document.createElement('script'); tag.src = src;"
            " document.head.append(tag) }",
            site.url("/script.js?site=shop"),
        )
        assert site.settled(1)[0]["site"] == "shop"

    def test_script_may_be_module(self, site: Site, page: Page, open_page: Open) -> None:
        open_page("type=module")
        assert names(site.settled(1)) == ["pageview"]


class TestPages:
    def test_excluded_pages_send_nothing(self, site: Site, page: Page, open_page: Open) -> None:
        open_page('data-exclude="/admin/** /*/preview"', "/admin/users/1")
        page.evaluate("visitlog.track('Hidden'); pass(2)")
        for path in ("/blog/preview", "/blog/a/preview", "/admins"):
            page.evaluate("path => history.pushState(null, '', path)", path)
        page.evaluate("visitlog.track('End')")
        events = site.settled(3)
        assert views(events, site) == ["/blog/a/preview", "/admins"]
        assert "Hidden" not in names(events)

    def test_mask_hides_parts_of_addresses(self, site: Site, page: Page, open_page: Open) -> None:
        mask = "data-mask='/users/*/orders/* /users/**'"
        open_page(mask, "/users/jane/orders/12?utm_source=x")
        page.evaluate("history.pushState(null, '', '/users/jane')")
        page.evaluate("history.pushState(null, '', '/about'); visitlog.track('End')")
        events = site.settled(4)
        assert views(events, site) == ["/users/*/orders/*?utm_source=x", "/users/**", "/about"]
        assert all("jane" not in hit.body for hit in site.hits)
        assert [event.get("title") for event in events] == [None, None, "Home", "Home"]

    def test_manual_mode_counts_what_page_names(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        open_page("data-manual")
        page.evaluate("pass(2); visitlog.track('pageview', { page: '/step/1', props: { n: 1 } })")
        page.evaluate("visitlog.track('Signup'); history.pushState(null, '', '/real')")
        page.evaluate("visitlog.track('pageview', { page: '/step/2' }); pass(3); setVisible(false)")
        events = site.settled(4)
        assert [(event["name"], event["page"]) for event in events] == [
            ("pageview", "/step/1"),
            ("Signup", "/step/1"),
            ("pageview", "/step/2"),
            ("engagement", "/step/2"),
        ]


class TestEvents:
    def test_props_of_tag_are_those_of_events(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        open_page("data-prop-plan=pro data-prop-ab-test=b")
        page.evaluate("visitlog.track('A', { props: { plan: 'own' } }); pass(2); setVisible(false)")
        events = site.settled(3)
        assert named(events, "pageview")["props"] == {"plan": "pro", "ab-test": "b"}
        assert named(events, "A")["props"] == {"plan": "own", "ab-test": "b"}
        assert named(events, "engagement")["props"] == {"scroll": 100}

    def test_function_before_changes_and_drops_events(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        hook = (
            "<script>function check(event) { if (event.name == 'Drop') return;"
            " if (event.name == 'Fail') throw new Error('mine');"
            " event.title = 'Changed'; return event }</script>"
        )
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        open_page("data-before=check", head=hook)
        page.evaluate("for (const name of ['Drop', 'Fail', 'Keep']) visitlog.track(name)")
        events = site.settled(2)
        assert sorted(names(events)) == ["Keep", "pageview"]
        assert {event["title"] for event in events} == {"Changed"}
        assert any("mine" in text for text in said)

    def test_each_site_gets_events(self, site: Site, page: Page, open_page: Open) -> None:
        site.script = "script-more.js"
        site.write('data-site="a, b"')
        page.goto(site.url())
        page.evaluate("visitlog.track('Signup')")
        page.wait_for_function(f"!{KEPT}")
        sent = [(event["site"], event["name"]) for hit in site.hits for event in hit.events]
        assert sorted(sent) == [
            ("a", "Signup"),
            ("a", "pageview"),
            ("b", "Signup"),
            ("b", "pageview"),
        ]

    def test_identify_names_user_of_later_events(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        open_page("data-user=7")
        site.wait_for(1)
        page.evaluate("visitlog.identify('jane', { plan: 'pro' }); visitlog.track('A')")
        page.evaluate("visitlog.track('B', { user_id: 'other' })")
        events = site.settled(4)
        assert {event["name"]: event["user_id"] for event in events} == {
            "pageview": "7",
            "identify": "jane",
            "A": "jane",
            "B": "other",
        }
        traits = named(events, "identify")
        assert (traits["props"], traits["interactive"]) == ({"plan": "pro"}, False)

    def test_identify_names_user_of_view_that_waits(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        open_page("")
        page.evaluate("visitlog.identify('jane')")
        assert [event["user_id"] for event in site.settled(1)] == ["jane"]


class TestDebug:
    def test_console_says_why_nothing_is_sent(
        self, site: Site, page: Page, open_page: Open
    ) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        site.script = "script-more.js"
        site.write("data-debug")
        page.goto(site.url(host="localhost"))
        assert "visitlog: nothing is sent: the page is not on the web" in said[-1]
        page.goto(site.url("/blank"))
        page.evaluate("localStorage.analytics_ignore = 'true'")
        page.goto(site.url())
        assert "opted out" in said[-1]

    def test_console_says_what_is_left_out(self, site: Site, page: Page, open_page: Open) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        open_page('data-debug data-exclude="/hidden"')
        page.evaluate(
            "const loop = {}; loop.loop = loop; visitlog.track('Odd', { plan: 'pro', revenue: 5,"
            " props: { loop, big: 1n, fn() {} } }); history.pushState(null, '', '/hidden');"
            " visitlog.track('Hidden')"
        )
        site.settled(2)
        for words in (
            "events are sent to",
            "revenue is left out",
            "an unknown option is taken for a prop: plan",
            "has more than 3 levels: loop",
            "a BigInt is sent as text: big",
            "it is no data: fn",
            "the page is excluded: {",
        ):
            assert [text for text in said if words in text], (words, said)

    def test_console_is_silent_without_it(self, site: Site, page: Page, open_page: Open) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        open_page()
        page.evaluate("visitlog.track('Odd', { plan: 1n, revenue: 5 })")
        site.settled(2)
        assert [text for text in said if "visitlog" in text] == []
