"""Pages about the demo site in a window, and the answers of the API that they show."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page

from processes import Service, get

WEEK = {"site": "demo", "period": "7d"}


def ask(service: Service, report: str, **params: Any) -> Any:
    """An answer of the API about the last week of the demo site."""
    query = urlencode({**WEEK, **params}, doseq=True)
    return get(service.base, f"/api/analytics/{report}?{query}")


def visit(window: Page, service: Service, path: str, **params: Any) -> Page:
    """A page about the last week of the demo site."""
    window.goto(f"{service.base}{path}?{urlencode({**WEEK, **params}, doseq=True)}")
    return window


def expect_address(window: Page, **expected: str | list[str] | None) -> None:
    """Waits until the address has these parameters; None is one that it has not."""
    window.wait_for_function(
        "expected => Object.entries(expected).every(([key, value]) =>"
        " new URLSearchParams(location.search).getAll(key).join()"
        " === [value ?? []].flat().join())",
        arg=expected,
    )


def percent(ratio: float) -> str:
    """A ratio as the pages write it in English."""
    rounded = Decimal(str(ratio * 100)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(rounded).removesuffix(".0") + "%"


def seconds(value: float) -> str:
    """Seconds as the pages write them."""
    minutes, rest = divmod(int(value + 0.5), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes_left}m"
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"
