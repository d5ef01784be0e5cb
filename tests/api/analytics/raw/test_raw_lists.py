"""Lists of raw data: complete, in order, never a row twice, as pages and as streams."""

import asyncio
import csv
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pandas
import pytest

from api.analytics.columns import columns_of
from api.analytics.csv_rows import cell
from api.analytics.raw import responses
from api.analytics.raw.rows import RawEvent, RawVisit
from api.sites.directory import Sites
from api.sites.models import Visibility, utc_now
from conftest import TestSite, make_site
from copies import EVENTS, VISITS, event_key, get, listed, told, visit_key
from refusals import is_refusal

NOON = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
LISTS = [EVENTS, VISITS]
ROUTES = [*LISTS, "/api/changes"]


def at(minutes: float) -> datetime:
    """A time so many minutes after noon (UTC) yesterday."""
    return NOON + timedelta(minutes=minutes)


def view(minutes: float, visitor: str = "ann", **more: Any) -> dict[str, Any]:
    """A page view."""
    event = {"id": str(uuid4()), "time": at(minutes).isoformat(), "visitor_id": visitor}
    return {**event, "page": "/", **more}


def instant(moment: datetime) -> str:
    """A moment as answers write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


async def send_day(site: TestSite) -> list[dict[str, Any]]:
    """Sixty events of three visitors, many of them at the same moments."""
    events = [
        view(minute // 4 * 25, visitor, page=f"/{minute % 5}", title='say "hi", ü')
        for visitor in ("ann", "ben", "=cem")
        for minute in range(20)
    ]
    await site.send(*events)
    return events


async def bad_query(site: TestSite, path: str, **params: Any) -> list[str]:
    """Where a question is refused for what it asks."""
    answer = await get(site, path, **params)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")
    return [problem["where"] for problem in answer.json()["problems"]]


@pytest.mark.parametrize("path", ROUTES)
async def test_raw_data_of_public_site_needs_login(site: TestSite, path: str) -> None:
    assert (await site.client.get("/api/analytics/pages", params={"site": site.key})).is_success
    answer = await site.client.get(path, params={"site": site.key})
    assert answer.status_code == 401
    assert is_refusal(answer, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", ROUTES)
async def test_raw_data_is_refused_to_accounts_that_are_no_members(
    site: TestSite, client: httpx.AsyncClient, path: str
) -> None:
    key = f"{site.key}-private"
    await Sites(site.database).create(key, key, visibility=Visibility.PRIVATE)
    account = {"email": f"{uuid4()}@test.example", "password": "correct horse battery"}
    assert (await client.post("/api/auth/register", json=account)).is_success
    login = {"email": account["email"], "password": account["password"]}
    token = (await client.post("/api/auth/login", json=login)).json()["access_token"]
    client.cookies.clear()
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.get(path, params={"site": key}, headers=headers)
    assert is_refusal(answer, "UNKNOWN_SITE")
    answer = await client.get(path, params={"site": site.key}, headers=headers)
    assert is_refusal(answer, "FORBIDDEN")
    job = {"report": "funnel/visitors", "params": {"site": site.key, "steps": ["/"]}}
    assert is_refusal(await client.post("/api/jobs", json=job, headers=headers), "FORBIDDEN")


def forged(*parts: Any) -> str:
    """A cursor with this in it."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


KEY = ["2026-01-01T00:00:00Z", 1, str(UUID(int=1))]

