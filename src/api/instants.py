"""Times in answers: RFC 3339 in UTC, always with six digits and Z, so that all have one format."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def instant_text(moment: datetime) -> str:
    """The moment as answers write it, e.g. 2026-03-29T02:30:00.000000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time as a field of an answer."""
