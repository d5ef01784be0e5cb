"""/api/auth: change and delete one's own account, its password, and its logins."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Path, Response
from pydantic import ConfigDict

from api.auth.access import LoggedIn, RequestActor
from api.auth.application import (
    AppDatabase,
    AppRegistrations,
    AppSettings,
    AppTries,
    FromDevice,
    admit,
)
from api.auth.changes import change_user, delete_user
from api.auth.cookie import COOKIE
from api.auth.logins import Login, end, logins_of
from api.auth.models import (
    Email,
    FullName,
    LoginName,
    NewPassword,
    Password,
    Secret,
    Username,
    UserOut,
    user_out,
)
from api.auth.password_changes import (
    RESET_MINUTES,
    change_password,
    check_password,
    mail_reset_link,
    reset_password,
)
from api.auth.trail import Action
from api.errors import REFUSALS, Forbidden, NotFound
from api.instants import Instant
from api.limits import network_of
from api.schema import Record

router = APIRouter(prefix="/api/auth", tags=["accounts"])

OWN: dict[int | str, dict[str, Any]] = {403: REFUSALS[403]}
WITH_PASSWORD = OWN | {429: REFUSALS[429]}


class OwnChange(Record):
    """What somebody changes of the own account. Fields that are left out or null stay."""

    model_config = ConfigDict(extra="forbid")

    username: Username | None = None
    """What the account logs in with, besides its e-mail address."""
    email: Email | None = None
    """The e-mail address. To change it takes the password."""
    full_name: FullName | None = None
    """How the dashboard calls the person."""
    password: Password | None = None
    """The password of the account, to change the e-mail address."""


class Confirmation(Record):
    """The password of the account, for what must not be done by mistake or by somebody else."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    """At most 72 bytes in UTF-8."""


class PasswordChange(Record):
    """A new password, and the one before."""

    model_config = ConfigDict(extra="forbid")

    old_password: Password
    """The password of the account now."""
    password: NewPassword
    """The new one: at least 8 characters, and at most 72 bytes in UTF-8; none of the commonest, and
    not like the name or the e-mail address."""


class PasswordReset(Record):
    """A new password, and a one-time token instead of the one before."""

    model_config = ConfigDict(extra="forbid")

    token: Secret
    """What came by e-mail, or what an administrator handed over."""
    password: NewPassword
    """The new one: at least 8 characters, and at most 72 bytes in UTF-8; none of the commonest, and
    not like the name or the e-mail address."""


class Forgotten(Record):
    """Somebody who does not know the password any more."""

    model_config = ConfigDict(extra="forbid")

    username: LoginName
    """The name or the e-mail address of the account, in any case."""


class ResetAsked(Record):
    """What happens next: the same whether there is such an account."""

    by_email: bool
    """Whether this installation sends e-mail; else an administrator makes the link."""
    valid_seconds: int
    """For how many seconds a link is good."""


class LoginOut(Record):
    """A login: a browser or program, until it logs out."""

    id: UUID
    """What it is called."""
    user_agent: str
    """How the browser or program calls itself."""
    network: str
    """The network that it was refreshed from last: of an IPv4 address the /24, of IPv6 the /48."""
    created_at: Instant
    """When it began."""
    last_used_at: Instant
    """When it was used last, or up to five minutes before that."""
    expires_at: Instant
    """When it ends by itself."""
    is_current: bool
    """Whether it is the one that asks."""


class Ended(Record):
    """Logins that have ended."""

    ended: int
    """How many."""


@router.patch("/me", responses=WITH_PASSWORD | {409: REFUSALS[409]})
async def change_me(
    wanted: OwnChange, caller: LoggedIn, by: RequestActor, database: AppDatabase, tries: AppTries
) -> UserOut:
    """Changes the account that is logged in. A new e-mail address takes the password."""
    if wanted.email not in (None, caller.account.email):
        if wanted.password is None:
            raise Forbidden("To change the e-mail address takes the password.")
        await check_password(tries, caller.account, wanted.password)
    changes = wanted.model_dump(exclude_none=True, exclude={"password"})
    return user_out(await change_user(database, caller.account.number, changes, by))


@router.post("/me/delete", status_code=204, responses=WITH_PASSWORD | {409: REFUSALS[409]})
async def delete_me(
    given: Confirmation,
    response: Response,
    caller: LoggedIn,
    by: RequestActor,
    database: AppDatabase,
    tries: AppTries,
) -> None:
    """Deletes the account that is logged in, with its logins, keys, memberships and jobs. 409 for
    the only owner of a site, and for the last superuser."""
    await check_password(tries, caller.account, given.password)
    await delete_user(database, caller.account.number, by)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


@router.post("/password", name="change_password", status_code=204, responses=WITH_PASSWORD)
async def change_own_password(
    given: PasswordChange,
    caller: LoggedIn,
    by: RequestActor,
    database: AppDatabase,
    tries: AppTries,
) -> None:
    """Sets a new password, and ends all other logins of the account. API keys stay."""
    await check_password(tries, caller.account, given.old_password)
    kept = caller.login.id if caller.login else None
    await change_password(database, caller.account, given.password, by, kept)


@router.post("/password/reset", status_code=204, responses={401: REFUSALS[401], 429: REFUSALS[429]})
async def reset_own_password(
    given: PasswordReset,
    database: AppDatabase,
    device: FromDevice,
    registrations: AppRegistrations,
) -> None:
    """Sets a new password by a one-time token, and ends all logins of the account. A second factor
    stays."""
    admit(registrations, device)
    await reset_password(database, given.token, given.password, network_of(device.address))


@router.post("/password/forgot", status_code=202, responses={429: REFUSALS[429]})
async def forgot_password(
    given: Forgotten,
    later: BackgroundTasks,
    database: AppDatabase,
    settings: AppSettings,
    device: FromDevice,
    registrations: AppRegistrations,
) -> ResetAsked:
    """Sends a link to set a new password, if there is such an account and a mail server is set. An
    account gets one in five minutes at most."""
    admit(registrations, device)
    if settings.smtp_host:
        network = network_of(device.address)
        later.add_task(mail_reset_link, database, settings, given.username, network)
    return ResetAsked(by_email=bool(settings.smtp_host), valid_seconds=round(RESET_MINUTES * 60))


@router.get("/logins", responses=OWN)
async def list_logins(caller: LoggedIn, database: AppDatabase) -> list[LoginOut]:
    """Your logins that have not ended, the one used last first."""
    found = await logins_of(database, caller.account.number)
    current = caller.login.id if caller.login else None
    return [login_out(login, is_current=login.id == current) for login in found]


def login_out(login: Login, is_current: bool) -> LoginOut:
    """A login as responses show it."""
    return LoginOut(**login.model_dump(include={*LoginOut.model_fields}), is_current=is_current)


@router.delete("/logins", name="end_other_logins", responses=OWN)
async def end_others(caller: LoggedIn, by: RequestActor, database: AppDatabase) -> Ended:
    """Ends all of your logins but this one, at once."""
    kept = caller.login.id if caller.login else None
    async with database.session() as session:
        ended = await end(session, caller.account.number, kept=kept)
        await by.record(session, Action.LOGINS_ENDED, ended=ended)
    return Ended(ended=ended)


@router.delete("/logins/{login_id}", status_code=204, responses=OWN)
async def end_login(
    login_id: Annotated[UUID, Path(description="The `id` of the login.")],
    caller: LoggedIn,
    by: RequestActor,
    database: AppDatabase,
) -> None:
    """Ends one of your logins, at once."""
    async with database.session() as session:
        if not await end(session, caller.account.number, login_id):
            raise NotFound("There is no such login, or it is not yours.")
        await by.record(session, Action.LOGINS_ENDED, ended=1)
