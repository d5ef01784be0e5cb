"""A service with the demo site's month of traffic, and keys for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from analytics_client import Analytics
from api.db.engine import Profile
from conftest import SECRET, servers
from processes import PATIENT, Service, running
from servers import fresh_database


@dataclass
class Installation:
    """A running service, and its first account."""

    service: Service
    token: str

    def post(self, path: str, **body: Any) -> Any:
        """The JSON that the first account's request is answered with."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.service.base}{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def key(self, *scopes: str, **more: Any) -> str:
        """A new API key."""
        return self.post("/api/keys", name="notebook", scopes=scopes, **more)["secret"]

    def client(self, key: str, **options: Any) -> Analytics:
        """A client that asks with this key."""
        return Analytics(self.service.base, key, **{"site": "demo", "retries": 0, **options})


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A service of its own, with real sockets: notebooks and clients are other processes."""
    address = servers.address(Profile.PLAIN)
    assert address is not None
    data_dir = tmp_path_factory.mktemp("notebooks") / "data"
    environment = {"SECRET_KEY": SECRET, "TIMESCALEDB": "off", **PATIENT}
    with fresh_database(address) as url, running(data_dir, DATABASE_URL=url, **environment) as it:
        username, password = (data_dir / "first-login.txt").read_text().split()[:2]
        body = {"username": username, "password": password}
        login = httpx.post(f"{it.base}/api/auth/login", json=body, timeout=60)
        yield Installation(it, login.json()["access_token"])


@pytest.fixture(scope="session")
def reading_key(installation: Installation) -> str:
    """A key that reads."""
    return installation.key("stats:read")


@pytest.fixture(scope="session")
def full_key(installation: Installation) -> str:
    """A key that reads and sends."""
    return installation.key("stats:read", "events:write")
