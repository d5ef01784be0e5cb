"""Events in by the front door: what is refused, how, and that nothing else is lost by it."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.events.receive.parse import MAX_EVENTS
from api.sites.models import utc_now
from conftest import TestSite

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    """Posts a body as it is, or as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post("/api/events/", content=content, headers=headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "MALFORMED_JSON"),
        (b"{", 400, "MALFORMED_JSON"),
        (b"hello", 400, "MALFORMED_JSON"),
        (b'{"page": "\xff\xfe"}', 422, "malformed_json"),
        (b"[" * 100_000, 400, "MALFORMED_JSON"),
        (b"[]", 422, "INVALID"),
        (b"null", 422, "invalid_field"),
        (b"17", 422, "invalid_field"),
        (b"{}", 422, "nothing_happened"),
        (b'{"name": "pageview"}', 422, "no_page"),
        (b'{"page": 17}', 422, "invalid_field"),
        (b'{"pgae": "/"}', 422, "unknown_field"),
        (b'{"page": "/a\\u0000b"}', 422, "nul_character"),
        (b'{"page": "/", "props": {"a\\u0000": 1}}', 422, "nul_character"),
        (b'{"page": "/", "duration": -1}', 422, "invalid_field"),
        (b'{"page": "/", "duration": 1e999}', 422, "invalid_field"),
        (b'{"page": "/", "duration": NaN}', 422, "not_a_number"),
        (b'{"page": "/", "props": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}", 422, "too_deep"),
        (b'[{"page": "/"}', 400, "MALFORMED_JSON"),
        (b'{"page": "/", "time": "yesterday"}', 422, "invalid_field"),
        (b'{"page": "/", "time": "0001-01-01T00:00:00Z"}', 422, "too_late"),
        (b'{"page": "/", "time": "0001-01-01T00:00:00+14:00"}', 422, "invalid_field"),
        (b'{"page": "/", "site": "no such site"}', 404, "UNKNOWN_SITE"),
        (b'{"page": "/", "props": {"a": [[[1]]]}}', 422, "too_deep"),
        (b'{"page": "/", "revenue": {"amount": 1e40, "currency": "EUR"}}', 422, "invalid_field"),
        (b'{"page": "/", "revenue": {"amount": 1, "currency": "EURO"}}', 422, "invalid_field"),
        (b'{"page": "/", "revenue": {"amount": "1e999999999999999999", "currency": "EUR"}}', 422,
         "invalid_field"),
        (b'{"page": "' + b"x" * 40_000 + b'"}', 422, "too_large"),
        (b'{"page": "' + b"x" * 2_001 + b'"}', 422, "invalid_field"),
        (json.dumps({"page": "/", "props": dict.fromkeys(map(str, range(65)))}).encode(), 422,
         "too_many_props"),
        (b'{"page": "/"}' + b" " * 5_000_000, 413, "TOO_LARGE"),
        (json.dumps([{"page": "/"}] * (MAX_EVENTS + 1)).encode(), 422, "INVALID"),
    ],
)  # fmt: skip
async def test_bad_body_is_refused_with_reason(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["detail"]


async def test_unknown_field_is_refused_with_known_ones(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"pgae": "/"})
    assert {"page", "name", "session_id", "utm_source"} <= set(answer.json()["allowed"])


async def test_good_events_survive_bad_neighbours(site: TestSite) -> None:
    good = {"site": site.key, "page": "/good", "user_agent": CHROME}
    bad = [{"pgae": 1}, None, {"page": "\0"}, good | {"time": "1999-01-01"}, good | {"site": "?"}]
    answer = await post(site.client, [good, *bad, good])
    report = answer.json()
    assert answer.status_code == 201
    assert report["accepted"] == 2
    assert [item["index"] for item in report["rejected"]] == [1, 2, 3, 4, 5]
    assert report["accepted"] + report["duplicate"] + len(report["rejected"]) == 7
    assert (await site.ask("pages"))["rows"][0]["pageviews"] == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"null", "invalid_field"),
        (b"[" * 500 + b"]" * 500, "invalid_field"),
        (b'"' + b"x" * 40_000 + b'"', "too_large"),
        (b'{"page": "/", "duration": 1e999}', "invalid_field"),
        (b'{"page": "/\xff"}', "malformed_json"),
        (b'{"page": "/\\u0000"}', "nul_character"),
        (b'{"page": "/", "props": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}", "too_deep"),
        (b'{"page": "/", "props": {%b}}' % b",".join(b'"k%d":1' % n for n in range(1500)),
         "too_many_props"),
        (b'{"page": "/", "id": ' + b"1" * 5000 + b"}", "invalid_field"),
    ],
)  # fmt: skip
async def test_bad_event_in_array_costs_only_itself(site: TestSite, bad: bytes, code: str) -> None:
    good = json.dumps({"site": site.key, "page": '/a,]"}['}).encode()
    report = (await post(site.client, b"[" + good + b"," + bad + b"," + good + b"]")).json()
    assert (report["accepted"], report["duplicate"]) == (2, 0)
    assert [(item["index"], item["code"]) for item in report["rejected"]] == [(1, code)]


