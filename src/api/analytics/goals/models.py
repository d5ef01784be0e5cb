"""What a goal is: in the database, as it is saved and as callers see it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from api.analytics.vocabulary.steps import Condition, Name, Step
from api.sites.models import utc_now


class Goal(SQLModel, table=True):
    """A named condition on events; `page` as it was written, `pattern` as it is compared."""

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
        """What an event must be to reach it."""
        return Step(self.event, self.page, self.pattern, self.props)


class GoalIn(Condition):
    """A goal to save: a name and a condition."""

    site: str
    name: Name


class GoalOut(BaseModel):
    """A saved goal."""

    id: int
    name: str
    event: str
    page: str | None
    props: dict[str, Any] | None
    created_at: datetime
