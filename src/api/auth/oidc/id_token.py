"""Verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7)."""

import hmac
from dataclasses import dataclass
from typing import Any

import jwt

from api.auth.oidc.provider import Provider
from api.errors import Unauthenticated
from api.text import refuse_unstorable, replace_unstorable

LEEWAY_SECONDS = 60
"""How far the provider's clock may be off."""

LONGEST_SUBJECT = 255

REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]

NOT_CONFIRMED = "The login provider did not confirm this login. Please try again."


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is to a provider."""

    issuer: str
    subject: str
    email: str = ""
    is_verified: bool = False
    """Whether the provider says that the e-mail address belongs to them."""
    name: str = ""


async def verified(provider: Provider, token: str, nonce: str) -> Proven:
    """What an ID token says of somebody. Raises Unauthenticated unless the provider made it for
    this client and this login, and Unavailable."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        claims = decoded(provider, token, await provider.key(kid))
        if is_for(claims, provider.settings.client_id) and is_same(claims["nonce"], nonce):
            return proven(claims)
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError, TypeError, RecursionError):
        pass  # what is wrong with it is nobody's business
    raise Unauthenticated(NOT_CONFIRMED)


def decoded(provider: Provider, token: str, key: jwt.PyJWK) -> dict[str, Any]:
    # The key says which signature is good, never the token.
    return jwt.decode(  # pyright: ignore[reportUnknownMemberType]
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=provider.settings.client_id,
        issuer=provider.settings.issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": REQUIRED, "enforce_minimum_key_length": True},
    )


def is_for(claims: dict[str, Any], client: str) -> bool:
    """Whether the token was made for this client; `azp` says so where there are several."""
    is_only = claims["aud"] in (client, [client])
    return claims.get("azp", client if is_only else None) == client


def is_same(given: Any, expected: str) -> bool:
    """Whether a text that was given is the expected one."""
    sent = given.encode("utf-8", "replace") if isinstance(given, str) else b""
    return hmac.compare_digest(sent, expected.encode())


def proven(claims: dict[str, Any]) -> Proven:
    """Who the claims are about. Raises ValueError for a subject that cannot be stored."""
    subject, email, name = (claims.get(each) for each in ("sub", "email", "name"))
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise ValueError("the subject is missing or too long")
    return Proven(
        issuer=claims["iss"],
        subject=refuse_unstorable(subject),
        email=email if isinstance(email, str) else "",
        is_verified=claims.get("email_verified") is True,
        name=replace_unstorable(name) if isinstance(name, str) else "",
    )
