"""What becomes of an identity that a provider has confirmed: a login, the question for a code, or a
link to the account that asked for it."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from fastapi import Request, Response

from api.auth.accounts import attempt_of
from api.auth.application import (
    admit,
    database_of,
    device_of,
    network_from,
    registrations_of,
    settings_of,
    tokens_of,
)
from api.auth.callers import Caller
from api.auth.models import User
from api.auth.oidc.flow import Flow, Returned, completed
from api.auth.oidc.id_token import NOT_CONFIRMED, Proven
from api.auth.oidc.identities import link, owner_of, refuse_registration, register
from api.auth.oidc.provider import Provider
from api.auth.sign_in import begin_login
from api.auth.tokens import Purpose, after
from api.auth.trail import Action, Actor, record
from api.auth.tries import OF_NETWORK, LoginTries
from api.errors import Conflict, NotFound, Unauthenticated
from api.limits import neighbourhood

PENDING_MINUTES = 5.0
"""For how long somebody may take to type the code of the second factor."""


def provider_named(request: Request, name: str) -> Provider:
    """The provider with this name. Raises NotFound."""
    providers: Mapping[str, Provider] = request.app.state.providers
    if name not in providers:
        raise NotFound("There is no such login provider.")
    return providers[name]


def redirect_of(request: Request, provider: Provider) -> str:
    """The address to which the provider sends browsers back."""
    return f"{settings_of(request).address}/login/{provider.name}/callback"


async def proven_by(request: Request, provider: Provider, flow: Flow, returned: Returned) -> Proven:
    """Who has logged in at a provider. Raises Unauthenticated, which is recorded and counts as a
    wrong password of its network, TooManyRequests, and Unavailable."""
    tries: LoginTries = request.app.state.login_tries
    network = neighbourhood(device_of(request).address)
    limited = tries.by_network.trying(network, Unauthenticated, OF_NETWORK)
    try:
        with limited if network else nullcontext():
            return await completed(provider, flow, returned, redirect_of(request, provider))
    except Unauthenticated:
        async with database_of(request).session() as session:
            where, name = network_from(request), provider.name
            await record(session, Action.LOGIN_FAILED, None, network=where, provider=name)
        raise


async def account_of(request: Request, provider: Provider, flow: Flow, proven: Proven) -> User:
    """The account of an identity, which is made where that is allowed. Raises Unauthenticated for
    one that is not active, Forbidden and TooManyRequests."""
    database = database_of(request)
    user = await owner_of(database, proven)
    if user is None:
        await refuse_registration(database, settings_of(request), proven, flow)
        admit(registrations_of(request), device_of(request))
        user = await register(database, proven, provider.name, network_from(request))
    if not user.is_active:
        raise Unauthenticated(NOT_CONFIRMED)
    return user


async def log_in(request: Request, response: Response, user: User, **detail: Any) -> None:
    """Begins a login of an account. The response gets its cookie."""
    attempt = await attempt_of(database_of(request), user.username, device_of(request))
    await begin_login(request, response, user, attempt.is_known, **detail)


def pending(request: Request, user: User) -> str:
    """A token with which the account logs in by a code of its second factor alone."""
    about, expires = {"sub": str(user.number)}, after(minutes=PENDING_MINUTES)
    return tokens_of(request).sign(Purpose.PENDING, about, expires)


async def link_to_caller(
    request: Request, caller: Caller, provider: Provider, flow: Flow, proven: Proven
) -> None:
    """Links an identity to the account that asked for it, if its login still lasts in this browser.
    Raises Unauthenticated and Conflict."""
    if caller.login is None or str(caller.login.id) != flow.login:
        raise Unauthenticated("Log in to your account first, and link the provider again.")
    owner = await owner_of(database_of(request), proven)
    if owner is not None and owner.number != caller.account.number:
        raise Conflict("This login belongs to another account.")
    if owner is None:
        by = Actor(caller.account.number, network_from(request))
        await link(database_of(request), proven, caller.account, provider.name, by)
