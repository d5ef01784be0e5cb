"""Visits as Umami exports them: the tables website_event and event_data as CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from product_visits import HOST, Visit, csv_text

COLUMNS = (
    *("website_id", "session_id", "visit_id", "event_id", "hostname", "browser", "os", "device"),
    *("screen", "language", "country", "region", "city", "url_path", "url_query", "utm_source"),
    *("utm_medium", "utm_campaign", "utm_content", "utm_term", "referrer_path", "referrer_query"),
    *("referrer_domain", "page_title", "event_type", "event_name", "tag", "distinct_id"),
    *("created_at", "job_id"),
)
DATA_COLUMNS = (
    *("website_id", "session_id", "event_id", "url_path", "event_name", "data_key"),
    *("string_value", "number_value", "date_value", "data_type", "created_at", "job_id"),
)

BROWSERS = {
    "Chrome": "chrome",
    "Firefox": "firefox",
    "Safari": "ios",
    "Edge": "edge-chromium",
}
SYSTEMS = {"Windows": "Windows 10", "iOS": "iOS", "Android": "Android OS"}
DEVICES = {"desktop": "laptop", "mobile": "mobile", "tablet": "tablet"}


def rows_of(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """The visits as rows of website_event."""
    rows: list[dict[str, Any]] = []
    for visit in visits:
        for number, action in enumerate(visit.actions):
            first = number == 0
            tags = f"utm_campaign={visit.campaign}" if first and visit.campaign else ""
            is_view = action.kind == "view"
            rows.append(
                {
                    "website_id": "w1",
                    "session_id": f"session {visit.visitor}",
                    "visit_id": f"visit {visit.number}",
                    "event_id": f"{visit.number:08}-0000-4000-8000-{number:012}",
                    "hostname": HOST,
                    "browser": BROWSERS[visit.browser],
                    "os": SYSTEMS[visit.os],
                    "device": DEVICES[visit.device],
                    "screen": "1920x1080",
                    "language": "de-DE",
                    "country": visit.country,
                    "region": f"{visit.country}-1",
                    "city": "Anywhere",
                    "url_path": action.page,
                    "url_query": tags,
                    "referrer_domain": visit.referrer if first else "",
                    "referrer_path": "/post" if first and visit.referrer else "",
                    "page_title": f'The "{action.page}"\nof all, pages',
                    "event_type": 1 if is_view else 2,
                    "event_name": "" if is_view else action.what,
                    "created_at": action.at.strftime("%Y-%m-%d %H:%M:%S"),
                }
            )
    return rows


def data_of(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """The amounts of the visits as rows of event_data."""
    rows: list[dict[str, Any]] = []
    for visit in visits:
        for number, action in enumerate(visit.actions):
            if action.amount is None:
                continue
            event = f"{visit.number:08}-0000-4000-8000-{number:012}"
            rows += [
                {
                    "event_id": event,
                    "data_key": "revenue",
                    "string_value": f"{action.amount:.4f}",
                    "number_value": f"{action.amount:.4f}",
                    "data_type": 2,
                },
                {"event_id": event, "data_key": "currency", "string_value": "EUR", "data_type": 1},
                {"event_id": event, "data_key": "gift", "string_value": "true", "data_type": 3},
            ]
    return rows


def write(folder: Path, visits: Sequence[Visit]) -> tuple[Path, Path]:
    """The two files of an export."""
    events, data = folder / "website_event.csv", folder / "event_data.csv"
    events.write_text(csv_text(COLUMNS, rows_of(visits)))
    data.write_text(csv_text(DATA_COLUMNS, data_of(visits)))
    return events, data
