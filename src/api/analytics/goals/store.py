"""The goals of a site: read, saved and deleted."""

from sqlalchemy import delete, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.analytics.goals.models import Goal, GoalIn
from api.analytics.vocabulary.steps import Step
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site

MAX_GOALS = 200


async def goal_steps(database: Database, site: Site) -> dict[str, Step]:
    return {goal.name: goal.step for goal in await goals_of(database, site)}


async def goals_of(database: Database, site: Site) -> list[Goal]:
    """The goals of a site by name."""
    async with database.session() as session:
        found = await session.execute(
            select(Goal).where(Goal.site_id == site.number).order_by(Goal.name)
        )
        return [*found.scalars()]


async def save_goal(database: Database, site: Site, new: GoalIn) -> Goal:
    """Saves a goal. Raises Conflict for a name that is taken, and when there are too many."""
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
            await refuse_surplus(session, site)
            session.add(goal)
    except IntegrityError as error:
        raise Conflict(f"There is a goal {new.name!r} already.") from error
    return goal


async def refuse_surplus(session: AsyncSession, site: Site) -> None:
    """Raises Conflict when a site has all goals that it may. One request of a site at a time saves
    a goal: two that count at once would both find room."""
    await session.execute(select(Site.id).where(Site.id == site.id).with_for_update(key_share=True))
    stored = select(func.count()).where(Goal.site_id == site.number)
    if (await session.execute(stored)).scalar_one() >= MAX_GOALS:
        raise Conflict(f"A site has at most {MAX_GOALS} goals.")


async def goal_by_id(database: Database, number: int) -> Goal:
    """One goal. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(Goal, number)
    if found is None:
        raise no_goal()
    return found


def no_goal() -> NotFound:
    """The refusal of a goal that does not exist; also of one of a site that the caller may not
    read, in the same words."""
    return NotFound("There is no such goal.")


async def drop_goal(database: Database, goal: Goal) -> None:
    """Deletes a goal. Stored events are not changed."""
    async with database.session() as session:
        await session.execute(delete(Goal).where(col(Goal.id) == goal.id))
