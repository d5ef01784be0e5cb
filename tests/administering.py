"""People with accounts, and the sites that they make, change and share."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from api.auth.keys import ApiKey, Scope
from api.auth.tokens import hash_of, new_secret
from api.db.database import Database
from submitting import change

PASSWORD = "a long enough password"


@dataclass
class Person:
    """An account that is logged in."""

    client: httpx.AsyncClient
    number: int
    email: str
    headers: dict[str, str] = field(repr=False)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Sends a request to a path below /api as this person; the answer."""
        return await self.client.request(method, f"/api{path}", headers=self.headers, **more)

    async def create(self, **more: Any) -> dict[str, Any]:
        """A new site of this person."""
        body = {"domain": f"{uuid4().hex[:12]}.example"} | more
        made = await self.ask("POST", "/sites", json=body)
        assert made.status_code == 201, made.text
        return made.json()

    async def role(self, key: str) -> str | None:
        """What this person is to a site; None where they cannot read it."""
        found = await self.ask("GET", f"/sites/{key}")
        return found.json()["role"] if found.status_code == 200 else None


async def register(client: httpx.AsyncClient, **more: Any) -> Person:
    """A new account that logs in."""
    body = {"email": f"{uuid4().hex[:12]}@test.example", "password": PASSWORD} | more
    made = await client.post("/api/auth/register", json=body)
    assert made.status_code == 201, made.text
    login = await client.post(
        "/api/auth/login", json={"username": body["email"], "password": PASSWORD}
    )
    client.cookies.clear()
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    return Person(client, made.json()["id"], body["email"], headers)


async def with_key(
    database: Database, person: Person, *scopes: Scope, site_id: int | None = None
) -> Person:
    """The same account by an API key."""
    text = f"ak_{new_secret()}"
    async with database.session() as session:
        key = ApiKey(
            user_id=person.number,
            site_id=site_id,
            name="test",
            prefix=text[:8],
            hash=hash_of(text),
            scopes=[*scopes],
        )
        session.add(key)
    headers = {"Authorization": f"Bearer {text}"}
    return Person(person.client, person.number, person.email, headers)


async def join(database: Database, key: str, person: Person, role: str) -> None:
    """Makes a person a member of a site, behind the back of the service."""
    await change(
        database,
        "insert into membership (user_id, site_id, role)"
        " select %s, id, %s from site where key = %s and deleted_at is null"
        " on conflict (user_id, site_id) do update set role = excluded.role",
        *(person.number, role, key),
    )


async def trail(database: Database, action: str, key: str) -> list[Any]:
    """What the audit log has of an action on a site: actor and detail."""
    return await change(
        database,
        "select actor, detail from audit_log join site on site.id = site_id"
        " where action = %s and key = %s order by audit_log.id",
        *(action, key),
    )
