"""An OpenID Connect provider on loopback, and a browser that logs in there.

It keeps the rules: a code is good once, for one redirect and with its PKCE verifier. What it signs,
and how, is set by the test.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT = {"client_id": "analytics", "client_secret": "canary-client-secret"}

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Claims = dict[str, Any]
Sign = Callable[[Claims], str]


def signed(claims: Claims, key: Any = RSA_KEY, alg: str = "RS256", kid: str = "rsa") -> str:
    """An ID token."""
    return jwt.encode(claims, key, algorithm=alg, headers={"kid": kid})


def public(key: Any, kid: str) -> Claims:
    """The public key as the provider lists it."""
    kind = jwt.algorithms.ECAlgorithm if key is EC_KEY else jwt.algorithms.RSAAlgorithm
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"}


@dataclass
class TestProvider:
    """What the provider says; tests change it."""

    __test__ = False

    issuer: str = ""
    metadata: Claims = field(default_factory=dict[str, Any])
    """What is said beside, or instead of, the usual."""
    keys: list[Claims] = field(default_factory=lambda: [public(RSA_KEY, "rsa")])
    sign: Sign = signed
    codes: dict[str, Claims] = field(default_factory=dict[str, Any])
    """What belongs to each code: query of the authorization, and claims."""
    asked: list[str] = field(default_factory=list[str])
    """The paths that were asked for."""
    person: Claims = field(default_factory=dict[str, Any])
    """Claims of whoever opens the authorization endpoint in a real browser."""
    redirects: str = ""
    """Where all requests are sent on to."""

    def reset(self) -> None:
        """Goes back to the usual."""
        self.metadata, self.keys, self.sign = {}, [public(RSA_KEY, "rsa")], signed
        self.redirects = ""
        self.asked.clear()

    def document(self) -> Claims:
        """Its metadata."""
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return usual | self.metadata

    def authorize(self, address: str, **claims: Any) -> dict[str, str]:
        """What the provider sends back by the browser of somebody who logs in at this address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = uuid4().hex
        usual = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "iat": round(time()),
            "exp": round(time()) + 300,
            "nonce": asked["nonce"],
        }
        self.codes[code] = {"asked": asked, "claims": usual | claims}
        return {"code": code, "state": asked["state"]}

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        """The answer of the token endpoint."""
        proof = base64.b64encode(":".join(CLIENT.values()).encode()).decode()
        if authorization != f"Basic {proof}":
            return 401, {"error": "invalid_client"}
        kept = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        sent = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if kept is None or kept["asked"]["code_challenge"] != sent:
            return 400, {"error": "invalid_grant"}
        if kept["asked"]["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.sign(kept["claims"]), "token_type": "Bearer"}


def handler_of(provider: TestProvider) -> type[BaseHTTPRequestHandler]:
    """What answers the requests to a provider."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(307 if provider.redirects else status)
            if provider.redirects:
                self.send_header("Location", f"{provider.redirects}{self.path}")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:  # (the name that http.server calls)
            provider.asked.append(self.path)
            if self.path.startswith("/authorize?"):
                self.send_back(provider.authorize(self.path, **provider.person))
                return
            is_keys = self.path == "/keys"
            self.answer(200, {"keys": provider.keys} if is_keys else provider.document())

        def send_back(self, query: dict[str, str]) -> None:
            """Sends a browser back to where it came from."""
            redirect = provider.codes[query["code"]]["asked"]["redirect_uri"]
            self.send_response(302)
            self.send_header("Location", f"{redirect}?{urlencode(query)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*provider.exchange(form, self.headers.get("authorization", "")))

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def running_provider() -> Iterator[TestProvider]:
    """A provider for as long as the block lasts."""
    provider = TestProvider()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(provider)) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Browser:
    """A browser of somebody who has an account at the provider."""

    client: httpx.AsyncClient
    provider: TestProvider
    subject: str = field(default_factory=lambda: uuid4().hex)
    claims: Claims = field(default_factory=dict[str, Any])

    @property
    def email(self) -> str:
        return f"{self.subject[:12]}@provider.example"

    async def begin(self, **given: Any) -> httpx.Response:
        """Presses the button of the login page."""
        self.client.cookies.clear()
        return await self.client.post("/api/auth/providers/test/login", json=given)

    async def come_back(self, address: str, **changed: str) -> httpx.Response:
        """Logs in at the provider, which sends the browser back, and opens that address."""
        claims = {"sub": self.subject, "email": self.email, "email_verified": True}
        query = self.provider.authorize(address, **(claims | self.claims)) | changed
        return await self.client.get("/login/test/callback", params=query)

    async def log_in(self, **given: Any) -> httpx.Response:
        """Logs in by the provider; the answer of the last page."""
        begun = await self.begin(**given)
        assert begun.status_code == 200, begun.text
        return await self.come_back(begun.json()["address"])

    async def me(self) -> httpx.Response:
        """The account that the cookie of the browser belongs to."""
        return await self.client.get("/api/auth/me")
