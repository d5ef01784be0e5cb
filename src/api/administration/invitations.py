"""Invitations by link: whoever has the token of one becomes a member of a site."""

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, delete, select

from api.administration.invitation_models import Invitation, InvitationSeen, NewInvitation
from api.administration.members import find_member, lock_site, refuse_to_give
from api.auth.access import account_role
from api.auth.models import User
from api.auth.tokens import after, hash_of, new_secret
from api.auth.trail import Action, Actor
from api.db.database import Database
from api.errors import Conflict, Forbidden, NotFound
from api.sites.directory import Sites, UnknownSite
from api.sites.models import Membership, Role, Site, utc_now

MOST_OPEN = 100
"""How many invitations to a site may wait to be accepted."""


async def invite(
    database: Database, site: Site, new: NewInvitation, own_role: Role, actor: Actor
) -> tuple[Invitation, str]:
    """Stores an invitation. Returns it and its token, of which only the hash is stored. Raises
    Forbidden for a role that the inviter may not give, and Conflict when too many wait."""
    refuse_to_give(own_role, new.role)
    token = new_secret()
    invitation = Invitation(
        site_id=site.number,
        role=new.role,
        email=new.email or "",
        hash=hash_of(token),
        created_by=actor.account,
        expires_at=after(days=new.days),
    )
    async with database.session() as session:
        await lock_site(session, site)
        await delete_expired(session, site)
        await refuse_surplus(session, site)
        session.add(invitation)
        await session.flush()
        told = {"invitation": invitation.id, "role": new.role}
        await actor.record(session, Action.INVITED, site.number, **told)
    return invitation, token


async def delete_expired(session: AsyncSession, site: Site) -> None:
    has_expired = col(Invitation.expires_at) <= utc_now()
    await session.execute(delete(Invitation).where(Invitation.site_id == site.id, has_expired))  # pyright: ignore[reportArgumentType]


async def refuse_surplus(session: AsyncSession, site: Site) -> None:
    waiting = select(func.count()).where(Invitation.site_id == site.id)
    if (await session.execute(waiting)).scalar_one() >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} invitations wait to be accepted; revoke some.")


async def open_invitations(database: Database, site: Site) -> list[Invitation]:
    """The invitations to a site that can be accepted, newest first."""
    wanted = (
        select(Invitation)
        .where(Invitation.site_id == site.id, col(Invitation.expires_at) > utc_now())
        .order_by(col(Invitation.id).desc())
    )
    async with database.session() as session:
        return [*(await session.execute(wanted)).scalars()]


async def revoke(database: Database, site: Site, number: int, own_role: Role, actor: Actor) -> None:
    """Deletes an invitation. Raises NotFound, and Forbidden for a role that the caller may not
    take."""
    async with database.session() as session:
        await lock_site(session, site)
        invitation = await session.get(Invitation, number)
        if invitation is None or invitation.site_id != site.id:
            raise NotFound("There is no such invitation.")
        refuse_to_give(own_role, Role(invitation.role))
        await session.delete(invitation)
        await actor.record(session, Action.INVITATION_REVOKED, site.number, invitation=number)


async def find_invitation(sites: Sites, token: str) -> tuple[Invitation, Site]:
    """The invitation with this token, and its site. Raises NotFound for one that does not exist,
    was accepted or revoked, has expired, or whose inviter may not give its role any more."""
    async with sites.database.session() as session:
        wanted = (
            select(Invitation, User)
            .join(User, col(Invitation.created_by) == User.id)
            .where(Invitation.hash == hash_of(token), col(Invitation.expires_at) > utc_now())
            .where(col(User.is_active))
        )
        found = (await session.execute(wanted)).first()
    if found is None:
        raise no_invitation()
    invitation, inviter = found
    try:
        site = await sites.by_id(invitation.site_id)
        own_role = await account_role(sites.database, inviter, site)
        refuse_to_give(own_role or Role.VIEWER, Role(invitation.role))
    except (UnknownSite, Forbidden):
        raise no_invitation() from None
    return invitation, site


def no_invitation() -> NotFound:
    return NotFound("This invitation does not exist, was used or revoked, or has expired.")


def seen(invitation: Invitation, site: Site) -> InvitationSeen:
    """What somebody is invited to."""
    return InvitationSeen(
        site=site.key,
        name=site.name,
        domain=site.domain,
        role=Role(invitation.role),
        email=invitation.email,
        expires_at=invitation.expires_at,
    )


async def accept(sites: Sites, token: str, user: User, actor: Actor) -> InvitationSeen:
    """Makes an account a member of the site that it is invited to; a member gets a higher role.
    Raises NotFound (see find_invitation), Forbidden for the invitation of another e-mail address,
    and Conflict for a member who gains nothing by it, which leaves it for somebody else."""
    invitation, site = await find_invitation(sites, token)
    if invitation.email and invitation.email != user.email.lower():
        raise Forbidden("This invitation is for an account with another e-mail address.")
    async with sites.database.session() as session:
        await lock_site(session, site)
        taken = delete(Invitation).where(Invitation.hash == invitation.hash)  # pyright: ignore[reportArgumentType]
        if (await session.execute(taken.returning(col(Invitation.id)))).first() is None:
            raise no_invitation()
        await let_in(session, site, user, Role(invitation.role))
        told = {"invitation": invitation.id, "role": invitation.role}
        await actor.record(session, Action.INVITATION_ACCEPTED, site.number, **told)
    return seen(invitation, site)


async def let_in(session: AsyncSession, site: Site, user: User, role: Role) -> None:
    member = await find_member(session, site, user.number)
    if member is None:
        session.add(Membership(user_id=user.number, site_id=site.number, role=role))
    elif Role(member.role).contains(role):
        raise Conflict(f"You are a member of this site already, as {member.role}.")
    else:
        member.role = role
