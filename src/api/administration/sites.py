"""Sites: created, listed, changed and deleted, by HTTP and by the command line."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.administration.invitation_models import Invitation
from api.administration.site_models import NewSite, SiteChange, SiteOut, site_out
from api.analytics.goals.models import Goal
from api.auth.access import role_with
from api.auth.callers import Caller
from api.auth.keys import ApiKey
from api.auth.models import User
from api.auth.shares import ShareLink
from api.auth.trail import Action, Actor
from api.errors import Conflict, Problem
from api.events.write.locks import SITE_LOCKS
from api.sites.directory import DEFAULT_SITE, Sites, UnknownSite
from api.sites.models import Membership, Role, Site, Visibility
from api.submitted.models import Status, SubmittedJob

MOST_OWNED = 200
"""How many sites an account may own, unless it is a superuser's."""

NAMES_LOCK = 20261134
"""Advisory lock of giving keys and domains to sites; it belongs to a transaction."""


async def create_site(
    sites: Sites, new: NewSite, timezone: str, actor: Actor, owner: User | None
) -> Site:
    """Stores a site together with its owner, if there is one. `timezone` is that of a site that
    names none. Raises Conflict for a key or a domain that another site has."""
    site = Site(
        key=new.final_key,
        domain=new.domain,
        name=new.name or new.domain,
        timezone=new.timezone or timezone,
        visibility=new.visibility,
    )
    async with sites.database.session() as session:
        await refuse_taken(session, {"key": site.key, "domain": site.domain})
        if owner:
            await refuse_surplus(session, owner)
        session.add(site)
        await session.flush()
        if owner:
            member = Membership(user_id=owner.number, site_id=site.number, role=Role.OWNER)
            session.add(member)
        await actor.record(session, Action.SITE_CREATED, site.number, key=site.key)
    sites.forget()
    return site


