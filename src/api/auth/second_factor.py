"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for the day on
which it is lost."""

import base64
import hmac
import re
import secrets
import time
from collections.abc import Sequence

from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import BigInteger, delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col, select

from api.auth.models import User
from api.auth.tokens import hash_of
from api.auth.trail import Action, Actor, record
from api.db.database import Database
from api.errors import Conflict, Forbidden, SecondFactorNeeded, WrongCode
from api.sites.models import utc_now

ISSUER = "Analytics"
"""What authenticators call the service."""

STEP_SECONDS = 30

RECOVERY_CODES = 10

TOTP_CODE = re.compile(r"[0-9]{6}")


class RecoveryCode(SQLModel, table=True):
    """A code that is good once instead of one of the authenticator. It is random, of 80 bits, so a
    fast hash is enough."""

    __tablename__ = "recovery_code"  # pyright: ignore[reportAssignmentType]

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes = Field(primary_key=True)


async def check_code(database: Database, user: User, code: str | None) -> None:
    """Uses up a code of an account that has a second factor. Raises SecondFactorNeeded without one,
    and WrongCode for one that is wrong or was used."""
    if user.totp_since is None:
        return
    if code is None:
        raise SecondFactorNeeded
    async with database.session() as session:
        is_good = await use_code(session, user, code)
    if not is_good:
        raise WrongCode


async def use_code(session: AsyncSession, user: User, code: str) -> bool:
    """Whether this code of an account is good; from now on it is not any more."""
    plain = re.sub(r"[\s-]", "", code)
    if TOTP_CODE.fullmatch(plain):
        return await use_totp(session, user, plain)
    return await use_recovery_code(session, user, plain.lower())


async def use_totp(session: AsyncSession, user: User, code: str) -> bool:
    step = step_of(user.totp_secret or "", code, time.time())
    if step is None:
        return False
    used = update(User).where(col(User.id) == user.id, col(User.totp_last_step) < step)
    found = await session.execute(used.values(totp_last_step=step).returning(col(User.id)))
    return found.first() is not None


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step (of 30 seconds) whose code this is: the current one, the one before or after."""
    totp, current = TOTP(secret), int(now) // STEP_SECONDS
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


async def use_recovery_code(session: AsyncSession, user: User, code: str) -> bool:
    used = delete(RecoveryCode).where(
        col(RecoveryCode.user_id) == user.id, col(RecoveryCode.hash) == hash_of(code)
    )
    found = (await session.execute(used.returning(col(RecoveryCode.user_id)))).first()
    if found is not None:
        await record(session, Action.RECOVERY_CODE_USED, actor=user.number)
    return found is not None


async def begin_set_up(database: Database, user: User) -> tuple[str, str]:
    """A new secret, and the otpauth address that authenticators take as a QR code. It counts once a
    code was confirmed. Raises Conflict where there is a second factor already."""
    secret = random_base32()
    fresh = {"totp_secret": secret, "totp_last_step": 0}
    begun = update(User).where(col(User.id) == user.id, col(User.totp_since).is_(None))
    async with database.session() as session:
        found = await session.execute(begun.values(**fresh).returning(col(User.id)))
        if found.first() is None:
            raise Conflict("This account has a second factor already.")
    return secret, TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


async def confirm_set_up(database: Database, user: User, code: str, by: Actor) -> Sequence[str]:
    """Turns the second factor on, and returns recovery codes, which are stored as hashes only.
    Raises Forbidden for a wrong code, and Conflict where no set-up has begun."""
    if user.totp_secret is None or user.totp_since is not None:
        raise Conflict("There is no second factor to confirm.")
    codes = [recovery_code() for _ in range(RECOVERY_CODES)]
    async with database.session() as session:
        if not await use_totp(session, user, re.sub(r"[\s-]", "", code)):
            raise Forbidden("The code is wrong.")
        on = update(User).where(col(User.id) == user.id).values(totp_since=utc_now())
        await session.execute(on)
        await session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user.id))
        hashes = [hash_of(code.replace("-", "")) for code in codes]
        session.add_all(RecoveryCode(user_id=user.number, hash=each) for each in hashes)
        await by.record(session, Action.SECOND_FACTOR_ON)
    return codes


def recovery_code() -> str:
    """80 random bits as four groups of letters and digits."""
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))


async def codes_left(database: Database, user: User) -> int:
    """How many recovery codes an account has."""
    wanted = select(func.count()).where(col(RecoveryCode.user_id) == user.id)
    async with database.session() as session:
        return (await session.execute(wanted)).scalar_one()


async def turn_off(session: AsyncSession, user: User, by: Actor) -> None:
    """Removes the second factor of an account with its recovery codes, and records who did so."""
    off = update(User).where(col(User.id) == user.id).values(totp_secret=None, totp_since=None)
    await session.execute(off)
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user.id))
    await by.record(session, Action.SECOND_FACTOR_OFF, user=user.number)
