"""Events in by the front door: what is refused, how, and that nothing else is lost by it."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.events.enrich.event import event_id
from api.events.receive.parse import MAX_EVENTS
from api.sites.models import utc_now
from conftest import TestSite
from oracle.telling import MORE
from refusals import allowed_in, is_refusal

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
        (b"", 400, "MALFORMED"),
        (b"{", 400, "MALFORMED"),
        (b"hello", 400, "MALFORMED"),
        (b'{"page": "\xff\xfe"}', 422, "EVENT_MALFORMED"),
        (b"[" * 100_000, 400, "MALFORMED"),
        (b"[]", 422, "INVALID"),
        (b"null", 422, "INVALID_FIELD"),
        (b"17", 422, "INVALID_FIELD"),
        (b"{}", 422, "NOTHING_HAPPENED"),
        (b'{"name": "pageview"}', 422, "NO_PAGE"),
        (b'{"page": 17}', 422, "INVALID_FIELD"),
        (b'{"pgae": "/"}', 422, "UNKNOWN_FIELD"),
        (b'{"page": "/a\\u0000b"}', 422, "NUL_CHARACTER"),
        (b'{"page": "/", "props": {"a\\u0000": 1}}', 422, "NUL_CHARACTER"),
        (b'{"page": "/", "duration": -1}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "duration": 1e999}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "duration": NaN}', 422, "NOT_A_NUMBER"),
        (b'{"page": "/", "props": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}", 422, "TOO_DEEP"),
        (b'[{"page": "/"}', 400, "MALFORMED"),
        (b'{"page": "/", "time": "yesterday"}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "time": "0001-01-01T00:00:00Z"}', 422, "TOO_LATE"),
        (b'{"page": "/", "time": "0001-01-01T00:00:00+14:00"}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "site": "no such site"}', 404, "UNKNOWN_SITE"),
        (b'{"page": "/", "props": {"a": [[[1]]]}}', 422, "TOO_DEEP"),
        (b'{"page": "/", "revenue": {"amount": 1e40, "currency": "EUR"}}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "revenue": {"amount": 1, "currency": "EURO"}}', 422, "INVALID_FIELD"),
        (b'{"page": "/", "revenue": {"amount": "1e999999999999999999", "currency": "EUR"}}', 422,
         "INVALID_FIELD"),
        (b'{"page": "' + b"x" * 40_000 + b'"}', 422, "EVENT_TOO_LARGE"),
        (json.dumps({"page": "/", "props": dict.fromkeys(map(str, range(65)))}).encode(), 422,
         "TOO_MANY_PROPS"),
        (b'{"page": "/"}' + b" " * 5_000_000, 413, "TOO_LARGE"),
        (json.dumps([{"page": "/"}] * (MAX_EVENTS + 1)).encode(), 422, "INVALID"),
    ],
)  # fmt: skip
async def test_bad_body_is_refused_with_reason(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    answer = await post(client, body)
    assert answer.status_code == status
    assert is_refusal(answer, code), answer.text


async def test_unknown_field_is_refused_with_known_ones(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"pgae": "/"})
    assert {"page", "name", "session_id", "utm_source"} <= allowed_in(answer)


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
        (b"null", "INVALID_FIELD"),
        (b"[" * 500 + b"]" * 500, "INVALID_FIELD"),
        (b'"' + b"x" * 40_000 + b'"', "EVENT_TOO_LARGE"),
        (b'{"page": "/", "duration": 1e999}', "INVALID_FIELD"),
        (b'{"page": "/\xff"}', "EVENT_MALFORMED"),
        (b'{"page": "/\\u0000"}', "NUL_CHARACTER"),
        (b'{"page": "/", "props": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}", "TOO_DEEP"),
        (b'{"page": "/", "props": {%b}}' % b",".join(b'"k%d":1' % n for n in range(1500)),
         "TOO_MANY_PROPS"),
        (b'{"page": "/", "id": ' + b"1" * 5000 + b"}", "INVALID_FIELD"),
    ],
)  # fmt: skip
async def test_bad_event_in_array_costs_only_itself(site: TestSite, bad: bytes, code: str) -> None:
    good = json.dumps({"site": site.key, "page": '/a,]"}['}).encode()
    report = (await post(site.client, b"[" + good + b"," + bad + b"," + good + b"]")).json()
    assert (report["accepted"], report["duplicate"]) == (2, 0)
    assert [(item["index"], item["error"]) for item in report["rejected"]] == [(1, code)]


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
    assert (answer.status_code, answer.json()["error"]) == (400, "MALFORMED")
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
    path, params = f"/api/events/{event['id']}", {"site": site.key}
    shown = await site.client.get(path, params=params, headers=site.admin)
    assert shown.json() == event
    public = await site.client.get(path, params=params)
    assert public.json() == event | {"session_id": None}, "who knows it may add to the visit"
    report = "/api/analytics/sessions"
    for path in (report, f"{report}/{event['visit_id']}"):
        for headers, is_shown in ((site.admin, True), ({}, False)):
            answer = await site.client.get(path, params=params, headers=headers)
            assert ('"session_id":"abc"' in answer.text) == is_shown, path


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
    for ahead in (timedelta(seconds=5), timedelta(minutes=6), timedelta(days=400)):
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


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize(
    "wrong", [timedelta(hours=-2), timedelta(days=-10), timedelta(hours=3), timedelta(days=40_000)]
)
async def test_wrong_clock_is_corrected_by_sent_at(
    site: TestSite, wrong: timedelta, trusted: bool
) -> None:
    headers = site.admin if trusted else {}
    ago = timedelta(minutes=20)
    for form in (datetime.isoformat, lambda time: round(time.timestamp() * 1000)):
        clock = utc_now() + wrong
        event = {"site": site.key, "page": "/", "time": (clock - ago).isoformat()}
        answer = await post(site.client, event | {"sent_at": form(clock)}, **headers)
        assert answer.status_code == 201, answer.text
        happened = datetime.fromisoformat(answer.json()["time"])
        assert abs(utc_now() - ago - happened) < timedelta(seconds=10)


async def test_request_that_takes_seconds_does_not_change_the_order_of_events(
    site: TestSite,
) -> None:
    now = utc_now()
    for page, ago in (("/second", 0), ("/first", 5)):
        sent = (now - timedelta(seconds=ago)).isoformat()
        event = {"site": site.key, "page": page, "user_agent": CHROME, "time": sent}
        answer = await post(site.client, event | {"sent_at": sent})
        assert answer.status_code == 201, answer.text
    (exit_page,) = (await site.ask("exits"))["rows"]
    assert exit_page["exit_page"] == "/second"


async def test_time_without_sense_beside_sent_at_is_judged_once_corrected(site: TestSite) -> None:
    now = utc_now()
    event = {"site": site.key, "page": "/", "sent_at": now.isoformat()}
    for time, outcome in (
        (None, 201),  # without a time, it happened when it arrived
        (now + timedelta(hours=1), 201),  # and nothing happens after it arrived
        (now - timedelta(days=8), "TOO_LATE"),
    ):
        answer = await post(site.client, event | {"time": time and time.isoformat()})
        body = answer.json()
        assert outcome in (answer.status_code, body.get("error"))
        assert answer.status_code == 422 or now <= datetime.fromisoformat(body["time"]) <= utc_now()


@pytest.mark.parametrize(
    "sent_at", ["yesterday", 1.5, 2**62, -(2**62), "0001-01-01T00:00:00+14:00"]
)
async def test_invalid_sent_at_is_refused(site: TestSite, sent_at: Any) -> None:
    event = {"site": site.key, "page": "/", "time": utc_now().isoformat(), "sent_at": sent_at}
    answer = await post(site.client, event)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID_FIELD")


async def test_form_and_pixel_take_sent_at(site: TestSite) -> None:
    form = "application/x-www-form-urlencoded"
    for sent_at in (utc_now().isoformat(), round(utc_now().timestamp() * 1000)):
        fields = {"site": site.key, "page": "/", "sent_at": str(sent_at)}
        body = urlencode(fields | {"time": utc_now().isoformat()})
        answer = await post(site.client, body.encode(), **{"Content-Type": form})
        assert answer.status_code == 201, answer.text
        assert (await site.client.get("/pixel.gif", params=fields)).status_code == 200


async def test_long_addresses_and_titles_are_cut_and_not_refused(site: TestSite) -> None:
    query = "utm_source=newsletter&utm_medium=email&" + "&".join(f"f{n}=x" for n in range(2000))
    event = {
        "site": site.key,
        "page": f"https://{site.key}.example/land?{query}",
        "referrer": f"https://www.google.com/search?q={'x' * 5000}",
        "title": "t" * 5000,
        "user_agent": CHROME + " x" * 3000,
    }
    answer = await post(site.client, event)
    assert answer.status_code == 201
    stored = answer.json()
    assert (stored["page"], stored["channel"], stored["source"]) == (
        *("/land", "Email", "newsletter"),
    )
    long_path = {"page": "/" + "é" * 3000, "site": site.key}
    assert (await post(site.client, long_path)).json()["page"] == "/" + "é" * 1999


@pytest.mark.parametrize(
    "address",
    [
        "?utm_source=newsletter&utm_medium=email",
        "?UTM_Source=newsletter&UTM_MEDIUM=email",
        "?a=1&amp;utm_source=newsletter&amp;utm_medium=email",
        "#utm_source=newsletter&utm_medium=email",
        "#/route?utm_source=newsletter&utm_medium=email",
        "?utm_source=newsletter#utm_medium=email",
    ],
)
async def test_campaign_tags_are_read_however_they_are_written(
    site: TestSite, address: str
) -> None:
    event = {"site": site.key, "page": f"https://{site.key}.example/land{address}"}
    stored = (await post(site.client, event | {"user_agent": CHROME})).json()
    assert (stored["channel"], stored["source"]) == ("Email", "newsletter")


async def test_path_that_begins_with_two_slashes_is_a_path(site: TestSite) -> None:
    stored = (await post(site.client, {"site": site.key, "page": "//blog/post-1"})).json()
    assert (stored["page"], stored["hostname"]) == ("/blog/post-1", f"{site.key}.example")


async def test_ipv4_address_written_as_ipv6_is_the_same_visitor(
    site: TestSite, app: FastAPI
) -> None:
    for address in ("203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109"):
        transport = httpx.ASGITransport(app, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await post(client, {"site": site.key, "page": "/"})).status_code == 201
    assert (await site.ask("timeseries"))["totals"]["visitors"] == 1


async def test_trusted_event_ahead_of_clock_is_refused(site: TestSite) -> None:
    for time in ("9999-12-31T23:59:59Z", (utc_now() + timedelta(minutes=6)).isoformat()):
        answer = await post(
            site.client, {"site": site.key, "page": "/", "time": time}, **site.admin
        )
        assert (answer.status_code, answer.json()["error"]) == (422, "FUTURE")


async def test_same_id_on_other_site_is_other_event(site: TestSite) -> None:
    event = {"id": "order-17", "page": "/", "user_agent": CHROME}
    assert (await post(site.client, event | {"site": site.key})).status_code == 201
    assert (await post(site.client, event | {"id": f"{site.key}-17"})).status_code == 201


async def test_id_of_anybody_does_not_shadow_that_of_trusted_sender(site: TestSite) -> None:
    order = {"id": "order-1001", "site": site.key, "name": "buy", "user_agent": CHROME}
    assert (await post(site.client, order)).status_code == 201
    genuine = await post(site.client, order, **site.admin)
    assert genuine.status_code == 201
    for headers in ({}, site.admin):
        assert (await post(site.client, order, **headers)).status_code == 200  # a retry
    # Nor does the id under which the next one will be stored, which anybody can compute.
    for number in (1002, 1003):
        order["id"] = f"order-{number}"
        stored_as = str(event_id(order["id"], trusted=True))
        assert (await post(site.client, order | {"id": stored_as})).status_code == 201
        genuine = await post(site.client, order, **site.admin)
        assert (genuine.status_code, genuine.json()["id"]) == (201, stored_as)


@pytest.mark.parametrize("version", [4, 7])
async def test_random_uuid_of_anybody_is_the_id(site: TestSite, version: int) -> None:
    own = str(UUID(int=uuid4().int & ~(0xF << 76) | version << 76))
    answer = await post(site.client, {"id": own, "site": site.key, "page": "/"})
    assert (answer.status_code, answer.json()["id"]) == (201, own)


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


@pytest.mark.parametrize("path", ["/api/events", "/api/events/"])
async def test_any_origin_may_post_with_or_without_preflight(site: TestSite, path: str) -> None:
    headers = {"Origin": "https://any.example", "Content-Type": "text/plain"}
    for event, status in (({"site": site.key, "page": "/"}, 201), ({"pgae": "/"}, 422)):
        answer = await site.client.post(path, content=json.dumps(event), headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    asked = {"Origin": "https://any.example", "Access-Control-Request-Method": "POST"}
    preflight = await site.client.options(path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-allow-headers"] == "*"


async def test_batch_of_bad_events_is_refusal_with_report(site: TestSite) -> None:
    answer = await post(site.client, [{"pgae": "/"}, {"page": 1, "name": 2}, {"site": "?"}])
    assert answer.status_code == 422
    told = answer.json()
    assert (told["error"], told["accepted"], told["duplicate"]) == ("ALL_REJECTED", 0, 0)
    codes = ["UNKNOWN_FIELD", "INVALID_FIELD", "UNKNOWN_SITE"]
    assert [(item["index"], item["error"]) for item in told["rejected"]] == [*enumerate(codes)]
    assert [problem["where"] for problem in told["problems"]] == [
        *("0.pgae", "1.name", "1.page", "2.site")
    ]
    assert "page" in told["problems"][0]["allowed"]
    assert told["ids"] == [None] * 3


async def test_report_of_batch_names_problems_of_rejected_events(site: TestSite) -> None:
    good = {"site": site.key, "page": "/"}
    told = (await post(site.client, [good, good | {"page": 1}, {"site": site.key}])).json()
    assert told["accepted"] == 1
    assert told["problems"] == [
        {"where": "1.page", "problem": "must be text of at most 32768 characters", "allowed": None},
        {"where": "2", "problem": "needs a page, a name, or both", "allowed": None},
    ]
    assert "error" not in told


@pytest.mark.parametrize("page", ["/", 1])
async def test_single_json_line_is_batch(site: TestSite, page: Any) -> None:
    lines = json.dumps({"site": site.key, "page": page}).encode() + b"\n"
    answer = await post(site.client, lines, **{"Content-Type": "application/x-ndjson"})
    assert answer.status_code == (201 if page == "/" else 422)
    assert (answer.json()["accepted"], len(answer.json()["ids"])) == (page == "/", 1)


async def test_single_json_line_that_is_no_json_is_batch(site: TestSite) -> None:
    headers = {"Content-Type": "Application/X-NDJSON; charset=utf-8"}
    answer = await post(site.client, b'{"page": "/\n"}', **headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "ALL_REJECTED")
    assert answer.json()["rejected"][0]["error"] == "EVENT_MALFORMED"


@pytest.mark.parametrize(
    ("event", "problems"),
    [
        (
            {"page": 1, "id": 1.5, "time": "now", "duration": "x", "props": 1, "interactive": 2},
            {
                "page": "must be text of at most 32768 characters",
                "id": "must be text of at most 200 characters or a whole number",
                "time": "must be a time such as 2026-03-29T02:30:00Z",
                "duration": "must be a number from 0 to 86400",
                "props": "must be an object, with numbers that fit into 64 bits",
                "interactive": "must be true or false",
            },
        ),
        (
            {"revenue": {"currency": "EURO", "vat": 1}},
            {
                "revenue.vat": "is unknown",
                "revenue.amount": "is missing",
                "revenue.currency": "must be text that matches ^[A-Za-z]{3}$",
            },
        ),
        ({"revenue": 3}, {"revenue": "must be an object"}),
        (["x"], {"event": "must be an object"}),
        ({"a": 1, "b": 2, "page": 3}, {"a": "is unknown", "b": "is unknown",
                                       "page": "must be text of at most 32768 characters"}),
    ],
)  # fmt: skip
async def test_all_problems_of_event_are_told_in_plain_words(
    site: TestSite, event: Any, problems: dict[str, str]
) -> None:
    lines = json.dumps({"page": "/", "site": site.key}) + "\n" + json.dumps(event)
    told = (await post(site.client, lines.encode())).json()
    expected = {f"1.{where}" if where != "event" else "1": text for where, text in problems.items()}
    assert {each["where"]: each["problem"] for each in told["problems"]} == expected


async def test_event_that_ends_in_the_middle_is_malformed_whatever_stands_before(
    client: httpx.AsyncClient,
) -> None:
    for body, code in (
        (b'{"page": 1, "name": }', "EVENT_MALFORMED"),
        (b'{"page": 1, "props": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}", "TOO_DEEP"),
        (b'{"page": 1, "duration": NaN}', "NOT_A_NUMBER"),
    ):
        answer = await post(client, body)
        assert is_refusal(answer, code), answer.text


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
    max_examples=20 * MORE,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
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