NO_JSON = (
    b'{"page": "/", "duration": NaN}',
    b'{"page": "/", "props": {"a": -Infinity}}',
    b'{"page": "/"',
    b'{"page": "/"} {}',
    b'{"page": "/\n"}',
    b"",
)


@pytest.mark.parametrize("bad", NO_JSON)
@pytest.mark.parametrize("comma", [b",", b",\n"])
async def test_array_that_is_no_json_is_refused_as_whole(
    site: TestSite, bad: bytes, comma: bytes
) -> None:
    good = json.dumps({"site": site.key, "page": "/"}).encode()
    answer = await post(site.client, b"[" + comma.join([good, bad, good]) + b"]")
    assert (answer.status_code, answer.json()["error"]) == (400, "MALFORMED_JSON")
    assert ("send null" in answer.json()["detail"]) == (b"NaN" in bad or b"Infinity" in bad)
    assert (await site.ask("pages"))["rows"] == []


@pytest.mark.parametrize("bad", [b"[1,2]", *filter(None, NO_JSON[:4]), b"garbage"])
async def test_line_that_is_no_json_costs_only_itself(site: TestSite, bad: bytes) -> None:
    good = json.dumps({"site": site.key, "page": "/"}).encode()
    for lines in ([bad, good, good], [good, bad, good], [good, good, bad]):
        report = (await post(site.client, b"\n".join(lines))).json()
        assert (report["accepted"], report["duplicate"]) == (2, 0)
        assert [item["index"] for item in report["rejected"]] == [lines.index(bad)]


async def test_lone_surrogate_is_replaced_and_rest_is_kept(site: TestSite) -> None:
    body = b'[{"site":"%b","page":"/\\ud800","title":"\\\\ud83d \\ud83d\\ude00"}]'
    answer = await post(site.client, body % site.key.encode())
    (event_id,) = answer.json()["ids"]
    stored = await site.client.get(f"/api/events/{event_id}", params={"site": site.key})
    assert stored.json()["page"] == "/\ufffd"
    assert stored.json()["title"] == "\\ud83d \U0001f600"


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\n\n"])
async def test_json_lines_are_accepted(site: TestSite, separator: bytes) -> None:
    line = json.dumps({"site": site.key, "page": "/"}).encode()
    answer = await post(site.client, separator.join([line, b'{"page": 1}', line]))
    assert (answer.status_code, answer.json()["accepted"]) == (201, 2)
    assert [item["index"] for item in answer.json()["rejected"]] == [1]


async def test_single_event_is_answered_as_stored(site: TestSite) -> None:
    answer = await post(
        site.client,
        {
            "site": site.key,
            "page": "https://shop.example/pricing?utm_source=news&utm_medium=email&secret=1#top",
            "user_agent": CHROME,
            "referrer": "https://www.google.com/search?q=private",
            "session_id": "abc",
            "duration": 12.5,
            "revenue": {"amount": 9.99, "currency": "eur"},
            "props": {"plan": "pro"},
        },
    )
    assert answer.status_code == 201
    event = answer.json()
    expected = {
        "name": "pageview",
        "page": "/pricing#top",
        "hostname": "shop.example",
        "referrer": "https://www.google.com/search",
        "duration": 12.5,
        "revenue": 9.99,
        "currency": "EUR",
        "props": {"plan": "pro"},
        "session_id": "abc",
        "channel": "Email",
        "source": "news",
        "browser": "Chrome",
        "os": "Windows",
        "device": "desktop",
        "bot": None,
    }
    assert {key: event[key] for key in expected} == expected
    shown = await site.client.get(f"/api/events/{event['id']}", params={"site": site.key})
    assert shown.json() == event


async def test_retry_with_same_id_is_duplicate_whatever_else_changed(site: TestSite) -> None:
    first = {"id": str(uuid4()), "site": site.key, "page": "/first", "user_agent": CHROME}
    retry = first | {"page": "/retry", "time": (utc_now() - timedelta(days=6)).isoformat()}
    assert (await post(site.client, first)).status_code == 201
    again = await post(site.client, retry, **{"User-Agent": "somebody else"})
    assert again.status_code == 200
    assert again.json()["page"] == "/first"
    batch = (await post(site.client, [first, retry, first])).json()
    assert (batch["accepted"], batch["duplicate"]) == (0, 3)


