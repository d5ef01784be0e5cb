"""Events that are sent by themselves: links that lead out, files, forms, pages not found."""

import pytest
from playwright.sync_api import Page
from stage import Site, named, names


@pytest.fixture(autouse=True)
def whole(site: Site) -> None:
    """The core does not send events by itself."""
    site.script = "script-more.js"
    site.write()


PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

STAY = "<script>addEventListener('click', event => event.preventDefault())</script>"


def told(site: Site, page: Page, body: str, selector: str = "a", attributes: str = "") -> list[str]:
    """The names of the events, besides the page view, that a click brings about."""
    site.write(attributes, head=STAY, body=body)
    page.goto(site.url())
    site.wait_for(1)
    page.click(selector)
    page.evaluate("history.pushState(null, '', '/end')")  # is sent after what the click sent
    return [name for name in names(site.settled_at("/end")) if name != "pageview"]


class TestOutbound:
    def test_link_to_other_host_is_outbound_event(self, site: Site, page: Page) -> None:
        assert told(site, page, "<a href='https://other.test/a?key=1#b'><b>Out</b></a>", "b") == [
            "outbound"
        ]
        event = named(site.events, "outbound")
        assert event["props"] == {"url": "https://other.test/a"}
        assert event["page"] == site.url()

    @pytest.mark.parametrize(
        "href", ["/inside", "#part", "mailto:me@other.test", "tel:1", "javascript:void 0", ""]
    )
    def test_link_within_site_is_no_outbound_event(self, href: str, site: Site, page: Page) -> None:
        assert told(site, page, f"<a href='{href}'>In</a>") == []

    def test_links_of_every_kind_are_outbound_events(self, site: Site, page: Page) -> None:
        site.write(
            head=STAY,
            body="<svg width=50 height=50><a href='https://other.test/svg'><rect width=50 height=50"
            " /></a></svg><svg width=50 height=50 id=old><a xlink:href='https://other.test/old'>"
            "<circle r=50 /></a></svg><svg width=50 height=50><a href='/inside'>"
            "<path d='M0 0h50v50z' /></a></svg><map name=map><area coords='0,0,50,50' shape=rect"
            " href='https://other.test/area'></map><img usemap='#map' width=50 height=50"
            f" src='{PIXEL}'>",
        )
        page.goto(site.url())
        for selector in ("rect", "#old", "path"):
            page.click(selector, position={"x": 10, "y": 10})
        page.click("img", position={"x": 10, "y": 10}, force=True)
        events = site.settled(4)
        urls = [event["props"]["url"] for event in events if event["name"] == "outbound"]
        assert urls == [f"https://other.test/{name}" for name in ("svg", "old", "area")]

    def test_outbound_event_is_not_sent_for_marked_link(self, site: Site, page: Page) -> None:
        body = "<a href='https://other.test/' data-track=Partner>Out</a>"
        assert told(site, page, body) == ["Partner"]

    def test_outbound_event_counts_when_page_is_left(self, site: Site, page: Page) -> None:
        site.write(body=f"<a href='{site.url('/blank', host='other.test')}'>Out</a>")
        page.goto(site.url())
        page.click("a")
        page.wait_for_url("**/blank")
        assert sorted(names(site.settled(2))) == ["outbound", "pageview"]

    def test_outbound_event_counts_for_middle_button(self, site: Site, page: Page) -> None:
        site.write(body=f"<a href='{site.url('/blank', host='other.test')}'>Out</a>")
        page.goto(site.url())
        with page.context.expect_page() as opened:
            page.click("a", button="middle")
        opened.value.close()
        page.click("a", button="right")
        assert sorted(names(site.settled(2))) == ["outbound", "pageview"]


class TestDownload:
    @pytest.mark.parametrize(
        "link",
        ["href='/files/Report.PDF?v=2'", "href='/export' download", "href='https://b.test/a.zip'"],
    )
    def test_link_to_file_is_download_event(self, link: str, site: Site, page: Page) -> None:
        assert told(site, page, f"<a {link}>File</a>") == ["download"]
        url = named(site.events, "download")["props"]["url"]
        assert url.startswith("http")
        assert "?" not in url

    def test_endings_of_many_kinds_are_downloads(self, site: Site, page: Page) -> None:
        endings = ["mov", "wav", "apk", "pkg", "mp4", "tgz", "ODT"]
        body = "".join(f"<a href='/file.{ending}'>{ending}</a> " for ending in endings)
        site.write(head=STAY, body=body)
        page.goto(site.url())
        page.evaluate("document.querySelectorAll('a').forEach(link => link.click())")
        events = site.settled(1 + len(endings))
        assert names(events)[1:] == ["download"] * len(endings)

    def test_data_files_chooses_endings(self, site: Site, page: Page) -> None:
        links = "<a href='/a.pdf'>PDF</a> <a href='/a.step'>STEP</a>"
        site.write('data-files="step, .stl"', head=STAY, body=links)
        page.goto(site.url())
        page.evaluate("document.querySelectorAll('a').forEach(link => link.click())")
        assert named(site.settled(2), "download")["props"] == {"url": site.url("/a.step")}

    def test_file_that_page_makes_is_download_by_its_name(self, site: Site, page: Page) -> None:
        site.write(
            body="<a download='report.csv'>Save</a><script>document.querySelector('a').href ="
            " URL.createObjectURL(new Blob(['secret']))</script>"
        )
        page.goto(site.url())
        page.click("a")
        assert named(site.settled(2), "download")["props"] == {"url": "report.csv"}

    @pytest.mark.parametrize("href", ["/pdf", "/a.pdf/read", "/a.html", "/?file=a.pdf"])
    def test_link_to_page_is_no_download_event(self, href: str, site: Site, page: Page) -> None:
        assert told(site, page, f"<a href='{href}'>Page</a>") == []


