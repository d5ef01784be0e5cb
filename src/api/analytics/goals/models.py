"""Goals: as rows of the database, as bodies of requests that save one, and in responses."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from api.analytics.vocabulary.steps import Condition, Name, Step
from api.schema import Record
from api.sites.models import utc_now


class Goal(SQLModel, table=True):
    """A named condition on events. `page` is the text that was given; `pattern` the regular
    expression that it stands for, if it has wildcards."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    name: str
    event: str
    page: str | None = None
    pattern: str | None = None
    props: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))  # pyright: ignore[reportArgumentType]
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def step(self) -> Step:
        return Step(self.event, self.page, self.pattern, self.props)


class GoalIn(Condition):
    """A goal to save: a name and a condition."""

    site: str
    """Key or domain of the site."""
    name: Name
    """What the goal is called; no other goal of the site may have the name."""


class GoalOut(Record):
    """A saved goal."""

    id: int
    """The number of the goal, by which it is deleted."""
    name: str
    """What the goal is called."""
    event: str
    """The name of the event that reaches the goal."""
    page: str | None
    """The page, or pattern of pages, that the event has to be on; null for any."""
    props: dict[str, Any] | None
    """Properties that the event must have, compared as text; null for none."""
    created_at: datetime
    """When it was saved."""
