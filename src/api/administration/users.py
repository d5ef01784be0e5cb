"""/api/users: all accounts, for superusers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import ConfigDict
from sqlalchemy import func, or_
from sqlmodel import col, select

from api.auth.access import RequestActor, superuser
from api.auth.application import AppDatabase
from api.auth.changes import change_user, delete_user, find_user
from api.auth.models import Email, FullName, User, Username, UserOut, user_out
from api.auth.second_factor import turn_off
from api.db.database import Database
from api.errors import REFUSALS
from api.schema import Record
from api.text import PlainText, RowNumber

router = APIRouter(
    prefix="/api/users",
    tags=["users"],
    dependencies=[Depends(superuser)],
    responses={403: REFUSALS[403]},
)

MOST_LISTED = 1000

UserNumber = Annotated[RowNumber, Path(description="The `id` of the account.")]


class UserChange(Record):
    """What a superuser changes of an account. Fields that are left out or null stay."""

    model_config = ConfigDict(extra="forbid")

    username: Username | None = None
    """What the account logs in with, besides its e-mail address."""
    email: Email | None = None
    """The e-mail address."""
    full_name: FullName | None = None
    """How the dashboard calls the person."""
    is_active: bool | None = None
    """Whether it may log in. One that may not loses its logins, and its keys are refused."""


@router.get("", name="list")
async def list_users(
    database: AppDatabase,
    q: Annotated[
        PlainText, Query(max_length=254, description="Part of a name or an e-mail address.")
    ] = "",
    before: Annotated[
        RowNumber | None, Query(description="Only those with a lower `id`: the next page.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most accounts to return.")
    ] = 100,
) -> list[UserOut]:
    """All accounts, newest first."""
    return [user_out(user) for user in await users_like(database, q.strip(), before, limit)]


async def users_like(
    database: Database, part: str = "", before: int | None = None, limit: int = MOST_LISTED
) -> list[User]:
    """The accounts with this text in a name or the e-mail address, in any case, newest first."""
    texts = (col(User.username), col(User.email), col(User.full_name))
    wanted = select(User).order_by(col(User.id).desc()).limit(limit)
    if part:
        found = (func.strpos(func.lower(text), func.lower(part)) > 0 for text in texts)
        wanted = wanted.where(or_(*found))
    if before is not None:
        wanted = wanted.where(col(User.id) < before)
    async with database.session() as session:
        return [*(await session.execute(wanted)).scalars()]


@router.get("/{user_id}", name="read")
async def read_user(user_id: UserNumber, database: AppDatabase) -> UserOut:
    """One account."""
    async with database.session() as session:
        return user_out(await find_user(session, user_id))


@router.patch("/{user_id}", name="change", responses={409: REFUSALS[409]})
async def change(
    user_id: UserNumber, wanted: UserChange, by: RequestActor, database: AppDatabase
) -> UserOut:
    """Changes an account. 409 for the last active superuser, who stays active."""
    changes = wanted.model_dump(exclude_none=True)
    return user_out(await change_user(database, user_id, changes, by))


@router.delete("/{user_id}", name="delete", status_code=204, responses={409: REFUSALS[409]})
async def delete(user_id: UserNumber, by: RequestActor, database: AppDatabase) -> None:
    """Deletes an account with its logins, keys, memberships and jobs. 409 for the only owner of a
    site, and for the last active superuser."""
    await delete_user(database, user_id, by)


@router.delete("/{user_id}/second-factor", name="disable_second_factor", status_code=204)
async def disable_second_factor(
    user_id: UserNumber, by: RequestActor, database: AppDatabase
) -> None:
    """Turns the second factor of an account off, whose owner lost it."""
    async with database.session() as session:
        await turn_off(session, await find_user(session, user_id), by)
