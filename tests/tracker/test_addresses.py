"""What of an address is a page, and what of it is sent."""

import pytest
from playwright.sync_api import Page
from stage import KEPT, Site, views

from api.events.enrich.redaction import CAMPAIGN_KEYS

NO_ANSWER = "<script>fetch = () => new Promise(() => {})</script>"


class TestQuery:
    def test_query_that_changes_is_no_page_view(self, site: Site, page: Page) -> None:
        """A page that takes tags out of its address, and a search box that writes into it."""
        page.goto(site.url("/search?utm_source=x"))
        page.evaluate("history.replaceState(null, '', '/search')")
        page.evaluate("for (const q of 'abcdef') history.replaceState(null, '', '?q=' + q)")
        page.evaluate("history.pushState(null, '', '/end')")
        page.evaluate("visitlog.track('End')")
        assert views(site.settled(3), site) == ["/search?utm_source=x", "/end"]

    def test_query_that_changes_is_page_view_with_data_query(self, site: Site, page: Page) -> None:
        site.write("data-query")
        page.goto(site.url("/?page=1"))
        page.evaluate("history.pushState(null, '', '/?page=2'); visitlog.track('End')")
        assert views(site.settled(3), site)[:2] == ["/?page=1", "/?page=2"]

    def test_every_campaign_tag_is_sent(self, site: Site, page: Page) -> None:
        given = "&".join(f"{key}=1" for key in sorted(CAMPAIGN_KEYS))
        page.goto(site.url(f"/?{given}"))
        assert site.wait_for(1)[0]["page"] == site.url(f"/?{given}")

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ("?a=1&amp;utm_source=x&amp;utm_medium=y", "?amp;utm_source=x&amp;utm_medium=y"),
            ("#utm_source=x&utm_medium=y", "?utm_source=x&utm_medium=y"),
            ("?UTM_Source=x#part", "?UTM_Source=x"),
            ("?prefix=1&href=2&userid=3&my-ref=4", ""),
        ],
    )
    def test_campaign_tags_are_sent_however_they_are_written(
        self, given: str, sent: str, site: Site, page: Page
    ) -> None:
        page.goto(site.url("/blank"))
        page.goto(site.url(f"/{given}"))
        assert site.wait_for(1)[0]["page"] == site.url(f"/{sent}")

    def test_private_query_is_neither_sent_nor_stored(self, site: Site, page: Page) -> None:
        site.write(head=NO_ANSWER)
        page.goto(site.url("/reset?token=secret&utm_source=x"))
        page.evaluate("pass(2); history.pushState(null, '', '/next?token=secret')")
        page.evaluate("visitlog.track('Signup')")
        page.goto(site.url("/blank"))
        lines = page.evaluate(KEPT)
        assert lines.count("\n") == 3
        assert "secret" not in lines
        site.write()
        page.goto(site.url("/end"))
        site.settled(5)
        assert all("secret" not in hit.body for hit in site.hits)

    def test_long_address_is_sent_without_its_query(self, site: Site, page: Page) -> None:
        page.goto(site.url(f"/?{'x' * 5000}"))
        page.evaluate("history.pushState(null, '', '/next'); visitlog.track('End')")
        assert {len(event["page"]) for event in site.settled(3)} < set(range(60))


class TestFragment:
    def test_root_of_hash_router_is_one_page(self, site: Site, page: Page) -> None:
        """Vue's router writes `/#/` for `/`."""
        site.write("data-hash")
        page.goto(site.url("/"))
        page.evaluate("history.replaceState(null, '', '/#/')")
        page.evaluate("history.pushState(null, '', '/#/cart?step=1')")
        page.evaluate("history.pushState(null, '', '/#/cart?step=2')")
        page.evaluate("history.pushState(null, '', '/#access_token=secret')")
        page.evaluate("visitlog.track('End')")
        assert views(site.settled(4), site) == ["/", "/#/cart", "/"]
