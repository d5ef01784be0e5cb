"""/api/auth: register, log in, refresh, log out, and who one is."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.auth.access import AnyCaller, KnownCaller
from api.auth.accounts import attempt_of, check_login, create_user, has_invitation, record_failure
from api.auth.application import (
    AppDatabase,
    AppRegistrations,
    AppSettings,
    FromDevice,
    admit,
    database_of,
    device_of,
)
from api.auth.cookie import COOKIE
from api.auth.logins import end, refresh
from api.auth.models import (
    Credentials,
    RefreshIn,
    Registration,
    Token,
    UserOut,
    Verified,
    user_out,
)
from api.auth.sign_in import begin_login, token_of
from api.auth.tokens import hash_of
from api.auth.trail import Action, record
from api.auth.tries import LoginTries
from api.db.database import Database
from api.errors import (
    REFUSALS,
    Forbidden,
    Invalid,
    Problem,
    Unauthenticated,
    UnsupportedMedia,
    invalid,
)
from api.limits import network_of
from api.validation import problems_of

router = APIRouter(prefix="/api/auth", tags=["accounts"])

FORM = "application/x-www-form-urlencoded"

MOST_FIELDS = 20
"""How many fields a form may have; OAuth2 names seven."""

PASSWORD_FORM = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["username", "password"],
                "properties": {
                    "grant_type": {
                        "type": "string",
                        "enum": ["password"],
                        "description": "How OAuth2 calls this.",
                    },
                    "username": {
                        "type": "string",
                        "description": "The name or the e-mail address of the account.",
                    },
                    "password": {"type": "string", "description": "Its password."},
                    "code": {
                        "type": "string",
                        "description": "A code of its second factor, where it has one.",
                    },
                },
            }
        }
    },
}


@router.post(
    "/register", status_code=201, responses={status: REFUSALS[status] for status in (403, 409, 429)}
)
async def register(
    new: Registration,
    database: AppDatabase,
    settings: AppSettings,
    device: FromDevice,
    registrations: AppRegistrations,
) -> UserOut:
    """Creates an account. It reads public sites and those that are open to every account."""
    if settings.registration == "closed":
        raise Forbidden("Registration is closed; ask an administrator for an account.")
    admit(registrations, device)
    if settings.registration == "invite" or new.invitation is not None:
        await refuse_uninvited(database, new.invitation)
    return user_out(await create_user(database, new, network=network_of(device.address)))


async def refuse_uninvited(database: Database, invitation: str | None) -> None:
    """Raises Forbidden without the token of an invitation that lasts."""
    async with database.session() as session:
        if invitation is None or not await has_invitation(session, hash_of(invitation)):
            raise Forbidden("Registration takes an invitation, which must not have expired.")


@router.post("/login", responses={401: REFUSALS[401], 429: REFUSALS[429]})
async def login(given: Credentials, request: Request, response: Response) -> Token:
    """Exchanges name or e-mail address and password for a token; a browser gets it as a cookie as
    well."""
    return await log_in(given, request, response)


@router.post(
    "/token",
    openapi_extra={"requestBody": PASSWORD_FORM},
    responses={status: REFUSALS[status] for status in (400, 401, 413, 415, 422, 429)},
)
async def token(request: Request, response: Response) -> Token:
    """Logs in as OAuth2 does it, with the fields of a form (see POST /api/auth/login)."""
    return await log_in(await credentials_in_form(request), request, response)


async def credentials_in_form(request: Request) -> Credentials:
    """The credentials in a form. Raises UnsupportedMedia for other bodies, and Invalid."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != FORM:
        words = "is not supported here" if media else "is missing"
        raise UnsupportedMedia(problems=[Problem("content-type", words, [FORM])])
    text = (await request.body()).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise invalid("body", f"must have at most {MOST_FIELDS} fields") from None
    given = {name: fields[name] for name in Credentials.model_fields if name in fields}
    try:
        return Credentials.model_validate(given)
    except ValidationError as error:
        raise Invalid(problems=problems_of(error.errors(), given, Credentials, "body")) from None


async def log_in(given: Credentials, request: Request, response: Response) -> Token:
    """Checks the credentials, and begins a login."""
    database, device = database_of(request), device_of(request)
    tries: LoginTries = request.app.state.login_tries
    attempt = await attempt_of(database, given.username, device)
    try:
        with tries.trying(attempt):
            user = await check_login(database, given, device)
    except Unauthenticated:
        await record_failure(database, given.username, device, tries.is_over(attempt))
        raise
    response.headers.update(tries.state(attempt))
    return await begin_login(request, response, user, attempt.is_known)


@router.post("/refresh", responses={401: REFUSALS[401]})
async def refresh_login(given: RefreshIn, request: Request, database: AppDatabase) -> Token:
    """Exchanges a refresh token for the next tokens of the same login. Each is good once: the
    second use of one ends the login, as somebody else may have it."""
    login, refresh_token = await refresh(database, given.refresh_token, device_of(request))
    return token_of(request, login, refresh_token)


@router.post("/logout", status_code=204)
async def logout(response: Response, caller: AnyCaller, database: AppDatabase) -> None:
    """Ends the login, everywhere at once, and deletes the cookie of the browser."""
    if caller.login is not None:
        async with database.session() as session:
            await end(session, caller.login.user_id, caller.login.id)
            await record(session, Action.LOGGED_OUT, actor=caller.login.user_id)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


@router.get("/me")
async def me(caller: KnownCaller) -> UserOut:
    """The account that is logged in."""
    return user_out(caller.account)


@router.get("/verify")
async def verify(caller: KnownCaller) -> Verified:
    """Whether the token is valid: 401 if not."""
    return Verified(username=caller.account.username)
