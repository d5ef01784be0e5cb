"""The overview in a real browser, on a real service: numbers, choices, states."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from processes import Service, get, post
from windows import CHROME, log_in, watched

WEEK = {"site": "demo", "period": "7d"}
BATCH = "**/api/analytics/batch"
NOTHING = "\N{EN DASH}"
"""What stands where there is no number."""


def ask(service: Service, report: str, **params: Any) -> Any:
    """An answer of the API about the demo site."""
    return get(service.base, f"/api/analytics/{report}?{urlencode({**WEEK, **params})}")


def opened(window: Page, service: Service, **params: Any) -> Page:
    """The overview of the demo site, with its numbers."""
    window.goto(f"{service.base}/?{urlencode({**WEEK, **params}, doseq=True)}")
    expect(window.locator("#bots tbody tr").first).to_be_visible()
    expect(window.locator(".tile .figure").first).not_to_have_text("")
    return window


def address(window: Page) -> dict[str, list[str]]:
    """The parameters of the address of a window."""
    return parse_qs(urlsplit(window.url).query)


def expect_address(window: Page, **expected: str | None) -> None:
    """Waits until the address has these parameters; None is one that it has not."""
    window.wait_for_function(
        "expected => Object.entries(expected).every(([key, value]) =>"
        " new URLSearchParams(location.search).get(key) === value)",
        arg=expected,
    )


def first_row(window: Page, card: str) -> Locator:
    return window.locator(f"#{card} tbody tr").first


def asked_by(window: Page, act: Callable[[], object]) -> list[dict[str, Any]]:
    """The queries of the batch that an action leads to."""
    with window.expect_request(BATCH) as request:
        act()
    return request.value.post_data_json["queries"]


def seconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


def test_tiles_show_totals_of_api(service: Service, window: Page) -> None:
    opened(window, service)
    totals = ask(service, "timeseries", interval="day")["totals"]
    expected = [
        f"{totals['visitors']:,}",
        f"{totals['visits']:,}",
        f"{totals['pageviews']:,}",
        f"{totals['views_per_visit']:.2f}".rstrip("0").rstrip("."),
        f"{totals['bounce_rate'] * 100:.1f}".removesuffix(".0") + "%",
        seconds(totals["visit_duration_seconds"]),
    ]
    assert window.locator(".tile .figure").all_inner_texts()[:6] == expected


def test_change_has_colour_by_which_way_is_good(service: Service, window: Page) -> None:
    opened(window, service)
    totals = ask(service, "timeseries", interval="day", compare="previous")["comparison"]["totals"]
    for name, fewer_is_better in (("visitors", False), ("bounce_rate", True)):
        percent = round((totals[name]["ratio"] - 1) * 100)
        kind = "muted" if not percent else "better" if (percent > 0) != fewer_is_better else "worse"
        change = window.locator(f".tile[value={name}] .change")
        expect(change).to_have_class(f"change {kind}")
        expect(change).to_contain_text(f"{percent:+d}%" if percent else "0%")


@pytest.mark.parametrize(
    ("card", "report", "dimension"),
    [
        ("sources", "traffic-sources", "source"),
        ("devices", "devices", "browser"),
        ("locations", "locations", "region"),
    ],
)
def test_card_rows_equal_answer_of_api(
    service: Service, window: Page, card: str, report: str, dimension: str
) -> None:
    opened(window, service, **{card: dimension})
    rows = ask(service, report, dimension=dimension, limit=9)["rows"]
    shown = window.locator(f"#{card} tbody tr")
    expect(shown).to_have_count(len(rows))
    for row, line in zip(rows, shown.all(), strict=True):
        if row[dimension]:
            expect(line.locator(".value")).to_have_attribute("title", row[dimension])
        expect(line.locator(".number").first).to_have_text(f"{row['visits']:,}")


def test_table_of_chart_equals_answer_of_api(service: Service, window: Page) -> None:
    opened(window, service, metric="pageviews")
    rows = ask(service, "timeseries", interval="day", compare="previous")["rows"]
    window.get_by_role("button", name="As table").click()
    for row, line in zip(rows, window.locator(".numbers tbody tr").all(), strict=True):
        values = [row["pageviews"], row["comparison"]["pageviews"]["value"]]
        shown = line.locator(".number").all_inner_texts()
        assert [shown[0], shown[2]] == [f"{value:,.0f}" for value in values]


def test_arrow_keys_walk_the_points_of_the_chart(service: Service, window: Page) -> None:
    opened(window, service)
    rows = ask(service, "timeseries", interval="day", compare="previous")["rows"]
    chart = window.get_by_role("slider")
    chart.focus()
    window.keyboard.press("ArrowLeft")
    window.keyboard.press("ArrowLeft")
    row = rows[-2]
    expect(chart).to_have_attribute("aria-valuenow", str(len(rows) - 2))
    spoken = chart.get_attribute("aria-valuetext") or ""
    for value in (row["visitors"], row["comparison"]["visitors"]["value"]):
        assert f": {value:,.0f}" in spoken
    expect(window.locator(".tooltip")).to_contain_text(f"{row['visitors']:,}")
    expect_address(window, period="7d")


def test_chart_that_is_drawn_again_keeps_its_tooltip(service: Service, window: Page) -> None:
    opened(window, service)
    tooltip = window.locator(".tooltip")
    window.get_by_role("slider").focus()
    window.keyboard.press("Home")
    expect(tooltip).to_be_visible()
    window.evaluate(
        "() => { document.documentElement.dispatchEvent(new Event('themechange'));"
        " return new Promise(requestAnimationFrame); }"
    )
    expect(tooltip).to_be_visible()
    cursor = window.locator(".u-cursor-x")
    assert cursor.evaluate("line => new DOMMatrix(getComputedStyle(line).transform).e") == 0
    window.keyboard.press("End")
    assert cursor.evaluate("line => new DOMMatrix(getComputedStyle(line).transform).e") > 500


def test_tooltip_follows_the_pointer_and_goes_with_it(service: Service, window: Page) -> None:
    opened(window, service)
    window.locator(".u-over").hover()
    expect(window.locator(".tooltip")).to_be_visible()
    window.mouse.move(0, 0)
    expect(window.locator(".tooltip")).to_have_count(0)


def test_tile_drives_chart_and_back_button_undoes_it(service: Service, window: Page) -> None:
    opened(window, service)
    window.click(".tile[value=bounce_rate]")
    expect(window.get_by_role("slider")).to_have_attribute(
        "aria-label", "Bounce rate over time: arrow keys tell the values"
    )
    expect_address(window, metric="bounce_rate")
    window.go_back()
    expect(window.locator(".tile[value=visitors]")).to_have_attribute("aria-pressed", "true")
    window.go_forward()
    expect(window.locator(".tile[value=bounce_rate]")).to_have_attribute("aria-pressed", "true")


def test_tab_asks_its_card_only(service: Service, window: Page) -> None:
    opened(window, service)
    tab = window.locator("#pages button[value=entry]")
    assert [query["id"] for query in asked_by(window, tab.click)] == ["pages"]
    expect(window.locator("#pages th").nth(1)).to_have_text("Entries")


def test_click_on_row_filters_and_pill_removes_it(service: Service, window: Page) -> None:
    opened(window, service, locations="country")
    country = ask(service, "locations", dimension="country", limit=1)["rows"][0]["country"]
    before = window.locator(".tile .figure").first.inner_text()
    first_row(window, "locations").locator("a").click()
    expect_address(window, f=f"is,country,{country}")
    filtered = ask(
        service, "timeseries", interval="day", filters=json.dumps([["is", "country", [country]]])
    )
    figure = window.locator(".tile .figure").first
    expect(figure).to_have_text(f"{filtered['totals']['visitors']:,}")
    expect(window.locator(".pill")).to_contain_text("Country is")
    window.locator(".pill").get_by_role("button", name="Remove").click()
    expect(figure).to_have_text(before)
    window.go_back()
    expect(figure).to_have_text(f"{filtered['totals']['visitors']:,}")


def test_alt_click_inverts_a_filter(service: Service, window: Page) -> None:
    opened(window, service, f="is,device,mobile")
    window.locator(".pill .what").click(modifiers=["Alt"])
    expect_address(window, f="is_not,device,mobile")
    expect(window.locator(".pill")).to_contain_text("Device is not Mobile")


def test_builder_suggests_values_with_their_counts(service: Service, window: Page) -> None:
    opened(window, service)
    window.get_by_role("button", name="Filter", exact=False).first.click()
    window.get_by_role("dialog").get_by_label("What").select_option("browser")
    expected = ask(service, "values", dimension="browser", limit=8)["rows"]
    suggestions = window.locator(".suggestions li")
    expect(suggestions).to_have_count(len(expected))
    expect(suggestions.first).to_contain_text(f"{expected[0]['count']:,}")
    for row in expected[:2]:
        window.get_by_label(row["browser"]).check()
    window.get_by_role("button", name="Add the filter").click()
    first, second = (row["browser"] for row in expected[:2])
    expect_address(window, f=f"is,browser,{first},{second}")
    expect(window.locator(".pill")).to_contain_text(f"{first} or {second}")


def test_click_on_pill_edits_its_filter(service: Service, window: Page) -> None:
    opened(window, service, f=["is,device,mobile", "is,country,DE"])
    window.locator(".pill .what", has_text="Country").click()
    builder = window.get_by_role("dialog", name="Edit filter")
    # Suggestions are those of the other filters.
    expect(builder.locator(".suggestions li")).not_to_have_count(1)
    builder.locator("select[name=operator]").select_option("is_not")
    builder.get_by_label("United States").check()
    builder.get_by_role("button", name="Change the filter").click()
    window.wait_for_url("**country**US**")
    assert address(window)["f"] == ["is,device,mobile", "is_not,country,DE,US"]


def test_builder_takes_text_with_commas_for_contains(service: Service, window: Page) -> None:
    opened(window, service)
    window.keyboard.press("f")
    window.get_by_role("dialog").locator("select[name=operator]").select_option("contains")
    window.get_by_role("dialog").get_by_label("Text").fill("/a,b%2C")
    window.keyboard.press("Enter")
    asked = asked_by(window, window.get_by_role("button", name="Add the filter").click)
    expected = [["contains", "page", ["/a,b%2C"]]]
    filters = {query["filters"] for query in asked if query["id"] != "bots"}
    assert [json.loads(one) for one in filters] == [expected]
    expect(window.locator(".pill")).to_contain_text("Page contains /a,b%2C")
    window.reload()
    expect(window.locator(".pill")).to_contain_text("Page contains /a,b%2C")


def test_details_search_sort_and_close(service: Service, window: Page) -> None:
    opened(window, service)
    window.get_by_role("link", name="Details of Pages").click()
    details = window.get_by_role("dialog", name="Pages: Top")
    rows = ask(service, "pages", limit=100, order="visitors:asc")["rows"]
    details.get_by_role("button", name="Visitors").click()
    details.get_by_role("button", name="Visitors").click()
    expect_address(window, details="pages", order="visitors:asc")
    expect(details.locator("tbody .value").first).to_have_attribute("title", rows[0]["page"])
    details.get_by_label("Search").fill("KETTLE")
    expect(details.locator("tbody tr")).to_have_count(sum("kettle" in row["page"] for row in rows))
    csv = details.get_by_role("link", name="CSV").get_attribute("href") or ""
    for part in ("format=csv", "csv=excel", "order=visitors", "KETTLE"):
        assert part in csv
    window.reload()
    expect(details.locator("tbody tr")).to_have_count(sum("kettle" in row["page"] for row in rows))
    window.keyboard.press("Escape")  # empties the search
    expect_address(window, details="pages", q=None)
    window.keyboard.press("Escape")
    expect(details).not_to_be_visible()
    expect_address(window, details=None, q=None, order=None, period="7d")


def test_search_keeps_what_is_typed_while_page_is_drawn(service: Service, window: Page) -> None:
    opened(window, service, details="pages")
    typed = """field => {
      field.value = 'ket';
      field.dispatchEvent(new Event('input', { bubbles: true }));
      dispatchEvent(new PopStateEvent('popstate'));
    }"""
    window.get_by_label("Search").evaluate(typed)
    expect_address(window, q="ket")
    expect(window.get_by_label("Search")).to_have_value("ket")


def test_details_of_pages_have_numbers_of_events(service: Service, window: Page) -> None:
    rows = ask(service, "pages", limit=100, order="pageviews:desc", detail="true")["rows"]
    assert any(row["scroll_depth"] for row in rows)
    opened(window, service, details="pages", compare="off")
    lines = window.locator("#details tbody tr")
    expect(lines).to_have_count(len(rows))
    times = lines.locator("td:nth-last-child(2)")
    expect(times).to_have_text([seconds(row["time_on_page_seconds"]) for row in rows])
    csv = window.locator("#details").get_by_role("link", name="CSV").get_attribute("href") or ""
    assert "detail=true" in csv


def test_countries_are_searched_by_name(service: Service, window: Page) -> None:
    opened(window, service, details="locations", q="german")
    expect(window.locator("#details tbody tr")).to_have_count(1)
    expect(window.locator("#details tbody")).to_contain_text("Germany")


def test_presets_typing_and_arrows_choose_the_period(service: Service, window: Page) -> None:
    opened(window, service)
    window.click("#period")
    window.get_by_role("button", name="Yesterday").click()
    expect_address(window, period="yesterday")
    window.get_by_role("button", name="Period after").click()
    expect_address(window, period="today")
    window.click("#period")
    window.get_by_label("Range in words").fill("2020-02")
    window.keyboard.press("Enter")
    expect_address(window, period="custom", **{"from": "2020-02-01", "to": "2020-02-29"})
    expect(window.locator("#period")).to_contain_text(re.compile("Feb 1, 2020 . Feb 29, 2020"))
    window.get_by_role("button", name="Period before").click()
    expect_address(window, **{"from": "2020-01-01", "to": "2020-01-31"})
    window.go_back()
    expect_address(window, **{"from": "2020-02-01", "to": "2020-02-29"})


def test_days_are_picked_in_the_calendar(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/?site=demo&from=2020-02-01&to=2020-02-29")
    window.click("#period")
    window.click("[data-day='2020-01-30']")
    window.click("[data-day='2020-02-03']")
    expect_address(window, **{"from": "2020-01-30", "to": "2020-02-03"})


def test_text_that_is_no_range_is_refused_with_examples(service: Service, window: Page) -> None:
    opened(window, service)
    window.click("#period")
    window.get_by_label("Range in words").fill("next week")
    window.keyboard.press("Enter")
    expect(window.get_by_role("alert")).to_contain_text("last 3 weeks")
    expect_address(window, period="7d")


def test_comparison_is_asked_and_can_be_switched_off(service: Service, window: Page) -> None:
    opened(window, service)
    window.click("#comparison")
    choose = window.get_by_role("button", name="Year before", exact=True)
    assert {query["compare"] for query in asked_by(window, choose.click)} == {"year"}
    expect_address(window, compare="year")
    window.click("#comparison")
    choose = window.get_by_role("button", name="Previous, same weekdays")
    assert {query["compare"] for query in asked_by(window, choose.click)} == {"previous_weekdays"}
    expect_address(window, compare="previous_weekdays")
    window.click("#comparison")
    window.get_by_role("dialog").get_by_label("From").fill("2020-01-01")
    window.get_by_role("dialog").get_by_label("To").fill("2020-01-07")
    query = asked_by(window, window.get_by_role("button", name="Compare", exact=True).click)[0]
    assert (query["compare_from"], query["compare_to"]) == ("2020-01-01", "2020-01-07")
    window.keyboard.press("x")
    expect_address(window, compare="off", compare_from=None)
    expect(window.locator(".tile .change")).to_have_count(0)


def test_drag_in_the_chart_chooses_its_days(service: Service, window: Page) -> None:
    opened(window, service)
    days = [row["time"][:10] for row in ask(service, "timeseries", interval="day")["rows"]]
    box = window.locator(".u-over").bounding_box()
    assert box
    gap = box["width"] / (len(days) - 1)
    window.mouse.move(box["x"] + gap * 1.1, box["y"] + 100)
    window.mouse.down()
    window.mouse.move(box["x"] + gap * 2.5, box["y"] + 100)
    window.mouse.move(box["x"] + gap * 3.1, box["y"] + 100)
    window.mouse.up()
    expect_address(window, period="custom", **{"from": days[1], "to": days[3]})


def test_link_reproduces_the_view_for_somebody_else(service: Service, browser: Browser) -> None:
    with watched(browser) as one, watched(browser) as other:
        opened(one, service, period="90d", sources="campaign", f="is,device,mobile", compare="year")
        one.click(".tile[value=visits]")
        expect_address(one, metric="visits")
        other.goto(f"{service.base}/?site=demo&period=today&compare=off")
        other.goto(one.url)
        for window in (one, other):
            expect(window.locator("#sources tbody tr").first).to_be_visible()
            expect(window.locator(".tile[value=visits]")).to_have_attribute("aria-pressed", "true")
        shown = one.locator("main").inner_text()
        expect(other.locator("main")).to_have_text(shown, use_inner_text=True)


def test_last_period_and_comparison_are_remembered(service: Service, window: Page) -> None:
    opened(window, service)
    window.keyboard.press("m")
    window.keyboard.press("x")
    expect_address(window, period="mtd", compare="off")
    window.goto(f"{service.base}/?site=demo")
    expect_address(window, period="mtd", compare="off")


def test_keys_choose_and_question_mark_lists_them(service: Service, window: Page) -> None:
    opened(window, service, f="is,device,mobile")
    for key, period in (("d", "today"), ("e", "yesterday"), ("t", "30d"), ("w", "7d")):
        window.keyboard.press(key)
        expect_address(window, period=period)
    window.keyboard.press("?")
    expect(window.get_by_role("dialog", name="Keyboard")).to_contain_text("Last 12 months")
    window.keyboard.press("Escape")
    expect(window.get_by_role("dialog")).to_have_count(0)
    expect_address(window, f="is,device,mobile")
    window.keyboard.press("Escape")
    expect_address(window, f=None)


def test_navigation_carries_the_view(service: Service, window: Page) -> None:
    opened(window, service, f="is,device,mobile", sources="source")
    live = window.get_by_role("link", name="Live", exact=True).get_attribute("href") or ""
    assert parse_qs(urlsplit(live).query) == {
        "site": ["demo"],
        "period": ["7d"],
        "compare": ["previous"],
        "f": ["is,device,mobile"],
    }


def test_failing_api_is_said_and_can_be_tried_again(service: Service, window: Page) -> None:
    body = json.dumps({"error": "UNAVAILABLE", "detail": "busy", "problems": []})
    window.route(BATCH, lambda route: route.fulfill(status=503, body=body))
    window.goto(f"{service.base}/?site=demo&period=7d")
    expect(window.get_by_role("alert")).to_have_count(7)
    expect(window.get_by_role("alert").first).to_contain_text("The database did not answer in time")
    window.unroute(BATCH)
    asked = asked_by(window, window.get_by_role("button", name="Try again").first.click)
    assert len(asked) == 8
    expect(window.get_by_role("alert")).to_have_count(0)
    expect(first_row(window, "sources")).to_be_visible()


def test_unreachable_service_is_said_and_asked_again_when_back(
    service: Service, window: Page
) -> None:
    opened(window, service)
    window.context.set_offline(True)
    window.keyboard.press("t")
    expect(window.get_by_role("alert").first).to_contain_text("cannot be reached")
    expect(window.locator(".tile .figure").first).to_have_text(NOTHING)  # not what was before
    window.context.set_offline(False)
    expect(window.get_by_role("alert")).to_have_count(0)
    expect(first_row(window, "sources")).to_be_visible()


def test_one_refused_query_leaves_its_neighbours(service: Service, window: Page) -> None:
    def refuse_pages(route: Route) -> None:
        answer = route.fetch()
        lines = [json.loads(line) for line in answer.text().splitlines()]
        refusal = {
            "error": "EXPIRED",
            "detail": "Expired.",
            "instead": ["from=2020-02-01T00:00:00Z&period=", "engine="],
        }
        kept = [
            {"id": "pages", "status": 422, "body": refusal} if line["id"] == "pages" else line
            for line in lines
        ]
        route.fulfill(response=answer, body="\n".join(map(json.dumps, kept)) + "\n")

    window.route(BATCH, refuse_pages, times=1)
    window.goto(f"{service.base}/?site=demo&period=7d")
    expect(first_row(window, "sources")).to_be_visible()
    expect(window.get_by_role("alert")).to_have_count(1)
    choice = window.locator("#pages").get_by_role("link", name="From Feb 1, 2020 on")
    choice.click()
    expect_address(window, period="custom", **{"from": "2020-02-01"})
    expect(window.get_by_role("alert")).to_have_count(0)


def test_late_answer_to_an_old_question_is_not_shown(service: Service, window: Page) -> None:
    opened(window, service)
    held: list[Route] = []
    window.route(BATCH, lambda route: held.append(route), times=1)
    window.keyboard.press("d")
    window.wait_for_timeout(100)
    window.keyboard.press("y")
    expect_address(window, period="ytd")
    expected = ask(service, "timeseries", period="ytd", interval="week")["totals"]["visitors"]
    figure = window.locator(".tile .figure").first
    expect(figure).to_have_text(f"{expected:,}")
    assert len(held) == 1
    request: Request = held[0].request
    assert request.failure is not None
    expect(figure).to_have_text(f"{expected:,}")


def test_slow_answer_dims_what_was_there(service: Service, window: Page) -> None:
    opened(window, service)
    held: list[Route] = []
    window.route(BATCH, lambda route: held.append(route), times=1)
    height = window.locator("#sources").bounding_box()
    window.keyboard.press("t")
    expect(window.locator("#sources .stale tbody tr").first).to_be_visible()
    expect(window.locator(".tile.stale").first).to_be_visible()
    expect(window.locator("#sources")).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(window.locator("#sources")).to_have_attribute("aria-busy", "false")
    expect(window.locator(".stale")).to_have_count(0)
    assert window.locator("#sources").bounding_box() == height


def huge(route: Route) -> None:
    """Answers with long paths and ten million visitors."""
    answer = route.fetch()
    lines = [json.loads(line) for line in answer.text().splitlines()]
    for line in lines:
        for row in [*line["body"]["rows"], line["body"]["totals"] or {}]:
            row |= {key: value * 10_000_000 for key, value in row.items() if type(value) is int}
            if "page" in row:
                row["page"] = "/" + "long/" * 58 + row["page"].strip("/")
    route.fulfill(response=answer, body="\n".join(map(json.dumps, lines)) + "\n")


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_width_scrolls_sideways(service: Service, browser: Browser, width: int) -> None:
    with watched(browser, viewport={"width": width, "height": 800}) as window:
        window.route(BATCH, huge)
        opened(window, service, f="contains_not,page,/" + "long/" * 58)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.evaluate(wide) == 0
        clipped = "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).length"
        assert window.locator(".number").evaluate_all(clipped) == 0
        expect(window.locator(".tile .figure").first).to_contain_text("B")


def test_fields_of_events_stay_text_everywhere(service: Service, window: Page) -> None:
    attack = "<img src=x onerror=\"alert('xss')\">"
    texts = (
        "title",
        "referrer",
        "utm_campaign",
        "utm_source",
        "utm_medium",
        "utm_content",
        "utm_term",
    )
    # A browser of its own: a visit that an earlier test began has no campaign.
    browser = CHROME.replace("Windows NT 10.0", "Windows NT 6.1")
    event = {"user_agent": browser, "page": f"/{attack}", "hostname": "a.example"} | dict.fromkeys(
        texts, attack
    )
    post(service.base, [event, event | {"name": attack, "props": {attack: attack}}])
    log_in(window, service, "/?period=24h")
    tabs = {
        "sources": ("source", "campaign", "medium", "content", "term"),
        "pages": ("top", "entry", "exit", "title"),
        "events": ("events",),
    }
    for card, names in tabs.items():
        for name in names:
            if len(names) > 1:
                window.click(f"#{card} button[value={name}]")
            row = window.locator(f"#{card} tbody tr", has_text="onerror").first
            expect(row).to_be_visible()
    row.locator("a").click()
    expect(window.locator(".pill")).to_contain_text("<img src=x onerror")
    window.locator(".pill .what").click()
    expect(window.get_by_role("dialog")).to_contain_text("<img src=x onerror")
    assert window.locator("img[src=x]").count() == 0


def test_empty_site_says_how_to_count(service: Service, window: Page) -> None:
    log_in(window, service, "/?period=custom&from=2001-01-01&to=2001-01-31")
    expect(window.locator("#tracker")).to_contain_text(f'src="{service.base}/script.js"')
    expect(window.locator("#pages")).to_contain_text("No page views in this range.")
    assert window.get_by_role("alert").count() == 0


def test_theme_is_chosen_and_kept(service: Service, window: Page) -> None:
    opened(window, service)
    ground = "getComputedStyle(document.body).backgroundColor"
    seen = [window.evaluate(ground)]
    for name in ("light", "dark"):
        window.click("#theme")
        expect(window.locator("html")).to_have_attribute("data-theme", name)
        seen.append(window.evaluate(ground))
    assert seen[1] != seen[2]
    window.reload()
    assert window.evaluate(ground) == seen[2]


ACTS: dict[str, Callable[[Page], object]] = {
    "page": lambda window: None,
    "period": lambda window: window.click("#period"),
    "filter": lambda window: window.keyboard.press("f"),
    "details": lambda window: window.get_by_role("link", name="Details of Pages").click(),
    "keys": lambda window: window.keyboard.press("?"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(service: Service, browser: Browser, theme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for name, act in ACTS.items():
        with watched(browser, color_scheme=theme, reduced_motion="reduce") as window:
            opened(window, service, f="is,device,mobile,desktop")
            act(window)
            expect(window.locator(".skeleton, .stale")).to_have_count(0)
            found = axe.run(window)
            assert not found.violations_count, (name, found.generate_report())


TYPED = {
    "today": "2026-11-28 2026-11-28",
    "last 3 days": "2026-11-26 2026-11-28",
    "Last 2 weeks": "2026-11-15 2026-11-28",
    "past 2 months": "2026-10-01 2026-11-28",
    "last week": "2026-11-16 2026-11-22",
    "this year": "2026-01-01 2026-11-28",
    "last year": "2025-01-01 2025-12-31",
    "2026-02": "2026-02-01 2026-02-28",
    "2025": "2025-01-01 2025-12-31",
    "2026-03-29": "2026-03-29 2026-03-29",
    "2026-03-29 to 2026-04": "2026-03-29 2026-04-30",
    "2026-02-30": None,
    "2027": None,
    "2026-04 to 2026-03": None,
    "last 0 days": None,
    "soon": None,
}


def test_ranges_in_words(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/login")
    script = """async ([folder, texts]) => {
      const { typed, daysOf } = await import(`${folder}/state/periods.js`);
      const today = '2026-11-28';
      return texts.map((text) => {
        const found = typed(text, today);
        return found && daysOf(found, today).join(' ');
      });
    }"""
    folder = "/static/x"
    assert window.evaluate(script, [folder, [*TYPED]]) == [*TYPED.values()]


MARKS = {
    ("day", 30): ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"],
    ("day", 5): ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"],
}


def test_marks_of_days_are_mondays(service: Service, window: Page) -> None:
    window.goto(f"{service.base}/login")
    script = """async ([interval, number]) => {
      const { marks } = await import('/static/x/parts/ticks.js');
      const time = (_, day) => new Date(Date.UTC(2026, 2, 1 + day)).toISOString();
      const times = Array.from({ length: number }, time);
      return marks(times, interval, 'UTC', 10).map((place) => times[place].slice(0, 10));
    }"""
    for (interval, number), expected in MARKS.items():
        assert window.evaluate(script, [interval, number]) == expected


def test_property_of_events_is_broken_down_by_its_values(service: Service, window: Page) -> None:
    events = [{"name": "Upgrade", "props": {"plan": plan}} for plan in ("pro", "pro", "team")]
    post(
        service.base, [{"user_agent": CHROME, "site": "demo", "page": "/", **one} for one in events]
    )
    opened(window, service)
    window.click("#events button[value=properties]")
    window.get_by_label("Name of the property").fill("plan")
    window.keyboard.press("Enter")
    expect_address(window, events="properties", property="plan")
    rows = ask(service, "events", property="plan", limit=9)["rows"]
    expect(window.locator("#events tbody tr")).to_have_count(len(rows))
    row = first_row(window, "events")
    expect(row).to_contain_text(rows[0]["value"])
    expect(row.locator(".number").first).to_have_text(f"{rows[0]['custom_events']:,}")
    row.locator("a").click()
    expect_address(window, f=f"is,props:plan,{rows[0]['value']}")
    expect(window.locator(".pill")).to_contain_text("Property plan is pro")
