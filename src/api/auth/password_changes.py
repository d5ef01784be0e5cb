"""Changes passwords: with the old one, or with a one-time token."""

import logging
import smtplib
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.auth.accounts import user_named
from api.auth.logins import end
from api.auth.models import User
from api.auth.one_time import Use, discard, issue, owner, use_up, was_issued_since
from api.auth.passwords import hash_password, password_matches
from api.auth.strength import refuse_guessable
from api.auth.tokens import after
from api.auth.trail import Action, Actor
from api.db.database import Database
from api.errors import AnalyticsError, Forbidden, invalid
from api.limits import TokenBuckets
from api.mail import send_mail
from settings import Settings

log = logging.getLogger("analytics.accounts")

RESET_MINUTES = 60.0
"""For how long a link to set a new password is good."""

BETWEEN_MAILS = timedelta(minutes=5)
"""How often an account gets such a link by e-mail at most."""

SUBJECT = "Set a new password"

TEXT = """\
Somebody, probably you, asked for a new password for the account {username}.

Set it here within an hour:
{link}

If it was not you, do nothing: the password stays as it is.
"""


async def check_password(tries: TokenBuckets, user: User, password: str) -> None:
    """Raises Forbidden for a wrong password of an account that is logged in, and TooManyRequests
    after too many."""
    wrong = "Too many wrong passwords for this account."
    with tries.trying(user.username, Forbidden, wrong):
        if not await password_matches(password, user.password_hash):
            raise Forbidden("The password is wrong.")


async def change_password(
    database: Database, user: User, new: str, by: Actor, kept: UUID | None = None
) -> None:
    """Sets a new password, and ends all logins but one that is kept. Raises Invalid for one that is
    easy to guess."""
    refuse_own_names(user, new)
    hashed = await hash_password(new)
    async with database.session() as session:
        await store_password(session, user, hashed, Action.PASSWORD_CHANGED, by, kept)


async def reset_password(database: Database, token: str, new: str, network: str) -> None:
    """Sets a new password by a one-time token, and ends all logins. Raises Unauthenticated for one
    that is not good, and Invalid."""
    async with database.session() as session:
        user = await owner(session, token, Use.PASSWORD)
    refuse_own_names(user, new)
    hashed = await hash_password(new)
    by = Actor(user.number, network)
    async with database.session() as session:
        await use_up(session, token)
        await store_password(session, user, hashed, Action.PASSWORD_RESET, by)


def refuse_own_names(user: User, password: str) -> None:
    try:
        refuse_guessable(password, user.username, user.email)
    except ValueError as error:
        raise invalid("password", str(error)) from None


async def store_password(
    session: AsyncSession,
    user: User,
    hashed: str,
    action: Action,
    by: Actor,
    kept: UUID | None = None,
) -> None:
    stored = update(User).where(col(User.id) == user.id).values(password_hash=hashed)
    await session.execute(stored)
    await end(session, user.number, kept=kept)
    await discard(session, user.number, Use.PASSWORD)
    await by.record(session, action, user=user.number)


async def reset_link(session: AsyncSession, settings: Settings, user: User, by: Actor) -> str:
    """A link with which the account may set a new password within an hour. The token is behind the
    #, which browsers send to nobody."""
    token = await issue(session, user.number, Use.PASSWORD, RESET_MINUTES)
    await by.record(session, Action.RESET_ASKED, user=user.number)
    return f"{settings.address}/login#reset={token}"


async def mail_reset_link(database: Database, settings: Settings, name: str, network: str) -> None:
    """Sends a link to the account with this name or address, if there is one, unless it got one a
    moment ago. What goes wrong is logged, without the address."""
    try:
        user = await user_named(database, name)
        if user is None or not user.is_active:
            return
        async with database.session() as session:
            if await was_sent(session, user):
                return
            link = await reset_link(session, settings, user, Actor(None, network))
        text = TEXT.format(username=user.username, link=link)
        await send_mail(settings, user.email, SUBJECT, text)
    except (smtplib.SMTPException, OSError, AnalyticsError) as error:
        log.warning("cannot send a link to reset a password: %s", type(error).__name__)


async def was_sent(session: AsyncSession, user: User) -> bool:
    earliest = after(minutes=RESET_MINUTES) - BETWEEN_MAILS
    return await was_issued_since(session, user.number, Use.PASSWORD, earliest)
