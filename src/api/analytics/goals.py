"""Goals: what a site wants its visitors to do, saved under a name."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, select

from api.analytics.steps import Condition, Name, Step
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site, utc_now

MAX_GOALS = 200


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


async def goals_of(database: Database, site: Site) -> list[Goal]:
    """The goals of a site by name."""
    async with database.session() as session:
        found = await session.execute(
            select(Goal).where(Goal.site_id == site.number).order_by(Goal.name)
        )
        return [*found.scalars()]


async def save_goal(database: Database, site: Site, new: GoalIn) -> Goal:
    """Saves a goal. Raises Conflict for a name that is taken, and when there are too many."""
    if len(await goals_of(database, site)) >= MAX_GOALS:
        raise Conflict(f"A site has at most {MAX_GOALS} goals.")
    step = new.step
    goal = Goal(
        site_id=site.number,
        name=new.name,
        event=step.name,
        page=step.page,
        pattern=step.pattern,
        props=new.props,
    )
    try:
        async with database.session() as session:
            session.add(goal)
    except IntegrityError as error:
        raise Conflict(f"There is a goal {new.name!r} already.") from error
    return goal


async def goal_by_id(database: Database, number: int) -> Goal:
    """One goal. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(Goal, number)
    if found is None:
        raise NotFound("There is no such goal.")
    return found


async def drop_goal(database: Database, goal: Goal) -> None:
    """Forgets a goal. Events stay what they are."""
    async with database.session() as session:
        await session.delete(goal)
