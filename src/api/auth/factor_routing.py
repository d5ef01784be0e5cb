"""/api/auth/second-factor: set it up, confirm it, and turn it off."""

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import ConfigDict

from api.auth.access import LoggedIn, RequestActor
from api.auth.account_routing import OWN, WITH_PASSWORD, Confirmation
from api.auth.application import AppDatabase, AppTries
from api.auth.models import Code
from api.auth.password_changes import check_password
from api.auth.second_factor import (
    begin_set_up,
    codes_left,
    confirm_set_up,
    turn_off,
    use_code,
)
from api.errors import REFUSALS, Forbidden
from api.instants import Instant
from api.schema import Record

router = APIRouter(prefix="/api/auth/second-factor", tags=["accounts"])


class SecondFactor(Record):
    """Whether an account has a second factor."""

    since: Instant | None
    """Since when logging in takes a code; null while it does not."""
    recovery_codes: int
    """How many recovery codes are left."""


class SecondFactorSecret(Record):
    """What an authenticator is set up with. It is shown once."""

    secret: str
    """The secret in base32, to type in: time-based, SHA-1, 6 digits, 30 seconds."""
    uri: str
    """The same as an otpauth address, to show as a QR code."""


class GivenCode(Record):
    """A code of the authenticator."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    """Six digits. Each is good once."""


class TurnOff(Confirmation):
    """The password of the account, and a code."""

    code: Code
    """A code of the authenticator, or a recovery code."""


class RecoveryCodes(Record):
    """Codes for the day on which the authenticator is lost. They are shown once."""

    codes: Sequence[str]
    """Each is good once, as `code` of a login."""


@router.get("", name="second_factor", responses=OWN)
async def read_second_factor(caller: LoggedIn, database: AppDatabase) -> SecondFactor:
    """Whether your account has a second factor."""
    since, left = caller.account.totp_since, await codes_left(database, caller.account)
    return SecondFactor(since=since, recovery_codes=left)


@router.post("", name="begin_second_factor", responses=WITH_PASSWORD | {409: REFUSALS[409]})
async def begin(
    given: Confirmation, caller: LoggedIn, database: AppDatabase, tries: AppTries
) -> SecondFactorSecret:
    """Begins to set up a second factor. It counts after a code was confirmed."""
    await check_password(tries, caller.account, given.password)
    secret, uri = await begin_set_up(database, caller.account)
    return SecondFactorSecret(secret=secret, uri=uri)


@router.post(
    "/confirm", name="confirm_second_factor", responses=WITH_PASSWORD | {409: REFUSALS[409]}
)
async def confirm(
    given: GivenCode, caller: LoggedIn, by: RequestActor, database: AppDatabase, tries: AppTries
) -> RecoveryCodes:
    """Turns the second factor on by a code of it: from now on, logging in takes one."""
    with tries.trying(caller.account.username, Forbidden, "Too many wrong codes."):
        codes = await confirm_set_up(database, caller.account, given.code, by)
    return RecoveryCodes(codes=codes)


@router.post("/disable", name="disable_second_factor", status_code=204, responses=WITH_PASSWORD)
async def disable(
    given: TurnOff, caller: LoggedIn, by: RequestActor, database: AppDatabase, tries: AppTries
) -> None:
    """Turns the second factor off, by password and code."""
    await check_password(tries, caller.account, given.password)
    with tries.trying(caller.account.username, Forbidden, "Too many wrong codes."):
        async with database.session() as session:
            if not await use_code(session, caller.account, given.code):
                raise Forbidden("The code is wrong, or was used already.")
            await turn_off(session, caller.account, by)
