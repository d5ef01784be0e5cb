"""What this service asks an OpenID Connect provider: its metadata, its keys, and an ID token for a
code (OpenID Connect Discovery 1.0, Core 1.0 section 3.1)."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast
from urllib.parse import quote

import httpx
import jwt
from jwt import PyJWK
from pydantic import BaseModel, ValidationError

from api.errors import Unauthenticated, Unavailable
from providers import OidcProvider, is_encrypted
from settings import Settings

log = logging.getLogger("analytics.oidc")

CALL_SECONDS = 10.0

MOST_BYTES = 256 * 1024
"""How much of a response is read. Sets of keys have some 30 kB."""

MOST_KEYS = 50

KEPT_SECONDS = 60 * 60.0
"""For how long metadata and keys are kept."""

BETWEEN_FETCHES = 60.0
"""How often keys are fetched again because a token names an unknown one, at most."""

PAUSE_SECONDS = 10.0
"""For how long a provider that failed is not asked for its metadata again."""

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
"""The signatures that are accepted, with the type of their keys; never those of shared secrets."""

AWAY = "The login provider does not answer as it should. Please try again later."


class Metadata(BaseModel):
    """What a provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False

    @property
    def algorithms(self) -> Sequence[str]:
        """The signatures that it uses and this service accepts."""
        return [one for one in ALGORITHMS if one in self.id_token_signing_alg_values_supported]

    @property
    def addresses(self) -> Sequence[str]:
        return self.authorization_endpoint, self.token_endpoint, self.jwks_uri


class Provider:
    """A provider, with its metadata and keys as far as they are kept."""

    def __init__(self, name: str, settings: OidcProvider) -> None:
        self.name = name
        self.settings = settings
        self.title = settings.title or name.capitalize()
        self.lock = asyncio.Lock()
        self.metadata_kept: tuple[float, Metadata] | None = None
        self.keys: Mapping[str | None, PyJWK] = {}
        self.keys_fetched = -KEPT_SECONDS
        self.failed = -PAUSE_SECONDS
        self.context: ssl.SSLContext = httpx.create_ssl_context()

    async def metadata(self) -> Metadata:
        """Its metadata, at most an hour old. Raises Unavailable."""
        async with self.lock:
            now = time.monotonic()
            if self.metadata_kept and now - self.metadata_kept[0] < KEPT_SECONDS:
                return self.metadata_kept[1]
            if now - self.failed < PAUSE_SECONDS:
                raise Unavailable(AWAY)
            try:
                found = await self.fetch_metadata()
            except Unavailable:
                self.failed = time.monotonic()
                raise
            self.metadata_kept = (now, found)
            return found

    async def fetch_metadata(self) -> Metadata:
        address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = Metadata.model_validate(await self.get(address))
        except ValidationError:
            raise self.away("its metadata is incomplete") from None
        if found.issuer != self.settings.issuer:
            raise self.away("its metadata is of another issuer")
        if not found.algorithms:
            raise self.away("it signs with neither RS256 nor ES256")
        is_local = self.settings.issuer.startswith("http:")
        if not all(is_encrypted(one) and (is_local or one.startswith("https:"))
                   for one in found.addresses):  # fmt: skip
            raise self.away("its metadata has addresses without https")
        return found

    async def key(self, kid: str | None) -> PyJWK:
        """The key with this id. Keys are fetched again after an hour, and for an id that is not
        known. Raises Unauthenticated and Unavailable."""
        metadata = await self.metadata()
        async with self.lock:
            age = time.monotonic() - self.keys_fetched
            if age >= KEPT_SECONDS or (kid not in self.keys and age >= BETWEEN_FETCHES):
                self.keys = usable_keys(await self.get(metadata.jwks_uri), metadata.algorithms)
                self.keys_fetched = time.monotonic()
        if kid is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        if kid not in self.keys:
            raise Unauthenticated("The login provider has no such key.")
        return self.keys[kid]

    async def exchange(self, code: str, verifier: str, redirect: str) -> str:
        """The ID token for a code. Raises Unauthenticated for a code that is not good (any more),
        and Unavailable."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        more, headers = self.proof(metadata)
        status, body = await self.ask(
            "POST", metadata.token_endpoint, data={**form, **more}, headers=headers
        )
        if status in (400, 401, 403):
            raise Unauthenticated("The login provider did not accept the code.")
        token = body.get("id_token") if status == 200 else None
        if not isinstance(token, str):
            raise self.away(f"it answered {status}, or without an ID token")
        return token

    def proof(self, metadata: Metadata) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The fields and headers by which the provider knows this client."""
        secret = self.settings.client_secret.get_secret_value()
        if not secret:
            return {}, {}
        if "client_secret_post" in metadata.token_endpoint_auth_methods_supported:
            return {"client_secret": secret}, {}
        # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
        basic = httpx.BasicAuth(quote(self.settings.client_id, ""), quote(secret, ""))
        request = next(basic.auth_flow(httpx.Request("POST", metadata.token_endpoint)))
        return {}, {"Authorization": request.headers["Authorization"]}

    async def get(self, address: str) -> Mapping[str, Any]:
        status, body = await self.ask("GET", address)
        if status != 200:
            raise self.away(f"it answered {status}")
        return body

    async def ask(self, method: str, address: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object of a response; no redirect is followed. Raises Unavailable."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        headers |= more.pop("headers", {})
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                httpx.AsyncClient(
                    verify=self.context, trust_env=False, timeout=CALL_SECONDS
                ) as client,
                client.stream(method, address, headers=headers, **more) as response,
            ):
                return response.status_code, as_object(await bounded_body(response))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise self.away(type(error).__name__) from None

    def away(self, reason: str) -> Unavailable:
        """Logs the reason. The refusal that is returned does not tell it to the caller."""
        log.warning("login provider %s: %s", self.name, reason)
        return Unavailable(AWAY)


async def bounded_body(response: httpx.Response) -> bytes:
    """The body as it was sent. Raises ValueError for one that is too long."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ValueError("the body is too long")
    return bytes(body)


def as_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object; an empty one for any other text."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else {}


def usable_keys(found: Mapping[str, Any], algorithms: Sequence[str]) -> Mapping[str | None, PyJWK]:
    """The keys of a set that verify signatures of these algorithms, by their ids."""
    listed = found.get("keys")
    keys: dict[str | None, PyJWK] = {}
    for each in cast(list[Any], listed)[:MOST_KEYS] if isinstance(listed, list) else ():
        with suppress(jwt.InvalidKeyError, ValueError, TypeError, AttributeError):
            keys |= usable_key(each, algorithms)
    return keys


def usable_key(each: Any, algorithms: Sequence[str]) -> Mapping[str | None, PyJWK]:
    for algorithm in algorithms:
        is_meant = each.get("kty") == ALGORITHMS[algorithm]
        is_meant = is_meant and each.get("alg", algorithm) == algorithm
        if is_meant and each.get("use", "sig") == "sig":
            return {each.get("kid"): PyJWK(each, algorithm)}
    return {}


def providers_of(settings: Settings) -> Mapping[str, Provider]:
    """The providers of an installation, by name."""
    return {name: Provider(name, each) for name, each in settings.oidc_providers.items()}
