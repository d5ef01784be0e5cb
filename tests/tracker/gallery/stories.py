"""What visitors do on the sites of the gallery, step by step, and what should be counted of it."""

from collections.abc import Callable
from dataclasses import dataclass

from gallery.visitor import Visitor

Walk = Callable[[Visitor], None]

LONG_ENOUGH = 0.6  # seconds in which somebody sees a page before its address changes


def reads_pages(visitor: Visitor) -> None:
    """Reads three plain pages, and goes to one of them again by a link."""
    visitor.open()
    visitor.sees("/")
    visitor.reads(1.05)
    visitor.click("About")
    visitor.sees("/about")
    visitor.click("Contact")
    visitor.sees("/contact")
    visitor.click("About")
    visitor.sees("/about")


def goes_back_and_forward(visitor: Visitor) -> None:
    """Goes back and forward between pages that the browser kept."""
    visitor.open()
    visitor.sees("/")
    visitor.run("window.kept = true")
    visitor.click("About")
    visitor.sees("/about")
    visitor.back()
    visitor.sees("/")
    assert visitor.tab.evaluate("window.kept"), "the page was loaded, not restored"
    visitor.forward()
    visitor.sees("/about")


def reloads(visitor: Visitor) -> None:
    """Loads a page again."""
    visitor.open("/about")
    visitor.sees("/about")
    visitor.tab.reload()
    visitor.sees("/about")


def jumps_within_page(visitor: Visitor) -> None:
    """Follows links to a part of the page."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Our terms")
    visitor.wait(LONG_ENOUGH)
    visitor.back()


def uses_two_tabs(visitor: Visitor) -> None:
    """Reads a page in a second tab, and goes on in the first."""
    visitor.open()
    visitor.sees("/")
    first = visitor.tab
    with visitor.context.expect_page() as second:
        visitor.click("New tab")
    visitor.tab = second.value
    visitor.sees("/about")
    visitor.tab = first
    visitor.click("Contact")
    visitor.sees("/contact")


def is_redirected(visitor: Visitor) -> None:
    """Follows a link to an address that the server redirects."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Old address")
    visitor.sees("/contact")


def opens_missing_page(visitor: Visitor) -> None:
    """Opens a page that does not exist."""
    visitor.open("/missing/page")
    visitor.sees("/missing/page")
    visitor.does("404")


def sees_page_late(visitor: Visitor) -> None:
    """Opens a page in a background tab, and looks at it later, twice."""
    visitor.open()
    visitor.sees("/")
    visitor.open_in_background("/about")
    visitor.wait(LONG_ENOUGH)
    visitor.run("setVisible(true)")
    visitor.sees("/about")
    visitor.run("setVisible(false)")
    visitor.run("setVisible(true)")


def never_sees_page(visitor: Visitor) -> None:
    """Opens a page in a background tab, and closes it unseen."""
    visitor.open()
    visitor.sees("/")
    visitor.open_in_background("/about")
    visitor.wait(LONG_ENOUGH)


def walks_hash_router(visitor: Visitor) -> None:
    """Walks an application that has its pages behind the #."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Home")
    visitor.click("Cart")
    visitor.sees("/#/cart")
    visitor.click("Step two")
    visitor.back()
    visitor.back()
    visitor.sees("/", "/#/")


def walks_history_router(visitor: Visitor) -> None:
    """Walks an application with a router, and goes back in it."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Shoes")
    visitor.sees("/shoes")
    visitor.reads(1.05)
    visitor.click("Shoes")
    visitor.click("Hats")
    visitor.sees("/hats")
    visitor.back()
    visitor.back()
    visitor.sees("/shoes")


def scrolls(visitor: Visitor) -> None:
    """Scrolls a page that notes in its history how far."""
    visitor.open("/shoes")
    visitor.sees("/shoes")
    for way in (500, 1000, 1500):
        visitor.run(f"scrollTo(0, {way})")
        visitor.wait(0.1)


def is_sent_to_login(visitor: Visitor) -> None:
    """Follows a link that the router replaces by another page at once."""
    visitor.open()
    visitor.sees("/")
    visitor.wait(LONG_ENOUGH)
    visitor.click("Account")
    visitor.sees("/login")


def lands_on_replaced_address(visitor: Visitor) -> None:
    """Opens an application that replaces the address at once."""
    visitor.open()
    visitor.sees("/de")
    visitor.wait(LONG_ENOUGH)


def returns_to_application(visitor: Visitor) -> None:
    """Leaves an application for another site, and comes back to where it was."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Hats")
    visitor.sees("/hats")
    visitor.open_elsewhere()
    visitor.back()
    visitor.sees("/hats")
    visitor.click("Shoes")
    visitor.sees("/shoes")


def walks_offline(visitor: Visitor) -> None:
    """Walks an application without a network for a while."""
    visitor.open()
    visitor.sees("/")
    visitor.context.set_offline(True)
    visitor.click("Shoes")
    visitor.sees("/shoes")
    visitor.wait(LONG_ENOUGH)
    visitor.click("Hats")
    visitor.sees("/hats")
    visitor.wait(LONG_ENOUGH)
    visitor.context.set_offline(False)
    visitor.click("Home")
    visitor.sees("/")


def walks_navigation_api(visitor: Visitor) -> None:
    """Walks an application whose router intercepts navigation."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Shoes")
    visitor.sees("/shoes")
    visitor.back()
    visitor.sees("/")


