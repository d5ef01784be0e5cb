"""/api/auth: log in at another provider, and which of them an account is linked to. The provider
sends the browser back to a page (see dashboard/provider_login.py)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, StringConstraints

from api.auth.access import LoggedIn, RequestActor
from api.auth.account_routing import OWN, WITH_PASSWORD, Confirmation
from api.auth.accounts import active_user, attempt_of, record_failure
from api.auth.application import AppDatabase, AppTries, database_of, device_of, tokens_of
from api.auth.cookie import FLOW_COOKIE, FLOW_PATH
from api.auth.models import Code, Secret, Token
from api.auth.oidc.flow import FLOW_MINUTES, Flow, authorization, new_flow, signed
from api.auth.oidc.identities import linked_since, unlink
from api.auth.oidc.provider import Provider
from api.auth.oidc.sign_in import provider_named, redirect_of
from api.auth.password_changes import check_password
from api.auth.second_factor import check_code
from api.auth.sign_in import begin_login
from api.auth.tokens import Purpose, hash_of
from api.auth.tries import LoginTries
from api.errors import REFUSALS, Unauthenticated
from api.instants import Instant
from api.schema import Record

router = APIRouter(prefix="/api/auth", tags=["accounts"])

UNKNOWN: dict[int | str, dict[str, Any]] = {404: REFUSALS[404], 503: REFUSALS[503]}

Named = Annotated[str, Path(max_length=30, description="The name of the provider.")]

Onward = Annotated[str, StringConstraints(max_length=500, pattern=r"^/[!-~]*$")]
"""A path of this service, in ASCII."""


class ProviderLogin(Record):
    """A login at a provider that is to begin."""

    model_config = ConfigDict(extra="forbid")

    next: Onward = "/"
    """The path of this service that the browser is sent to at the end."""
    invitation: Secret | None = None
    """The token of an invitation, where a new account takes one."""


class ProviderLink(Confirmation):
    """A provider that is to be linked to the account."""

    next: Onward = "/"
    """The path of this service that the browser is sent to at the end."""


class Begun(Record):
    """Where the login goes on."""

    address: str
    """The address at the provider that the browser is to open, within ten minutes. This response
    sets a cookie without which the provider's answer is refused."""


class IdentityOut(Record):
    """A provider of this installation."""

    provider: str
    """Its name."""
    title: str
    """What people call it."""
    linked_at: Instant | None
    """Since when your account is linked to it; null if it is not."""


class PendingLogin(Record):
    """A login that a provider has confirmed, and the code that it lacks."""

    model_config = ConfigDict(extra="forbid")

    pending: Annotated[str, StringConstraints(max_length=1000)]
    """What the login page got when the provider sent the browser back; good for five minutes."""
    code: Code
    """A code of the authenticator, or a recovery code."""


@router.post(
    "/providers/{provider}/login",
    name="begin_provider_login",
    responses=UNKNOWN,
)
async def begin_provider_login(
    provider: Named, given: ProviderLogin, request: Request, response: Response
) -> Begun:
    """Begins a login at an OpenID Connect provider, for browsers."""
    invitation = hash_of(given.invitation).hex() if given.invitation else ""
    flow = new_flow(provider, given.next, invitation=invitation)
    return await begun(request, response, provider_named(request, provider), flow)


async def begun(request: Request, response: Response, provider: Provider, flow: Flow) -> Begun:
    """The address at the provider. The response gets the cookie of the flow."""
    redirect = redirect_of(request, provider)
    address = authorization(provider, await provider.metadata(), flow, redirect)
    response.set_cookie(
        FLOW_COOKIE,
        signed(tokens_of(request), flow),
        round(FLOW_MINUTES * 60),
        path=FLOW_PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return Begun(address=address)


@router.post("/login/code", responses={401: REFUSALS[401], 429: REFUSALS[429]})
async def login_by_code(given: PendingLogin, request: Request, response: Response) -> Token:
    """Logs in an account with a second factor that a provider has confirmed. Wrong codes count as
    wrong passwords."""
    number = tokens_of(request).read_as(
        lambda body: int(body["sub"]), Purpose.PENDING, given.pending
    )
    database = database_of(request)
    user = await active_user(database, number)
    attempt = await attempt_of(database, user.username, device_of(request))
    tries: LoginTries = request.app.state.login_tries
    try:
        with tries.trying(attempt):
            await check_code(database, user, given.code)
    except Unauthenticated:
        is_last = tries.is_over(attempt)
        await record_failure(database, user.username, device_of(request), is_last)
        raise
    return await begin_login(request, response, user, attempt.is_known, by="provider")


@router.get("/identities", responses=OWN)
async def list_identities(
    request: Request, caller: LoggedIn, database: AppDatabase
) -> list[IdentityOut]:
    """The providers of this installation, and since when your account is linked to them."""
    since = await linked_since(database, caller.account)
    providers: dict[str, Provider] = request.app.state.providers
    return [
        IdentityOut(provider=name, title=each.title, linked_at=since.get(each.settings.issuer))
        for name, each in providers.items()
    ]


@router.post("/identities/{provider}", name="link_identity", responses=WITH_PASSWORD | UNKNOWN)
async def link_identity(
    provider: Named,
    given: ProviderLink,
    request: Request,
    response: Response,
    caller: LoggedIn,
    tries: AppTries,
) -> Begun:
    """Begins to link a provider to your account, for browsers. It takes the password: whoever may
    log in at the provider may then log in to the account."""
    found = provider_named(request, provider)
    await check_password(tries, caller.account, given.password)
    if caller.login is None:
        raise Unauthenticated
    flow = new_flow(provider, given.next, login=str(caller.login.id))
    return await begun(request, response, found, flow)


@router.delete(
    "/identities/{provider}",
    name="unlink_identity",
    status_code=204,
    responses=OWN | {404: REFUSALS[404], 409: REFUSALS[409]},
)
async def unlink_identity(
    provider: Named, request: Request, caller: LoggedIn, by: RequestActor, database: AppDatabase
) -> None:
    """Takes a provider from your account. 409 where there would be no other way to log in."""
    issuer = provider_named(request, provider).settings.issuer
    await unlink(database, caller.account, issuer, provider, by)
