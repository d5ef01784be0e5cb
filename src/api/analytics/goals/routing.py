"""GET, POST /api/goals and DELETE /api/goals/{id}."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.analytics.goals.models import Goal, GoalIn, GoalOut
from api.analytics.goals.store import drop_goal, goal_by_id, goals_of, no_goal, save_goal
from api.auth.access import AnyCaller, KnownCaller, SiteName, editable_site, readable_site
from api.auth.application import AppDatabase, AppSites
from api.errors import REFUSALS
from api.sites.directory import DEFAULT_SITE, UnknownSite
from api.text import RowNumber

router = APIRouter(prefix="/api/goals", tags=["goals"])


@router.get("", name="list")
async def list_goals(
    request: Request, caller: AnyCaller, database: AppDatabase, site: SiteName = DEFAULT_SITE
) -> list[GoalOut]:
    """The goals of a site by name."""
    found = await goals_of(database, await readable_site(request, caller, site))
    return [goal_out(goal) for goal in found]


@router.post("", name="create", status_code=201, responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def create_goal(
    new: GoalIn, request: Request, caller: KnownCaller, database: AppDatabase
) -> GoalOut:
    """Saves a goal: an event, a page, or an event on a page. Owners and editors only."""
    site = await editable_site(request, caller, new.site)
    return goal_out(await save_goal(database, site, new))


@router.delete("/{number}", name="delete", status_code=204, responses={403: REFUSALS[403]})
async def delete_goal(
    number: Annotated[RowNumber, Path(description="The `id` of the goal.")],
    request: Request,
    caller: KnownCaller,
    database: AppDatabase,
    sites: AppSites,
) -> None:
    """Deletes a goal. Stored events are not changed. Owners and editors only."""
    goal = await goal_by_id(database, number)
    try:
        await editable_site(request, caller, (await sites.by_id(goal.site_id)).key)
    except UnknownSite:
        raise no_goal() from None
    await drop_goal(database, goal)


def goal_out(goal: Goal) -> GoalOut:
    return GoalOut.model_validate(goal, from_attributes=True)
