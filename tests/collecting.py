"""Boards of accounts, by the API."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from conftest import TestSite

PAGES = {
    "page": "/",
    "address": {"period": "7d", "pages": "top"},
    "report": "pages",
    "params": {"period": "7d", "limit": "5"},
    "drawing": "ranking",
    "columns": ["page", "pageviews", "visitors"],
}
"""A view of the pages of a week."""


@dataclass
class Collector:
    """Somebody with a login, or with a share link, who asks for boards of a site."""

    site: TestSite
    headers: dict[str, str] | None

    async def ask(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """The answer to a request below /api/boards."""
        url, headers = f"/api/boards{path}", {**(self.headers or {})}
        if body is None:
            return await self.site.client.request(method, url, headers=headers)
        headers["Content-Type"] = "application/json"
        text = json.dumps(body)  # can say what UTF-8 cannot
        return await self.site.client.request(method, url, content=text, headers=headers)

    async def make(self, name: str = "Mine", **more: Any) -> int:
        """Makes a board, and returns its number."""
        made = await self.ask("POST", "", {"site": self.site.key, "name": name, **more})
        assert made.status_code == 201, made.text
        return made.json()["id"]

    async def put(self, board: int, title: str = "Pages", **what: Any) -> int:
        """Puts an item on a board, by default a view of pages, and returns its number."""
        body = {"title": title, **(what or {"view": PAGES})}
        made = await self.ask("POST", f"/{board}/items", body)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    async def notifications(self) -> list[dict[str, Any]]:
        """What the account was told of, newest first."""
        url = "/api/notifications"
        return (await self.site.client.get(url, headers=self.headers)).json()["rows"]

    async def names(self) -> list[str]:
        """The names of the boards in the list."""
        listed = await self.ask("GET", f"?site={self.site.key}")
        assert listed.status_code == 200, listed.text
        return [board["name"] for board in listed.json()]

    async def items(self, board: int) -> list[dict[str, Any]]:
        """The items of a board."""
        found = await self.ask("GET", f"/{board}")
        assert found.status_code == 200, found.text
        return found.json()["items"]

    async def titles(self, board: int) -> list[str]:
        """The titles of the items of a board."""
        return [item["title"] for item in await self.items(board)]
