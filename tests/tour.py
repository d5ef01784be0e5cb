"""Makes the pictures of docs/tour.md, from the demo site of a service that it starts:

PYTHONPATH=src:tests .venv/bin/python -m tour
"""

import base64
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect

from chromium import chromium
from processes import Service
from windows import curl, log_in, watched

FOLDER = Path(__file__).parents[1] / "docs" / "tour"

QUALITY = 0.82

AS_WEBP = """async ([png, quality]) => {
  const bytes = await (await fetch(`data:image/png;base64,${png}`)).blob();
  const picture = await createImageBitmap(bytes);
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  const made = await canvas.convertToBlob({ type: 'image/webp', quality });
  const codes = [...new Uint8Array(await made.arrayBuffer())];
  return btoa(codes.map((code) => String.fromCharCode(code)).join(''));
}"""

TODAY = datetime.now(UTC).date()
TWO_WEEKS = f"period=custom&from={TODAY - timedelta(days=14)}&to={TODAY - timedelta(days=1)}"
"""Whole days, with as many before them: the demo site has thirty."""

FUNNEL = "step=/&step=/products&step=/cart&step=/thank-you"


def nothing(_: Page) -> None:
    """Shows a page as it is."""


def move_over_chart(window: Page) -> None:
    """Points at a day."""
    window.get_by_role("slider").hover()


def choose_map(window: Page) -> None:
    """Points at a country."""
    window.locator("#locations button[value=map]").click()
    window.locator("#locations [data-country=BR]").hover()


def open_visit(window: Page) -> None:
    """Opens the longest visit."""
    window.locator("#sessions tbody a").first.click()
    expect(window.locator(".timeline")).to_be_visible()


def add_filter(window: Page) -> None:
    """Opens the builder of filters."""
    window.keyboard.press("f")
    window.get_by_role("dialog").get_by_label("What").select_option("source")
    expect(window.locator(".suggestions li").nth(3)).to_be_visible()


@dataclass(frozen=True)
class Picture:
    """A picture of a page."""

    name: str
    path: str
    act: Callable[[Page], None] = nothing
    theme: str = "light"
    height: int = 860
    part: str = ""
    """Of which only this element is shown, if it is given."""


PICTURES = (
    Picture("overview", f"/?site=demo&{TWO_WEEKS}", move_over_chart),
    Picture("overview-dark", f"/?site=demo&{TWO_WEEKS}&metric=revenue", theme="dark"),
    Picture("map", "/?site=demo&period=30d&compare=off", choose_map, part="#locations"),
    Picture("filter", "/?site=demo&period=30d&f=is,country,DE,AT,CH", add_filter, height=760),
    Picture("funnel", f"/funnels?site=demo&period=30d&{FUNNEL}&by=device", height=960),
    Picture("retention", "/retention?site=demo&period=30d&every=week", height=700),
    Picture("journeys", "/journeys?site=demo&period=30d", height=760),
    Picture("session", "/sessions?site=demo&period=7d&order=pageviews:desc", open_visit),
    Picture("activity", "/activity?site=demo&period=30d", height=900),
    Picture("goals", "/goals?site=demo&period=30d", height=560),
    Picture("revenue", "/revenue?site=demo&period=30d&by=source", height=640),
    Picture("vitals", "/vitals?site=demo&period=30d", height=700),
    Picture("live", "/api/realtime?site=demo", height=720),
)


def main() -> None:
    """Starts a service with the demo site, and takes every picture."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", BASE_URL="https://analytics.example.com")
        service.start()
        try:
            with chromium() as browser:
                add_note(service, browser)
                send_events(service)
                for picture in PICTURES:
                    take(service, browser, picture)
        finally:
            service.stop()


def add_note(service: Service, browser: Browser) -> None:
    """Saves an annotation, which the chart shows."""
    body = {
        "site": "demo",
        "day": f"{TODAY - timedelta(days=6)}",
        "text": "The autumn newsletter was sent",
    }
    with watched(browser) as window:
        log_in(window, service, "/login")
        own = {"Origin": service.base}
        saved = window.request.post(f"{service.base}/api/annotations", data=body, headers=own)
        assert saved.ok, saved.text()


def send_events(service: Service) -> None:
    """Sends some events of this moment."""
    address = f"{service.base}/api/analytics/pages?site=demo&days=30"
    with urllib.request.urlopen(address) as answer:
        pages = [row["page"] for row in json.load(answer)["rows"]]
    zones = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London")
    for place, page in enumerate(pages):
        curl(service, site="demo", page=page, timezone=zones[place % len(zones)])


def take(service: Service, browser: Browser, picture: Picture) -> None:
    """Takes a picture, and writes it."""
    size = {"width": 1280, "height": picture.height}
    options = {"color_scheme": picture.theme, "reduced_motion": "reduce", "viewport": size}
    with watched(browser, **options) as window:
        window.goto(service.base + picture.path)
        window.wait_for_load_state("networkidle" if "realtime" not in picture.path else "load")
        expect(window.locator(".skeleton, .stale, .pending.figure")).to_have_count(0)
        picture.act(window)
        window.wait_for_timeout(500)
        shown = window.locator(picture.part) if picture.part else window
        png = base64.b64encode(shown.screenshot()).decode()
    with watched(browser) as window:  # about:blank, which has no policy
        webp = base64.b64decode(window.evaluate(AS_WEBP, [png, QUALITY]))
    target = FOLDER / f"{picture.name}.webp"
    target.write_bytes(webp)
    print(f"{target.name} {len(webp):,} bytes", flush=True)


if __name__ == "__main__":
    main()
