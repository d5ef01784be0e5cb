"""Funnels: steps in the address, numbers of the API, who left."""

from urllib.parse import urljoin

from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, percent, seconds, visit
from processes import Service

STEPS = ["/", "/products", "/cart"]


def numbers_of(window: Page, row: int) -> list[str]:
    """The cells of a row of the table, without the step."""
    cells = window.locator(".numbers tbody tr").nth(row).locator(".number")
    return cells.all_inner_texts()


def test_columns_and_table_equal_answer(service: Service, window: Page) -> None:
    rows = ask(service, "funnel", steps=STEPS)["rows"]
    visit(window, service, "/funnels", step=STEPS, table=1)
    columns = window.locator(".funnel > li")
    expect(columns).to_have_count(len(rows))
    for place, row in enumerate(rows):
        column = columns.nth(place)
        expect(column.locator(".figures b")).to_have_text(f"{row['count']:,}")
        expect(column.locator(".figures span")).to_have_text(percent(row["share_of_first"]))
        if place:
            lost = percent(1 - row["share_of_previous"])
            loss = columns.nth(place - 1).locator(".loss")
            expect(loss.locator("a")).to_contain_text(f"{row['dropped']:,} left ({lost})")
            expect(loss).to_contain_text(f"median {seconds(row['median_seconds'])}")
            assert numbers_of(window, place) == [
                f"{row['count']:,}",
                percent(row["share_of_first"]),
                percent(row["share_of_previous"]),
                f"{row['dropped']:,}",
                lost,
                seconds(row["median_seconds"]),
                seconds(row["p90_seconds"]),
            ]
    expect(window.locator(".conversion b")).to_have_text(percent(rows[-1]["share_of_first"]))
    csv = window.locator("#funnel").get_by_role("link", name="CSV").get_attribute("href") or ""
    lines = window.request.get(urljoin(service.base, csv)).text().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == [str(row["count"]) for row in rows]


def test_steps_are_added_moved_and_removed(service: Service, window: Page) -> None:
    visit(window, service, "/funnels", step=STEPS[:2])
    add = window.get_by_label("Add a step")
    add.fill("Newsletter sign-up")
    add.press("Enter")
    expect_address(window, step=[*STEPS[:2], "Newsletter sign-up"])
    expect(add).to_have_value("")
    window.get_by_role("button", name="Move Newsletter sign-up up").click()
    expect_address(window, step=["/", "Newsletter sign-up", "/products"])
    window.get_by_role("button", name="Remove /products").click()
    expect_address(window, step=["/", "Newsletter sign-up"])
    expect(window.locator(".funnel > li")).to_have_count(2)
    window.go_back()
    expect(window.locator(".funnel > li")).to_have_count(3)
    window.reload()
    expect(window.locator(".funnel .what").nth(1)).to_contain_text("Newsletter sign-up")
    first = window.get_by_label("Step 1")
    first.fill("/blog/*")
    first.press("Enter")
    expect_address(window, step=["/blog/*", "Newsletter sign-up", "/products"])


def test_options_are_kept_in_address_and_asked(service: Service, window: Page) -> None:
    visit(window, service, "/funnels", step=STEPS)
    asked: dict[str, str | int] = {}
    for name, value, more in (("within", "1", {"window": 1}), ("unit", "visit", {"unit": "visit"})):
        window.locator(f"select[name={name}]").select_option(value)
        expect_address(window, **{name: value})
        asked |= more
        rows = ask(service, "funnel", steps=STEPS, **asked)["rows"]
        expected = [f"{row['count']:,}" for row in rows]
        expect(window.locator(".funnel .figures b")).to_have_text(expected)


def test_field_suggests_pages_and_events(service: Service, window: Page) -> None:
    visit(window, service, "/funnels")
    window.get_by_label("Add a step").fill("pu")
    expected = [
        row[dimension]
        for dimension in ("page", "event")
        for row in ask(service, "values", dimension=dimension, q="pu", limit=8)["rows"]
    ]
    options = window.locator("#steps datalist option")
    expect(options).to_have_count(len(expected))
    assert [option.get_attribute("value") for option in options.all()] == expected


def test_breakdown_equals_answer(service: Service, window: Page) -> None:
    rows = ask(service, "funnel", steps=STEPS, dimension="device")["rows"]
    visit(window, service, "/funnels", step=STEPS)
    window.locator("select[name=by]").select_option("device")
    expect_address(window, by="device")
    lines = window.locator("#by tbody tr")
    expect(lines).to_have_count(len(rows) // len(STEPS))
    for place, line in enumerate(lines.all()):
        first, *others = rows[place * len(STEPS) : (place + 1) * len(STEPS)]
        expect(line.locator(".label")).to_have_text(first["device"].capitalize())
        assert line.locator(".number").all_inner_texts() == [
            f"{first['count']:,}",
            *(f"{row['count']:,} {percent(row['share_of_first'])}" for row in others),
        ]


def test_click_on_loss_lists_who_left(service: Service, window: Page) -> None:
    visit(window, service, "/funnels", step=STEPS)
    window.locator(".loss a").nth(1).click()
    expect_address(window, left="2")
    answer = ask(service, "funnel/visitors", steps=STEPS, step=2, limit=50)
    dialog = window.get_by_role("dialog", name="Left after /products")
    lines = dialog.locator("tbody tr")
    expect(lines).to_have_count(len(answer["rows"]))
    for row, line in list(zip(answer["rows"], lines.all(), strict=True))[:5]:
        expect(line.locator(".label")).to_have_text(row["last_page"])
        expect(line.locator("code")).to_have_attribute("title", row["visitor_id"])
    window.keyboard.press("Escape")
    expect_address(window, left=None, step=STEPS)


def test_page_without_steps_offers_two_of_its_own(service: Service, window: Page) -> None:
    pages = [row["page"] for row in ask(service, "values", dimension="page", limit=2)["rows"]]
    visit(window, service, "/funnels")
    expect(window.locator("#examples a")).to_have_count(2)
    window.locator("#examples a").first.click()
    expect_address(window, step=pages)
    expect(window.locator(".funnel > li")).to_have_count(2)
