"""Page views, navigation and engagement, in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserType, Page
from stage import HUMAN, Site, is_view, launch, names, seconds, views


def replacing(address: str, before: str = "") -> str:
    """The start of an application that replaces its address once the page is loaded."""
    return (
        f"<script>addEventListener('load', () => {{ {before}"
        f" history.replaceState(null, '', '{address}'); }})</script>"
    )


class TestPageView:
    def test_page_view_has_exactly_these_fields(self, site: Site, page: Page) -> None:
        page.goto(site.url("/blank"))
        page.evaluate("url => { location.href = url }", site.url("/a?b=1&utm_source=x#part"))
        (event,) = site.wait_for(1)
        moment = datetime.fromisoformat(event.pop("time"))
        assert abs(datetime.now(UTC) - moment) < timedelta(seconds=5)
        assert event.pop("id")
        assert event == {
            "site": "demo",
            "name": "pageview",
            "page": site.url("/a?utm_source=x"),
            "title": "Home",
            "referrer": site.url("/blank"),
            "screen": "1280x720",
            "timezone": "Europe/Berlin",
        }

    def test_page_view_names_no_site_unless_told(self, site: Site, page: Page) -> None:
        site.write("")
        page.goto(site.url())
        assert "site" not in site.wait_for(1)[0]

    def test_page_view_needs_no_preflight_and_carries_no_cookie(
        self, site: Site, page: Page
    ) -> None:
        """From another origin: no preflight; of the same site: even so no credentials."""
        page.context.add_cookies([{"name": "login", "value": "1", "url": site.url()}])
        page.goto(site.url(host="shop.site.test"))
        site.wait_for(1)
        (hit,) = site.hits
        assert (hit.method, hit.path) == ("POST", "/api/events/")
        assert hit.headers["Host"] == f"site.test:{site.port}"
        assert hit.headers["Content-Type"] == "text/plain;charset=UTF-8"
        assert hit.headers["Cookie"] is None

    def test_page_view_goes_to_data_api(self, site: Site, page: Page) -> None:
        site.write(f'data-api="{site.url("/collect")}"')
        page.goto(site.url(host="shop.test"))
        site.wait_for(1)
        assert site.hits[0].path == "/collect"

    @pytest.mark.parametrize("host", ["site.test", "localhost"])
    def test_each_event_has_its_own_id(self, host: str, site: Site, page: Page) -> None:
        """Also on plain http, where the browser has no crypto.randomUUID."""
        site.write("data-local")
        page.goto(site.url(host=host))
        assert page.evaluate("!!crypto.randomUUID") is (host == "localhost")
        page.evaluate("for (let i = 0; i < 20; i++) visitlog.track('Signup')")
        ids = {event["id"] for event in site.wait_for(21)}
        assert len(ids) == 21

    def test_form_named_title_is_no_title(self, site: Site, page: Page) -> None:
        site.write(body="<form name=title><input name=x></form>")
        page.goto(site.url())
        assert site.settled(1)[0]["title"] == "Home"

    @pytest.mark.parametrize("script", ["script.js", "script-more.js"])
    def test_page_in_background_is_counted_when_seen(
        self, script: str, site: Site, page: Page
    ) -> None:
        """As one that is prerendered: it may never be seen."""
        site.script = script
        site.write(head="<script>setVisible(false)</script>")
        page.goto(site.url())
        page.evaluate("visitlog.track('Early'); document.title = 'Seen'")
        assert site.settled(0) == []
        page.evaluate("setVisible(true); setVisible(false); setVisible(true)")
        events = site.settled(2)
        assert sorted(names(events)) == ["Early", "pageview"]
        assert [event["title"] for event in events] == ["Seen", "Seen"]

    def test_page_restored_by_back_button_counts_again(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))")
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        assert views(site.settled(2), site) == ["/", "/"]

    def test_page_view_that_cannot_be_sent_raises_no_error(self, site: Site, page: Page) -> None:
        troubles: list[object] = []
        page.on("pageerror", lambda error: troubles.append(error))
        site.write('data-api="http://site.test:1/"')
        page.goto(site.url())
        page.evaluate("const loop = {}; loop.loop = loop; visitlog.track('Loop', {props: loop})")
        page.evaluate("visitlog.track('Null', null)")
        assert site.settled(0) == []
        assert troubles == []


class TestNavigation:
    def test_push_replace_and_back_are_page_views(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState({ n: 1 }, '', '/one')")
        site.wait_for(2)
        page.evaluate("history.replaceState(null, '', '/two')")
        page.evaluate("history.back()")
        site.wait_for(4)
        page.evaluate("history.forward()")
        events = site.wait_for(5)
        assert views(events, site) == ["/", "/one", "/two", "/", "/two"]
        assert [event["referrer"].removeprefix(site.url("")) for event in events] == [
            "",
            "/",
            "/one",
            "/two",
            "/",
        ]

    @pytest.mark.parametrize("api", ["", "<script>delete window.navigation</script>"])
    def test_every_kind_of_navigation_is_page_view(self, api: str, site: Site, page: Page) -> None:
        """Also where the browser has no Navigation API, and where the page has no history that
        could be changed."""
        site.write(head=f"{api}<script>Object.freeze(history)</script>")
        page.goto(site.url())
        expected = ["/", "/pushed"]
        page.evaluate("history.pushState(null, '', '/pushed')")
        site.wait_for(2)
        if not api:
            page.evaluate(
                "navigation.addEventListener('navigate', event => event.intercept());"
                " navigation.navigate('/navigated')"
            )
            expected += ["/navigated"]
            site.wait_for(3)
        page.evaluate("history.back()")
        expected += [expected[-2]]
        assert views(site.settled(len(expected)), site) == expected

    def test_history_api_still_works(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState({ n: 1 }, '', '/one')")
        assert page.evaluate("[location.pathname, history.state.n]") == ["/one", 1]
        with pytest.raises(Exception, match="SecurityError"):
            page.evaluate("history.pushState(null, '', 'http://elsewhere.test/')")

    def test_same_url_is_no_page_view(self, site: Site, page: Page) -> None:
        page.goto(site.url("/start"))
        page.evaluate("history.pushState(null, '', '/start')")
        page.evaluate("history.replaceState({ scroll: 9 }, '')")
        page.evaluate("history.pushState(null, '', '#part')")
        page.evaluate("location.hash = 'other'")
        page.evaluate("history.back()")
        page.wait_for_timeout(500)
        assert views(site.settled(1), site) == ["/start"]

    def test_fragment_is_part_of_page_with_data_hash(self, site: Site, page: Page) -> None:
        site.write("data-hash")
        page.goto(site.url("/#/start"))
        page.evaluate("location.hash = '/cart'")
        site.wait_for(2)
        page.evaluate("history.pushState(null, '', '#/cart')")
        page.evaluate("history.pushState(null, '', '#/done')")
        assert views(site.settled(3), site) == ["/#/start", "/#/cart", "/#/done"]

    def test_page_view_has_title_set_after_navigation(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "setTimeout(() => { document.title = 'One' }, 100); history.pushState(null, '', '/one')"
        )
        assert [event["title"] for event in site.wait_for(2)] == ["Home", "One"]

    def test_page_view_has_the_time_at_which_it_began(self, site: Site, page: Page) -> None:
        """A page that is left by the back button may send its view after the next page has."""
        page.goto(site.url())
        page.wait_for_timeout(300)
        page.evaluate("visitlog.track('Later')")
        first, later = site.wait_for(2)
        began, happened = (datetime.fromisoformat(event["time"]) for event in (first, later))
        assert happened - began >= timedelta(milliseconds=250)

    def test_quick_navigations_are_one_page_view_each(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("for (const path of ['/1', '/2', '/3']) history.pushState(null, '', path)")
        assert sorted(views(site.settled(4), site)) == ["/", "/1", "/2", "/3"]

    def test_page_that_is_replaced_at_once_is_no_view(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "history.pushState(null, '', '/account'); history.replaceState(null, '', '/login')"
        )
        assert views(site.settled(2), site) == ["/", "/login"]
        page.wait_for_timeout(700)  # the page is seen now
        page.evaluate("history.replaceState(null, '', '/welcome')")
        assert views(site.settled(3), site) == ["/", "/login", "/welcome"]

    def test_first_page_that_is_replaced_at_once_is_no_view(self, site: Site, page: Page) -> None:
        """The page that is seen has the referrer and the campaign of the one that was opened."""
        site.write(head=replacing("/de"))
        page.goto(site.url("/?utm_source=letter"), referer="http://elsewhere.test/list?of=1")
        (event,) = site.settled(1)
        assert event["page"] == site.url("/de?utm_source=letter")
        assert event["referrer"] == "http://elsewhere.test/list"

    def test_campaign_of_the_page_that_replaces_the_first_counts(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=replacing("/de?utm_source=other"))
        page.goto(site.url("/?utm_source=letter"))
        (event,) = site.settled(1)
        assert event["page"] == site.url("/de?utm_source=other")

    def test_first_page_that_is_replaced_counts_without_navigation_api(
        self, site: Site, page: Page
    ) -> None:
        site.write(head="<script>delete window.navigation</script>" + replacing("/de"))
        page.goto(site.url())
        assert views(site.settled(2), site) == ["/", "/de"]

    def test_first_page_with_an_event_before_it_is_replaced_counts(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=replacing("/de", "visitlog.track('Started');"))
        page.goto(site.url())
        names = [
            (event["name"], event["page"].removeprefix(site.url(""))) for event in site.settled(3)
        ]
        assert sorted(names) == [("Started", "/"), ("pageview", "/"), ("pageview", "/de")]

    def test_page_view_left_at_once_counts(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one'); location.href = '/blank'")
        assert views(site.settled(2), site) == ["/", "/one"]


class TestEngagement:
    def test_engagement_is_sent_when_page_hides(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        (view,) = site.wait_for(1)
        page.evaluate("pass(12.34); setVisible(false)")
        _, event = site.wait_for(2)
        assert event.pop("id") != view.pop("id")
        assert event.pop("time") > view.pop("time")
        assert event == view | {
            "name": "engagement",
            "duration": 12.34,
            "props": {"scroll": 100},
        }

    def test_hidden_time_is_no_engagement(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); setVisible(false)")
        site.wait_for(2)
        page.evaluate("pass(100); setVisible(true); pass(3); setVisible(false)")
        assert seconds(site.wait_for(3)) == [2, 3]

    def test_time_without_focus_is_no_engagement(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); setFocused(false); pass(100); setFocused(true); pass(3)")
        page.evaluate("setVisible(false)")
        assert seconds(site.wait_for(2)) == [5]

    def test_background_tab_has_no_engagement_before_it_is_shown(
        self, site: Site, page: Page
    ) -> None:
        site.write(head="<script>setVisible(false)</script>")
        page.goto(site.url())
        page.evaluate("pass(100); setVisible(true); pass(3); setVisible(false)")
        assert seconds(site.wait_for(2)) == [3]

    def test_engagement_under_a_second_is_kept_for_later(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        for _ in range(3):
            page.evaluate("pass(0.4); setVisible(false); pass(9); setVisible(true)")
        assert seconds(site.settled(2)) == [1.2]

    def test_engagement_under_a_second_is_not_kept_for_other_page(
        self, site: Site, page: Page
    ) -> None:
        page.goto(site.url())
        page.evaluate("pass(0.9); history.pushState(null, '', '/one')")
        site.wait_for(2)
        page.evaluate("pass(0.9); setVisible(false)")
        assert seconds(site.settled(2)) == []

    def test_engagement_belongs_to_page_that_was_open(self, site: Site, page: Page) -> None:
        page.goto(site.url("/old"))
        page.evaluate("pass(7); history.pushState(null, '', '/new'); document.title = 'New'")
        engaged, view = sorted(site.wait_for(3)[1:], key=is_view)
        assert (engaged["page"], engaged["title"]) == (site.url("/old"), "Home")
        assert engaged["duration"] == 7
        assert (view["page"], view["title"]) == (site.url("/new"), "New")
        assert engaged["time"] <= view["time"]

    def test_long_engagement_is_reported_in_parts(self, site: Site, page: Page) -> None:
        """A visitor who watches for 90 minutes; the timer is in the hands of the test."""
        site.write(
            head="<script>let work; setInterval = (action, every) => {"
            " work = () => { pass(every / 1000); action() } }</script>"
        )
        page.goto(site.url())
        page.evaluate("for (let i = 0; i < 6; i++) work()")
        assert seconds(site.wait_for(7)) == [900] * 6

    def test_time_asleep_is_no_engagement(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(7200); setVisible(false)")
        assert seconds(site.wait_for(2)) == [1800]

    def test_engagement_stops_while_page_is_in_back_cache(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate("pass(2); dispatchEvent(new Event('pagehide'))")
        page.evaluate("setVisible(false); pass(100); setVisible(true)")
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        page.evaluate("pass(3); setVisible(false)")
        assert seconds(site.wait_for(4)) == [2, 3]

    def test_engagement_arrives_from_page_being_left(self, site: Site, page: Page) -> None:
        """Nothing staged: real seconds, a real unload."""
        site.write(stage="")
        page.goto(site.url())
        page.wait_for_timeout(1100)
        page.goto(site.url("/blank"))
        _, event = site.wait_for(2)
        assert (event["name"], event["page"]) == ("engagement", site.url())
        assert event["duration"] >= 1

    def test_engagement_arrives_from_tab_being_closed(self, site: Site, page: Page) -> None:
        site.write(stage="")
        other = page.context.new_page()
        other.goto(site.url())
        other.wait_for_timeout(1100)
        other.close(run_before_unload=True)
        assert names(site.settled(2)) == ["pageview", "engagement"]


class TestScrollDepth:
    LONG = "<div style='height: 7200px'></div>"
    STYLE = "<style>body { margin: 0 }</style>"

    def depth(self, site: Site, page: Page, count: int) -> int:
        """What the next engagement tells."""
        page.evaluate("pass(2); setVisible(false); setVisible(true)")
        return site.wait_for(count)[-1]["props"]["scroll"]

    def test_scroll_depth_is_share_of_page_in_sight(self, site: Site, page: Page) -> None:
        site.write(head=self.STYLE, body=self.LONG)
        page.goto(site.url())
        assert self.depth(site, page, 2) == 10

    def test_scroll_depth_is_maximum_of_page_view(self, site: Site, page: Page) -> None:
        site.write(head=self.STYLE, body=self.LONG)
        page.goto(site.url())
        page.evaluate(
            "new Promise(done => { addEventListener('scroll', () => setTimeout(done, 50),"
            " { once: true }); scrollTo(0, 2880) })"
        )
        page.evaluate("scrollTo(0, 0)")
        assert self.depth(site, page, 2) == 50
        page.evaluate("scrollTo(0, 1e6)")
        assert self.depth(site, page, 3) == 100

    def test_scroll_depth_restarts_with_each_page_view(self, site: Site, page: Page) -> None:
        site.write(head=self.STYLE, body=self.LONG)
        page.goto(site.url())
        page.evaluate("scrollTo(0, 1e6); pass(2); setVisible(false); setVisible(true)")
        assert site.wait_for(2)[-1]["props"] == {"scroll": 100}
        page.evaluate("history.pushState(null, '', '/one'); scrollTo(0, 0)")
        site.wait_for(3)
        assert self.depth(site, page, 4) == 10

    def test_scroll_depth_of_left_page_is_not_that_of_next(self, site: Site, page: Page) -> None:
        """The router puts a short page in the place of a long one."""
        site.write(head=self.STYLE, body=self.LONG)
        page.goto(site.url())
        page.evaluate(
            "pass(2); history.pushState(null, '', '/one'); document.body.innerHTML = 'short'"
        )
        told = {event["name"]: event for event in site.wait_for(3)}
        assert told["engagement"]["props"] == {"scroll": 10}
        assert told["engagement"]["page"] == site.url("/")

    def test_scroll_depth_of_page_that_grows_is_that_of_whole_page(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=self.STYLE, body="<p>Short</p>")
        page.goto(site.url())
        page.evaluate("setFocused(true); document.body.innerHTML = '<p style=\"height: 7200px\">'")
        page.evaluate("document.querySelector('p').style.margin = 0")
        assert self.depth(site, page, 2) == 10

    @pytest.mark.parametrize("height", ["100%", "720px"])
    def test_scroll_depth_of_inner_scroller_is_share_of_its_content(
        self, height: str, site: Site, page: Page
    ) -> None:
        inner = f"<main style='height: {height}; overflow: auto'>{self.LONG}</main>"
        site.write(head=self.STYLE + "<style>html, body { height: 100% }</style>", body=inner)
        page.goto(site.url())
        assert self.depth(site, page, 2) == 10
        page.evaluate(
            "new Promise(done => { addEventListener('scroll', () => setTimeout(done, 50),"
            " { once: true, capture: true }); document.querySelector('main').scrollTo(0, 2880) })"
        )
        assert self.depth(site, page, 3) == 50

    def test_scroll_depth_of_body_as_high_as_window_is_share_of_page(
        self, site: Site, page: Page
    ) -> None:
        site.write(head=self.STYLE + "<style>html, body { height: 100% }</style>", body=self.LONG)
        page.goto(site.url())
        page.evaluate("scrollTo(0, 2880)")
        assert self.depth(site, page, 2) == 50


class TestIncludedTwice:
    """One tracker a page, whoever starts it."""

    def test_script_in_two_tags_counts_once(self, site: Site, page: Page) -> None:
        copy = site.url("/copy/script-more.js")
        again = f'<script defer src="{copy}" data-site="other"></script>'
        site.script = "script-more.js"
        site.write(head=again, body="<button data-track=Signup>Sign up</button>")
        page.goto(site.url())
        page.evaluate("history.pushState(null, '', '/one')")
        page.click("button")
        events = site.settled(3)
        assert sorted(names(events)) == ["Signup", "pageview", "pageview"]
        assert {event["site"] for event in events} == {"other"}  # the first of the two

    def test_script_run_twice_counts_once(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "src => new Promise(done => document.body.append(Object.assign("
            "document.createElement('script'), { src, onload: done })))",
            site.url("/script.js"),
        )
        page.evaluate("visitlog.track('Signup')")
        assert sorted(names(site.settled(2))) == ["Signup", "pageview"]

    def test_script_and_module_count_once(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        page.evaluate(
            "async url => { const { init, track } = await import(url);"
            " init({ site: 'other' }); track('Signup') }",
            site.url("/index.js"),
        )
        events = site.settled(2)
        assert sorted(names(events)) == ["Signup", "pageview"]
        assert {event["site"] for event in events} == {"demo"}


class TestBackButton:
    def test_back_button_shows_cached_page_and_counts_it(
        self, site: Site, chromium: BrowserType
    ) -> None:
        """Nothing staged: the browser's own back/forward cache."""
        cached = {"ignore_default_args": ["--disable-back-forward-cache"]}
        with launch(chromium, HUMAN, **cached) as browser:
            page = browser.new_page()
            site.write(stage="")
            page.goto(site.url("/first"))
            site.wait_for(1)
            page.evaluate("window.alive = true")
            page.goto(site.url("/blank"))
            page.go_back(wait_until="commit")  # there is no load
            assert page.evaluate("window.alive"), "the page was loaded, not restored"
            first, second = site.settled_views(2)
            assert (first["page"], second["page"]) == (site.url("/first"),) * 2
            assert first["id"] != second["id"]
