"""Creates and finds users."""

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from api.auth.models import Login, Registration, User
from api.auth.security import hash_password, password_matches
from api.db.database import Database
from api.db.timeouts import within
from api.errors import Conflict, Unauthenticated


async def create_user(database: Database, new: Registration, is_admin: bool = False) -> User:
    """Stores a new user. Raises Conflict when the e-mail is taken."""
    user = User(
        email=new.email,
        name=new.name,
        password_hash=await hash_password(new.password),
        is_admin=is_admin,
    )
    try:
        async with database.session() as session:
            session.add(user)
    except IntegrityError as error:
        raise Conflict("An account with this e-mail exists already.") from error
    return user


async def check_login(database: Database, login: Login) -> User:
    """The user with this e-mail and password. Raises Unauthenticated with the same text whichever
    is wrong, and Unavailable when the database is slow."""
    user = await within(user_named(database, login.email), database.answer_seconds)
    if not await password_matches(login.password, user.password_hash if user else None):
        raise Unauthenticated("E-mail or password is wrong.")
    assert user is not None
    return user


async def user_named(database: Database, email: str) -> User | None:
    async with database.session() as session:
        found = await session.execute(select(User).where(func.lower(User.email) == email))
        return found.scalars().first()


async def has_users(database: Database) -> bool:
    """Whether anybody has an account yet."""
    async with database.session() as session:
        return (await session.execute(select(col(User.id)).limit(1))).first() is not None
