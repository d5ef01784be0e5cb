"""Annotations: as rows of the database, as bodies of requests that save one, and in responses."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict
from pydantic import Field as Constraint
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText


class Annotation(SQLModel, table=True):
    """A note at a day of a site."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    day: date
    text: str
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


class AnnotationIn(Record):
    """A note to save."""

    model_config = ConfigDict(extra="forbid")

    site: str
    """Key or domain of the site."""
    day: date
    """The day that it is about, in the site's time zone."""
    text: Annotated[PlainText, Constraint(min_length=1, max_length=200)]
    """What happened."""


class AnnotationOut(Record):
    """A saved note."""

    id: int
    """The number of the note, by which it is deleted."""
    day: date
    """The day that it is about, in the site's time zone."""
    text: str
    """What happened."""
    created_at: datetime
    """When it was saved."""
