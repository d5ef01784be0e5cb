"""Stores, lists and revokes share links."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.auth.shares import SHARE_PREFIX, ShareLink
from api.auth.tokens import hash_of, new_secret
from api.auth.trail import Action, record
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site, utc_now

MOST_SHARES = 200
"""How many links a site may have that are not revoked."""


async def create_share(
    database: Database, link: ShareLink, network: str = ""
) -> tuple[ShareLink, str]:
    """Stores a link under a new secret. Returns it and the secret, which nobody can find out later.
    Raises Conflict for one too many, and where what it is to was deleted."""
    secret = f"{SHARE_PREFIX}{new_secret()}"
    link.hash = hash_of(secret)
    try:
        async with database.session() as session:
            await refuse_surplus(session, link.site_id)
            session.add(link)
            await record_about(session, Action.SHARE_CREATED, link, link.created_by, network)
    except IntegrityError as error:
        raise Conflict("What the link is to was deleted meanwhile.") from error
    return link, secret


async def refuse_surplus(session: AsyncSession, site_id: int) -> None:
    """Raises Conflict if the site has as many links as it may. One request about a site at a time
    gets past this."""
    await session.execute(select(Site.id).where(Site.id == site_id).with_for_update(key_share=True))
    kept = col(ShareLink.revoked_at).is_(None)
    counted = select(func.count()).where(ShareLink.site_id == site_id, kept)
    if (await session.execute(counted)).scalar_one() >= MOST_SHARES:
        raise Conflict(f"A site has at most {MOST_SHARES} share links; please revoke some.")


async def shares_of(database: Database, site: Site) -> Sequence[ShareLink]:
    """The links of a site, the newest first, without those that were revoked."""
    kept = col(ShareLink.revoked_at).is_(None)
    newest = col(ShareLink.created_at).desc()
    asked = select(ShareLink).where(ShareLink.site_id == site.number, kept).order_by(newest)
    async with database.session() as session:
        return (await session.execute(asked)).scalars().all()


async def revoke_share(
    database: Database, site: Site, share_id: UUID, actor: int | None, network: str = ""
) -> None:
    """Revokes a link of a site. Raises NotFound."""
    revoked = (
        update(ShareLink)
        .where(col(ShareLink.id) == share_id, col(ShareLink.site_id) == site.number)
        .where(col(ShareLink.revoked_at).is_(None))
        .values(revoked_at=utc_now())
        .returning(ShareLink)
    )
    async with database.session() as session:
        link = (await session.execute(revoked)).scalar_one_or_none()
        if link is None:
            raise NotFound("There is no such share link.")
        await record_about(session, Action.SHARE_REVOKED, link, actor, network)


async def record_about(
    session: AsyncSession, action: Action, link: ShareLink, actor: int | None, network: str
) -> None:
    told = {"share": str(link.id), "name": link.name}
    await record(session, action, actor, link.site_id, network, **told)