class TestForm:
    @pytest.mark.parametrize(
        ("attributes", "form"),
        [("id=order", "order"), ("name=search", "search"), ("id=a name=b", "a"), ("", None)],
    )
    def test_submitted_form_is_form_event(
        self, attributes: str, form: str | None, site: Site, page: Page
    ) -> None:
        body = f"<form {attributes} action='/done?key=1'><input name=card value=secret></form>"
        site.write(body=body)
        page.goto(site.url())
        site.wait_for(1)
        page.press("input", "Enter")
        event = named(site.wait_for(3), "form")
        assert event["props"] == {"form": form}
        assert event["page"] == site.url()

    def test_form_with_odd_field_names_is_form_event(self, site: Site, page: Page) -> None:
        fields = "<input name=id value=secret><input name=name><input name=dataset>"
        site.write(body=f"<form onsubmit='return false'>{fields}<button>Go</button></form>")
        page.goto(site.url())
        page.click("button")
        assert named(site.settled(2), "form")["props"] == {"form": None}
        assert all("secret" not in hit.body for hit in site.hits)

    def test_invalid_form_is_no_form_event(self, site: Site, page: Page) -> None:
        site.write(body="<form><input required><button>Go</button></form>")
        page.goto(site.url())
        page.click("button")
        assert names(site.settled(1)) == ["pageview"]

    def test_form_that_sends_nothing_is_no_form_event(self, site: Site, page: Page) -> None:
        """The page refuses one itself, and others close a dialog."""
        site.write(
            body="<form novalidate><input required name=a><button id=a>Go</button></form>"
            "<dialog open><form method=dialog><button id=b>Close</button></form></dialog>"
            "<dialog open><form><button id=c formmethod=dialog>Close</button></form></dialog>",
            head="<script>addEventListener('submit', event => event.preventDefault())</script>",
        )
        page.goto(site.url())
        page.evaluate("for (const id of 'abc') document.getElementById(id).click()")
        assert names(site.settled(1)) == ["pageview"]


class TestNotFound:
    def test_page_not_found_is_404_event_beside_page_view(self, site: Site, page: Page) -> None:
        page.goto(site.url("/missing"))
        events = site.settled(2)
        assert sorted(names(events)) == ["404", "pageview"]
        assert named(events, "404")["page"] == site.url("/missing")
        assert named(events, "404")["interactive"] is False

    def test_page_not_found_is_reported_once(self, site: Site, page: Page) -> None:
        page.goto(site.url("/missing"))
        page.evaluate("history.pushState(null, '', '/there')")
        assert sorted(names(site.settled(3))) == ["404", "pageview", "pageview"]


class TestChoice:
    BODY = "<a href='https://other.test/'>Out</a><form onsubmit='return false'><button></form>"

    @pytest.mark.parametrize(
        ("auto", "expected"),
        [
            ("", ["404", "form", "outbound"]),
            ("outbound", ["outbound"]),
            ("form 404", ["404", "form"]),
            ("none", []),
        ],
    )
    def test_data_auto_chooses_automatic_events(
        self, auto: str, expected: list[str], site: Site, page: Page
    ) -> None:
        site.write(f'data-auto="{auto}"', head=STAY, body=self.BODY)
        page.goto(site.url("/missing"))
        page.evaluate("document.querySelector('form').requestSubmit()")
        page.click("a")
        events = site.settled(1 + len(expected))
        assert sorted(name for name in names(events) if name != "pageview") == expected

    def test_data_auto_does_not_affect_custom_events(self, site: Site, page: Page) -> None:
        site.write('data-auto="none"', body="<button data-track=Signup>Sign up</button>")
        page.goto(site.url())
        page.click("button")
        assert sorted(names(site.settled(2))) == ["Signup", "pageview"]