def types_into_search(visitor: Visitor) -> None:
    """Types into a field that writes each letter into the address, and turns to page two."""
    visitor.open("/search")
    visitor.sees("/search")
    visitor.tab.locator("#q").press_sequentially("hats")
    visitor.wait(LONG_ENOUGH)
    visitor.click("Page two")
    visitor.wait(LONG_ENOUGH)


def turns_pages_of_query(visitor: Visitor) -> None:
    """Turns pages where the site says that the query tells them apart."""
    visitor.open("/catalogue")
    visitor.sees("/catalogue")
    visitor.click("Page two")
    visitor.sees("/catalogue")
    visitor.wait(LONG_ENOUGH)
    visitor.click("Page three")
    visitor.sees("/catalogue")


def comes_from_campaign(visitor: Visitor) -> None:
    """Lands on a page that takes the tags of a campaign out of its address."""
    visitor.open("/sale?utm_source=letter&utm_medium=email")
    visitor.sees("/sale")
    visitor.wait(LONG_ENOUGH)


def sees_frame(visitor: Visitor) -> None:
    """Sees a page with another page of the site in a frame."""
    visitor.open()
    visitor.sees("/")
    visitor.wait(LONG_ENOUGH)


def downloads_and_goes_out(visitor: Visitor) -> None:
    """Loads a file down, and follows a link to another site."""
    visitor.open()
    visitor.sees("/")
    with visitor.tab.expect_download() as file:
        visitor.click("Handbook")
    file.value.path()
    visitor.does("download")
    visitor.click("Elsewhere")
    visitor.does("outbound")
    visitor.tab.wait_for_url("http://elsewhere.test:*/")


def submits_forms(visitor: Visitor) -> None:
    """Submits a form that the browser refuses, one that leads to a page, and one that does not."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Subscribe")
    visitor.tab.fill("[name=mail]", "x")
    visitor.click("Subscribe")
    visitor.does("form")
    visitor.sees("/thanks")
    visitor.click("Say")
    visitor.does("form")


def clicks_marked_button(visitor: Visitor) -> None:
    """Clicks something inside a button that is marked, twice."""
    visitor.open()
    visitor.sees("/")
    for _ in range(2):
        visitor.click("Sign up")
        visitor.does("Signup")


def walks_below_base(visitor: Visitor) -> None:
    """Walks pages with a base element, and to an address that is relative to it."""
    visitor.open("/app/")
    visitor.sees("/app/")
    visitor.click("Item")
    visitor.sees("/app/item")
    visitor.wait(LONG_ENOUGH)
    visitor.click("List")
    visitor.sees("/app/list")


def swaps_bodies(visitor: Visitor) -> None:
    """Walks a site whose library swaps the body, with the tracker's element in it."""
    visitor.open()
    visitor.sees("/")
    visitor.click("One")
    visitor.sees("/one")
    visitor.wait(LONG_ENOUGH)
    visitor.click("Two")
    visitor.sees("/two")
    visitor.wait(LONG_ENOUGH)
    visitor.back()
    visitor.sees("/one")
    visitor.wait(LONG_ENOUGH)


def finds_tracker_twice(visitor: Visitor) -> None:
    """Reads pages that include the tracker twice."""
    visitor.open()
    visitor.sees("/")
    visitor.click("Two")
    visitor.sees("/two")


@dataclass(frozen=True)
class Story:
    """A walk on a site, by a visitor who is new there."""

    site: str
    """The name of its folder, and of its host."""
    walk: Walk
    options: frozenset[str] = frozenset()
    """Of the trackers: `hash` or `query` if these tell pages apart; `more` if the story needs
    automatic events."""

    @property
    def name(self) -> str:
        return self.walk.__name__.replace("_", "-")

    @property
    def told(self) -> str:
        """What happens, in a sentence."""
        text = self.walk.__doc__ or ""
        return text[:1].lower() + text[1:].rstrip(".")

    def origin(self, port: int) -> str:
        """Where its site is served."""
        return f"http://{self.name}.{self.site}.test:{port}"


def story(site: str, walk: Walk, *options: str) -> Story:
    return Story(site, walk, frozenset(options))


STORIES = (
    story("plain", reads_pages),
    story("plain", goes_back_and_forward),
    story("plain", reloads),
    story("plain", jumps_within_page),
    story("plain", uses_two_tabs),
    story("plain", is_redirected),
    story("plain", opens_missing_page, "more"),
    story("plain", sees_page_late),
    story("plain", never_sees_page),
    story("hash-router", walks_hash_router, "hash"),
    story("history-router", walks_history_router),
    story("history-router", scrolls),
    story("history-router", is_sent_to_login),
    story("landing-router", lands_on_replaced_address),
    story("history-router", returns_to_application),
    story("history-router", walks_offline),
    story("navigation-router", walks_navigation_api),
    story("search", types_into_search),
    story("search-pages", turns_pages_of_query, "query"),
    story("campaign", comes_from_campaign),
    story("frames", sees_frame),
    story("links", downloads_and_goes_out, "more"),
    story("forms", submits_forms, "more"),
    story("buttons", clicks_marked_button, "more"),
    story("based", walks_below_base),
    story("body-swap", swaps_bodies),
    story("twice", finds_tracker_twice),
)
