"""Secrets and addresses with marks in them, through a real service: none is found in its logs, its
database, or an answer other than the one that gives it out.

By design the first start prints the first password. The database keeps hashes of secrets, the first
characters of an API key, and of an address its network (/24 or /48) with logins, API keys and the
audit log.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from api.db.embedded import embedded_server
from processes import Service, cli, running

PASSWORD = "canary-password-5f1e"
LINK_PASSWORD = "canary-link-password-9c2d"
ADDRESSES = ("203.0.113.77", "2001:db8:aaaa:bbbb::77")
USER = {"username": "canary", "email": "canary@test.example", "password": PASSWORD}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without the demo site."""
    folder = tmp_path_factory.mktemp("canaries") / "data"
    with running(folder, DEMO="false", LOG_FORMAT="json") as service:
        yield service


class Visitor:
    """Asks as from a marked address, and keeps all answers."""

    def __init__(self, base: str) -> None:
        self.client = httpx.Client(base_url=base, timeout=60)
        self.answers: list[str] = []
        self.number = 0

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        """Sends a request, and keeps the answer for the search at the end; the answer."""
        answer = self.ask_secret(method, path, token, **more)
        self.answers.append(f"{answer.headers} {answer.text}")
        return answer

    def ask_secret(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        """An answer that gives a secret out."""
        self.number += 1
        headers = {"X-Forwarded-For": ADDRESSES[self.number % 2]}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.client.request(
            method, path, headers=headers | more.pop("headers", {}), **more
        )
        self.client.cookies.clear()
        return answer


def secrets_of(service: Service, visitor: Visitor) -> dict[str, str]:
    """Makes all kinds of secrets, each of them marked by being random."""
    name, password = (service.data_dir / "first-login.txt").read_text().split()
    body = {"username": name, "password": password}
    admin = visitor.ask_secret("POST", "/api/auth/login", json=body).json()["access_token"]
    assert visitor.ask("POST", "/api/auth/register", json=USER).status_code == 201
    given = {name: USER[name] for name in ("username", "password")}
    login = visitor.ask_secret("POST", "/api/auth/login", json=given)
    key = {"name": "canary", "scopes": ["admin"]}
    share = {"name": "canary", "password": LINK_PASSWORD}
    shares = "/api/sites/default/shares"
    made = visitor.ask_secret("POST", shares, admin, json=share).json()["secret"]
    opening = {"secret": made, "password": LINK_PASSWORD}
    opened = visitor.ask_secret("POST", "/api/shares/open", json=opening)
    return {
        "key of the command line": key_by_command_line(service),
        "password": PASSWORD,
        "link password": LINK_PASSWORD,
        "first password": password,
        "access token": login.json()["access_token"],
        "refresh token": login.json()["refresh_token"],
        "cookie": login.headers["set-cookie"].partition("=")[2].partition(";")[0],
        "admin token": admin,
        "API key": visitor.ask_secret("POST", "/api/keys", admin, json=key).json()["secret"],
        "share secret": made,
        "opened token": opened.json()["access_token"],
    }


def key_by_command_line(service: Service) -> str:
    """Makes a key by the command line, lists it, and revokes it."""
    command = ("key", "create", "canary@test.example", "--name", "cli", "--scope", "stats:read")
    made = cli(service.data_dir, *command, "--days", "7").stdout.strip()
    listed = cli(service.data_dir, "key", "list", "Canary").stdout
    assert json.loads(listed)["prefix"] == made[:9]
    revoked = cli(service.data_dir, "key", "revoke", str(json.loads(listed)["id"]))
    assert revoked.returncode == 0, revoked.stderr
    headers = {"Authorization": f"Bearer {made}"}
    assert httpx.get(f"{service.base}/api/auth/me", headers=headers, timeout=60).status_code == 401
    return made


def use(visitor: Visitor, secrets: dict[str, str]) -> None:
    """Gives each secret where it belongs, where it does not, and in requests that are refused."""
    event = {"page": "/", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/150.0"}
    for secret in secrets.values():
        for token in (secret, f"{secret}x", f"ak_{secret}"):
            for path in ("/api/auth/me", "/api/analytics/pages", "/api/events/raw", "/api/keys"):
                visitor.ask("GET", path, token)
            visitor.ask("POST", "/api/events/", token, json=event)
            visitor.ask("POST", "/api/events/", token, json=event | {"nonsense": 1})
        for path, name in (
            ("auth/login", "password"),
            ("auth/refresh", "refresh_token"),
            ("shares/open", "secret"),
            ("auth/register", "password"),
        ):
            visitor.ask("POST", f"/api/{path}", json={name: f"{secret}x", "username": "canary"})
            visitor.ask(
                "POST",
                f"/api/{path}",
                content=f'{{"{name}": "{secret}" x',
                headers={"Content-Type": "application/json"},
            )
        visitor.ask("GET", "/api/analytics/pages", headers={"Cookie": f"analytics_login={secret}"})
    visitor.ask("POST", "/api/auth/logout", secrets["access token"])


def texts_of(service: Service, visitor: Visitor) -> dict[str, str]:
    """Everything that is to be searched, by where it was found."""
    found = {"an answer": "\n".join(visitor.answers), "the log": service.output()}
    for path in service.data_dir.rglob("*.log"):
        found[str(path)] = path.read_text(errors="replace")
    with embedded_server(service.data_dir) as url, psycopg.connect(url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for table in tables:
            rows = connection.execute(SQL("select t::text from {} t").format(Identifier(*table)))
            found[f"table {table[1]}"] = "\n".join(row[0] for row in rows)
    return found


def test_secrets_and_addresses_are_found_nowhere(service: Service) -> None:
    visitor = Visitor(service.base)
    with visitor.client:
        secrets = secrets_of(service, visitor)
        use(visitor, secrets)
    service.stop()
    texts = texts_of(service, visitor)
    assert len(texts) > 30
    assert "canary@test.example" in texts["table app_user"]
    assert "203.0.113.0/24" in texts["table audit_log"]
    assert "[secret]" not in texts["an answer"]
    del secrets["first password"]
    sought = secrets | {address: address for address in ADDRESSES}
    assert not [
        f"{what} in {where}"
        for what, secret in sought.items()
        for where, text in texts.items()
        if secret in text
    ]
