"""Many questions in one request: refusals, answers, the order in which they come, and sharing."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.analytics import answers
from api.analytics.query import Compared, Filtered
from api.analytics.reports import REPORTS
from api.errors import MOST_PROBLEMS
from api.sites.directory import Sites
from api.sites.models import utc_now
from asking import ANSWERING, NEEDED, in_query
from conftest import ADMIN, TestSite
from refusals import allowed_in, is_refusal

pytestmark = pytest.mark.any_engine

PATH = "/api/analytics/batch"

Body = Mapping[str, Any]
Line = dict[str, Any]

FILTER = [["is", "source", ["Google"]]]

BEYOND: dict[str, Body] = {
    "funnel": {"steps": ["/", "/pricing"]},
    "funnel/visitors": {"steps": ["/", "/pricing"], "step": 2, "outcome": "reached"},
    "timeseries": {"interval": "day"},
    "pages": {"pages": ["/", "/pricing"], "detail": True, "order": "visitors:desc"},
    "traffic-sources": {"dimension": "channel", "totals": False},
    "values": {"dimension": "source", "q": "goo"},
    "segments": {"a": FILTER, "b": []},
}
"""Parameters of reports beside those that many have: numbers, booleans, lists and text."""


async def post(site: TestSite, queries: Sequence[Any], **more: Any) -> httpx.Response:
    return await site.client.post(PATH, json={"queries": queries, **more})


async def ask(site: TestSite, *queries: Any, **common: Any) -> dict[str, Line]:
    """The lines of a batch by id."""
    answer = await post(site, queries, common={"site": site.key, **common})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert all(line.keys() == {"id", "status", "body"} for line in lines)
    assert len({line["id"] for line in lines}) == len(lines) == len(queries)
    return {line["id"]: line for line in lines}


async def get(site: TestSite, report: str, **params: Any) -> httpx.Response:
    return await site.client.get(f"/api/analytics/{report}", params={"site": site.key, **params})


# ------------------------------------------------------------------- refusals of the whole body


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "queries"),
        ({"queries": []}, "queries"),
        ({"queries": {}}, "queries"),
        ({"queries": [{"report": "pages"}] * 51}, "queries"),
        ({"queries": [{"report": "pages"}], "more": 1}, "more"),
        ({"queries": [{"report": "pages"}], "common": [1]}, "common"),
        ([{"report": "pages"}], "body"),
        (
            {"queries": [{"report": "pages", "id": "a"}, {"report": "bots", "id": "a"}]},
            "queries.1.id",
        ),
        ({"queries": [{"report": "pages"}, {"report": "bots", "id": "0"}]}, "queries.1.id"),
    ],
)
async def test_body_that_is_no_batch_is_refused_with_422(
    site: TestSite, body: Any, where: str
) -> None:
    answer = await site.client.post(PATH, json=body)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")
    assert [problem["where"] for problem in answer.json()["problems"]] == [where]


async def test_body_that_is_not_json_is_refused_with_400(site: TestSite) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b'{"queries": [', b"[" * 60_000):
        answer = await site.client.post(PATH, content=content, headers=headers)
        assert answer.status_code == 400
        assert is_refusal(answer, "MALFORMED")


async def test_invalid_token_is_refused_with_401(site: TestSite) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    body = {"queries": [{"report": "pages", "site": site.key}]}
    answer = await site.client.post(PATH, json=body, headers=headers)
    assert answer.status_code == 401
    assert is_refusal(answer, "UNAUTHENTICATED")


# ------------------------------------------------------------------------ refusals of one query

BAD: list[tuple[Any, str]] = [
    (5, "query"),
    (None, "query"),
    ([], "query"),
    ({}, "report"),
    ({"report": 5}, "report"),
    ({"report": "nonsense"}, "report"),
    ({"report": "event-buckets"}, "report"),
    ({"report": "pages", "id": 5}, "id"),
    ({"report": "pages", "id": "x" * 101}, "id"),
    ({"report": "pages", "nonsense": 1}, "nonsense"),
    ({"report": "pages", "from_": "now-7d"}, "from_"),
    ({"report": "pages", "days": True}, "days"),
    ({"report": "pages", "days": {}}, "days"),
    ({"report": "pages", "days": 1.5}, "days"),
    ({"report": "pages", "days": float("nan")}, "days"),
    ({"report": "pages", "totals": "perhaps"}, "totals"),
    ({"report": "pages", "days": 1, "hours": 1}, "query"),
    ({"report": "pages", "format": "csv"}, "format"),
    ({"report": "pages", "order": "nonsense"}, "order"),
    ({"report": "bots", "filters": FILTER}, "filters"),
    ({"report": "pages", "filters": [["is", "nonsense", [1]]]}, "filters"),
    ({"report": "pages", "pages": "\ud800"}, "pages.0"),
    ({"report": "pages", "filters": "\ud800"}, "filters"),
]


async def test_bad_queries_are_refused_each_in_its_line_and_neighbours_are_answered(
    site: TestSite,
) -> None:
    good = {"report": "pages", "id": "good"}
    queries = [*(query for query, _ in BAD), good]
    answer = await site.client.post(
        PATH,
        content=json.dumps({"common": {"site": site.key}, "queries": queries}),
        headers={"Content-Type": "application/json"},
    )
    lines = {line["id"]: line for line in map(json.loads, answer.text.splitlines())}
    assert lines.pop("good")["status"] == 200
    for place, (query, where) in enumerate(BAD):
        refusal = httpx.Response(lines[str(place)]["status"], json=lines[str(place)]["body"])
        assert refusal.status_code == 422, query
        assert is_refusal(refusal, "INVALID")
        assert where in {problem["where"] for problem in refusal.json()["problems"]}, query
    assert len(lines) == len(BAD)


@pytest.mark.parametrize(
    ("report", "params"),
    [
        ("pages", {"nonsense": "1", "days": "0"}),
        ("pages", {"limit": "1001", "offset": "-1"}),
        ("pages", {"from": "yesterday-ish"}),
        ("timeseries", {"interval": "decade"}),
        ("funnel", {}),
        ("traffic-sources", {"dimension": "nonsense"}),
        ("pages", {"filters": "[["}),
        ("pages", {"compare": "custom"}),
        ("pages", {"site": "no-such-site"}),
        ("timeseries", {"interval": "minute", "days": "1000"}),
    ],
)
async def test_query_is_refused_as_its_get(site: TestSite, report: str, params: Body) -> None:
    asked = {"site": site.key} | dict(params)
    single = await site.client.get(f"/api/analytics/{report}", params=asked)
    assert single.is_error
    batch = await post(site, [{"report": report, **asked}])
    assert json.loads(batch.text) == {
        "id": "0",
        "status": single.status_code,
        "body": single.json(),
    }


async def test_unknown_report_is_refused_with_all_names(site: TestSite) -> None:
    line = (await ask(site, {"report": "nonsense"}))["0"]
    refusal = httpx.Response(line["status"], json=line["body"])
    assert allowed_in(refusal) == {report.name for report in REPORTS}
    assert len(refusal.json()["problems"]) < MOST_PROBLEMS


async def test_format_other_than_json_is_refused_with_json(site: TestSite) -> None:
    line = (await ask(site, {"report": "pages"}, format="csv"))["0"]
    assert line["body"]["problems"] == [
        {"where": "format", "problem": "is not possible in a batch", "allowed": ["json"]}
    ]


async def test_fault_of_one_query_does_not_spoil_the_other(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = answers.json_of

    def failing(report: Any, found: Any) -> bytes:
        if report.name == "bots":
            raise RuntimeError("a mistake of ours")
        return write(report, found)

    monkeypatch.setattr(answers, "json_of", failing)
    lines = await ask(site, {"report": "bots"}, {"report": "pages"})
    assert (lines["0"]["status"], lines["0"]["body"]["error"]) == (500, "FAULT")
    assert lines["1"]["status"] == 200


# ------------------------------------------------------------------------------------- answers


async def send_visits(site: TestSite) -> Body:
    """Sends a few visits; a range with all of them."""
    start = (utc_now() - timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
    for number in range(4):
        who = {"visitor_id": f"v{number}", "utm_source": "Google" if number % 2 else "Bing"}
        await site.send(
            *(
                {**who, "page": page, "time": (start + timedelta(minutes=minute)).isoformat()}
                for minute, page in enumerate(("/", "/pricing", "/docs"), start=number)
            ),
            {**who, "name": "Signup", "time": (start + timedelta(minutes=9)).isoformat()},
        )
    day = start.date()
    return {"from": str(day - timedelta(days=1)), "to": str(day + timedelta(days=1))}


def everything() -> list[Body]:
    """A question for each report, with as many parameters as it has."""
    return [
        {
            **NEEDED.get(report.name, {}),
            **BEYOND.get(report.name, {}),
            **({"filters": FILTER} if issubclass(report.params, Filtered) else {}),
            **({"compare": "previous"} if issubclass(report.params, Compared) else {}),
            "report": report.name,
            "id": report.name,
        }
        for report in ANSWERING
    ]


async def test_lines_are_byte_for_byte_answers_of_get(site: TestSite) -> None:
    span = await send_visits(site)
    body = {"common": {"site": site.key, **span}, "queries": everything()}
    answer = await site.client.post(PATH, json=body)
    found = {json.loads(line)["id"]: line for line in answer.content.splitlines()}
    assert len(found) == len(ANSWERING) > 20
    for query in everything():
        name = query["report"]
        params = {key: query[key] for key in query.keys() - {"report", "id"}}
        single = await get(site, name, **in_query(params), **span)
        assert single.status_code == 200, single.text
        start = b'{"id":%b,"status":200,"body":' % json.dumps(name).encode()
        assert found[name] == start + single.content + b"}", name


async def test_value_is_text_or_json(site: TestSite) -> None:
    span = await send_visits(site)
    typed = {"limit": 2, "totals": False, "pages": ["/", "/docs"], "filters": FILTER}
    texts = {
        "limit": "2",
        "totals": "false",
        "pages": ["/", "/docs"],
        "filters": json.dumps(FILTER),
    }
    lines = await ask(
        site, {"report": "pages", **typed}, {"report": "pages", **texts, "compare": ""}, **span
    )
    assert lines["0"]["body"] == lines["1"]["body"]
    assert [row["page"] for row in lines["0"]["body"]["rows"]] == ["/", "/docs"]
    assert lines["0"]["body"]["totals"] is None
    one = await ask(site, {"report": "pages", "pages": "/docs"}, **span)
    assert [row["page"] for row in one["0"]["body"]["rows"]] == ["/docs"]


async def test_own_parameter_comes_before_common_one_and_null_takes_it_away(
    site: TestSite,
) -> None:
    lines = await ask(
        site,
        {"report": "pages"},
        {"report": "pages", "limit": 3},
        {"report": "bots", "filters": None, "limit": None},
        {"report": "bots"},
        filters=FILTER,
        limit=7,
    )
    limits = [lines[id_]["body"]["query"]["limit"] for id_ in "012"]
    assert limits == [7, 3, 10]
    assert json.loads(lines["0"]["body"]["query"]["filters"]) == FILTER
    (problem,) = lines["3"]["body"]["problems"]
    assert (lines["3"]["status"], problem["where"]) == (422, "filters")


async def test_fifty_queries_are_answered(site: TestSite) -> None:
    lines = await ask(site, *({"report": "pages", "limit": limit} for limit in range(1, 51)))
    assert {line["status"] for line in lines.values()} == {200}
    assert [lines[str(n)]["body"]["query"]["limit"] for n in range(50)] == [*range(1, 51)]


# ------------------------------------------------------------------------------ who may read it


async def test_private_site_needs_login_and_public_neighbour_does_not(
    site: TestSite, app: FastAPI
) -> None:
    private = f"{site.key}-private"
    await Sites(site.database).create(private, f"{private}.example")
    queries = [{"report": "pages", "site": private}, {"report": "pages", "site": site.key}]
    stranger = [json.loads(line) for line in (await post(site, queries)).text.splitlines()]
    assert {line["id"]: line["status"] for line in stranger} == {"0": 401, "1": 200}
    answer = await site.client.post(PATH, json={"queries": queries}, headers=site.admin)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {line["id"]: line["status"] for line in lines} == {"0": 200, "1": 200}


@pytest.mark.parametrize("path", [PATH, "/api/analytics/query"])
async def test_login_cookie_is_read_for_questions_of_own_pages_only(
    site: TestSite, path: str
) -> None:
    private = f"{site.key}-private"
    await Sites(site.database).create(private, f"{private}.example")
    bodies = {
        PATH: {"queries": [{"report": "pages", "site": private}]},
        "/api/analytics/query": {"site_id": private, "metrics": ["visits"], "date_range": "7d"},
    }
    login = {"email": ADMIN.email, "password": ADMIN.password}
    await site.client.post("/api/auth/login", json=login)
    try:
        statuses = [
            await status_of(site, path, bodies[path], {"Origin": origin})
            for origin in ("http://test", "https://evil.example", "null")
        ]
    finally:
        site.client.cookies.clear()
    assert statuses == [200, 401, 401]


async def status_of(site: TestSite, path: str, body: Body, headers: dict[str, str]) -> int:
    answer = await site.client.post(path, json=body, headers=headers)
    return json.loads(answer.text)["status"] if path == PATH else answer.status_code