BAD_CURSORS = [
    "x",
    "%00",
    "ü",
    "A" * 501,
    forged(),
    forged("events", "1", KEY),
    forged("events", 1, ["2026-01-01T00:00:00", 1, str(UUID(int=1))]),
    forged("events", 1, ["2026-01-01T00:00:00Z", 2**63, str(UUID(int=1))]),
    forged("events", 1, ["2026-01-01T00:00:00Z", 1, "x"]),
    forged("changes", 1, "1"),
    forged("changes", 1, 2**63),
    forged({"events": 1}),
]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
@pytest.mark.parametrize("path", ROUTES)
async def test_bad_cursor_is_refused(site: TestSite, path: str, cursor: str) -> None:
    name = "since" if path == "/api/changes" else "after"
    assert await bad_query(site, path, **{name: cursor}) == [name]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_cursor_of_extreme_time_is_a_place_like_others(site: TestSite, time: str) -> None:
    number = 2**63 - 1
    async with await site.database.connect() as connection:
        cursor = await connection.execute("select id from site where key = %s", [site.key])
        ((site_id,),) = await cursor.fetchall()
    for path, name in ((EVENTS, "events"), (VISITS, "visits")):
        cursor = forged(name, site_id, [time, -number, str(UUID(int=0))])
        assert (await told(site, path, after=cursor))["rows"] == []
    last = json.loads(urlsafe_b64decode((await told(site, "/api/changes"))["next"] + "=="))[2]
    cursor = forged("changes", site_id, last, number, [time, number, str(UUID(int=0))])
    assert (await told(site, "/api/changes", since=cursor))["events"] == []
    cursor = forged("changes", site_id, number)
    assert is_refusal(await get(site, "/api/changes", since=cursor), "EXPIRED")


async def test_cursor_of_other_site_or_list_is_refused(
    site: TestSite, client: httpx.AsyncClient, admin: dict[str, str]
) -> None:
    other = await make_site(f"{site.key}-b", client, admin, site.database)
    for one in (site, other):
        await one.send(view(0), view(1), view(100))
    places = {path: (await told(other, path, limit=1, days=3))["page"]["next"] for path in LISTS}
    changes = (await told(other, "/api/changes"))["next"]
    for path in LISTS:
        for cursor in (*places.values(), changes):
            assert await bad_query(site, path, after=cursor) == ["after"]
    for cursor in (*places.values(), changes):
        assert await bad_query(site, "/api/changes", since=cursor) == ["since"]
    assert await bad_query(other, VISITS, after=places[EVENTS]) == ["after"]


@pytest.mark.parametrize("path", LISTS)
async def test_bad_parameters_are_refused_together(site: TestSite, path: str) -> None:
    asked = {"limit": 10_001, "format": "xml", "csv": "calc", "order": "time"}
    assert {*await bad_query(site, path, **asked)} == asked.keys()
    assert await bad_query(site, path, filters='[["is", "colour", ["red"]]]') == ["filters"]
    assert await bad_query(site, path, days=1, hours=1) == ["query"]


async def test_event_has_everything_that_was_sent(site: TestSite) -> None:
    event = view(
        3,
        name="Buy",
        page="https://shop.example/a?x=1",
        title="Ü",
        referrer="https://example.org/b?q=1",
        user_id="u1",
        duration=1.5,
        revenue={"amount": "9.99", "currency": "EUR"},
        props={"plan": "pro", "deep": {"a": [1, None]}},
        interactive=False,
    )
    await site.send(event)
    (row,) = await listed(site, EVENTS)
    assert UUID(row.pop("visit_id"))
    assert int(row.pop("visitor_id"))
    assert row == {
        "time": instant(at(3)),
        "id": event["id"],
        "user_id": "u1",
        "name": "Buy",
        "page": "/a",
        "hostname": "shop.example",
        "title": "Ü",
        "referrer": row["referrer"],
        "duration": 1.5,
        "revenue": 9.99,
        "currency": "EUR",
        "interactive": False,
        "props": {"plan": "pro", "deep": {"a": [1, None]}},
    }
    assert row["referrer"].startswith("https://example.org/b")


