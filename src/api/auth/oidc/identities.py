"""Which account somebody has who logs in at a provider.

An identity (issuer and subject) belongs to one account. An account is never found by its e-mail
address: whoever controls an address at some provider would take over an account that has it here.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import BigInteger, DateTime, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, col, select

from api.auth.accounts import has_invitation
from api.auth.models import Email, User
from api.auth.oidc.flow import Flow
from api.auth.oidc.id_token import Proven
from api.auth.trail import Action, Actor, record
from api.db.database import Database
from api.errors import Conflict, Forbidden, NotFound
from api.sites.models import utc_now
from settings import Settings

LONGEST_NAME = 100

EMAIL: TypeAdapter[str] = TypeAdapter(Email)

TAKEN = (
    "There is an account with your e-mail address already. Log in to it as before, and link this"
    " provider there."
)
CLOSED = "Nobody has linked this login to an account, and registration is closed."
UNINVITED = "Nobody has linked this login to an account. A new one takes an invitation."
UNVERIFIED = (
    "The provider does not say that your e-mail address is verified, so no account is made."
)


class Identity(SQLModel, table=True):
    """Links an account to an OpenID Connect provider by the `iss` and the `sub` of ID tokens."""

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


async def owner_of(database: Database, proven: Proven) -> User | None:
    """The account that an identity belongs to."""
    wanted = (
        select(User)
        .join(Identity, col(Identity.user_id) == User.id)
        .where(Identity.issuer == proven.issuer, Identity.subject == proven.subject)
    )
    async with database.session() as session:
        return (await session.execute(wanted)).scalars().first()


async def refuse_registration(
    database: Database, settings: Settings, proven: Proven, flow: Flow
) -> None:
    """Raises Forbidden where an identity without an account may not make one."""
    if settings.registration == "closed":
        raise Forbidden(CLOSED)
    if settings.registration == "invite":
        async with database.session() as session:
            if not await has_invitation(session, bytes.fromhex(flow.invitation)):
                raise Forbidden(UNINVITED)
    if not proven.is_verified:
        raise Forbidden(UNVERIFIED)


async def register(database: Database, proven: Proven, provider: str, network: str) -> User:
    """Makes an account without a password for an identity. Raises Forbidden when there is one with
    its e-mail address, or the address cannot be one."""
    try:
        email = EMAIL.validate_python(proven.email)
        user = User(
            username=email,
            email=email,
            full_name=proven.name[:LONGEST_NAME],
            password_hash=None,
        )
        async with database.session() as session:
            session.add(user)
            await session.flush()
            session.add(identity_of(proven, user))
            await record(
                session, Action.REGISTERED, user.number, network=network, provider=provider
            )
    except ValidationError:
        raise Forbidden("The provider tells no e-mail address that an account can have.") from None
    except IntegrityError:
        raise Forbidden(TAKEN) from None
    return user


def identity_of(proven: Proven, user: User) -> Identity:
    return Identity(issuer=proven.issuer, subject=proven.subject, user_id=user.number)


async def link(database: Database, proven: Proven, user: User, provider: str, by: Actor) -> None:
    """Links an identity to an account. Raises Conflict when it belongs to another one, or the
    account has one at this provider."""
    try:
        async with database.session() as session:
            session.add(identity_of(proven, user))
            await by.record(session, Action.IDENTITY_LINKED, provider=provider)
    except IntegrityError:
        raise Conflict(
            "This login belongs to an account already, or your account has one at this provider."
        ) from None


async def unlink(database: Database, user: User, issuer: str, provider: str, by: Actor) -> None:
    """Takes an identity from an account. Raises NotFound, and Conflict when there would be no other
    way to log in."""
    own = col(Identity.user_id) == user.number
    async with database.session() as session:
        locked = await session.get(User, user.number, with_for_update=True)
        gone = delete(Identity).where(own, col(Identity.issuer) == issuer)
        if (await session.execute(gone.returning(col(Identity.subject)))).first() is None:
            raise NotFound("Your account has no login at this provider.")
        left = (await session.execute(select(Identity.issuer).where(own))).first()
        if left is None and locked is not None and locked.password_hash is None:
            raise Conflict("Set a password first: there is no other way to log in.")
        await by.record(session, Action.IDENTITY_UNLINKED, provider=provider)


async def linked_since(database: Database, user: User) -> Mapping[str, datetime]:
    """The issuers at which an account has an identity, and since when."""
    wanted = select(Identity).where(Identity.user_id == user.number)
    async with database.session() as session:
        found = (await session.execute(wanted)).scalars().all()
    return {each.issuer: each.created_at for each in found}
