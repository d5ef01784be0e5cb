"""GET, POST /api/goals and DELETE /api/goals/{id}."""

from fastapi import APIRouter, Request

from api.analytics.goals.models import Goal, GoalIn, GoalOut
from api.analytics.goals.store import drop_goal, goal_by_id, goals_of, save_goal
from api.auth.access import (
    AppDatabase,
    AppSites,
    CurrentUser,
    MaybeUser,
    editable_site,
    readable_site,
)
from api.sites.directory import DEFAULT_SITE
from api.text import RowNumber

router = APIRouter(prefix="/api/goals", tags=["goals"])


@router.get("")
async def list_goals(
    request: Request, user: MaybeUser, database: AppDatabase, site: str = DEFAULT_SITE
) -> list[GoalOut]:
    """The goals of a site by name."""
    found = await goals_of(database, await readable_site(request, user, site))
    return [goal_out(goal) for goal in found]


@router.post("", status_code=201)
async def create_goal(
    new: GoalIn, request: Request, user: CurrentUser, database: AppDatabase
) -> GoalOut:
    """Saves a goal: an event, a page, or an event on a page. Owners and editors only."""
    site = await editable_site(request, user, new.site)
    return goal_out(await save_goal(database, site, new))


@router.delete("/{number}", status_code=204)
async def delete_goal(
    number: RowNumber,
    request: Request,
    user: CurrentUser,
    database: AppDatabase,
    sites: AppSites,
) -> None:
    """Deletes a goal. Stored events are not changed. Owners and editors only."""
    goal = await goal_by_id(database, number)
    await editable_site(request, user, (await sites.by_id(goal.site_id)).key)
    await drop_goal(database, goal)


def goal_out(goal: Goal) -> GoalOut:
    return GoalOut.model_validate(goal, from_attributes=True)
