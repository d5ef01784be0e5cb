"""A visitor of the gallery, who keeps an account of what should be counted."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Error

LOCATION = "path => location.pathname + location.hash === path"

STAGE = """{
let visible = true;
const lie = (name, get) => Object.defineProperty(Document.prototype, name, { get });
lie('hidden', () => !visible);
lie('visibilityState', () => (visible ? 'visible' : 'hidden'));
Document.prototype.hasFocus = () => visible;
window.setVisible = (is) => {
  visible = is;
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
};
if (window.name === 'background') visible = false;
// A tab in the background is not told when it goes.
addEventListener('visibilitychange', (event) => {
  if (event.isTrusted && !visible) event.stopImmediatePropagation();
}, true);
}"""
"""Puts it into the hands of the story whether a page is visible."""


@dataclass
class Truth:
    """What a visitor saw and did."""

    seen: list[str] = field(default_factory=list[str])
    """Paths of pages, in order."""
    done: Counter[str] = field(default_factory=Counter[str])
    """Custom events by name."""
    engaged: Counter[str] = field(default_factory=Counter[str])
    """Milliseconds of reading by path, at least."""

    @property
    def views(self) -> dict[str, int]:
        return dict(Counter(self.seen))

    @property
    def entries(self) -> dict[str, int]:
        return dict(Counter(self.seen[:1]))

    @property
    def exits(self) -> dict[str, int]:
        return dict(Counter(self.seen[-1:]))


class Visitor:
    """Somebody with a browser on one site; `sees`, `does` and `reads` say what should count."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        context.add_init_script(STAGE)
        self.context = context
        self.origin = origin
        self.tab = context.new_page()
        self.truth = Truth()

    def open(self, path: str = "/") -> None:
        """Types an address."""
        self.tab.goto(self.origin + path)

    def open_elsewhere(self) -> None:
        """Types the address of another site."""
        self.tab.goto(f"http://elsewhere.test:{self.origin.rpartition(':')[2]}/")

    def open_in_background(self, path: str = "/") -> None:
        """Opens a page that is not seen yet, in the place of this one."""
        self.run("window.name = 'background'")
        self.open(path)

    def click(self, text: str) -> None:
        """Clicks what has exactly this text."""
        self.tab.get_by_text(text, exact=True).click()

    def back(self) -> None:
        """Presses the back button. A page that comes from the cache is not loaded."""
        self.tab.go_back(wait_until="commit")

    def forward(self) -> None:
        self.tab.go_forward(wait_until="commit")

    def run(self, script: str) -> None:
        """Does something that takes JavaScript."""
        self.tab.evaluate(script)

    def wait(self, seconds: float) -> None:
        """Looks away from the clock, not from the page."""
        self.tab.wait_for_timeout(seconds * 1000)

    def sees(self, path: str, address: str = "") -> None:
        """Sees a page: a page view. Its address in the browser may be another one."""
        self.tab.wait_for_function(LOCATION, arg=address or path)
        self.truth.seen.append(path)

    def does(self, name: str) -> None:
        """Does what is a custom event."""
        self.truth.done[name] += 1

    def reads(self, seconds: float) -> None:
        """Looks at the current page."""
        self.wait(seconds)
        self.truth.engaged[self.truth.seen[-1]] += int(seconds * 1000)

    def leave(self) -> None:
        """Goes elsewhere in all tabs, and closes them when what they send has arrived."""
        for tab in self.context.pages:
            with suppress(Error):  # a tab with a download in it has no page
                tab.goto("about:blank")
