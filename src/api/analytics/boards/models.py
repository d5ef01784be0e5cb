"""Boards: as rows of the database, as bodies of requests that change them, and in responses."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Limited
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from api.analytics.reports import REPORTS
from api.analytics.vocabulary.steps import Name
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText

MOST_ITEMS = 30
"""How many items a board has at most."""

MOST_PARAMETERS = 30


class Board(SQLModel, table=True):
    """Items in an order, about one site. `private_to` is the account that alone sees it, None if
    members of the site do. Without an `owner_id` its account was deleted: admins change it."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    owner_id: int | None = Field(default=None, sa_type=BigInteger)
    private_to: int | None = Field(default=None, sa_type=BigInteger)
    name: str
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    changed_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored board."""
        assert self.id is not None
        return self.id

    @property
    def shared(self) -> bool:
        """Whether members of the site see it."""
        return self.private_to is None


class BoardItem(SQLModel, table=True):
    """A view or a note on a board. Items are shown by `place`; numbers may be missing."""

    __tablename__ = "board_item"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    board_id: int = Field(sa_type=BigInteger)
    place: int
    title: str
    note: str | None = None
    view: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))  # pyright: ignore[reportArgumentType]
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


class Drawing(StrEnum):
    """How a view is drawn."""

    NUMBER = "number"
    SERIES = "series"
    RANKING = "ranking"
    TABLE = "table"
    DIAGRAM = "diagram"


ParameterName = Annotated[PlainText, Limited(max_length=50)]
Value = Annotated[PlainText, Limited(max_length=10_000)]
Values = Annotated[
    dict[ParameterName, Value | Annotated[list[Value], Limited(max_length=100)]],
    Limited(max_length=MOST_PARAMETERS),
]
"""Parameters by name, as a query string has them; a list is a repeated one."""

ReportName = Annotated[str, Limited(json_schema_extra={"enum": [one.name for one in REPORTS]})]
ColumnName = Annotated[PlainText, Limited(max_length=60)]
Note = Annotated[PlainText, Limited(min_length=1, max_length=5000)]


class View(Record):
    """What a page of the dashboard shows of a report: with less than 20,000 characters in JSON."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[PlainText, Limited(max_length=100)]
    """The path of the page, e.g. `/funnels`."""
    address: Values
    """The parameters of the page, with which it shows this view, but for the site."""
    report: ReportName
    """The name of the report."""
    params: Values
    """The parameters that `GET /api/analytics/{report}` takes, but for site and format. Ranges like
    `period=7d` go with the time."""
    drawing: Drawing
    """How it is drawn: a number of the totals; a series over time; rows with bars; a table; or as
    its page draws the report."""
    columns: Annotated[list[ColumnName], Limited(max_length=8)]
    """Which columns of the answer are shown, in order. A number and a series have one. The first of
    a ranking names the row, the second is the length of its bar. A diagram has none."""


class BoardIn(Record):
    """A new board."""

    model_config = ConfigDict(extra="forbid")

    site: str
    """Key or domain of the site that it is about."""
    name: Name
    """What the board is called."""
    shared: bool = False
    """Whether members of the site see it, instead of you alone."""


class BoardChange(Record):
    """What to change of a board; what is null stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    """What the board is called."""
    shared: bool | None = None
    """Whether members of the site see it, instead of its owner alone."""


class ItemIn(Record):
    """A new item of a board, which comes last: a view or a note."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    """What stands above it."""
    note: Note | None = None
    """The text of a note: plain text, with line breaks."""
    view: View | None = None
    """What a view shows."""

    @model_validator(mode="after")
    def refuse_unclear_kind(self) -> Self:
        if (self.note is None) == (self.view is None):
            raise ValueError("give either a note or a view")
        return self


class ItemChange(Record):
    """What to change of an item; what is null stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    """What stands above it."""
    note: Note | None = None
    """The text, of a note only."""
    view: View | None = None
    """What is shown, of a view only."""
    place: Annotated[int, Limited(ge=0, lt=MOST_ITEMS)] | None = None
    """Its place among the items, from 0; past the end it is the last."""


class ItemOut(Record):
    """An item of a board."""

    id: int
    """The number of the item."""
    title: str
    """What stands above it."""
    note: str | None
    """The text of a note; null for a view."""
    view: View | None
    """What a view shows; null for a note."""


class BoardOut(Record):
    """A board."""

    id: int
    """The number of the board."""
    name: str
    """What the board is called."""
    shared: bool
    """Whether members of the site see it."""
    owner: str | None
    """The name of its owner; null where the account was deleted, and for share links."""
    is_mine: bool
    """Whether you own it."""
    can_change: bool
    """Whether you may change it: your own, and as an admin of the site any that is shared."""
    can_link: bool
    """Whether you may make share links to it: as an editor of the site."""
    size: int
    """The number of its items."""
    created_at: Instant
    """When it was made."""
    changed_at: Instant
    """When it, or an item of it, was changed last."""


class BoardDetail(BoardOut):
    """A board with its items."""

    items: list[ItemOut]
    """The items in order; of a share link to one of them that one."""
