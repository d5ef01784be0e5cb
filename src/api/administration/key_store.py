"""Creates, lists and revokes API keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.auth.keys import KEY_PREFIX, ApiKey, Scope
from api.auth.models import User
from api.auth.tokens import after, hash_of, new_secret
from api.auth.trail import Action, record
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site, utc_now

MOST_KEYS = 100
"""How many keys an account may have that are not revoked."""

SHOWN = len(KEY_PREFIX) + 6
"""How many characters of a key are kept for people to tell keys apart: of 43 random ones six, so
that 222 bits remain unknown."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be. `site` is the only one that it is good for; None for all."""

    name: str
    scopes: Sequence[Scope]
    site: Site | None = None
    days: int | None = None
    """After how many days it expires; None for never."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, its account, and its site, if it is limited to one."""

    key: ApiKey
    user: User
    site: Site | None


async def create_key(
    database: Database, user: User, new: NewKey, network: str = ""
) -> tuple[FoundKey, str]:
    """Stores a key of an account. Returns it and its text, which nobody can find out later. Raises
    Conflict for one too many."""
    secret = f"{KEY_PREFIX}{new_secret()}"
    key = ApiKey(
        user_id=user.number,
        site_id=new.site.id if new.site else None,
        name=new.name,
        prefix=secret[:SHOWN],
        hash=hash_of(secret),
        scopes=[scope for scope in Scope if scope in new.scopes],
        expires_at=after(days=new.days) if new.days else None,
    )
    async with database.session() as session:
        await refuse_surplus(session, user.number)
        session.add(key)
        await session.flush()
        await record_about(session, Action.KEY_CREATED, key, user.number, network)
    return FoundKey(key, user, new.site), secret


async def refuse_surplus(session: AsyncSession, user: int) -> None:
    """Raises Conflict if the account has as many keys as it may. One request of an account at a
    time gets past this."""
    await session.execute(select(User.id).where(User.id == user).with_for_update(key_share=True))
    counted = select(func.count()).where(ApiKey.user_id == user, is_kept())
    if (await session.execute(counted)).scalar_one() >= MOST_KEYS:
        raise Conflict(f"An account has at most {MOST_KEYS} API keys; please revoke some.")


def is_kept() -> ColumnElement[bool]:
    return col(ApiKey.revoked_at).is_(None)


def of_user(user: User) -> ColumnElement[bool]:
    """Which keys belong to an account."""
    return col(ApiKey.user_id) == user.number


def of_site(site: Site) -> ColumnElement[bool]:
    """Which keys are limited to a site."""
    return col(ApiKey.site_id) == site.number


async def keys_with(database: Database, *wanted: ColumnElement[bool]) -> Sequence[FoundKey]:
    """The keys for which this holds, the newest first, without those that were revoked."""
    asked = (
        select(ApiKey, User, Site)
        .join(User, col(User.id) == ApiKey.user_id)
        .outerjoin(Site, col(Site.id) == ApiKey.site_id)
        .where(is_kept(), *wanted)
        .order_by(col(ApiKey.id).desc())
    )
    async with database.session() as session:
        return [FoundKey(*row) for row in await session.execute(asked)]


async def revoke_key(
    database: Database,
    number: int,
    *wanted: ColumnElement[bool],
    actor: int | None = None,
    network: str = "",
) -> None:
    """Revokes the key with this number. Raises NotFound unless this holds for it."""
    revoked = (
        update(ApiKey)
        .where(col(ApiKey.id) == number, is_kept(), *wanted)
        .values(revoked_at=utc_now())
        .returning(ApiKey)
    )
    async with database.session() as session:
        key = (await session.execute(revoked)).scalar_one_or_none()
        if key is None:
            raise NotFound("There is no such API key, or it is not yours.")
        await record_about(session, Action.KEY_REVOKED, key, actor, network)


async def record_about(
    session: AsyncSession, action: Action, key: ApiKey, actor: int | None, network: str
) -> None:
    told = {"key": key.number, "name": key.name, "scopes": key.scopes, "user": key.user_id}
    await record(session, action, actor, key.site_id, network, **told)
