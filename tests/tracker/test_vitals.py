"""Web vitals and JavaScript errors, as script-vitals.js tells them beside either tracker."""

from typing import Any

import pytest
from playwright.sync_api import Page
from stage import STAGE, Event, Site, named, views

BODY = "<p id=text>Some text</p><button>Work</button>"

PAINTED = """() => new Promise(done => new PerformanceObserver(() => done(true))
  .observe({ type: 'largest-contentful-paint', buffered: true }))"""

SHIFTED = """() => new Promise(done => {
  new PerformanceObserver(() => done(true)).observe({ type: 'layout-shift' });
  document.body.insertAdjacentHTML('afterbegin', '<div style="height: 300px">Late</div>');
})"""

CLICKED = """() => new Promise(done => {
  new PerformanceObserver(() => done(true)).observe({ type: 'event', durationThreshold: 40 });
  document.querySelector('button').addEventListener('click', () => {
    const until = Date.now() + 150;
    while (Date.now() < until) {}
  });
})"""

BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
HIDE = "setVisible(false); setVisible(true)"

FAILING = """<script>
window.fail = (text) => setTimeout(() => { throw new TypeError(text) });
window.reject = (reason) => { Promise.reject(reason) };
</script>"""


def write(
    site: Site, attributes: str = "", head: str = "", script: str = "", stage: str = STAGE
) -> None:
    """A page with a tracker and, before it, the script that observes the page."""
    tag = f'<script defer src="{site.url("/script-vitals.js")}{script}"></script>'
    site.write(f'data-site="demo" {attributes}', f"{head}{tag}", BODY, stage)


def vitals(events: list[Event]) -> dict[str, float]:
    """The values of the vitals, each of which is told once."""
    found = [event["props"] for event in events if event["name"] == "web_vital"]
    values = {props["name"]: props["value"] for props in found}
    assert len(values) == len(found)
    return values


def errors(events: list[Event]) -> list[dict[str, Any]]:
    """What is told of errors."""
    return [event["props"] for event in events if event["name"] == "js_error"]


class TestVitals:
    @pytest.mark.parametrize("script", ["script.js", "script-more.js"])
    def test_vitals_are_told_once_when_page_is_hidden(
        self, site: Site, page: Page, script: str
    ) -> None:
        site.script = script
        write(site)
        page.goto(site.url())
        page.evaluate(PAINTED)
        page.evaluate(SHIFTED)
        page.evaluate(f"() => {{ window.slow = ({CLICKED})() }}")
        page.click("button")
        page.evaluate("window.slow")
        page.evaluate(HIDE)
        found = vitals(site.settled(6))
        page.evaluate(HIDE)
        assert vitals(site.settled(6)) == found
        assert found.keys() == {"LCP", "INP", "CLS", "FCP", "TTFB"}
        assert 0 < found["TTFB"] <= found["FCP"] <= found["LCP"] < 60_000
        assert 0 < found["CLS"] < 1
        assert 150 <= found["INP"] < 60_000

    def test_page_loaded_in_background_has_no_vitals_of_painting(
        self, site: Site, page: Page
    ) -> None:
        write(site, head="<script>setVisible(false)</script>")
        page.goto(site.url())
        page.evaluate(PAINTED)
        page.evaluate("setVisible(true)")
        page.evaluate(SHIFTED)
        page.evaluate(HIDE)
        assert vitals(site.settled(2)).keys() == {"TTFB"}

    def test_vitals_belong_to_page_that_was_loaded(self, site: Site, page: Page) -> None:
        write(site, "data-query data-hash")
        page.goto(site.url("/a?b=1#/c"))
        page.evaluate(PAINTED)
        page.evaluate("history.pushState(null, '', '/d')")
        page.evaluate(HIDE)
        events = site.settled(2 + 4)
        told = {event["page"] for event in events if event["name"] == "web_vital"}
        assert views(events, site) == ["/a?b=1#/c", "/d"]
        assert told == {site.url("/a?b=1#/c")}

    def test_page_restored_by_back_button_has_vitals_again(self, site: Site, page: Page) -> None:
        write(site)
        page.goto(site.url())
        page.evaluate(PAINTED)
        page.evaluate(HIDE)
        site.wait_for(1 + 4)
        page.evaluate(BACK)
        page.evaluate(TWO_FRAMES)
        page.evaluate(HIDE)
        events = site.settled(2 * (1 + 4))
        first_ids = [event["id"] for event in events[:5]]
        again = [event for event in events if event["id"] not in first_ids]
        assert vitals(again).keys() == {"LCP", "CLS", "FCP", "TTFB"}
        assert (vitals(again)["TTFB"], vitals(again)["CLS"]) == (0, 0)

    def test_vitals_arrive_from_page_being_left(self, site: Site, page: Page) -> None:
        """Nothing staged: a real unload, of which nothing waits for the next page."""
        write(site, stage="")
        page.goto(site.url())
        page.evaluate(PAINTED)
        site.wait_for(1)
        page.goto("about:blank")
        assert vitals(site.settled(1 + 4)).keys() == {"LCP", "CLS", "FCP", "TTFB"}


class TestErrors:
    def test_errors_are_told_with_file_line_and_innermost_call(
        self, site: Site, page: Page
    ) -> None:
        write(site, head=FAILING)
        page.goto(site.url("/shop"))
        page.evaluate("fail('broken')")
        page.evaluate("reject('no account'); reject(undefined)")
        page.evaluate("fail('broken')")  # is told already
        found = errors(site.settled(1 + 3))
        assert [one["message"] for one in found] == [
            "TypeError: broken",
            "no account",
            "undefined",
        ]
        line = site.html[: site.html.index("throw new")].count("\n") + 1
        assert (found[0]["source"], found[0]["line"]) == (site.url("/shop"), line)
        assert found[0]["column"] > 1
        assert site.url("/shop") in found[0]["frame"]
        assert "source" not in found[1]

    def test_errors_of_page_after_the_tenth_are_not_told(self, site: Site, page: Page) -> None:
        write(site, head=FAILING)
        page.goto(site.url())
        page.evaluate("for (let i = 0; i < 30; i++) fail('broken ' + i)")
        assert len(errors(site.settled(1 + 10))) == 10

    def test_errors_of_extensions_and_hostile_reasons_are_not_told(
        self, site: Site, page: Page
    ) -> None:
        write(site, head=FAILING)
        page.goto(site.url())
        page.evaluate(
            "for (const filename of ['chrome-extension://x/a.js', 'moz-extension://x/a.js'])"
            " dispatchEvent(new ErrorEvent('error', { message: 'theirs', filename }))"
        )
        page.evaluate("reject({ get stack() { throw 1 } })")
        page.evaluate("fail('ours')")
        assert [one["message"] for one in errors(site.settled(2))] == ["TypeError: ours"]

    def test_page_chooses_what_is_observed(self, site: Site, page: Page) -> None:
        write(site, head=FAILING, script="?auto=errors")
        page.goto(site.url())
        page.evaluate(PAINTED)
        page.evaluate("fail('broken')")
        site.wait_for(2)
        page.evaluate(HIDE)
        assert named(site.settled(2), "js_error")["page"] == site.url()
