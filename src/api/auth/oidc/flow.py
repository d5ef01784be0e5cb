"""A login at a provider that has begun: what this service asked for, kept by the browser in a
signed cookie until the provider sends it back (authorization code flow with PKCE, RFC 7636)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from api.auth.oidc.id_token import NOT_CONFIRMED, Proven, is_same, verified
from api.auth.oidc.provider import Metadata, Provider
from api.auth.tokens import Purpose, Tokens, after, new_secret
from api.errors import Unauthenticated

FLOW_MINUTES = 10.0

SCOPE = "openid email profile"


@dataclass(frozen=True, slots=True)
class Flow:
    """What belongs to one login at a provider."""

    provider: str
    state: str
    nonce: str
    verifier: str
    onward: str
    """The path of this service to go to afterwards."""
    invitation: str = ""
    """The hash of the token of an invitation, in hexadecimal digits."""
    login: str = ""
    """The id of the login that asked to link the identity to its account; '' to log in."""


def new_flow(provider: str, onward: str, **more: str) -> Flow:
    """A login at this provider that begins now."""
    return Flow(provider, new_secret(), new_secret(), new_secret(), onward, **more)


def signed(tokens: Tokens, flow: Flow) -> str:
    """The text of the cookie."""
    about = {name: value for name, value in asdict(flow).items() if value}
    expires = after(minutes=FLOW_MINUTES)
    return tokens.sign(Purpose.PROVIDER, about | {"sub": flow.provider}, expires)


def flow_in(tokens: Tokens, cookie: str, provider: str) -> Flow:
    """The flow of a cookie. Raises Unauthenticated without one for this provider."""
    flow = tokens.read_as(flow_of, Purpose.PROVIDER, cookie)
    if flow.provider != provider:
        raise Unauthenticated(NOT_CONFIRMED)
    return flow


def flow_of(body: Mapping[str, Any]) -> Flow:
    """The flow in a token. Raises KeyError."""
    return Flow(
        provider=body["provider"],
        state=body["state"],
        nonce=body["nonce"],
        verifier=body["verifier"],
        onward=body["onward"],
        invitation=body.get("invitation", ""),
        login=body.get("login", ""),
    )


def authorization(provider: Provider, metadata: Metadata, flow: Flow, redirect: str) -> str:
    """The address at the provider to which the browser goes."""
    challenge = hashlib.sha256(flow.verifier.encode()).digest()
    return str(
        httpx.URL(metadata.authorization_endpoint).copy_merge_params(
            {
                "response_type": "code",
                "client_id": provider.settings.client_id,
                "redirect_uri": redirect,
                "scope": SCOPE,
                "state": flow.state,
                "nonce": flow.nonce,
                "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
    )


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider sends back by the browser."""

    code: str
    state: str
    iss: str
    """The provider as it names itself (RFC 9207); '' if it does not."""


async def completed(provider: Provider, flow: Flow, returned: Returned, redirect: str) -> Proven:
    """Who has logged in at the provider. Raises Unauthenticated for an answer that does not belong
    to this flow, or that the provider does not confirm, and Unavailable."""
    metadata = await provider.metadata()
    is_named = returned.iss or metadata.authorization_response_iss_parameter_supported
    if is_named and returned.iss != metadata.issuer:
        raise Unauthenticated(NOT_CONFIRMED)
    if not returned.code or not is_same(returned.state, flow.state):
        raise Unauthenticated(NOT_CONFIRMED)
    token = await provider.exchange(returned.code, flow.verifier, redirect)
    return await verified(provider, token, flow.nonce)
