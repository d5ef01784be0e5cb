"""Members of sites and their roles. Owners give and take any role, admins those below their own. A
site that has an owner never loses its last one."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.auth.models import User
from api.auth.trail import Action, Actor
from api.db.database import Database
from api.errors import Conflict, Forbidden, NotFound
from api.instants import Instant
from api.schema import Record
from api.sites.directory import UnknownSite
from api.sites.models import Membership, Role, Site
from api.text import RowNumber

NO_MEMBER = "The site has no such member."


class RoleIn(Record):
    """The role to give to a member."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    """What the member may do. Owners give any role, admins `editor` and `viewer`."""


class Heir(Record):
    """The member who becomes the owner."""

    model_config = ConfigDict(extra="forbid")

    account: RowNumber
    """The number of the member's account."""


class MemberOut(Record):
    """A member of a site."""

    account: int
    """The number of the member's account."""
    username: str | None
    """What the account logs in with; null if that is an e-mail address, unless you are an admin of
    the site."""
    full_name: str
    """How the member is called; may be empty."""
    email: str | None
    """The e-mail address; null unless you are an admin of the site."""
    role: Role
    """What the member may do."""
    since: Instant
    """When they became a member."""


async def list_members(
    database: Database, site: Site, own_role: Role, after: int = 0, limit: int = 100
) -> list[MemberOut]:
    """The members of a site by account, from the first account after `after` on. Somebody who is no
    admin does not get e-mail addresses."""
    wanted = (
        select(User, Membership)
        .join(Membership, col(Membership.user_id) == User.id)
        .where(Membership.site_id == site.id, col(User.id) > after)
        .order_by(col(User.id))
        .limit(limit)
    )
    async with database.session() as session:
        rows: Sequence[Any] = (await session.execute(wanted)).all()
    return [member_out(user, member, own_role.contains(Role.ADMIN)) for user, member in rows]


def member_out(user: User, member: Membership, is_admin: bool) -> MemberOut:
    return MemberOut(
        account=user.number,
        # No name that somebody chose has an @ in it (see Username).
        username=user.username if is_admin or "@" not in user.username else None,
        full_name=user.full_name,
        email=user.email if is_admin else None,
        role=Role(member.role),
        since=member.created_at,
    )


def refuse_to_give(own_role: Role, role: Role) -> None:
    """Raises Forbidden for a role that somebody with their own role may neither give nor take."""
    is_high = role.contains(Role.ADMIN)
    if own_role != Role.OWNER and (is_high or own_role != Role.ADMIN):
        raise Forbidden(f"Only owners of the site may give or take the role {role}.")


async def lock_site(session: AsyncSession, site: Site) -> None:
    """Makes others who change members of this site wait until the end of the transaction. Raises
    UnknownSite when it was deleted meanwhile."""
    living = select(Site.id).where(Site.id == site.id, col(Site.deleted_at).is_(None))
    if (await session.execute(living.with_for_update(key_share=True))).first() is None:
        raise UnknownSite


async def find_member(session: AsyncSession, site: Site, account: int) -> Membership | None:
    """The membership of an account on a site; None without one."""
    return await session.get(Membership, (account, site.number))


async def set_role(
    database: Database, site: Site, account: int, role: Role, own_role: Role, actor: Actor
) -> None:
    """Gives a member another role. Raises NotFound, Forbidden, and Conflict for the last owner."""
    async with database.session() as session:
        await lock_site(session, site)
        member = await find_member(session, site, account)
        if member is None:
            raise NotFound(NO_MEMBER)
        refuse_to_give(own_role, Role(member.role))
        refuse_to_give(own_role, role)
        await change_role(session, site, member, role, actor)


async def change_role(
    session: AsyncSession, site: Site, member: Membership, role: Role, actor: Actor
) -> None:
    """Sets the role of a member of a locked site. Raises Conflict for the last owner."""
    if role == member.role:
        return
    await refuse_without_owner(session, site, member)
    told = {"account": member.user_id, "before": member.role, "role": role}
    member.role = role
    await actor.record(session, Action.ROLE_CHANGED, site.number, **told)


async def refuse_without_owner(session: AsyncSession, site: Site, member: Membership) -> None:
    """Raises Conflict if this member is the last owner."""
    owners = (
        select(func.count())
        .select_from(Membership)
        .where(Membership.site_id == site.id, Membership.role == Role.OWNER)
    )
    if member.role == Role.OWNER and (await session.execute(owners)).scalar_one() == 1:
        raise Conflict("This is the last owner of the site: make somebody else an owner first.")


async def add_member(
    database: Database, site: Site, account: int, role: Role, actor: Actor
) -> None:
    """Makes an account a member, or gives a member this role. Raises Conflict for the last
    owner."""
    async with database.session() as session:
        await lock_site(session, site)
        if member := await find_member(session, site, account):
            await change_role(session, site, member, role, actor)
            return
        session.add(Membership(user_id=account, site_id=site.number, role=role))
        told = {"account": account, "role": role}
        await actor.record(session, Action.MEMBER_ADDED, site.number, **told)


async def remove_member(
    database: Database, site: Site, account: int, own_role: Role, actor: Actor
) -> None:
    """Removes a member, which every member may do with themselves. Raises NotFound, Forbidden, and
    Conflict for the last owner."""
    async with database.session() as session:
        await lock_site(session, site)
        member = await find_member(session, site, account)
        if member is None:
            raise NotFound(NO_MEMBER)
        if account != actor.account:
            refuse_to_give(own_role, Role(member.role))
        await refuse_without_owner(session, site, member)
        await session.delete(member)
        told = {"account": account, "role": member.role}
        await actor.record(session, Action.MEMBER_REMOVED, site.number, **told)


async def transfer_site(database: Database, site: Site, heir: int, actor: Actor) -> None:
    """Makes a member an owner, and the owner who does so an admin. Raises NotFound."""
    async with database.session() as session:
        await lock_site(session, site)
        new_owner = await find_member(session, site, heir)
        if new_owner is None:
            raise NotFound(NO_MEMBER)
        owner = await find_member(session, site, actor.account) if actor.account else None
        if owner and owner.role == Role.OWNER:
            owner.role = Role.ADMIN
        new_owner.role = Role.OWNER
        await actor.record(session, Action.SITE_TRANSFERRED, site.number, account=heir)
