"""Who is not counted."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, Page
from stage import Site, launch, names


class TestIgnored:
    @pytest.mark.parametrize(
        "host", ["localhost", "shop.localhost", "127.0.0.1", "[::1]", "mac.local"]
    )
    def test_local_hosts_are_ignored(self, host: str, site: Site, page: Page) -> None:
        page.goto(site.url(host=host))
        page.evaluate("visitlog.track('Signup')")
        assert page.evaluate("visitlog.q") == []  # nor is it kept for ever
        assert site.settled(0) == []

    @pytest.mark.parametrize("host", ["site.test.", "local.test", "mylocalhost.test"])
    def test_hosts_that_resemble_local_ones_are_counted(
        self, host: str, site: Site, page: Page
    ) -> None:
        page.goto(site.url(host=host))
        assert names(site.wait_for(1)) == ["pageview"]

    def test_local_hosts_are_counted_with_data_local(self, site: Site, page: Page) -> None:
        site.write("data-local")
        page.goto(site.url(host="localhost"))
        assert names(site.wait_for(1)) == ["pageview"]

    def test_file_is_ignored(self, site: Site, page: Page, tmp_path: Path) -> None:
        file = tmp_path / "page.html"
        file.write_text(site.html)
        page.goto(file.as_uri())
        page.evaluate("visitlog.track('Signup')")
        assert site.settled(0) == []

    def test_driven_browser_is_ignored(self, site: Site, chromium: BrowserType) -> None:
        with launch(chromium) as driven:
            page = driven.new_page()
            page.goto(site.url())
            assert page.evaluate("navigator.webdriver") is True
            assert site.settled(0) == []
            site.write("data-local")
            page.goto(site.url())
            assert names(site.wait_for(1)) == ["pageview"]

    @pytest.mark.parametrize(("attributes", "expected"), [("", 0), ("data-local", 1)])
    def test_frame_is_ignored(self, attributes: str, expected: int, site: Site, page: Page) -> None:
        site.write(attributes)
        page.goto(site.url("/blank"))
        with page.expect_response("**/framed"):
            page.evaluate("document.body.innerHTML = '<iframe src=/framed></iframe>'")
        assert len(site.settled(expected)) == expected

    @pytest.mark.parametrize("attributes", ["", "data-local"])
    def test_visitor_who_opted_out_is_ignored(
        self, attributes: str, site: Site, page: Page
    ) -> None:
        site.write(attributes)
        page.goto(site.url("/blank"))
        page.evaluate("localStorage.analytics_ignore = 'true'")
        page.goto(site.url())
        page.evaluate("visitlog.track('Signup')")
        page.evaluate("history.pushState(null, '', '/next')")
        assert site.settled(0) == []
        page.goto(site.url("/blank"))
        page.evaluate("localStorage.analytics_ignore = 'false'")
        page.goto(site.url())
        assert names(site.wait_for(1)) == ["pageview"]

    def test_visitor_without_storage_is_counted(self, site: Site, page: Page) -> None:
        site.write(
            head="<script>Object.defineProperty(window, 'localStorage',"
            " { get() { throw new Error('no') } })</script>"
        )
        page.goto(site.url())
        assert names(site.wait_for(1)) == ["pageview"]

    def test_opting_out_takes_effect_at_once(self, site: Site, page: Page) -> None:
        page.goto(site.url())
        site.wait_for(1)
        page.evaluate("localStorage.analytics_ignore = 'true'")
        page.evaluate("visitlog.track('Signup'); history.pushState(null, '', '/next')")
        page.evaluate("pass(5); setVisible(false)")
        assert names(site.settled(1)) == ["pageview"]

    @pytest.mark.parametrize("wish", ["globalPrivacyControl: true", "doNotTrack: '1'"])
    @pytest.mark.parametrize(("attributes", "expected"), [("data-dnt", 0), ("", 1)])
    def test_do_not_track_is_honoured_with_data_dnt(
        self, wish: str, attributes: str, expected: int, site: Site, page: Page
    ) -> None:
        name, value = wish.split(": ")
        site.write(
            attributes,
            head=f"<script>Object.defineProperty(navigator, '{name}', {{ value: {value} }})"
            "</script>",
        )
        page.goto(site.url())
        page.evaluate("pass(5); setVisible(false)")
        assert len(site.settled(2 * expected)) == 2 * expected

    def test_visitor_without_do_not_track_is_counted_with_data_dnt(
        self, site: Site, page: Page
    ) -> None:
        site.write("data-dnt")
        page.goto(site.url())
        assert names(site.wait_for(1)) == ["pageview"]