async def test_visit_has_context_of_its_first_event_and_sums_of_all(site: TestSite) -> None:
    await site.send(
        view(0, page="/a", utm_source="mail", utm_campaign="c", screen="1x1", language="de-AT"),
        view(5, page="/b"),
        view(7, name="Buy", duration=30, revenue={"amount": 2, "currency": "EUR"}),
    )
    (row,) = await listed(site, VISITS)
    events = await listed(site, EVENTS)
    assert {(event["visit_id"], event["visitor_id"]) for event in events} == {
        (row.pop("visit_id"), row.pop("visitor_id"))
    }
    expected = {
        "started": instant(at(0)),
        "last_event": instant(at(7)),
        "ended": instant(at(7.5)),
        "duration_seconds": 450.0,
        "session_id": None,
        "pageviews": 2,
        "custom_events": 1,
        "interactive_events": 1,
        "is_bounce": False,
        "entry_page": "/a",
        "exit_page": "/b",
        "revenue": 2.0,
        "source": "mail",
        "campaign": "c",
        "screen": "1x1",
        "language": "de-AT",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("limit", [1, 7, 59, 60, 1000])
async def test_pages_are_complete_and_in_order(site: TestSite, limit: int) -> None:
    sent = await send_day(site)
    events = await listed(site, EVENTS, limit)
    assert {row["id"] for row in events} == {event["id"] for event in sent}
    assert len(events) == len(sent)
    assert events == sorted(events, key=event_key)
    visits = await listed(site, VISITS, limit)
    assert visits == sorted(visits, key=visit_key)
    assert sum(row["pageviews"] for row in visits) == len(sent)
    assert {row["visit_id"] for row in visits} == {row["visit_id"] for row in events}


async def test_events_that_arrive_meanwhile_move_no_row_to_another_page(site: TestSite) -> None:
    sent = await send_day(site)
    rows: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = await told(site, EVENTS, limit=7, days=3, **after)
        rows += page["rows"]
        if page["page"]["next"] is None:
            break
        after = {"after": page["page"]["next"]}
        await site.send(view(-5, "dan"), view(len(rows), "eve"), view(2000, "fay"))
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert {event["id"] for event in sent} <= {*ids}
    assert rows == sorted(rows, key=event_key)


async def test_page_says_query_columns_and_where_it_goes_on(site: TestSite) -> None:
    await send_day(site)
    first = await told(site, EVENTS, limit=59, days=3, timezone="Europe/Berlin")
    assert first["query"].keys() >= {"site", "from", "to", "timezone", "filters", "limit"}
    assert [column["name"] for column in first["columns"]] == [*first["rows"][0]]
    assert all(column["description"] for column in first["columns"])
    rest = await told(site, EVENTS, limit=59, days=3, after=first["page"]["next"])
    assert (len(rest["rows"]), rest["page"]) == (1, {"next": None})


async def chosen(site: TestSite, path: str, clause: list[Any]) -> list[dict[str, Any]]:
    """The rows that a filter chooses, in pages and as a stream."""
    asked = {"filters": json.dumps([clause]), "days": 3}
    rows = await listed(site, path, 5, **asked)
    stream = await get(site, path, format="ndjson", **asked)
    assert [json.loads(line) for line in stream.text.splitlines()] == rows
    return rows


async def test_filters_choose_rows(site: TestSite) -> None:
    await send_day(site)
    events, visits = [await listed(site, path) for path in LISTS]
    page, entry = ["is", "page", ["/0"]], ["is", "entry_page", [visits[0]["entry_page"]]]
    assert await chosen(site, EVENTS, page) == [row for row in events if row["page"] == "/0"]
    assert await chosen(site, VISITS, page) == visits
    found = [row for row in visits if row["entry_page"] == visits[0]["entry_page"]]
    assert await chosen(site, VISITS, entry) == found
    ids = {row["visit_id"] for row in found}
    assert await chosen(site, EVENTS, entry) == [row for row in events if row["visit_id"] in ids]
    assert await chosen(site, EVENTS, ["is", "page", ["/none"]]) == []


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("number", [1, 7, 2000])
async def test_streams_have_the_rows_of_the_list(
    site: TestSite, monkeypatch: pytest.MonkeyPatch, path: str, number: int
) -> None:
    monkeypatch.setattr(responses, "STREAM_ROWS", number)
    await send_day(site)
    rows = await listed(site, path)
    lines = await get(site, path, days=3, format="ndjson")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == rows
    table = await get(site, path, days=3, format="csv")
    header, *cells = table.text.removesuffix("\r\n").split("\r\n")
    names = [column.name for column in columns_of(RawEvent if path == EVENTS else RawVisit)]
    assert header == ",".join(f'"{name}"' for name in names)
    assert len(cells) == len(rows)


async def test_csv_reads_into_pandas_with_the_same_values(site: TestSite) -> None:
    await send_day(site)
    await site.send(
        view(50, "=cem", title="", props={"a": 'x,"y"\n', "b": [1]}, duration=0),
        view(51, name="Buy", revenue={"amount": "-0.10", "currency": "USD"}, user_id="007"),
    )
    for path in LISTS:
        rows = await listed(site, path)
        text = (await get(site, path, days=3, format="csv")).text
        table = pandas.read_csv(
            io.StringIO(text), dtype={"user_id": str, "visitor_id": str}, keep_default_na=False,
            na_values={"duration": [""], "revenue": [""]},
        )  # fmt: skip
        read = [
            {
                name: None if value is None or value != value else value
                for name, value in row.items()
            }
            for row in table.to_dict("records")
        ]
        for got, row in zip(read, rows, strict=True):
            wanted = row | {"props": json.dumps(row["props"])} if row.get("props") else row
            for name, value in wanted.items():
                assert got[name] == (value if value is not None else got[name]), name
                assert value is not None or got[name] in (None, ""), name


async def test_csv_for_excel_guards_text(site: TestSite) -> None:
    await site.send(view(0, title="=1+1"))
    plain, excel = [
        [
            *csv.DictReader(
                io.StringIO((await get(site, EVENTS, days=3, format="csv", csv=way)).text)
            )
        ]
        for way in ("plain", "excel")
    ]
    assert (plain[0]["title"], excel[0]["title"]) == ("=1+1", "'=1+1")


async def test_stream_with_limit_is_a_page_and_says_the_next(site: TestSite) -> None:
    await send_day(site)
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"days": 3, "format": "ndjson", "limit": 25}
    while True:
        answer = await get(site, EVENTS, **asked)
        rows += [json.loads(line) for line in answer.text.splitlines()]
        if "x-next-cursor" not in answer.headers:
            break
        asked["after"] = answer.headers["x-next-cursor"]
    assert rows == await listed(site, EVENTS)


