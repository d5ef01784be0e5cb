"""Cursors: places in a list of raw data and in the log of its changes, as text to hand back.

To a caller a cursor is opaque. Inside it names its kind and its site, so that one of another list
or of another site is refused, and so that its form may change.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from pydantic import Field

from api.errors import Invalid, invalid
from api.text import PlainText

LONGEST_CURSOR = 500

Cursor = Annotated[PlainText, Field(max_length=LONGEST_CURSOR)]
"""A cursor as a parameter."""

BigInt = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[datetime, Meta(tz=True)]

LEAST_ID, LEAST_VISITOR = UUID(int=0), -(2**63)
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Place(Struct, array_like=True, frozen=True):
    """A row by its key; what follows comes after it."""

    time: Time = FIRST_TIME
    visitor: BigInt = LEAST_VISITOR
    id: UUID = LEAST_ID

    @property
    def values(self) -> dict[str, object]:
        """The key as a .sql file binds it."""
        return {"after_time": self.time, "after_visitor": self.visitor, "after_id": self.id}


class PageCursor(Struct, array_like=True, frozen=True):
    """The end of a page of a list: its last row."""

    kind: Literal["events", "visits"]
    site: int
    place: Place


class ChangesCursor(Struct, array_like=True, frozen=True):
    """Up to which change a reader has read. In the midst of many rows: of the changes up to `until`
    the rows up to a place."""

    kind: Literal["changes"]
    site: int
    number: BigInt
    until: BigInt | None = None
    place: Place = Place()


C = TypeVar("C", PageCursor, ChangesCursor)


def cursor_text(cursor: PageCursor | ChangesCursor) -> str:
    """The cursor as a caller gets it."""
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, kind: type[C], name: str, site: int, parameter: str) -> C:
    """The cursor in a text, of this kind and name and of this site. Raises Invalid."""
    try:
        padded = text + "=" * (-len(text) % 4)
        cursor = msgspec.json.decode(urlsafe_b64decode(padded), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise not_a_cursor(parameter) from None
    if (cursor.kind, cursor.site) != (name, site):
        raise not_a_cursor(parameter)
    return cursor


def not_a_cursor(parameter: str) -> Invalid:
    return invalid(parameter, "is not a cursor that this site gave for this")
