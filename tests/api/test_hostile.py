"""What a hostile user tried, and may not do again."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.analytics.reports import REPORTS
from api.db.database import Database
from api.db.sql_files import driver_form
from asking import NEEDED
from conftest import TestSite

GOOGLEBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"


async def test_same_bot_event_on_two_sites_is_two_events(
    site: TestSite, client: httpx.AsyncClient
) -> None:
    event = {
        "id": str(uuid4()),
        "time": "2026-03-10T10:00:00Z",
        "page": "/",
        "user_agent": GOOGLEBOT,
    }
    for key in ("default", site.key):
        answer = await client.post("/api/events/", json=event | {"site": key}, headers=site.admin)
        assert answer.status_code == 201


async def test_guessed_event_id_reveals_nothing(
    client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    secret = {
        "id": str(uuid4()),
        "page": "/order/1001",
        "title": "Order of Jane",
        "props": {"a": 1},
    }
    assert (await client.post("/api/events/", json=secret, headers=admin)).status_code == 201
    guess = {"id": secret["id"], "page": "/guess"}
    stranger = await client.post("/api/events/", json=guess)
    assert stranger.status_code == 200
    assert "Jane" not in stranger.text
    assert stranger.json()["page"] == "/guess"
    assert stranger.json()["visit_id"] is None
    owner = await client.post("/api/events/", json=guess, headers=admin)
    assert owner.json()["title"] == "Order of Jane"


@pytest.mark.parametrize(
    "body",
    [
        b'garbage\n{"page":"/a"}\n{"page":"/b"}\n',
        b'{"page":"/a"}\n{"page":"/\xff"}\n{"page":"/b"}\n',
        b'{"page":"/a"}\n[1,2]\n{"page":"/b"}\n',
    ],
)
async def test_bad_line_costs_only_itself(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/events/", content=body)
    assert (answer.status_code, answer.json()["accepted"]) == (201, 2)
    assert len(answer.json()["rejected"]) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": "0001-01-03", "compare": "previous"},
        {"from": "1970-01-02", "to": "1970-01-03", "compare": "year"},
        {"from": "9999-12-30T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
        {"from": "9990-01-01", "to": "9999-12-01", "interval": "month"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"filters": '[["is","props:",["a"]]]'},
        {"filters": json.dumps([["matches", "page", ["**" * 990]]])},
        {"filters": json.dumps([["matches", "page", ["*a" * 20]]])},
        {"timezone": "localtime"},
        {"timezone": "Factory\0"},
        {"site": "\0"},
        {"site": "\U0001f600"},
    ],
)
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
async def test_extreme_parameters_break_no_report(
    site: TestSite, report: Any, params: dict[str, str]
) -> None:
    extreme = dict.fromkeys(NEEDED.get(report.name, ()), "/**/*")
    asked = {"site": site.key} | params | extreme
    answer = await site.client.get(f"/api/analytics/{report.name}", params=asked)
    assert answer.status_code < 500, answer.text


async def test_pattern_of_many_wildcards_is_refused(site: TestSite) -> None:
    params = {"site": site.key, "steps": "/" + "*a" * 50}
    answer = await site.client.get("/api/analytics/funnel", params=params)
    assert (answer.status_code, "wildcards" in answer.json()["detail"]) == (422, True)
    params["steps"] = "/" + "*" * 900
    assert (await site.client.get("/api/analytics/funnel", params=params)).status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "null", "http://evil.example"])
async def test_invalid_origin_is_foreign(client: httpx.AsyncClient, origin: str) -> None:
    headers = {"Origin": origin, "Cookie": "analytics_login=x"}
    assert (await client.get("/api/auth/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("onward", ["http://[", "//evil.example", "/\\evil.example", "/\r\nX: y"])
async def test_foreign_login_redirect_is_replaced_by_start_page(
    client: httpx.AsyncClient, onward: str
) -> None:
    answer = await client.get("/login", params={"next": onward})
    assert answer.status_code == 200
    assert 'data-next="/"' in answer.text


async def test_name_with_nul_is_refused(client: httpx.AsyncClient) -> None:
    body = {"email": "nul@test.example", "password": "a long enough password", "name": "a\0b"}
    assert (await client.post("/api/auth/register", json=body)).status_code == 422


async def test_cache_of_statements_is_bounded() -> None:
    assert driver_form.cache_info().maxsize is not None


async def test_visit_without_gap_ends_after_seven_days_in_any_batching(
    site: TestSite, client: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    def views(visitor: str) -> list[dict[str, Any]]:
        return [
            {"page": "/", "visitor_id": visitor, "time": f"2026-01-{1 + n // 48:02}T"
             f"{n % 48 // 2:02}:{n % 2 * 30:02}:00Z"}
            for n in range(480)
        ]  # fmt: skip

    await site.send(*views("at once"))
    for start in range(0, 480, 60):
        await site.send(*views("bit by bit")[start : start + 60])
    rows = (await site.ask("sessions", **{"from": "2026-01-01", "to": "2026-01-12"}))["rows"]
    found = sorted((row["started"], row["pageviews"]) for row in rows)
    first = ("2026-01-01T00:00:00.000000Z", 337)
    second = ("2026-01-08T00:30:00.000000Z", 143)
    assert found == [first, first, second, second]


async def test_nul_in_query_parameter_is_no_server_error(site: TestSite, app: FastAPI) -> None:
    broken: list[str] = []
    for path, operations in app.openapi()["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] != "query":
                continue
            url = re.sub(r"\{\w+\}", str(uuid4()), path.replace("{key}", site.key))
            asked = {"site": site.key, parameter["name"]: "a\0b"}
            answer = await site.client.get(url, params=asked, headers=site.admin)
            if answer.status_code >= 500:
                broken.append(f"{path}?{parameter['name']}: {answer.status_code}")
    assert broken == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("erasures", {"user_id": "a\0b"}),
        ("erasures", {"visitor_id": "a\0b"}),
        ("rejected/replay", {"error": "a\0b"}),
    ],
)
async def test_nul_in_body_is_refused(site: TestSite, path: str, body: dict[str, str]) -> None:
    url = f"/api/sites/{site.key}/{path}"
    answer = await site.client.post(url, json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


async def test_nul_in_path_is_no_server_error(site: TestSite, app: FastAPI) -> None:
    broken: list[str] = []
    for path, operations in app.openapi()["paths"].items():
        url = re.sub(r"\{\w+\}", "a%00b", path)
        for method in operations if url != path else ():
            answer = await site.client.request(method, url, headers=site.admin, json={})
            if answer.status_code >= 500:
                broken.append(f"{method} {path}: {answer.status_code}")
    assert broken == []
