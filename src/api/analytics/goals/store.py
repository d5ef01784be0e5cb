"""The goals of a site: read, saved and deleted."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from api.analytics.goals.models import Goal, GoalIn
from api.analytics.vocabulary.steps import Step
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site

MAX_GOALS = 200


async def goal_steps(database: Database, site: Site) -> dict[str, Step]:
    return {goal.name: goal.step for goal in await goals_of(database, site)}


async def goals_of(database: Database, site: Site) -> list[Goal]:
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
    """Deletes a goal. Stored events are not changed."""
    async with database.session() as session:
        await session.delete(goal)
