"""Journeys: the diagram and the list equal the answer of the API."""

from collections import Counter
from typing import Any

from playwright.sync_api import Page, expect

from demo_pages import ask, expect_address, visit
from processes import Service


def visits_by_node(rows: list[dict[str, Any]]) -> dict[tuple[int, str], int]:
    """The visits of each node: those that leave it or end there, else those that get there."""
    left: Counter[tuple[int, str]] = Counter()
    reached: Counter[tuple[int, str]] = Counter()
    for row in rows:
        left[row["step"], row["page"] or "Other pages"] += row["visits"]
        if not row["ends"]:
            reached[row["step"] + 1, row["next_page"] or "Other pages"] += row["visits"]
    return {node: max(left[node], reached[node]) for node in left | reached}


def expect_nodes(window: Page, rows: list[dict[str, Any]]) -> None:
    nodes = visits_by_node(rows)
    expect(window.locator(".node")).to_have_count(len(nodes))
    shown = {(node.get_attribute("title") or "") for node in window.locator(".node").all()}
    assert shown == {
        f"{page}: {visits:,} visit{'' if visits == 1 else 's'}, step {step}"
        for (step, page), visits in nodes.items()
    }


def test_nodes_and_list_equal_answer(service: Service, window: Page) -> None:
    rows = ask(service, "paths", steps=4, limit=5)["rows"]
    visit(window, service, "/journeys", table=1)
    expect_nodes(window, rows)
    expect(window.locator(".journeys path")).to_have_count(len(rows))
    assert window.locator(".numbers td:last-child").all_inner_texts() == [
        f"{row['visits']:,}" for row in rows
    ]


def test_click_on_page_begins_there(service: Service, window: Page) -> None:
    visit(window, service, "/journeys")
    window.locator("a.node", has_text="/products").first.click()
    expect_address(window, start="/products")
    expect(window.get_by_label("Start page")).to_have_value("/products")
    expect_nodes(window, ask(service, "paths", page="/products", steps=4, limit=5)["rows"])
    window.locator("select[name=way]").select_option("to")
    window.locator("select[name=length]").select_option("3")
    expect_address(window, way="to", length="3")
    query = {"page": "/products", "direction": "to", "steps": 3, "limit": 5}
    rows = ask(service, "paths", **query)["rows"]
    expect(window.locator(".node")).to_have_count(len(visits_by_node(rows)))
    expect_nodes(window, rows)
    window.get_by_role("button", name="Any page").click()
    expect_address(window, start=None)


def test_focus_on_page_lights_ways_through_it(service: Service, window: Page) -> None:
    visit(window, service, "/journeys")
    expect(window.locator("path.lit")).to_have_count(0)
    window.locator("a.node").first.focus()
    assert window.locator("path.lit").count() > 0
    lit, dim = window.locator("path.lit").count(), window.locator("path.dim").count()
    assert lit + dim == window.locator(".journeys path").count()


def test_links_of_a_node_fill_it_and_no_more(service: Service, window: Page) -> None:
    rows = ask(service, "paths", steps=5, limit=5)["rows"]
    visit(window, service, "/journeys")
    script = """async ([rows, direction]) => {
      const { layout } = await import('/static/x/pages/journeys/layout.js');
      const { nodes, links } = layout(rows, direction, 5, 1000);
      const widths = (id) => links.filter(({ from }) => from === id).map(({ width }) => width);
      return nodes.filter(({ step }) => step < 5).map(({ id, height }) =>
        [height, widths(id).reduce((sum, width) => sum + width, 0), widths(id).length]);
    }"""
    for direction in ("from", "to"):
        for height, width, links in window.evaluate(script, [rows, direction]):
            assert height - 0.01 <= max(width, 2)
            assert width <= height + links  # a link has at least one pixel