async def refuse_taken(
    session: AsyncSession, names: dict[str, str], own: Site | None = None
) -> None:
    """Raises Conflict for names that another site has as its key or domain: trackers and queries
    find sites by both, so events for the one could end up with the other. Nobody else gives names
    to sites until the end of the transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(NAMES_LOCK)))
    problems: list[Problem] = []
    for field, name in names.items():
        is_it = or_(func.lower(Site.key) == name, func.lower(Site.domain) == name)
        others = select(Site.id).where(is_it, col(Site.deleted_at).is_(None))
        if own:
            others = others.where(Site.id != own.id)
        if (await session.execute(others.limit(1))).first():
            problems.append(Problem(field, "is the key or the domain of another site"))
    if problems:
        raise Conflict(problems=problems)


async def refuse_surplus(session: AsyncSession, owner: User) -> None:
    """Raises Conflict for an account that owns as many sites as it may."""
    owned = (
        select(func.count())
        .select_from(Membership)
        .where(Membership.user_id == owner.id, Membership.role == Role.OWNER)
    )
    if not owner.is_superuser and (await session.execute(owned)).scalar_one() >= MOST_OWNED:
        raise Conflict(f"An account owns at most {MOST_OWNED} sites.")


async def change_site(sites: Sites, site: Site, change: SiteChange, actor: Actor) -> Site:
    """Changes what is given. This process knows it at once, others after REMEMBER_SECONDS. Raises
    Conflict for a domain that another site has, and UnknownSite."""
    changed = change.model_dump(exclude_none=True)
    if "name" in changed:
        changed["name"] = changed["name"] or changed.get("domain", site.domain)
    async with sites.database.session() as session:
        if changed.get("domain", site.domain) != site.domain:
            await refuse_taken(session, {"domain": changed["domain"]}, own=site)
        if changed:
            await set_columns(session, site, changed)
            await actor.record(session, Action.SITE_CHANGED, site.number, **changed)
    sites.forget()
    return await sites.by_id(site.number)


async def set_columns(session: AsyncSession, site: Site, values: dict[str, Any]) -> None:
    """Sets columns of a site. Raises UnknownSite when it was deleted meanwhile."""
    living = update(Site).where(col(Site.id) == site.id, col(Site.deleted_at).is_(None))
    done = await session.execute(living.values(values).returning(col(Site.id)))
    if done.first() is None:
        raise UnknownSite


async def set_retention(sites: Sites, site: Site, days: int | None, actor: Actor) -> Site:
    """Sets for how many days raw data of a site is kept (see Site.retention_days)."""
    async with sites.database.session() as session:
        await set_columns(session, site, {"retention_days": days})
        await actor.record(session, Action.RETENTION_CHANGED, site.number, days=days)
    sites.forget()
    return await sites.by_id(site.number)


async def list_sites(
    sites: Sites,
    caller: Caller | None,
    public: bool = False,
    search: str = "",
    after: str = "",
    limit: int = 100,
) -> list[SiteOut]:
    """Sites by key, from the first key after `after` on: those that the caller may read, of which
    public ones only where they are wanted, or where the caller is a member; all without a caller,
    which is the command line. `search` is a part of key, domain or name."""
    user = caller.user if caller else None
    own = and_(
        col(Membership.site_id) == Site.id,
        col(Membership.user_id) == (user.id if user else None),
    )
    wanted = (
        select(Site, Membership.role)
        .outerjoin(Membership, own)
        .where(col(Site.deleted_at).is_(None), col(Site.key) > after)
        .where(is_listed(caller, public) if caller else true())
        .order_by(col(Site.key))
        .limit(limit)
    )
    if search:
        part = f"%{escaped(search)}%"
        texts = (Site.key, Site.domain, Site.name)
        wanted = wanted.where(or_(*(col(text).ilike(part, escape="\\") for text in texts)))
    async with sites.database.session() as session:
        rows: Sequence[Any] = (await session.execute(wanted)).all()
    return [listed for site, role in rows if (listed := as_listed(site, role, caller))]


def escaped(search: str) -> str:
    """Text in which the wildcards of ILIKE stand for themselves."""
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def is_listed(caller: Caller, public: bool) -> ColumnElement[bool]:
    """Which sites a list shows, in SQL; role_with decides."""
    key_site = caller.key.site_id if caller.key else None
    own = or_(
        true() if caller.account.is_superuser else false(),
        col(Membership.role).is_not(None),
        col(Site.visibility) == Visibility.MEMBERS,
    )
    meant = true() if key_site is None else col(Site.id) == key_site
    is_public = col(Site.visibility) == Visibility.PUBLIC
    return or_(and_(own, meant), is_public if public else false())


def as_listed(site: Site, role: str | None, caller: Caller | None) -> SiteOut | None:
    """The site for a list; None for a caller who may not read it."""
    if caller is None:
        return site_out(site, Role.OWNER)
    stored = Role.OWNER if caller.account.is_superuser else Role(role) if role else None
    found = role_with(stored, caller, site)
    return site_out(site, found) if found else None


async def delete_site(sites: Sites, site: Site, actor: Actor) -> None:
    """Deletes a site: nobody reads it and no writer adds to it from the COMMIT on, and its key is
    free. A job removes its rows (api.administration.removal). Raises Conflict for the site
    `default`, which calls that name none are about, and UnknownSite."""
    if site.key == DEFAULT_SITE:
        raise Conflict(f"The site {DEFAULT_SITE!r} cannot be deleted; make it private instead.")
    async with sites.database.session() as session:
        # No writer has it at this moment, and the next one sees that it is deleted.
        lock = text("select pg_advisory_xact_lock(:locks, :site)")
        await session.execute(lock, {"locks": SITE_LOCKS, "site": site.number})
        await set_columns(session, site, {"deleted_at": func.now()})
        await delete_rights(session, site)
        told = {"key": site.key, "domain": site.domain}
        await actor.record(session, Action.SITE_DELETED, site.number, **told)
    sites.forget()


async def delete_rights(session: AsyncSession, site: Site) -> None:
    """Deletes what lets somebody at the site: memberships, keys, links, and answers of jobs."""
    for table in (Membership, Invitation, ApiKey, ShareLink, Goal):
        await session.execute(delete(table).where(col(table.site_id) == site.id))
    jobs = col(SubmittedJob.site_id) == site.id
    is_done = col(SubmittedJob.status) == Status.DONE
    await session.execute(delete(SubmittedJob).where(jobs, ~is_done))
    # Their results are large, and removed later.
    gone = {"expires_at": SubmittedJob.created_at, "next_call_at": None}
    await session.execute(update(SubmittedJob).where(jobs).values(gone))
