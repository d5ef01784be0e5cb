"""Creates and finds accounts."""

from sqlalchemy import ColumnElement, exists, func, or_, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.auth.logins import Device, Login
from api.auth.models import Credentials, Registration, User
from api.auth.passwords import hash_password, password_matches
from api.auth.second_factor import check_code
from api.auth.tokens import NOT_VALID
from api.auth.trail import Action, record
from api.auth.tries import Attempt
from api.db.database import Database
from api.db.timeouts import within
from api.errors import Conflict, Unauthenticated
from api.limits import neighbourhood, network_of

TAKEN = "An account with this name or e-mail address exists already."

INVITED = text("select 1 from invitation where hash = :hash and expires_at > now()")


async def create_user(
    database: Database, new: Registration, is_superuser: bool = False, network: str = ""
) -> User:
    """Stores a new account. Raises Conflict when its name or e-mail address is taken, as in the
    API that this one replaces. It takes as long as for one that is free, and guesses are limited
    (see the setting REGISTRATIONS)."""
    user = User(
        username=new.username or new.email,
        email=new.email,
        full_name=new.full_name,
        password_hash=await hash_password(new.password),
        is_superuser=is_superuser,
    )
    try:
        async with database.session() as session:
            session.add(user)
            await session.flush()
            await record(session, Action.REGISTERED, actor=user.number, network=network)
    except IntegrityError as error:
        raise Conflict(TAKEN) from error
    return user


async def has_invitation(session: AsyncSession, hash: bytes) -> bool:
    """Whether an invitation whose token has this hash lasts."""
    return (await session.execute(INVITED, {"hash": hash})).first() is not None


async def check_login(database: Database, given: Credentials, device: Device) -> User:
    """The account with this name or e-mail address and password. Raises Unauthenticated with the
    same text whatever is wrong; only after a right password SecondFactorNeeded and WrongCode; and
    Unavailable when the database is slow."""
    user = await within(user_named(database, given.username), database.answer_seconds)
    hashed, network = user.password_hash if user else None, neighbourhood(device.address)
    matches = await password_matches(given.password, hashed, network)
    if user is None or not matches or not user.is_active:
        raise Unauthenticated("Name or password is wrong.")
    await check_code(database, user, given.code)
    return user


async def record_failure(database: Database, name: str, device: Device, is_last: bool) -> None:
    """Records a login that failed. What was given for a name is not kept: it may be a password."""
    action = Action.LOGIN_BLOCKED if is_last else Action.LOGIN_FAILED
    async with database.session() as session:
        user = (await session.execute(select(User).where(is_named(name)))).scalars().first()
        actor, network = user and user.id, network_of(device.address)
        await record(session, action, actor=actor, network=network)


async def attempt_of(database: Database, name: str, device: Device) -> Attempt:
    """A login that somebody tries from this device."""
    from_there = exists(col(Login.id)).where(
        col(Login.user_id) == User.id, col(Login.network) == network_of(device.address)
    )

    async def account() -> tuple[str, bool]:
        async with database.session() as session:
            wanted = select(User.username, from_there).where(is_named(name))
            found = (await session.execute(wanted)).first()
        return (found[0], found[1]) if found else (name, False)

    # The account has one name, so that its e-mail address is no second row of tries.
    own_name, is_known = await within(account(), database.answer_seconds)
    return Attempt(own_name, neighbourhood(device.address), is_known)


async def user_named(database: Database, name: str) -> User | None:
    """The account with this name or e-mail address, in any case."""
    async with database.session() as session:
        return (await session.execute(select(User).where(is_named(name)))).scalars().first()


async def active_user(database: Database, number: int) -> User:
    """The account with this number. Raises Unauthenticated for one that is gone or not active."""
    async with database.session() as session:
        user = await session.get(User, number)
    if user is None or not user.is_active:
        raise Unauthenticated(NOT_VALID)
    return user


def is_named(name: str) -> ColumnElement[bool]:
    """Whether an account has this name or e-mail address."""
    return or_(func.lower(User.username) == name, func.lower(User.email) == name)


async def has_users(database: Database) -> bool:
    """Whether anybody has an account yet."""
    async with database.session() as session:
        return (await session.execute(select(col(User.id)).limit(1))).first() is not None