async def test_time_ahead_of_clock_is_replaced_by_arrival_and_counted_once(
    site: TestSite,
) -> None:
    for ahead in (timedelta(minutes=6), timedelta(days=400)):
        event = {"id": str(uuid4()), "site": site.key, "page": "/", "user_agent": CHROME}
        event["time"] = (utc_now() + ahead).isoformat()
        before = utc_now()
        answer = await post(site.client, event)
        assert answer.status_code == 201
        assert before <= datetime.fromisoformat(answer.json()["time"]) <= utc_now()
        again = await post(site.client, event)
        assert (again.status_code, again.json()["time"]) == (200, answer.json()["time"])
        ahead_a_little = event | {"time": (utc_now() + timedelta(minutes=4)).isoformat()}
        batch = (await post(site.client, [event, ahead_a_little])).json()
        assert (batch["accepted"], batch["duplicate"]) == (0, 2)


async def test_trusted_event_ahead_of_clock_is_refused(site: TestSite) -> None:
    for time in ("9999-12-31T23:59:59Z", (utc_now() + timedelta(minutes=6)).isoformat()):
        answer = await post(
            site.client, {"site": site.key, "page": "/", "time": time}, **site.admin
        )
        assert (answer.status_code, answer.json()["error"]) == (422, "future")


async def test_same_id_on_other_site_is_other_event(site: TestSite) -> None:
    event = {"id": "order-17", "page": "/", "user_agent": CHROME}
    assert (await post(site.client, event | {"site": site.key})).status_code == 201
    assert (await post(site.client, event | {"id": f"{site.key}-17"})).status_code == 201


async def test_bots_are_stored_apart(site: TestSite) -> None:
    answer = await post(site.client, {"site": site.key, "page": "/", "user_agent": GOOGLEBOT})
    assert answer.json()["bot"] == "Googlebot"
    assert (await site.ask("pages"))["rows"] == []
    assert (await site.ask("bots"))["rows"][0]["events"] == 1


async def test_script_that_posts_is_no_bot(site: TestSite) -> None:
    event = {"site": site.key, "page": "/from-a-server"}
    answer = await post(site.client, event, **{"User-Agent": "curl/8.5.0"})
    assert answer.json()["bot"] is None
    assert (await site.ask("pages"))["rows"][0]["page"] == "/from-a-server"


async def test_any_origin_may_post_without_preflight(site: TestSite) -> None:
    headers = {"Origin": "https://any.example", "Content-Type": "text/plain"}
    answer = await post(site.client, {"site": site.key, "page": "/"}, **headers)
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = await post(site.client, {"pgae": "/"}, **headers)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (422, "*")
    preflight = await site.client.options("/api/events/", headers=headers)
    assert preflight.status_code == 200


async def test_addresses_are_not_stored(site: TestSite, database: Any) -> None:
    await post(site.client, {"site": site.key, "page": "/", "user_agent": CHROME})
    async with await database.connect() as connection:
        for table in ("event", "visit", "visitor", "bot_event"):
            query = f"select count(*) from {table} t where t::text like '%203.0.113.7%'"
            assert await (await connection.execute(query)).fetchone() == (0,)


def events_with(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Events whose fields hold any JSON, with these numbers in it."""
    value = st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
    names = (
        *("id", "name", "page", "title", "referrer", "session_id", "props", "screen", "duration"),
        *("user_agent", "language", "timezone", "utm_source", "hostname"),
    )
    event = st.fixed_dictionaries({}, optional={name: st.text() | value for name in names})
    return st.lists(event, min_size=1, max_size=5)


quickly = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def check_account(client: httpx.AsyncClient, body: bytes, sent: int) -> None:
    """Posts events of which the last is good: each is accounted for, and that one is stored."""
    answer = await post(client, body)
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert report["accepted"] + report["duplicate"] + len(report["rejected"]) == sent
    assert report["ids"][-1] is not None


GOOD = {"page": "/good", "user_agent": CHROME}


@quickly
@given(events=events_with(st.floats(allow_nan=False, allow_infinity=False)))
async def test_every_event_of_array_is_accounted_for(
    client: httpx.AsyncClient, events: list[dict[str, Any]]
) -> None:
    await check_account(client, json.dumps([*events, GOOD]).encode(), len(events) + 1)


@quickly
@given(events=events_with(st.floats()))
async def test_every_event_of_json_lines_is_accounted_for(
    client: httpx.AsyncClient, events: list[dict[str, Any]]
) -> None:
    lines = [json.dumps(event).encode() for event in [*events, GOOD]]
    await check_account(client, b"\n".join(lines), len(lines))
