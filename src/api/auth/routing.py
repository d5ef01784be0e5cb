"""POST /api/auth/register, POST /api/auth/login, GET /api/auth/me."""

from fastapi import APIRouter, Request, Response

from api.auth.access import AppDatabase, AppSettings, CurrentUser
from api.auth.accounts import check_login, create_user
from api.auth.cookie import COOKIE
from api.auth.models import Login, Registration, Token, User, UserOut
from api.auth.security import issue_token
from api.errors import REFUSALS, Forbidden, Unauthenticated
from api.limits import TokenBuckets

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post("/register", status_code=201, responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def register(new: Registration, database: AppDatabase, settings: AppSettings) -> UserOut:
    """Creates an account. It can read public sites and those open to every member."""
    if settings.registration == "closed":
        raise Forbidden("Registration is closed; ask an administrator for an account.")
    return to_out(await create_user(database, new))


@router.post("/login", responses={401: REFUSALS[401], 429: REFUSALS[429]})
async def login(
    given: Login, request: Request, response: Response, database: AppDatabase, settings: AppSettings
) -> Token:
    """Exchanges e-mail and password for a token; a browser gets it as a cookie as well."""
    tries: TokenBuckets = request.app.state.login_tries
    with tries.trying(given.email, Unauthenticated, "Too many wrong passwords for this account."):
        user = await check_login(database, given)
    response.headers.update(tries.state(given.email))
    assert user.id is not None
    seconds = settings.access_token_expire_minutes * 60
    token = issue_token(user.id, settings.secret, settings.access_token_expire_minutes)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, seconds, httponly=True, samesite="lax", secure=secure)
    return Token(access_token=token, expires_in=seconds)


@router.post("/logout", status_code=204)
async def logout(response: Response) -> None:
    """Deletes the login cookie of the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


@router.get("/me")
async def me(user: CurrentUser) -> UserOut:
    """The account that is logged in."""
    return to_out(user)


def to_out(user: User) -> UserOut:
    return UserOut.model_validate(user, from_attributes=True)
