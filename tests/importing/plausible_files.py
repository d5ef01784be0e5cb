"""An export of Plausible with numbers made up."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from product_visits import csv_text

OF_VISITS = ("visitors", "visits", "visit_duration", "bounces", "pageviews")

FILES: Mapping[str, tuple[str, ...]] = {
    "visitors": ("date", "visitors", "pageviews", "bounces", "visits", "visit_duration"),
    "sources": (
        *("date", "source", "referrer", "utm_source", "utm_medium", "utm_campaign"),
        *("utm_content", "utm_term", "pageviews", "visitors", "visits", "visit_duration"),
        "bounces",
    ),
    "pages": (
        *("date", "hostname", "page", "visits", "visitors", "pageviews"),
        *("total_scroll_depth", "total_scroll_depth_visits", "total_time_on_page"),
        "total_time_on_page_visits",
    ),
    "entry_pages": (
        *("date", "entry_page", "visitors", "entrances", "visit_duration", "bounces"),
        "pageviews",
    ),
    "exit_pages": (
        *("date", "exit_page", "visitors", "visit_duration", "exits", "bounces", "pageviews"),
    ),
    "custom_events": ("date", "name", "link_url", "path", "visitors", "events"),
    "locations": ("date", "country", "region", "city", *OF_VISITS),
    "devices": ("date", "device", *OF_VISITS),
    "browsers": ("date", "browser", "browser_version", *OF_VISITS),
    "operating_systems": (*("date", "operating_system", "operating_system_version", *OF_VISITS),),
}
"""The columns of the files, in the order in which Plausible writes them."""

TEXTS: Mapping[str, Sequence[str]] = {
    **{"source": ("Google", "", "Twitter"), "referrer": ("", "google.com")},
    "utm_source": ("", "g"),
    **{"utm_medium": ("", "cpc"), "utm_campaign": ("", "spring"), "utm_content": ("",)},
    **{"utm_term": ("", "hats"), "hostname": ("shop.example",), "page": ("/", "/a,b", "/ü")},
    **{"entry_page": ("/", "/a"), "exit_page": ("/", "/b"), "name": ("Signup", "404")},
    **{"link_url": ("",), "path": ("", "/x"), "country": ("DE", "AT"), "region": ("DE-BE", "")},
    **{"city": ("2950159", "0"), "device": ("Desktop", "Mobile"), "browser": ("Chrome", "")},
    **{"browser_version": ("120.0", "121.0"), "operating_system": ("Mac", "Windows")},
    "operating_system_version": ("10.15", ""),
}

Rows = dict[str, list[dict[str, Any]]]


def random_export(seed: int, days: int = 5) -> Rows:
    """The rows of each file."""
    rng = Random(seed)
    return {
        kind: [
            {
                column: (
                    date(2024, 5, 3) + timedelta(days=day)
                    if column == "date"
                    else rng.choice(TEXTS[column])
                    if column in TEXTS
                    else rng.randrange(1000)
                )
                for column in columns
            }
            for day in range(days)
            for _ in range(1 if kind == "visitors" else 4)
        ]
        for kind, columns in FILES.items()
    }


def write(file: Path, exported: Rows, span: str = "_20240503_20240507") -> Path:
    """The archive, which Plausible does not compress."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for kind, found in exported.items():
            archive.writestr(f"imported_{kind}{span}.csv", csv_text(FILES[kind], found))
    return file
