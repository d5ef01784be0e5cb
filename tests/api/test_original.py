"""The calls of the API that this one replaces, word for word, with curl and on two workers."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from processes import Service

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")

PERSON = """{
    "username": "analyst",
    "email": "analyst@example.com",
    "password": "secure123",
    "full_name": "Data Analyst"
  }"""

CREDENTIALS = '{"username": "analyst", "password": "secure123"}'

EVENT = """{
    "page": "/pricing",
    "user_agent": "Mozilla/5.0",
    "referrer": "https://www.google.com/",
    "session_id": "s1",
    "duration": 12
  }"""

REPORTS = ("sessions", "funnel", "retention", "pages", "traffic-sources", "devices")
READ = (
    "/api/auth/me",
    "/api/auth/verify",
    "/api/events",
    *(f"/api/analytics/{report}" for report in REPORTS),
    "/api/realtime/stats",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that is as new."""
    data_dir = tmp_path_factory.mktemp("original") / "data"
    service = Service(data_dir, DEMO="false", WORKERS="2")
    try:
        service.start(patience=240)
        yield service
    finally:
        service.stop()


def curl(service: Service, path: str, *options: str) -> tuple[int, str]:
    """Status and body of a call. Each is a connection of its own, so that any worker may answer."""
    command = ["curl", "-s", "-w", "\n%{http_code}", service.base + path, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def post(service: Service, path: str, body: str, *options: str) -> tuple[int, Any]:
    """Posts JSON as the original's examples do."""
    kind = "Content-Type: application/json"
    status, text = curl(service, path, "-X", "POST", "-H", kind, "-d", body, *options)
    return status, json.loads(text) if text else None


def bearer(token: str) -> tuple[str, str]:
    return "-H", f"Authorization: Bearer {token}"


def log_in(service: Service, credentials: str = CREDENTIALS, slash: str = "") -> tuple[str, str]:
    """The option with the token of a login."""
    status, token = post(service, f"/api/auth/login{slash}", credentials)
    assert (status, token["token_type"]) == (200, "bearer")
    return bearer(token["access_token"])


def test_original_sequence_works_with_and_without_slash(service: Service) -> None:
    status, made = post(service, "/api/auth/register", PERSON)
    assert status == 201
    given = json.loads(PERSON)
    assert made == made | {name: given[name] for name in given if name != "password"}
    assert post(service, "/api/auth/register/", PERSON)[0] == 409
    for slash in ("", "/"):
        token = log_in(service, slash=slash)
        assert post(service, f"/api/events{slash}", EVENT)[0] == 201
        for path in READ:
            query = "?steps=/&steps=/pricing" if path.endswith("funnel") else ""
            status, body = curl(service, f"{path}{slash}{query}", *token)
            assert status == 200, f"{path}: {body}"
            assert isinstance(json.loads(body), dict | list)
        status, page = curl(service, f"/api/realtime{slash}", *token)
        assert (status, "<html" in page) == (200, True)


def superuser(service: Service) -> tuple[str, str]:
    """The option with the token of the first login."""
    name, password = (service.data_dir / "first-login.txt").read_text().split()
    return log_in(service, json.dumps({"username": name, "password": password}))


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_account_that_is_gone_is_refused_at_once_by_every_worker(
    service: Service, method: str
) -> None:
    leaver = f"leaver-{method.lower()}"
    person = {"username": leaver, "email": f"{leaver}@example.com", "password": "secure123"}
    number = post(service, "/api/auth/register", json.dumps(person))[1]["id"]
    credentials = json.dumps({"username": leaver, "password": "secure123"})
    token, admin = log_in(service, credentials), superuser(service)
    assert {curl(service, "/api/auth/me", *token)[0] for _ in range(8)} == {200}
    body = ["-H", "Content-Type: application/json", "-d", '{"is_active": false}']
    change = curl(
        service, f"/api/users/{number}", "-X", method, *admin, *(body if method == "PATCH" else [])
    )
    assert change[0] == (200 if method == "PATCH" else 204)
    assert {curl(service, "/api/auth/me", *token)[0] for _ in range(8)} == {401}
    assert post(service, "/api/auth/login", credentials)[0] == 401
