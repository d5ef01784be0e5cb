"""An answer about what is wrong is short, however much is wrong."""

import json
from typing import Any

import httpx
import pytest

from api.body_limit import MAX_BODY_BYTES
from api.errors import MOST_PROBLEMS
from conftest import TestSite

pytestmark = pytest.mark.any_engine

LONGEST_ANSWER = 12_000


def filled(pattern: str, before: str = "{", after: str = "}") -> str:
    """JSON of the greatest length, in which {} of the pattern is a number."""
    parts: list[str] = []
    left = MAX_BODY_BYTES - len(before) - len(after) - 10
    while left > 0:
        parts.append(pattern.replace("{}", str(len(parts))))
        left -= len(parts[-1]) + 1
    return before + ",".join(parts[:-1]) + after


STATS = '{"site_id":"default","metrics":["visitors"],"date_range":"7d",'

BODIES = [
    ("/api/auth/login", filled('"k{}":1')),
    ("/api/auth/register", filled('"' + "k" * 2_000 + '{}":1')),
    ("/api/goals", filled('"k{}":{"a":NaN}')),
    ("/api/goals", filled('"k{}":[]', '{"event":"e","name":"n","site":"s","props":{', "}}")),
    ("/api/analytics/query", filled('["x"]', STATS + '"filters":[', "]}")),
    ("/api/analytics/query", filled('["is","k{}",["x"]]', STATS + '"filters":[', "]}")),
    ("/api/analytics/query", filled('["is","goal",["{}"]]', STATS + '"filters":[', "]}")),
    ("/api/analytics/query", filled('"k{}"', STATS + '"dimensions":[', "]}")),
    ("/api/analytics/query", filled('"k{}":1', STATS)),
    ("/api/sites/default/rejected/replay", filled("null", '{"ids":[', "]}")),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
async def test_first_of_many_problems_are_listed_and_rest_is_counted(
    client: httpx.AsyncClient, admin: dict[str, str], path: str, body: str
) -> None:
    headers = admin | {"Content-Type": "application/json"}
    answer = await client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert len(answer.content) < LONGEST_ANSWER
    assert len(answer.json().get("problems", [])) <= MOST_PROBLEMS
    assert ("more" in answer.json()["detail"]) == (len(answer.json().get("problems", ())) != 1)


@pytest.mark.parametrize(
    ("report", "params"),
    [
        ("pages", {"filters": json.dumps([["x"]] * 1_600)}),
        ("pages", {"filters": json.dumps([["is", "nothing", ["x"]]] * 400)}),
        ("pages", {f"k{number}": "x" * 20 for number in range(1_000)}),
        ("segments", {"a": json.dumps([[1]] * 1_600), "b": json.dumps([["not"]] * 1_000)}),
        ("funnel", {"steps": json.dumps({f"k{number}": 1 for number in range(150)})}),
        ("funnel", {"steps": ["{" + '"page":1,' * 100 + '"x":1}'] * 10}),
        ("retention", {"start": json.dumps({"props": {f"{n}": [] for n in range(100)}})}),
    ],
)
async def test_first_of_many_query_problems_are_listed(
    site: TestSite, report: str, params: dict[str, Any]
) -> None:
    asked = {"site": site.key} | params
    answer = await site.client.get(f"/api/analytics/{report}", params=asked)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert len(answer.content) < LONGEST_ANSWER


async def test_answer_to_batch_of_bad_events_is_short(
    client: httpx.AsyncClient,
) -> None:
    body = [{"x" * 1_000: 1}] * 1_000
    answer = await client.post("/api/events/", json=body)
    assert len(answer.json()["rejected"]) == 1_000
    assert len(answer.content) < 500_000


async def test_few_problems_are_all_listed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", json={"a": 1, "b": 2})
    where = [problem["where"] for problem in answer.json()["problems"]]
    assert where == ["email", "password", "a", "b"]
    assert all(name in answer.json()["detail"] for name in where)
    assert "more" not in answer.json()["detail"]
