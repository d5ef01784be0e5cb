"""The page to which an OpenID Connect provider sends the browser back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from api.auth.access import AnyCaller
from api.auth.application import tokens_of
from api.auth.callers import Caller
from api.auth.cookie import FLOW_COOKIE, FLOW_PATH
from api.auth.oidc.flow import Returned, flow_in
from api.auth.oidc.sign_in import (
    account_of,
    link_to_caller,
    log_in,
    pending,
    proven_by,
    provider_named,
)
from api.errors import DATABASE_AWAY, AnalyticsError, to_analytics_error
from dashboard.routing import login_form, own_path

router = APIRouter(include_in_schema=False)

Returning = Annotated[str, Query(max_length=4000)]


@router.get("/login/{provider}/callback", response_model=None)
async def callback(
    request: Request,
    provider: str,
    caller: AnyCaller,
    code: Returning = "",
    state: Returning = "",
    iss: Returning = "",
) -> Response:
    """Logs in whom the provider confirms, or links them to the account that asked for it. What goes
    wrong is told on the login page. The cookie of the flow is good once in each browser."""
    try:
        response = await outcome(request, caller, provider, Returned(code, state, iss))
    except (AnalyticsError, *DATABASE_AWAY) as error:
        refusal = to_analytics_error(error)
        response = await login_form(request, refusal.status, "/", problem=refusal.detail)
        response.headers.update(refusal.headers)
    response.delete_cookie(FLOW_COOKIE, FLOW_PATH, httponly=True, samesite="lax")
    return response


async def outcome(request: Request, caller: Caller, name: str, returned: Returned) -> Response:
    """The response to a provider's answer. Raises AnalyticsError."""
    provider = provider_named(request, name)
    flow = flow_in(tokens_of(request), request.cookies.get(FLOW_COOKIE, ""), name)
    proven = await proven_by(request, provider, flow, returned)
    headers = {"Cache-Control": "no-store"}
    response = RedirectResponse(own_path(flow.onward), 303, headers)
    if flow.login:
        await link_to_caller(request, caller, provider, flow, proven)
        return response
    user = await account_of(request, provider, flow, proven)
    if user.totp_since is not None:
        return await login_form(request, 200, flow.onward, pending=pending(request, user))
    await log_in(request, response, user, provider=name)
    return response
