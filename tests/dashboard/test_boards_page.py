"""Boards on the page: what is saved on other pages is drawn, ordered, edited, shared, removed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from demo_pages import ask, percent
from processes import Service
from windows import PHONE, expect_accessible, log_in, watched

ATTACK = "<img src=x onerror=\"alert('xss')\">"
PASSWORD = "a long enough password"
LONG = "/" + "/".join(f"a-long-part-of-the-path-{number}" for number in range(11))
ANSWERS = "**/api/boards/*/answers"
WEEK = {"period": "7d"}


def view(report: str, drawing: str, *columns: str, page: str = "/", **params: Any) -> Any:
    """A view of a week."""
    address = WEEK | ({"f": ["is,device,desktop"]} if "filters" in params else {})
    shown = {"page": page, "address": address, "report": report, "params": WEEK | params}
    return {"view": shown | {"drawing": drawing, "columns": [*columns]}}


DAILY = {"interval": "day", "compare": "previous"}
ITEMS: dict[str, Any] = {
    "Visitors": view("timeseries", "number", "visitors", **DAILY),
    "Bounces": view("timeseries", "number", "bounce_rate", **DAILY),
    "Orders": view("conversions", "number", "revenue", **DAILY),
    "Goals": view("conversions", "series", "conversion_rate", **DAILY),
    "To read": {"note": f"First line\n{ATTACK}\n{LONG}"},
    "Over time": view("timeseries", "series", "visits", **DAILY),
    "Sources": view("traffic-sources", "ranking", "source", "visits", "share", dimension="source"),
    "Countries": view(
        *("locations", "ranking", "country", "visits"),
        filters='[["is","device",["desktop"]]]',
    ),
    "Visits": view("sessions", "table", "started", "entry_page", "duration_seconds", limit="5"),
    "Funnel": view("funnel", "diagram", page="/funnels", steps=["/", "/products", "/cart"]),
    "Return": view("retention", "diagram", page="/retention", interval="day", periods="7"),
    "Ways": view("paths", "diagram", page="/journeys", steps="4", limit="5"),
    "Hours": view("heatmap", "diagram", page="/activity"),
    "Change": view("lifecycle", "diagram", page="/activity", interval="day"),
    "Often": view("stickiness", "diagram", page="/activity"),
    "Vitals": view("web-vitals", "table", "name", "p75", "rating", page="/vitals"),
    ATTACK: view("pages", "ranking", "page", "pageviews", filters='[["is","page",["/nowhere"]]]'),
}


@pytest.fixture
def board(administrator: httpx.Client) -> Iterator[int]:
    """A board about the demo site with a view of each kind, which the administrator owns."""
    yield from filled(administrator, ITEMS)


@pytest.fixture
def small(administrator: httpx.Client) -> Iterator[int]:
    """A board with three notes: one, two, three."""
    yield from filled(administrator, {name: {"note": name} for name in ("one", "two", "three")})


def filled(client: httpx.Client, items: dict[str, Any]) -> Iterator[int]:
    new = {"site": "demo", "name": "Every kind", "shared": True}
    number = client.post("/api/boards", json=new, timeout=60).raise_for_status().json()["id"]
    for title, what in items.items():
        made = client.post(f"/api/boards/{number}/items", json={"title": title, **what}, timeout=60)
        assert made.status_code == 201, made.text
    yield number
    client.delete(f"/api/boards/{number}", timeout=60)


def open_board(window: Page, service: Service, number: int | str) -> None:
    """Logs in and opens a board of the demo site."""
    log_in(window, service, "/account")
    window.goto(f"{service.base}/boards?{urlencode({'site': 'demo', 'board': number})}")
    expect(window.locator("h1")).to_be_visible()


def card(window: Page, title: str) -> Locator:
    """The card of an item."""
    return window.locator(".item").filter(has=window.get_by_role("heading", name=title, exact=True))


def titles(window: Page) -> list[str]:
    return window.locator(".item h2").all_inner_texts()


def choose(window: Page, title: str, words: str) -> None:
    """Chooses from the menu of an item."""
    card(window, title).get_by_role("button", name=f"More for {title}").click()
    items = window.get_by_role("list", name="Items")
    items.get_by_role("button", name=words, exact=True).click()


def put(window: Page, words: str) -> Any:
    """Puts one of the views that the dialog offers on the board that is chosen there."""
    dialog = window.locator("#save-view")
    dialog.locator("[name=what]").select_option(label=words)
    with window.expect_response("**/api/boards/*/items") as saved:
        dialog.get_by_role("button", name="Put it on the board").click()
    return saved.value


def loaded(window: Page) -> None:
    """Waits until all is drawn."""
    expect(window.locator(".item").first).to_be_visible()
    expect(window.locator(".skeleton, .stale")).to_have_count(0)


def test_boards_are_for_accounts_only(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/?site=demo")
    expect(window.locator("#series .chart")).to_be_visible()
    expect(window.locator("#to-board")).to_have_count(0)
    expect(window.get_by_role("link", name="Boards")).to_have_count(0)
    window.goto(f"{service.base}/boards?site=demo")
    expect(window.get_by_role("link", name="Log in").last).to_be_visible()


def test_view_of_overview_is_put_on_new_board(service: Service, window: Page) -> None:
    log_in(window, service, "/account")
    window.goto(f"{service.base}/?site=demo&period=7d&metric=visits&sources=source")
    window.click("#to-board")
    dialog = window.locator("#save-view")
    dialog.locator("[name=name]").fill("Mondays")
    dialog.locator("[name=what]").select_option(label="Visitors")
    expect(dialog.locator("[name=title]")).to_have_value("Visitors")
    dialog.locator("[name=title]").fill("<b>Who came</b>")
    put(window, "Visitors")
    expect(dialog.get_by_role("status")).to_contain_text("It is on this board: Mondays")
    for words in ("Sources: Source", "Visits over time"):
        assert put(window, words).status == 201
    dialog.get_by_role("link", name="Mondays").click()
    loaded(window)
    assert titles(window) == ["<b>Who came</b>", "Sources: Source", "Visits over time"]
    totals = ask(service, "timeseries", interval="day")["totals"]
    expect(card(window, "<b>Who came</b>").locator(".figure")).to_have_text(
        f"{totals['visitors']:,}"
    )
    window.get_by_role("link", name="Sources: Source").click()
    window.wait_for_url("**/?site=demo&*sources=source*")
    window.go_back()
    window.get_by_role("button", name="Delete", exact=True).click()
    window.get_by_role("button", name="Delete it").click()
    expect(window.get_by_role("heading", name="New board")).to_be_visible()
    expect(window.get_by_role("link", name="Mondays")).to_have_count(0)


SAVABLE = {
    "/": 15,
    "/funnels?step=/&step=/cart": 1,
    "/retention": 1,
    "/journeys": 1,
    "/sessions": 1,
    "/activity": 3,
    "/goals": 2,
    "/revenue": 1,
    "/vitals": 2,
}
"""By page how many views it offers at least."""


def test_every_view_that_pages_offer_can_be_saved(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    new = {"site": "demo", "name": "All", "shared": False}
    number = administrator.post("/api/boards", json=new).json()["id"]
    log_in(window, service, "/account")
    for path, fewest in SAVABLE.items():
        more = "&" if "?" in path else "?"
        window.goto(f"{service.base}{path}{more}site=demo&period=6mo")
        if path == "/":
            expect(window.locator(".tile[value=revenue] .sparkline")).to_be_visible()
        window.click("#to-board")
        dialog = window.locator("#save-view")
        dialog.locator("[name=board]").select_option(value=f"{number}")
        choices = dialog.locator("[name=what]").locator("option").all_inner_texts()
        assert len(choices) >= fewest, path
        for words in choices:
            saved = put(window, words)
            assert saved.status == 201, (path, words, saved.text())
            item = saved.json()
            assert item["view"]["params"]["period"] == "6mo"
            administrator.delete(f"/api/boards/{number}/items/{item['id']}")
    administrator.delete(f"/api/boards/{number}")


def test_board_draws_answers_of_api(service: Service, window: Page, board: int) -> None:
    open_board(window, service, board)
    loaded(window)
    expect(window.locator("main .problem")).to_have_count(0)
    daily = ask(service, "timeseries", interval="day")
    visitors, rate = daily["totals"]["visitors"], daily["totals"]["bounce_rate"]
    expect(card(window, "Visitors").locator(".figure")).to_have_text(f"{visitors:,}")
    expect(card(window, "Bounces").locator(".figure")).to_have_text(percent(rate))
    orders = ask(service, "conversions", interval="day")["totals"]
    expect(card(window, "Orders").locator(".figure")).to_have_text(f"€{orders['revenue']:,.0f}")
    expect(card(window, "Goals").locator(".chart")).to_be_visible()
    first = ask(service, "traffic-sources", dimension="source")["rows"][0]
    row = card(window, "Sources").locator("tbody tr").first
    expect(row).to_contain_text(first["source"] or "Direct / none")
    expect(row).to_contain_text(f"{first['visits']:,}")
    expect(card(window, "Over time").locator(".chart")).to_be_visible()
    card(window, "Over time").get_by_text("As table").click()
    expect(card(window, "Over time").locator("tbody tr")).to_have_count(7)
    expect(card(window, "Countries")).to_contain_text("1 filter")
    expect(card(window, "Visits").locator("tbody tr")).to_have_count(5)
    expect(card(window, "Funnel").locator(".funnel > li")).to_have_count(3)
    for title, part in (
        ("Return", ".cohorts tbody tr"),
        ("Ways", ".node"),
        ("Hours", ".hours tbody tr"),
        ("Change", "svg rect"),
        ("Often", ".chart"),
        ("Vitals", "tbody tr"),
    ):
        expect(card(window, title).locator(part).first).to_be_visible()
    expect(card(window, ATTACK)).to_contain_text("Nothing in this range.")
    expect(card(window, "To read")).to_contain_text(ATTACK)
    assert window.locator("main img").count() == 0


def test_items_are_moved_by_keyboard_and_keep_focus(
    service: Service, window: Page, small: int
) -> None:
    open_board(window, service, small)
    button = card(window, "one").get_by_role("button", name="Move one later")
    expect(card(window, "one").get_by_role("button", name="Move one earlier")).to_be_disabled()
    button.focus()
    window.keyboard.press("Enter")
    expect(window.locator(".item h2")).to_have_text(["two", "one", "three"])
    expect(window.locator("main [role=status]").first).to_have_text("one is now 2 of 3.")
    expect(button).to_be_focused()
    window.keyboard.press("Enter")
    expect(window.locator(".item h2")).to_have_text(["two", "three", "one"])
    expect(card(window, "one").get_by_role("button", name="Move one earlier")).to_be_focused()
    window.reload()
    expect(window.locator(".item h2")).to_have_text(["two", "three", "one"])


def test_items_and_board_are_edited_and_removed(service: Service, window: Page, small: int) -> None:
    open_board(window, service, small)
    choose(window, "two", "Edit")
    expect(window.get_by_label("Text")).to_have_value("two")
    window.get_by_label("Text").fill("zwei\nZeilen")
    window.get_by_label("Title").fill(" ")
    window.get_by_role("button", name="Save").click()
    expect(window.get_by_role("alert")).to_contain_text("at least 1")
    expect(window.get_by_label("Text")).to_have_value("zwei\nZeilen")
    window.get_by_label("Title").fill("2")
    window.get_by_role("button", name="Save").click()
    expect(card(window, "2")).to_contain_text("Zeilen")
    choose(window, "three", "Remove")
    window.get_by_role("button", name="Remove it").click()
    expect(window.locator(".item h2")).to_have_text(["one", "2"])
    window.get_by_role("button", name="Note").click()
    window.get_by_label("Title").fill("new")
    window.get_by_label("Text").fill(ATTACK)
    window.get_by_role("button", name="Put it on the board").click()
    expect(card(window, "new")).to_contain_text(ATTACK)
    window.get_by_role("button", name="Name and members").click()
    window.get_by_label("Name", exact=True).fill("Renamed")
    window.get_by_label("Members of the site see it").uncheck()
    window.get_by_role("button", name="Save").click()
    expect(window.locator("h1")).to_have_text("Renamed")
    expect(window.locator("main")).to_contain_text("seen by nobody else")


def test_board_without_items_says_how_to_fill_it(
    service: Service, window: Page, administrator: httpx.Client
) -> None:
    (gone,) = filled(administrator, {})
    log_in(window, service, f"/boards?site=default&board={gone}")
    expect(window.locator(".problem")).to_contain_text("There is no such board.")
    for empty in filled(administrator, {}):
        window.goto(f"{service.base}/boards?site=demo&board={empty}")
        expect(window.locator(".empty")).to_contain_text("Nothing is on this board yet.")


def test_refusal_of_answers_is_shown_and_can_be_retried(
    service: Service, window: Page, board: int
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"error": "UNAVAILABLE", "detail": "busy"})

    window.route(ANSWERS, refuse)
    open_board(window, service, board)
    problem = card(window, "Visitors").locator(".problem")
    expect(problem).to_contain_text("The database did not answer in time.")
    window.unroute(ANSWERS, refuse)
    problem.get_by_role("button", name="Try again").click()
    loaded(window)
    expect(window.locator(".problem")).to_have_count(0)


def test_link_shows_board_without_account_and_asks_nothing_else(
    service: Service, browser: Browser, window: Page, board: int
) -> None:
    open_board(window, service, board)
    loaded(window)
    window.get_by_role("button", name="Share link").first.click()
    window.get_by_label("Who it is for").fill("The board of directors")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Make a link").click()
    url = window.locator(".secret input").input_value()
    listed = window.get_by_role("list", name="Share links").get_by_role("listitem")
    expect(listed).to_contain_text("with a password")
    with watched(browser) as anybody:
        asked: list[str] = []
        anybody.on("request", lambda request: asked.append(request.url))
        anybody.goto(url)
        anybody.get_by_label("Password").fill(PASSWORD)
        anybody.get_by_role("button", name="Open").click()
        loaded(anybody)
        expect(anybody.locator("h1")).to_have_text("Every kind")
        expect(card(anybody, "Visitors").locator(".figure")).to_be_visible()
        expect(card(anybody, "Visits")).to_contain_text("does not show visits")
        assert anybody.locator(".item h2 a, .tools, .does button").count() == 0
        base = f"{service.base}/api"
        called = {address.split("?")[0] for address in asked if address.startswith(f"{base}/")}
        wanted = {f"{base}/shares/open", f"{base}/boards/{board}", f"{base}/boards/{board}/answers"}
        assert called == wanted


def test_link_to_view_shows_it_alone(
    service: Service, browser: Browser, window: Page, board: int
) -> None:
    open_board(window, service, board)
    choose(window, "Sources", "Share link")
    window.get_by_label("Who it is for").fill("A wall")
    window.get_by_role("button", name="Make a link").click()
    url = window.locator(".secret input").input_value()
    with watched(browser) as anybody:
        anybody.goto(url)
        loaded(anybody)
        assert titles(anybody) == ["Sources"]


def test_axe_finds_no_violation_on_boards_and_nothing_is_cut(
    service: Service, browser: Browser, board: int
) -> None:
    for size in ({"width": 1440, "height": 900}, {"width": 768, "height": 900}, PHONE):
        # Not watched: on a page with so much in it, axe tries styles that the policy forbids.
        with browser.new_context(viewport=size, reduced_motion="reduce") as context:
            window = context.new_page()
            open_board(window, service, board)
            loaded(window)
            expect_accessible(window, f"board at {size['width']}")
            card(window, "Sources").get_by_role("button", name="More for Sources").click()
            expect_accessible(window, f"menu at {size['width']}")
            window.keyboard.press("Escape")
            window.get_by_role("button", name="Share link").first.click()
            expect_accessible(window, f"share at {size['width']}")
            window.goto(f"{service.base}/boards?site=demo")
            expect(window.get_by_role("link", name="Every kind")).to_be_visible()
            expect_accessible(window, f"list at {size['width']}")
            window.goto(f"{service.base}/?site=demo&period=7d")
            window.click("#to-board")
            expect_accessible(window, f"dialog at {size['width']}")
