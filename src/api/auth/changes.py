"""Changes and deletes accounts. The last superuser stays, and every site keeps an owner."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.auth.accounts import TAKEN
from api.auth.logins import end
from api.auth.models import User
from api.auth.one_time import Use, discard
from api.auth.trail import Action, Actor
from api.db.database import Database
from api.errors import Conflict, NotFound

SOLE_OWNED = text("""
select key from site
where exists (
    select from membership m
    where m.site_id = site.id and m.user_id = :user and m.role = 'owner'
)
and not exists (
    select from membership m join app_user u on u.id = m.user_id
    where m.site_id = site.id and m.user_id <> :user and m.role = 'owner' and u.is_active
)
order by key
""")
"""The sites that nobody owns but this account."""

OWNED = text("""
select id from site
where id in (select site_id from membership where user_id = :user and role = 'owner')
order by id for update
""")

SUPERUSERS_LOCK = 20261133
"""Advisory lock of whoever takes a superuser away."""

MOST_NAMED = 20
"""How many sites a refusal names."""


async def find_user(session: AsyncSession, number: int, lock: bool = False) -> User:
    """The account with this number. Raises NotFound."""
    user = await session.get(User, number, with_for_update=lock)
    if user is None:
        raise NotFound("There is no such account.")
    return user


async def change_user(
    database: Database, number: int, wanted: Mapping[str, Any], by: Actor
) -> User:
    """Changes fields of an account; one that becomes inactive loses its logins. Raises NotFound,
    and Conflict for a name or address that is taken, and for the last superuser."""
    try:
        async with database.session() as session:
            user = await find_user(session, number, lock=True)
            changed = {name: to for name, to in wanted.items() if getattr(user, name) != to}
            await set_active(session, user, changed.pop("is_active", user.is_active), by)
            await set_fields(session, user, changed, by)
    except IntegrityError as error:
        raise Conflict(TAKEN) from error
    return user


async def set_fields(session: AsyncSession, user: User, changed: dict[str, Any], by: Actor) -> None:
    if not changed:
        return
    if "email" in changed:
        await discard(session, user.number, Use.PASSWORD)  # sent to the address before
        if user.username == user.email:  # else it could become the address of somebody else
            changed.setdefault("username", changed["email"])
    for name, value in changed.items():
        setattr(user, name, value)
    await note(session, Action.USER_CHANGED, user, by, fields=sorted(changed))


async def set_active(session: AsyncSession, user: User, is_active: bool, by: Actor) -> None:
    if is_active == user.is_active:
        return
    if not is_active:
        await refuse_last_superuser(session, user)
        await end(session, user.number)
    user.is_active = is_active
    action = Action.USER_ACTIVATED if is_active else Action.USER_DEACTIVATED
    await note(session, action, user, by)


async def delete_user(database: Database, number: int, by: Actor) -> None:
    """Deletes an account and all that is its own. Raises NotFound, and Conflict for the last
    superuser and for the only owner of sites, which it names."""
    async with database.session() as session:
        user = await find_user(session, number, lock=True)
        await refuse_last_superuser(session, user)
        await refuse_sole_owner(session, user)
        await note(session, Action.USER_DELETED, user, by)
        await session.delete(user)


async def set_superuser(
    database: Database, number: int, is_superuser: bool, by: Actor, force: bool = False
) -> User:
    """Makes an account a superuser, or an ordinary one. Raises NotFound, and Conflict for the last
    superuser unless forced."""
    async with database.session() as session:
        user = await find_user(session, number, lock=True)
        if not is_superuser and not force:
            await refuse_last_superuser(session, user)
        if user.is_superuser != is_superuser:
            user.is_superuser = is_superuser
            action = Action.SUPERUSER_GRANTED if is_superuser else Action.SUPERUSER_REVOKED
            await note(session, action, user, by)
    return user


async def refuse_last_superuser(session: AsyncSession, user: User) -> None:
    """Raises Conflict when no other superuser is active. Holds a lock until the end of the
    transaction: two superusers may deactivate each other at the same time."""
    if not (user.is_superuser and user.is_active):
        return
    await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": SUPERUSERS_LOCK})
    others = select(User.id).where(
        col(User.is_superuser), col(User.is_active), User.id != user.number
    )
    if (await session.execute(others.limit(1))).first() is None:
        raise Conflict("This is the last active superuser; make another one first.")


async def refuse_sole_owner(session: AsyncSession, user: User) -> None:
    """Raises Conflict, with their keys, when there are sites that only this account owns."""
    await session.execute(OWNED, {"user": user.number})  # two owners may go at the same time
    keys = (await session.execute(SOLE_OWNED, {"user": user.number})).scalars().all()
    if keys:
        more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
        named = ", ".join(keys[:MOST_NAMED])
        raise Conflict(
            f"Nobody else owns these sites: {named}{more}. Give them away or delete them first."
        )


async def note(session: AsyncSession, action: Action, user: User, by: Actor, **detail: Any) -> None:
    """Records that somebody changed an account."""
    await by.record(session, action, user=user.number, **detail)