async def test_stream_reads_a_bounded_number_of_rows_at_a_time(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "STREAM_ROWS", 7)
    await send_day(site)
    fetched = counted_pages(monkeypatch)
    assert len((await get(site, EVENTS, days=3, format="csv")).text.splitlines()) == 61
    assert fetched == [7] * 8 + [4]


async def test_head_of_stream_reads_no_more_than_it_begins_with(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "STREAM_ROWS", 7)
    await send_day(site)
    fetched = counted_pages(monkeypatch)
    params = {"site": site.key, "days": 3, "format": "ndjson"}
    answer = await site.client.head(EVENTS, params=params, headers=site.admin)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-changes-cursor"]
    assert fetched == [7]


def counted_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows are read with each page from now on."""
    fetched: list[int] = []
    read = responses.read_page

    async def counted(*args: Any) -> list[dict[str, Any]]:
        rows = await read(*args)
        fetched.append(len(rows))
        return rows

    monkeypatch.setattr(responses, "read_page", counted)
    return fetched


async def test_empty_range_is_no_row(site: TestSite) -> None:
    for path in LISTS:
        page = await told(site, path)
        assert (page["rows"], page["page"]) == ([], {"next": None})
        assert (await get(site, path, format="ndjson")).text == ""
        assert len((await get(site, path, format="csv")).text.splitlines()) == 1


async def test_range_before_line_is_refused_as_expired(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.sites.directory.REMEMBER_SECONDS", 0.0)
    await send_day(site)
    async with await site.database.connect() as connection:
        await connection.execute(
            "update site set raw_data_since = %s where key = %s", [at(100), site.key]
        )
    for path in LISTS:
        answer = await get(site, path, days=3)
        assert is_refusal(answer, "EXPIRED")
        assert answer.json()["instead"]
    assert [row["time"] for row in await listed(site, EVENTS)] == [instant(at(100))] * 12
    assert await listed(site, VISITS) == []


async def test_many_readers_share_the_turns(site: TestSite) -> None:
    await send_day(site)
    answers = await asyncio.gather(*(get(site, EVENTS, days=3, format="csv") for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1


def test_cell_of_object_is_json_text() -> None:
    assert cell({"a": "x"}, "plain") == '"{""a"": ""x""}"'
