"""Accounts of persons who register, log in, and change what is theirs."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

PASSWORD = "a long enough password"


@dataclass
class Person:
    """A new account, and what it asks of the service."""

    client: httpx.AsyncClient
    name: str = field(default_factory=lambda: f"p-{uuid4().hex[:12]}")
    password: str = PASSWORD
    headers: dict[str, str] = field(default_factory=dict[str, str])
    number: int = 0

    @property
    def email(self) -> str:
        return f"{self.name}@test.example"

    async def register(self) -> "Person":
        """Makes the account, and logs in."""
        body = {"username": self.name, "email": self.email, "password": self.password}
        made = await self.client.post("/api/auth/register", json=body)
        assert made.status_code == 201, made.text
        self.number = made.json()["id"]
        self.headers = await self.new_login()
        return self

    async def log_in(self, **more: Any) -> httpx.Response:
        """Tries to log in; no cookie is kept."""
        body = {"username": self.name, "password": self.password, **more}
        answer = await self.client.post("/api/auth/login", json=body)
        self.client.cookies.clear()
        return answer

    async def new_login(self, **more: Any) -> dict[str, str]:
        """The headers of another login."""
        answer = await self.log_in(**more)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """What the service answers this account below /api."""
        return await self.client.request(
            method, f"/api{path}", json=body, headers=self.headers or None
        )

    async def is_logged_in(self, headers: dict[str, str] | None = None) -> bool:
        """Whether a login lasts; by default the first one."""
        answer = await self.client.get("/api/auth/me", headers=headers or self.headers)
        assert answer.status_code in (200, 401)
        return answer.status_code == 200
