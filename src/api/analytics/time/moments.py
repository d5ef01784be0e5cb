"""Ends of ranges as callers write them: days, instants, seconds since 1970, or times before now."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import PlainValidator

MOMENTS = (
    "a local day (2026-03-29), an instant (2026-03-29T02:30:00Z), seconds or milliseconds since"
    " 1970, now or a time before it (now-7d; units s, m, h, d, w)"
)

FIRST_MILLISECONDS = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds this is the year 5138."""

SINCE_1970 = re.compile(r"[0-9]{9,17}")
"""Shorter numbers are dates without hyphens (20260329)."""

BEFORE_NOW = re.compile(r"now(?:-([0-9]{1,9})([smhdw]))?")

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(days=7),
}


def moment(value: object) -> date | datetime | timedelta:
    """A local day, an instant, or how long before now; as different types, because a day that ends
    a range is included and an instant is not. Raises ValueError for anything else."""
    if isinstance(value, date | timedelta):
        return value
    text = str(value)
    try:
        if found := BEFORE_NOW.fullmatch(text):
            return before_now(*found.groups())
        return since_1970(int(text)) if SINCE_1970.fullmatch(text) else iso(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"is none of these: {MOMENTS}") from None


def before_now(number: str | None, unit: str) -> timedelta:
    return int(number) * UNITS[unit] if number else timedelta(0)


def since_1970(number: int) -> datetime:
    return datetime.fromtimestamp(number / (1000 if number >= FIRST_MILLISECONDS else 1), UTC)


def iso(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


Moment = Annotated[date | datetime | timedelta, PlainValidator(moment, json_schema_input_type=str)]
"""The type of a parameter that is one end of a range."""
