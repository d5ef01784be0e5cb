"""Begins a login once it is known whose it is: cookie, tokens, and a row of the audit log."""

from typing import Any

from fastapi import Request, Response

from api.auth.application import database_of, device_of, settings_of, tokens_of
from api.auth.cookie import COOKIE
from api.auth.logins import Login, begin
from api.auth.models import Token, User
from api.auth.tokens import Purpose, after
from api.auth.trail import Action, record
from api.limits import network_of
from api.sites.models import utc_now


async def begin_login(
    request: Request, response: Response, user: User, is_known: bool, **detail: Any
) -> Token:
    """Begins a login of an account. The response gets the cookie; `is_known` says whether the
    account has logged in from this network before."""
    device, days = device_of(request), settings_of(request).login_days
    async with database_of(request).session() as session:
        login, refresh_token = await begin(session, user, device, days)
        action = Action.LOGGED_IN if is_known else Action.LOGGED_IN_FROM_NEW_NETWORK
        network = network_of(device.address)
        await record(session, action, actor=user.number, network=network, **detail)
    set_cookie(request, response, login)
    return token_of(request, login, refresh_token)


def set_cookie(request: Request, response: Response, login: Login) -> None:
    cookie = tokens_of(request).issue(Purpose.COOKIE, login.claims, login.expires_at)
    seconds = settings_of(request).login_days * 24 * 60 * 60
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, cookie, seconds, httponly=True, samesite="lax", secure=secure)


def token_of(request: Request, login: Login, refresh_token: str) -> Token:
    """The tokens of a login. The access token does not outlast it."""
    minutes = settings_of(request).access_token_expire_minutes
    expires = min(after(minutes=minutes), login.expires_at)
    return Token(
        access_token=tokens_of(request).issue(Purpose.ACCESS, login.claims, expires),
        expires_in=round((expires - utc_now()).total_seconds()),
        refresh_token=refresh_token,
    )
