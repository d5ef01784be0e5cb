"""What a refusal says: what is wrong where in plain words, and no more than a reader can use."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.auth.models import EMAIL
from api.body_limit import MAX_BODY_BYTES
from api.errors import MOST_PROBLEMS, AnalyticsError
from api.events.receive.rejection import Reason
from conftest import TestSite
from refusals import is_refusal

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
    ("/api/jobs", filled('"k{}":1')),
    ("/api/jobs", filled('"k{}":1', '{"report":"pages","params":{', "}}")),
    ("/api/jobs", filled('"k{}":{"a":1}', '{"report":"pages","params":{', "}}")),
    ("/api/jobs", filled('"k{}"', '{"report":"funnel","params":{"steps":[', "]}}")),
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
    assert where == ["username", "password", "a", "b"]
    assert all(name in answer.json()["detail"] for name in where)
    assert "more" not in answer.json()["detail"]


STATS_BODY = {"site_id": "default", "metrics": ["visitors"], "date_range": "7d"}

REGISTRATION = ["email", "full_name", "invitation", "password", "username"]

PLAIN: list[tuple[str, Any, list[tuple[str, str, list[str] | None]]]] = [
    ("/api/goals", {"site": "default", "name": "g"}, [("body", "needs an event or a page", None)]),
    (
        "/api/goals",
        {"site": "default", "name": "", "event": "e", "props": {"a": [1]}},
        [
            (
                "props.a",
                "must be text, or must be a whole number, or must be a number,"
                " or must be true or false",
                None,
            ),
            ("name", "must have a length of at least 1", None),
        ],
    ),
    ("/api/goals", [1], [("body", "must be an object", None)]),
    (
        "/api/analytics/query",
        STATS_BODY | {"date_range": 5, "include": {"x": 1}, "filters": {}},
        [
            ("date_range", "must be text, or must be a list", None),
            ("filters", "must be a list", None),
            ("include.x", "is unknown", ["imports", "time_labels", "total_rows"]),
        ],
    ),
    (
        "/api/analytics/query",
        STATS_BODY | {"date_range": ["2026-01-01"], "order_by": [["visitors", "up"]]},
        [
            ("date_range", "must be text", None),
            ("date_range.1", "is missing", None),
            ("order_by.0.1", "is not one of the allowed values", ["asc", "desc"]),
        ],
    ),
    (
        "/api/auth/register",
        {"email": "a", "password": "short", "nick": 1},
        [
            ("email", f"must match the pattern {EMAIL}", None),
            ("password", "must have a length of at least 8", None),
            ("nick", "is unknown", REGISTRATION),
        ],
    ),
    (
        "/api/sites/default/rejected/replay",
        {"ids": [0, "a", 1.5, None, 2**70]},
        [
            ("ids.0", "must be at least 1", None),
            ("ids.1", "must be a whole number", None),
            ("ids.2", "must be a whole number", None),
            ("ids.3", "must be a whole number", None),
            ("ids.4", "must be at most 9223372036854775807", None),
        ],
    ),
]


@pytest.mark.parametrize(("path", "body", "problems"), PLAIN)
async def test_problems_of_bodies_are_told_in_plain_words(
    client: httpx.AsyncClient,
    admin: dict[str, str],
    path: str,
    body: Any,
    problems: list[tuple[str, str, list[str] | None]],
) -> None:
    answer = await client.post(path, json=body, headers=admin)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")
    told = [(each["where"], each["problem"], each["allowed"]) for each in answer.json()["problems"]]
    assert sorted(told) == sorted(problems)


@pytest.mark.parametrize(
    ("query", "where", "problem", "allowed"),
    [
        ("compare=week", "compare", "is not one of the allowed values", "year"),
        ("period=1d", "period", "is not one of the allowed values", "7d"),
        ("format=xml", "format", "is not one of the allowed values", "csv"),
        ("totals=maybe", "totals", "must be true or false", None),
        ("days=x", "days", "must be a whole number", None),
        ("days=99999999", "days", "must be at most 14640", None),
        ("limit=" + "9" * 5_000, "limit", "has too many digits", None),
        ("timezone=Mars", "timezone", "is not an IANA time zone name, e.g. Europe/Berlin", None),
        ("days=1&hours=2", "query", "give one of: hours, days, period, or from and to", None),
        ("order=x", "order", "is not a column with :asc or :desc", "pageviews:desc"),
        ("from=2026-01-02&to=2026-01-01", "query", "the range ends before it starts", None),
        ("filters=[", "filters", "is not JSON", None),
        ("site=nobody-has-this", "site", "is unknown, or you may not see it", None),
    ],
)
async def test_problems_of_parameters_are_told_in_plain_words(
    site: TestSite, query: str, where: str, problem: str, allowed: str | None
) -> None:
    named = "" if query.startswith("site=") else f"site={site.key}&"
    answer = await site.client.get(f"/api/analytics/pages?{named}{query}", headers=site.admin)
    assert is_refusal(answer, "UNKNOWN_SITE" if query.startswith("site=") else "INVALID")
    (told,) = answer.json()["problems"]
    assert (told["where"], told["problem"]) == (where, problem)
    assert (told["allowed"] is None) if allowed is None else (allowed in told["allowed"])


async def test_unknown_repeated_and_invalid_parameters_are_told_at_once(site: TestSite) -> None:
    query = f"site={site.key}&limit=x&before=1&before=2&nonsense=1"
    path = f"/api/sites/{site.key}/rejected?{query}"
    answer = await site.client.get(path, headers=site.admin)
    told = {each["where"]: each["problem"] for each in answer.json()["problems"]}
    assert told == {
        "site": "is unknown",
        "nonsense": "is unknown",
        "before": "takes one value, and is given several times",
        "limit": "must be a whole number",
    }


@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b"[" * 5_000, b'{"page":}', b'{"page":"\xff"}']
)
async def test_body_that_is_no_json_is_malformed_on_every_route(
    client: httpx.AsyncClient, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/api/auth/login", "/api/goals", "/api/events"):
        answer = await client.post(path, content=body, headers=headers)
        # An event in braces is rejected as an event, and kept as such.
        is_event = path == "/api/events" and body.endswith(b"}")
        assert answer.status_code == (422 if is_event else 400)
        assert is_refusal(answer, "EVENT_MALFORMED" if is_event else "MALFORMED")


def documented() -> dict[str, str]:
    """The codes in the table of docs/api.md, with their status."""
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (\d{3})", text, re.MULTILINE))


def kinds(kind: type[AnalyticsError] = AnalyticsError) -> list[type[AnalyticsError]]:
    """All kinds of errors of the application."""
    return [kind, *(found for inner in kind.__subclasses__() for found in kinds(inner))]


def test_every_code_is_documented() -> None:
    codes = {kind.code: str(kind.status) for kind in kinds()}
    del codes["UNSUPPORTED_SERVER"]  # it ends a start, so no client sees it
    codes |= dict.fromkeys(Reason, "422")
    assert documented() == codes
