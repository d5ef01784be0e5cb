"""The settings: a field's name in capitals is the environment variable."""

import os
import re
import secrets
from contextlib import suppress
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from providers import OidcProvider, ProviderName, parse_providers

LEAST_RETENTION_DAYS = 22
"""Raw data may still change for this long: an event may be 7 days late, its visit may have begun 7
days before it, and the widest bucket of a rollup is a week."""

LONGEST_RETENTION_DAYS = 36_500

PLACEHOLDERS = ("change", "replace", "secret", "example", "password", "your", "placeholder", "todo")

EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104
"""Values of HOST for which the server listens on all addresses of the machine."""


Network = IPv4Network | IPv6Network

EVERY_NETWORK: list[Network] = [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")]


def networks_in(text: str) -> list[Network]:
    """The addresses and networks in a list with commas, each as a network; * is every network.
    Raises ValueError for any other text."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return EVERY_NETWORK if "*" in names else [ip_network(name) for name in names]


class Settings(BaseSettings):
    """The settings of an installation, read from the environment and checked at the start."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str = Field(
        "", description="PostgreSQL address; empty starts the embedded server under DATA_DIR."
    )
    data_dir: Path = Field(
        Path(".data"), description="Where the embedded database and generated secrets live."
    )
    secret_key: str = Field(
        "",
        description="Signs logins, at least 32 random characters; generated under DATA_DIR "
        "when the embedded database is used.",
    )
    secret_key_previous: str = Field(
        "",
        description="The SECRET_KEY before this one: what it signed stays valid until it expires.",
    )
    access_token_expire_minutes: int = Field(
        30, gt=0, description="How long an access token is valid, in minutes; then it is refreshed."
    )
    login_days: int = Field(
        30, gt=0, le=365, description="How long a login lasts, in days, unless it is ended before."
    )
    db_timezone: str = Field("UTC", description="Time zone of a new site (IANA name).")
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8002, gt=0, lt=65536, description="Port the web server listens on.")
    base_url: str = Field(
        "",
        description="Address under which browsers reach the service, e.g. https://stats.example.com;"
        " for links and tracker snippets. Empty: the address that it listens on.",
    )
    hosts: str = Field(
        "",
        description="Host names, comma-separated, under which pages and API answer; empty: that of"
        " BASE_URL, or any without it. Events, script, probes and this machine are not restricted.",
    )
    api_origins: str = Field(
        "",
        description="Origins, comma-separated, whose pages may call the API with a token or key,"
        " e.g. https://board.example.com.",
    )
    docs: Literal["open", "off"] = Field(
        "open", description="Whether /docs, /redoc and /openapi.json are served."
    )
    workers: int = Field(1, gt=0, description="Web server processes.")
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="Addresses and networks of proxies that are trusted to tell the address of"
        " their client, comma-separated; * for all.",
    )
    country_header: str = Field(
        "", description="Header in which a trusted proxy sends the country, e.g. CF-IPCountry."
    )
    geoip_db: Path | None = Field(None, description="Path of a country or city mmdb file.")
    registration: Literal["open", "invite", "closed"] = Field(
        "open",
        description="open: anybody may register, and reads public sites and those open to every"
        " account, such as `default`. invite: whoever was invited to a site may. closed: only the"
        " command line makes accounts.",
    )
    registrations: int = Field(
        20,
        ge=0,
        description="Registrations, and requests to reset a password, from one network in an hour;"
        " 0 is no limit. This machine is not limited.",
    )
    oidc_providers: Annotated[dict[ProviderName, OidcProvider], NoDecode] = Field(
        default_factory=dict[ProviderName, OidcProvider],
        description="OpenID Connect providers to log in with, as a JSON object: name to issuer,"
        " client_id, client_secret and, for the button, title.",
    )
    smtp_host: str = Field(
        "",
        description="Mail server that sends links to reset a password, alerts and e-mail reports;"
        " empty sends no e-mail.",
    )
    smtp_port: int = Field(587, gt=0, lt=65536, description="Port of the mail server.")
    smtp_user: str = Field("", description="Name to log in to the mail server with, if any.")
    smtp_password: str = Field("", description="Password to log in to the mail server with.")
    smtp_from: str = Field("", description="Address that e-mail comes from.")
    smtp_tls: Literal["starttls", "tls", "off"] = Field(
        "starttls",
        description="How e-mail is encrypted on its way to the mail server: starttls or tls, whose"
        " certificates are checked; off takes no password.",
    )
    sites_by: Literal["anybody", "superusers"] = Field(
        "anybody", description="Who may create sites: anybody with an account, or superusers only."
    )
    timescaledb: Literal["auto", "off"] = Field(
        "auto",
        description="off uses plain PostgreSQL partitions even if TimescaleDB is installed.",
    )
    columnstore_after_days: int = Field(
        8,
        ge=0,
        description="TimescaleDB Community: days until chunks are compressed; 0 is never.",
    )
    retention_days: int = Field(
        0,
        ge=0,
        le=LONGEST_RETENTION_DAYS,
        description="Days for which events and visits are kept, rollups for ever; 0 is for ever. "
        "Each site may have its own setting.",
    )
    answer_within_seconds: float = Field(
        2.0,
        ge=0.5,
        description="Seconds until senders get 503 when the database is unavailable or slow.",
    )
    demo: bool = Field(True, description="Give an empty database a demo site with made-up traffic.")
    jobs: bool = Field(
        True,
        description="Run background jobs (rollups, expiry, …), and answer submitted jobs, here.",
    )

    changes_days: int = Field(
        7,
        gt=0,
        description="Days within which a copy of raw data must have read what changed.",
    )
    audit_days: int = Field(
        365, ge=30, description="Days for which entries of the audit log are kept."
    )
    rejected_days: int = Field(
        14,
        gt=0,
        description="Days for which rejected events are kept to be listed or replayed.",
    )
    rejected_rows: int = Field(
        1000, gt=0, description="How many rejected events of a site are kept; the oldest go first."
    )

    rate_per_ip: int = Field(
        500,
        ge=0,
        description="Events per second from one address, in bursts of up to a minute's worth; 0 is"
        " no limit. Editors of the site and this machine are not limited.",
    )
    rate_per_site: int = Field(
        0,
        ge=0,
        description="Events per second to one site, in bursts of up to a minute's worth; 0 is no"
        " limit.",
    )
    quota_per_site: int = Field(
        0, ge=0, description="Events per day to one site; 0 is no limit. Editors are not limited."
    )
    login_tries: int = Field(
        10,
        ge=0,
        description="Wrong passwords allowed per account and network in 15 minutes, and ten times"
        " as many per network; 0 is no limit.",
    )

    webhook_hosts: str = Field(
        "",
        description="Hosts (host or host:port, comma-separated) that webhooks may call whatever"
        " their IP addresses, and over http. All others need https and public addresses.",
    )
    alert_webhook: str = Field(
        "",
        description="Address that is told of what looks like an attack: too many wrong passwords, a"
        " login or API key from a new network, a refresh token used twice. As for webhooks: https"
        " and public, unless WEBHOOK_HOSTS allows it.",
    )
    metrics: Literal["local", "open", "off"] = Field(
        "local", description="Who may read /metrics: this machine only, anybody, or nobody."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people, or JSON lines for machines."
    )

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def refuse_weak_secret(cls, value: str) -> str:
        """Refuses a short or obvious secret. The message goes to logs, so it does not contain
        it."""
        if not value:
            return value
        if len(value) < 32:
            raise ValueError("is shorter than 32 characters; try: openssl rand -hex 32")
        if any(word in value.lower() for word in PLACEHOLDERS) or len(set(value)) < 10:
            raise ValueError("looks like a placeholder; try: openssl rand -hex 32")
        return value

    @field_validator("oidc_providers", mode="before")
    @classmethod
    def read_providers(cls, value: Any) -> Any:
        """The JSON object of the environment variable."""
        return parse_providers(value)

    @field_validator("base_url")
    @classmethod
    def refuse_other_addresses(cls, value: str) -> str:
        """Refuses anything but an HTTP address: it begins addresses in text that people copy."""
        if value and not re.fullmatch(r"https?://[^\s/?#\"'<>]+/*", value):
            raise ValueError("is not an address like https://stats.example.com")
        return value.rstrip("/")

    @field_validator("api_origins")
    @classmethod
    def refuse_what_is_no_origin(cls, value: str) -> str:
        """Refuses anything but origins: `*` would let every page ask with a key that it has."""
        for origin in listed(value):
            if not re.fullmatch(r"https?://[^\s/?#\"'<>*,]+/?", origin):
                raise ValueError("has an entry that is not an origin like https://example.com")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def refuse_host_names(cls, value: str) -> str:
        """Refuses anything but addresses and networks: the peer of a connection has no name."""
        networks_in(value)
        return value

    @field_validator("columnstore_after_days")
    @classmethod
    def refuse_early_compression(cls, value: int) -> int:
        """Refuses to compress chunks in which each event that arrives is looked up: its id, and
        the visit that it belongs to, may be a week old."""
        if 0 < value < 8:
            raise ValueError(
                "must be 0 or at least 8: an event is looked up among those of the week before"
            )
        return value

    @field_validator("retention_days")
    @classmethod
    def refuse_short_retention(cls, value: int) -> int:
        """Refuses to remove raw data of which a rollup may have to be computed again."""
        if 0 < value < LEAST_RETENTION_DAYS:
            raise ValueError(
                f"must be 0 or at least {LEAST_RETENTION_DAYS}: an event may be a week late, its"
                " visit a week long, and the bucket of a rollup a week wide"
            )
        return value

    @field_validator("db_timezone")
    @classmethod
    def refuse_unknown_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone name, e.g. Europe/Berlin")
        return value

    @field_validator("geoip_db")
    @classmethod
    def refuse_missing_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("is not a file")
        return value

    @model_validator(mode="after")
    def require_secret(self) -> Self:
        """Refuses a DATABASE_URL without SECRET_KEY: there is no default secret."""
        if self.database_url and not self.secret_key:
            raise ValueError("SECRET_KEY is missing; try: openssl rand -hex 32")
        return self

    @model_validator(mode="after")
    def refuse_unsafe_pairs(self) -> Self:
        if not self.retention_days:
            return self
        # A chunk (a week wide) that is compressed later would be removed right afterwards.
        if self.columnstore_after_days > self.retention_days - 7:
            raise ValueError(
                f"RETENTION_DAYS ({self.retention_days}) and COLUMNSTORE_AFTER_DAYS"
                f" ({self.columnstore_after_days}): chunks would be removed as soon as they are"
                " compressed. Raise RETENTION_DAYS to a week more at least, or set"
                " COLUMNSTORE_AFTER_DAYS=0"
            )
        if self.rejected_days > self.retention_days:
            raise ValueError(
                f"RETENTION_DAYS ({self.retention_days}) and REJECTED_DAYS"
                f" ({self.rejected_days}): rejected events would be kept longer than accepted"
                " ones. Lower REJECTED_DAYS or raise RETENTION_DAYS"
            )
        return self

    @model_validator(mode="after")
    def refuse_unsafe_mail(self) -> Self:
        """Refuses to send e-mail from nowhere, and a password in plain text."""
        if self.smtp_host and not self.smtp_from:
            raise ValueError("SMTP_FROM is missing: e-mail needs an address that it comes from")
        if self.smtp_password and self.smtp_tls == "off":
            raise ValueError("SMTP_TLS=off would send SMTP_PASSWORD in plain text")
        return self

    @model_validator(mode="after")
    def refuse_unsafe_alerts(self) -> Self:
        """Refuses an address that no alert could be sent to. It may have a secret in it."""
        is_http, rest = self.alert_webhook.startswith("http://"), self.alert_webhook[7:]
        is_allowed = is_http and rest.partition("/")[0].lower() in self.webhook_receivers
        if self.alert_webhook and not (is_allowed or self.alert_webhook.startswith("https://")):
            raise ValueError("ALERT_WEBHOOK is neither https nor of a host in WEBHOOK_HOSTS")
        return self

    @property
    def address(self) -> str:
        """The address for browsers: BASE_URL, else that of HOST and PORT. A server that listens on
        all addresses is reached at localhost."""
        host = "localhost" if self.host in EVERY_ADDRESS else self.host
        return self.base_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def webhook_receivers(self) -> frozenset[str]:
        """The hosts of WEBHOOK_HOSTS."""
        return frozenset(listed(self.webhook_hosts))

    @property
    def host_names(self) -> list[str]:
        """The host names of HOSTS."""
        return listed(self.hosts)

    @property
    def origins(self) -> list[str]:
        """The origins of API_ORIGINS."""
        return [origin.rstrip("/") for origin in listed(self.api_origins)]

    @cached_property
    def secret(self) -> str:
        """SECRET_KEY, or the secret that this installation generated at its first start."""
        return self.secret_key or generated_secret(self.data_dir / "secret_key")

    @property
    def secrets(self) -> list[str]:
        """The secret that signs, and the one before it, which is still read."""
        return [self.secret, *filter(None, [self.secret_key_previous])]


def listed(text: str) -> list[str]:
    """The entries of a list that is separated by commas, in lower case."""
    return [entry for part in text.split(",") if (entry := part.strip().lower())]


def generated_secret(path: Path) -> str:
    """The secret in this file, which is generated on first use and private to its owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(draft, secrets.token_hex(32))
        with suppress(FileExistsError):  # another process may have been first
            os.link(draft, path)
        draft.unlink()
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whatever an older file allowed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with open(path, "x", opener=private_file) as file:
        file.write(text)


def private_file(path: str, flags: int) -> int:
    """Opens a file that only its owner may read; an `opener` of open()."""
    return os.open(path, flags, 0o600)
