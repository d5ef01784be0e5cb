"""OpenID Connect providers, as the setting OIDC_PROVIDERS names them."""

import json
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""The only hosts that are asked without encryption."""

MOST_PROVIDERS = 10


class OidcProvider(BaseModel):
    """A provider, and how this installation is registered there."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    issuer: str
    """The provider as its tokens name it, to the character, e.g. https://accounts.google.com."""
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: SecretStr = SecretStr("")
    """Empty for a client without one."""
    title: Annotated[str, Field(max_length=50)] = ""
    """What the button of the login page says; by default the name."""

    @field_validator("issuer")
    @classmethod
    def refuse_unsafe_issuer(cls, value: str) -> str:
        """Refuses an address without encryption, or with a query."""
        if not is_encrypted(value) or re.search(r"[?#\s]", value):
            raise ValueError("is not an https address like https://accounts.google.com")
        return value


def is_encrypted(address: str) -> bool:
    """Whether an address is one of https, or of http on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    is_local = parts.scheme == "http" and host in THIS_MACHINE
    return bool(host) and "@" not in parts.netloc and (parts.scheme == "https" or is_local)


def parse_providers(text: Any) -> Any:
    """The object in a JSON text. Raises ValueError, without the text: it has secrets."""
    if not isinstance(text, str):
        return text
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(found, dict) or len(found) > MOST_PROVIDERS:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"is not a JSON object of at most {MOST_PROVIDERS} providers")
    return found  # pyright: ignore[reportUnknownVariableType]


ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
"""The name of a provider: part of its callback's address."""
