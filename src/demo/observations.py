"""What browsers tell of some loads of pages: web vitals, and now and then an error."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from api.events.models import JS_ERROR, WEB_VITAL, EventIn
from demo.people import DEVICES, PLACES, pick
from demo.visits import PAGES, Happening

LOADS = 400
"""Loads of pages of which browsers tell how fast they were."""
VITALS = {
    "LCP": (1500, 0.5),
    "INP": (120, 0.6),
    "CLS": (0.04, 0.9),
    "FCP": (1100, 0.4),
    "TTFB": (450, 0.5),
}
"""The usual value of each, and how far the logarithms of others are from that of it."""
ERROR_SHARE = 0.08
ERRORS: tuple[dict[str, Any], ...] = (
    {
        "message": "TypeError: basket is undefined",
        "source": "https://demo.example.com/js/basket.js",
        "line": 48,
    },
    {
        "message": "ReferenceError: zoom is not defined",
        "source": "https://demo.example.com/js/pictures.js",
        "line": 12,
    },
    {"message": "Failed to fetch", "source": "https://demo.example.com/js/stock.js", "line": 101},
)


def observations(rng: random.Random, start: datetime, now: datetime) -> Iterator[Happening]:
    """The vitals, and the errors."""
    for number in range(LOADS):
        device, place = pick(rng, DEVICES), pick(rng, PLACES)
        load = EventIn(
            time=start + (now - start) * rng.random(),
            page=pick(rng, PAGES),
            user_agent=device.agent,
            timezone=place.timezone,
            visitor_id=f"demo {number}",
        )
        key = f"demo load {number} {now.date()}"
        slower = 1.6 if "Mobile" in device.agent else 1
        for name, (usual, spread) in VITALS.items():
            value = round(usual * slower * rng.lognormvariate(0, spread), 3)
            vital = {"name": name, "value": value}
            yield Happening(replace(load, id=f"{key} {name}", name=WEB_VITAL, props=vital), place)
        if rng.random() < ERROR_SHARE:
            error = replace(load, id=f"{key} error", name=JS_ERROR, props=rng.choice(ERRORS))
            yield Happening(error, place)
